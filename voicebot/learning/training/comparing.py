"""Two versions on the same things: by how much one is better, with an interval, and how likely that is chance.

Both understand the same label, both serve the same simulated call; so what counts are the pairs in which they differ.
Labels of one caller are alike, so the interval is drawn over callers (a cluster bootstrap: Field and Welsh 2007,
Bootstrapping clustered data, JRSS B 69), and McNemar's exact test (McNemar 1947) is told beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from voicebot.nlu.evaluation import Proportion

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Pair:
    """One thing that both did."""

    before: bool
    """Whether the version that runs was right."""
    after: bool
    """Whether the candidate was."""
    of: str
    """The caller, or the call: pairs of one count together."""


@dataclass(frozen=True)
class Difference:
    """What the pairs come to."""

    before: Proportion
    after: Proportion
    low: float
    high: float
    """The interval of the difference, candidate less running, as shares: 0.01 is one point."""
    gained: int
    """Pairs in which only the candidate is right."""
    lost: int
    """Pairs in which only the running version is."""
    p: float
    """Of so uneven a split of those by chance, both sides; 1 where there are none."""
    callers: int

    @property
    def value(self) -> float:
        return self.after.value - self.before.value

    def worse(self, alpha: float = 1 - LEVEL) -> bool:
        """Whether it is surely worse: the whole interval below 0, and the split too uneven for chance."""
        return self.high < 0 and self.p < alpha

    def to_json(self) -> dict[str, Any]:
        return {
            "before": _share(self.before),
            "after": _share(self.after),
            "difference": round(self.value, 5),
            "interval": [round(self.low, 5), round(self.high, 5)],
            "gained": self.gained,
            "lost": self.lost,
            "p": round(self.p, 6),
            "callers": self.callers,
        }


def compare(pairs: Sequence[Pair], seed: int = 0) -> Difference:
    """The same pairs and seed give the same numbers. Without pairs, an interval that says nothing."""
    gained = sum(pair.after and not pair.before for pair in pairs)
    lost = sum(pair.before and not pair.after for pair in pairs)
    before = Proportion(sum(pair.before for pair in pairs), len(pairs))
    after = Proportion(sum(pair.after for pair in pairs), len(pairs))
    callers = sorted({pair.of for pair in pairs})
    low, high = _interval(pairs, callers, seed) if len(callers) > 1 else (-1.0, 1.0)
    return Difference(before, after, low, high, gained, lost, _mcnemar(gained, lost), len(callers))


def _interval(pairs: Sequence[Pair], callers: Sequence[str], seed: int) -> tuple[float, float]:
    place = {caller: row for row, caller in enumerate(callers)}
    moved, count = np.zeros(len(callers)), np.zeros(len(callers))
    for pair in pairs:
        moved[place[pair.of]] += int(pair.after) - int(pair.before)
        count[place[pair.of]] += 1
    drawn = np.random.default_rng(seed).integers(len(callers), size=(RESAMPLES, len(callers)))
    means = moved[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _mcnemar(gained: int, lost: int) -> float:
    if not gained + lost:
        return 1.0
    return min(1.0, 2 * float(binom.cdf(min(gained, lost), gained + lost, 0.5)))


def _share(of: Proportion) -> dict[str, Any]:
    low, high = of.interval
    return {"value": round(of.value, 5), "interval": [round(low, 5), round(high, 5)], "of": of.total}
