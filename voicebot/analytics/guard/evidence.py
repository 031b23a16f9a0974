"""Evidence that a version's calls go worse, which may be looked at after every call.

For each outcome that is bad (a call that was not contained, was handed over, was misunderstood, asked the same twice,
was left in the midst of a flow, failed) a bet is made, block by block, that it is more frequent with the shared version
than in the control group. A block is one or more calls of each, in the order in which they ended. With a, b the rates
that the bet expects, of n_a and n_b calls, and m = (n_a a + n_b b) / (n_a + n_b), the ratio

    product over the block's calls of  p(outcome | its own expected rate) / p(outcome | m)

is on average at most 1 wherever the shared version is not worse [1, 2]; so is the mean of such products over several
expected differences, and over the outcomes, weighted by stakes. By Ville's inequality a mean that begins at 1 ever
reaches 1/alpha with a chance of alpha at most, however often it is looked at and whenever it ends: exactly, with few
calls as with many, which a test on normal approximations (`voicebot.analytics.experiments.sequential`, from 50 callers
on) does not promise.

There are two control groups. The *concurrent* one, the active version's calls from the same time, is safe but small
where the share is large. To the *pooled* one also belong calls that the active version had earlier, which are many. The
evidence is the mean of both. But callers and their wishes change: were they harder now than earlier, both versions
would look worse, and the pooled group would blame the shared one alone. So earlier calls decide nothing by themselves:
the concurrent calls must agree (AGREED), as borrowing from historical controls has to be bounded by their agreement
with the concurrent ones [3, 4]. Where nothing drifted, the chance of a false alarm is alpha at most; whatever drifted,
it is 1 / AGREED at most, by the same inequality.

The expected rate of the control group is learnt from its calls so far, in the concurrent bets also from earlier ones:
that decides how much is won, and never whether a bet is fair. The expected difference is each of DIFFERENCES, with
equal stakes.

[1] Turner, Ly, Gruenwald: Generic E-variables for exact sequential k-sample tests that allow for optional stopping,
Journal of Statistical Planning and Inference 230, 2024. [2] Turner, Gruenwald: Exact anytime-valid confidence intervals
for contingency tables and beyond, Statistics and Probability Letters 198, 2023. [3] Pocock: The combination of
randomized and historical controls in clinical trials, Journal of Chronic Diseases 29, 1976. [4] Viele et al.: Use of
historical control data for assessing treatment effects in clinical trials, Pharmaceutical Statistics 13, 2014.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Literal

ALPHA = 0.05
"""Chance that a version that is no worse is ever rolled back."""
AGREED = 10.0
"""So much evidence the concurrent calls must give by themselves."""
DIFFERENCES = (0.08, 0.16, 0.35)
"""By how much more frequent a bad outcome is expected to be; between and beyond them evidence is a little weaker."""
Group = Literal["shared", "active", "earlier"]
Metric = Literal["not_contained", "handed_over", "misunderstood", "asked_again", "left_flow", "failed"]
STAKES: Mapping[Metric, float] = {
    "not_contained": 0.3,
    "handed_over": 0.1,
    "misunderstood": 0.15,
    "asked_again": 0.3,
    "left_flow": 0.05,
    "failed": 0.1,
}
"""How much is bet on each metric, 1 in all. A call that is handed over is not contained either."""
_HIGHEST = 0.98
_PRIOR_BAD, _PRIOR_CALLS = 0.4, 4.0
"""What is expected before the first call: one of ten goes badly, as sure as four calls would make it."""
_EARLIER_TEACH = 50.0
"""Earlier calls, however many, teach the concurrent bets as much as so many of today's."""


@dataclass(frozen=True)
class Outcome:
    """How one call went, as far as the guard looks."""

    group: Group
    """`shared` and `active` are the versions since the share began; `earlier` is the active one before."""
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
    """The greatest mean over the metrics so far, no more than what the concurrent calls agree to; `1 / ALPHA` is
    beyond doubt."""
    after: int | None
    """The number of calls of the shared version at which it was beyond doubt."""
    shared_calls: int
    active_calls: int
    earlier_calls: int
    comparisons: tuple[Comparison, ...]

    @property
    def telling(self) -> Comparison:
        """The metric with the strongest evidence."""
        return max(self.comparisons, key=lambda one: STAKES[one.metric] * one.evidence)

    def of(self, metric: Metric) -> Comparison:
        """Of one metric."""
        return next(one for one in self.comparisons if one.metric == metric)


