"""Evidence that a version's calls go worse, which may be looked at after every call.

For each outcome that is bad (a call that was not contained, was handed over, was misunderstood, failed) a bet is made,
block by block, that it is more frequent with the shared version than with the active one. A block is one or more calls
of each, in the order in which they ended. With a, b the rates that the bet expects, of n_a and n_b calls, and
m = (n_a a + n_b b) / (n_a + n_b), the ratio

    product over the block's calls of  p(outcome | its own expected rate) / p(outcome | m)

is on average at most 1 wherever the shared version is not worse [1, 2]; so is the mean of such products over several
expected differences, and over the outcomes, weighted by stakes. By Ville's inequality a mean that begins at 1 ever
reaches 1/alpha with a chance of alpha at most, however often it is looked at and whenever it ends: exactly, with few
calls as with many, which a test on normal approximations (`voicebot.analytics.experiments.sequential`, from 50 callers
on) does not promise.

The expected rate of the active version is learnt from its calls so far; the expected difference is each of
DIFFERENCES, with equal stakes.

[1] Turner, Ly, Gruenwald: Generic E-variables for exact sequential k-sample tests that allow for optional stopping,
Journal of Statistical Planning and Inference 230, 2024. [2] Turner, Gruenwald: Exact anytime-valid confidence intervals
for contingency tables and beyond, Statistics and Probability Letters 198, 2023.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

ALPHA = 0.05
"""Chance that a version that is no worse is ever rolled back."""
DIFFERENCES = (0.08, 0.16, 0.35)
"""By how much more frequent a bad outcome is expected to be; between and beyond them evidence is a little weaker."""
Metric = Literal["not_contained", "handed_over", "misunderstood", "failed"]
STAKES: Mapping[Metric, float] = {"not_contained": 0.45, "handed_over": 0.15, "misunderstood": 0.25, "failed": 0.15}
"""How much is bet on each metric, 1 in all. A call that is handed over is not contained either."""
_HIGHEST = 0.98
_PRIOR_BAD, _PRIOR_CALLS = 0.4, 4.0
"""What is expected before the first call: one of ten goes badly, as sure as four calls would make it."""


@dataclass(frozen=True)
class Outcome:
    """How one call went, as far as the guard looks."""

    shared: bool
    """Whether it was on the shared version; else on the active one."""
    bad: Mapping[Metric, bool]
    """Without those that make no sense for the call."""


@dataclass(frozen=True)
class Comparison:
    """A metric of both versions."""

    metric: Metric
    shared: float | None
    """Rate of bad calls, 0 to 1; None without calls."""
    active: float | None
    evidence: float
    """The greatest so far: 1 for none."""


@dataclass(frozen=True)
class Finding:
    """What the calls so far say."""

    worse: bool
    """Whether the shared version is worse, beyond doubt."""
    evidence: float
    """The greatest mean over the metrics so far; `1 / ALPHA` is beyond doubt."""
    after: int | None
    """The number of calls of the shared version at which it was beyond doubt."""
    shared_calls: int
    active_calls: int
    comparisons: tuple[Comparison, ...]

    @property
    def telling(self) -> Comparison:
        """The metric with the strongest evidence."""
        return max(self.comparisons, key=lambda one: STAKES[one.metric] * one.evidence)


class _Bet:
    """On one metric."""

    def __init__(self) -> None:
        self._wealth = [0.0] * len(DIFFERENCES)
        """Logarithms, one for each expected difference."""
        self._block: dict[bool, list[bool]] = {False: [], True: []}
        self._counts = {False: [0, 0], True: [0, 0]}
        """By version: bad calls, and all."""
        self.highest = 1.0

    def take(self, shared: bool, bad: bool) -> None:
        """One more call."""
        self._block[shared].append(bad)
        if self._block[False] and self._block[True]:
            self._settle()

    def _settle(self) -> None:
        active, shared = self._block[False], self._block[True]
        expected = (self._counts[False][0] + _PRIOR_BAD) / (self._counts[False][1] + _PRIOR_CALLS)
        for index, difference in enumerate(DIFFERENCES):
            a, b = min(expected, _HIGHEST - 0.01), min(expected + difference, _HIGHEST)
            middle = (len(active) * a + len(shared) * b) / (len(active) + len(shared))
            self._wealth[index] += _log_ratio(active, a, middle) + _log_ratio(shared, b, middle)
        for version, calls in self._block.items():
            self._counts[version][0] += sum(calls)
            self._counts[version][1] += len(calls)
        self._block = {False: [], True: []}
        self.highest = max(self.highest, self.evidence)

    @property
    def evidence(self) -> float:
        return sum(math.exp(min(wealth, 600.0)) for wealth in self._wealth) / len(self._wealth)

    def rate(self, shared: bool) -> float | None:
        bad = self._counts[shared][0] + sum(self._block[shared])
        calls = self._counts[shared][1] + len(self._block[shared])
        return bad / calls if calls else None


def _log_ratio(outcomes: list[bool], expected: float, middle: float) -> float:
    bad = sum(outcomes)
    good = len(outcomes) - bad
    return bad * math.log(expected / middle) + good * math.log((1 - expected) / (1 - middle))


def compare(outcomes: Iterable[Outcome], alpha: float = ALPHA) -> Finding:
    """What calls say, in the order in which they ended. More calls behind them only add to it."""
    bets = {metric: _Bet() for metric in STAKES}
    calls = {False: 0, True: 0}
    highest, after = 1.0, None
    for outcome in outcomes:
        calls[outcome.shared] += 1
        for metric, bad in outcome.bad.items():
            bets[metric].take(outcome.shared, bad)
        now = sum(stake * bets[metric].evidence for metric, stake in STAKES.items())
        highest = max(highest, now)
        if after is None and highest >= 1 / alpha:
            after = calls[True]
    return Finding(
        after is not None,
        highest,
        after,
        calls[True],
        calls[False],
        tuple(Comparison(name, bet.rate(True), bet.rate(False), bet.highest) for name, bet in bets.items()),
    )
