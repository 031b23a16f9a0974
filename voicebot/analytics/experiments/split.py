"""Whether variants got the callers that their weights promise. Where not, something loses calls, and no figure holds.

Fabijan et al.: Diagnosing sample ratio mismatch in online controlled experiments, KDD 2019.
"""

from __future__ import annotations

from collections.abc import Mapping

from scipy.special import chdtrc

DOUBTFUL = 0.001
"""A p-value below this is no chance: people look as often as they like, so that the usual 0.05 would cry wolf."""


def split_p(numbers: Mapping[str, int], weights: Mapping[str, int]) -> float | None:
    """The p-value of Pearson's chi-square test; None where a variant is expected to have had fewer than 5 callers."""
    total, of = sum(numbers.get(variant, 0) for variant in weights), sum(weights.values())
    expected = {variant: total * weight / of for variant, weight in weights.items()}
    if len(weights) < 2 or min(expected.values()) < 5:
        return None
    statistic = sum((numbers.get(variant, 0) - expected[variant]) ** 2 / expected[variant] for variant in weights)
    return float(chdtrc(len(weights) - 1, statistic))