class _Bet:
    """On one metric, against one control group."""

    def __init__(self, *, pooled: bool) -> None:
        """`pooled`: earlier calls are in the control group; else they only teach."""
        self._pooled = pooled
        self._wealth = [0.0] * len(DIFFERENCES)
        """Logarithms, one for each expected difference."""
        self._control, self._control_bad = 0, 0
        """Calls of the block so far, and the bad ones of them; the same of the shared version."""
        self._shared, self._shared_bad = 0, 0
        self._bad, self._calls = _PRIOR_BAD, _PRIOR_CALLS
        """Of the control group, what is known when a block begins."""
        self._taught = [0, 0]
        """By earlier calls: bad ones, and all."""
        self.evidence = 1.0

    def take(self, group: Group, bad: bool) -> bool:
        """One more call; whether the evidence changed."""
        if group == "shared":
            self._shared += 1
            self._shared_bad += bad
        elif group == "active" or self._pooled:
            self._control += 1
            self._control_bad += bad
        else:
            self._taught[0] += bad
            self._taught[1] += 1
        if not (self._control and self._shared):
            return False
        self._settle()
        return True

    def _settle(self) -> None:
        control, shared = self._control, self._shared
        control_bad, shared_bad = self._control_bad, self._shared_bad
        bad, good = control_bad + shared_bad, control + shared - control_bad - shared_bad
        a = min(self._expected, _HIGHEST - 0.01)
        for index, difference in enumerate(DIFFERENCES):
            b = min(a + difference, _HIGHEST)
            middle = (control * a + shared * b) / (control + shared)
            won = control_bad * log(a) + (control - control_bad) * log(1 - a)
            won += shared_bad * log(b) + (shared - shared_bad) * log(1 - b)
            self._wealth[index] += won - bad * log(middle) - good * log(1 - middle)
        self.evidence = sum(exp(min(wealth, 600.0)) for wealth in self._wealth) / len(self._wealth)
        self._bad += control_bad
        self._calls += control
        self._control = self._control_bad = self._shared = self._shared_bad = 0

    @property
    def _expected(self) -> float:
        bad, calls = self._taught
        weight = min(1.0, _EARLIER_TEACH / calls) if calls else 0.0
        return (self._bad + weight * bad) / (self._calls + weight * calls)


def compare(outcomes: Iterable[Outcome], alpha: float = ALPHA) -> Finding:
    """What calls say, in the order in which they ended, earlier ones where they belong by the time of the week. More
    calls behind them only add to it."""
    concurrent = {metric: _Bet(pooled=False) for metric in STAKES}
    pooled = {metric: _Bet(pooled=True) for metric in STAKES}
    calls: Counter[Group] = Counter()
    counts: Counter[tuple[Metric, Group]] = Counter()
    bads: Counter[tuple[Metric, Group]] = Counter()
    strongest = dict.fromkeys(STAKES, 1.0)
    highest, after = 1.0, None
    for outcome in outcomes:
        group = outcome.group
        calls[group] += 1
        changed = False
        for metric, bad in outcome.bad.items():
            counts[metric, group] += 1
            bads[metric, group] += bad
            if concurrent[metric].take(group, bad) | pooled[metric].take(group, bad):
                changed = True
                strongest[metric] = max(strongest[metric], _mean(concurrent[metric].evidence, pooled[metric].evidence))
        if not changed:
            continue
        by_concurrent = sum(stake * concurrent[metric].evidence for metric, stake in STAKES.items())
        by_pooled = sum(stake * pooled[metric].evidence for metric, stake in STAKES.items())
        highest = max(highest, min(_mean(by_concurrent, by_pooled), by_concurrent / AGREED / alpha))
        if after is None and highest >= 1 / alpha:
            after = calls["shared"]
    return Finding(
        after is not None,
        highest,
        after,
        calls["shared"],
        calls["active"],
        calls["earlier"],
        tuple(
            Comparison(
                metric,
                _rate(bads[metric, "shared"], counts[metric, "shared"]),
                _rate(bads[metric, "active"], counts[metric, "active"]),
                evidence,
            )
            for metric, evidence in strongest.items()
        ),
    )


def _rate(bad: int, calls: int) -> float | None:
    return bad / calls if calls else None


def _mean(one: float, other: float) -> float:
    return (one + other) / 2
