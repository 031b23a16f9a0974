"""How good understanding is: accuracy with intervals, confusions, errors, calibration. Pure functions over answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

OUT_OF_SCOPE = "(out of scope)"
"""How None, the intent of a text that means nothing known, is written in tables."""


@dataclass(frozen=True)
class Answer:
    """One evaluated text."""

    text: str
    expected: str | None
    """The right intent; None where the text is out of scope."""
    intent: str | None
    score: float
    """The probability that was given to `intent`."""

    @property
    def right(self) -> bool:
        return self.intent == self.expected


@dataclass(frozen=True)
class Proportion:
    """A share of a count, with its 95 % Wilson score interval (Wilson 1927), which holds near 0 and 1 too."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """0 where nothing was counted."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.959964, self.total, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


@dataclass(frozen=True)
class IntentFigures:
    """One intent in an evaluation."""

    intent: str
    recall: Proportion
    """Of the texts that mean it, those understood so."""
    precision: Proportion
    """Of the texts understood so, those that mean it."""


@dataclass(frozen=True)
class CalibrationBin:
    """Answers of about one score."""

    low: float
    high: float
    mean_score: float
    accuracy: Proportion


@dataclass(frozen=True)
class Evaluation:
    """Everything about a set of answers."""

    answers: tuple[Answer, ...]
    accuracy: Proportion
    """All answers."""
    in_scope: Proportion
    """Of the texts in scope, those understood right; one taken for out of scope is wrong."""
    out_of_scope_recall: Proportion
    """Of the texts out of scope, those recognised as such."""
    intents: tuple[IntentFigures, ...]
    """Worst recall first."""
    confusions: tuple[tuple[str, str, int], ...]
    """Expected, understood, how often; most frequent first; right answers left out."""
    calibration: tuple[CalibrationBin, ...]
    """Bins that hold an answer, by score."""
    calibration_error: float
    """Expected calibration error: the mean distance of score and accuracy over ten equal bins, weighted by count."""

    @property
    def errors(self) -> list[Answer]:
        """Wrong answers, the surest first: those do most harm."""
        return sorted((a for a in self.answers if not a.right), key=lambda a: -a.score)

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json`."""

        def share(p: Proportion) -> dict[str, object]:
            return {"value": p.value, "interval": list(p.interval), "hits": p.hits, "total": p.total}

        return {
            "accuracy": share(self.accuracy),
            "in_scope": share(self.in_scope),
            "out_of_scope_recall": share(self.out_of_scope_recall),
            "calibration_error": self.calibration_error,
            "intents": [
                {"intent": f.intent, "recall": share(f.recall), "precision": share(f.precision)} for f in self.intents
            ],
            "confusions": [{"expected": e, "understood": u, "count": n} for e, u, n in self.confusions],
            "errors": [
                {"text": a.text, "expected": a.expected, "intent": a.intent, "score": a.score} for a in self.errors
            ],
        }


def evaluate(answers: Sequence[Answer]) -> Evaluation:
    """The figures of `answers`; all nought where there are none."""
    expected = Counter(_name(a.expected) for a in answers)
    understood = Counter(_name(a.intent) for a in answers)
    right = Counter(_name(a.expected) for a in answers if a.right)
    figures = [
        IntentFigures(name, Proportion(right[name], expected[name]), Proportion(right[name], understood[name]))
        for name in sorted(expected | understood)
    ]
    confusions = Counter((_name(a.expected), _name(a.intent)) for a in answers if not a.right)
    bins = _bins(answers)
    inside = [a for a in answers if a.expected is not None]
    outside = [a for a in answers if a.expected is None]
    return Evaluation(
        answers=tuple(answers),
        accuracy=Proportion(sum(a.right for a in answers), len(answers)),
        in_scope=Proportion(sum(a.right for a in inside), len(inside)),
        out_of_scope_recall=Proportion(sum(a.right for a in outside), len(outside)),
        intents=tuple(sorted(figures, key=lambda f: (f.recall.value, f.intent))),
        confusions=tuple((*pair, count) for pair, count in sorted(confusions.items(), key=lambda c: (-c[1], c[0]))),
        calibration=bins,
        calibration_error=sum(b.accuracy.total * abs(b.mean_score - b.accuracy.value) for b in bins)
        / max(1, len(answers)),
    )


def confusion_matrix(answers: Sequence[Answer]) -> tuple[list[str], list[list[int]]]:
    """The names, sorted, and counts[expected][understood] in that order."""
    names = sorted({_name(intent) for a in answers for intent in (a.expected, a.intent)})
    place = {name: row for row, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for a in answers:
        counts[place[_name(a.expected)]][place[_name(a.intent)]] += 1
    return names, counts


def _name(intent: str | None) -> str:
    return OUT_OF_SCOPE if intent is None else intent


def _bins(answers: Sequence[Answer], count: int = 10) -> tuple[CalibrationBin, ...]:
    found = []
    for place in range(count):
        members = [a for a in answers if min(count - 1, max(0, int(a.score * count))) == place]
        if members:
            mean = sum(a.score for a in members) / len(members)
            accuracy = Proportion(sum(a.right for a in members), len(members))
            found.append(CalibrationBin(place / count, (place + 1) / count, mean, accuracy))
    return tuple(found)
