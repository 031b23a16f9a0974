"""How sure it is that a search found the right topic: a logistic regression on what the search brought.

Fitted by `python benchmarks/knowledge_welfareqa.py fit`, which tells the data and what it separates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ACCEPT = 0.5
"""From this certainty on an answer is given as one."""


@dataclass(frozen=True)
class Evidence:
    """What a search brought, in terms that don't depend on how much was searched."""

    covered: float
    """How much of the question's n-grams, by weight, the passage that holds most of them holds; about 0 to 1."""
    covered_by_best: float
    """The same of the best topic's best passage."""
    margin: float
    """By how much the best topic's score exceeds the second's."""
    cosine: float | None
    """Of the question and the nearest passage of the best topic; None without an encoder."""


LEXICAL_WEIGHTS = (-5.64, 3.04, 3.87, 10.94)
"""Of one, `covered`, `covered_by_best` and `margin`, where there is no encoder."""

WEIGHTS = (-3.23, 1.40, -0.99, 8.69, 0.50)
"""The same with an encoder, and of the cosine."""


def features(evidence: Evidence) -> tuple[float, ...]:
    """The evidence as the regression takes it; the cosine in hundredths above 0.9."""
    plain = (1.0, min(evidence.covered, 1.5), min(evidence.covered_by_best, 1.5), evidence.margin)
    return plain if evidence.cosine is None else (*plain, 100 * (evidence.cosine - 0.9))


def certainty(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the best topic answers the question."""
    weights = LEXICAL_WEIGHTS if evidence.cosine is None else WEIGHTS
    sum_ = sum(weight * value for weight, value in zip(weights, features(evidence), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum_))))
