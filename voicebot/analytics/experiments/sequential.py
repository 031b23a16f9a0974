"""Tests that may be looked at at any moment: effects with intervals that hold at all times at once.

The difference of two means is followed as calls come in. With information t = 1/V, where V is the variance of the
difference so far, the estimates form (nearly, by the central limit theorem) a Brownian motion with drift, whatever the
two samples' sizes [1, ch. 3]. For a normal mixture over the true effect, with variance r, the ratio of likelihoods is
then a martingale that exceeds 1/alpha with a chance of alpha at most, ever [2, 3]; turned around, that is an interval
that covers the true effect at all looks together [4, 5]:

    estimate +- sqrt(V * (V + r) / r * (2 * log(1 / alpha) + log((V + r) / V)))

r only says where the interval is narrowest: at the variance that the planned number of callers gives [5, eq. 9].

[1] Jennison, Turnbull: Group Sequential Methods, 2000. [2] Robbins: Statistical methods related to the law of the
iterated logarithm, 1970. [3] Johari, Koomen, Pekelis, Walsh: Always valid inference, Operations Research 70, 2022.
[4] Howard, Ramdas, McAuliffe, Sekhon: Time-uniform confidence sequences, Annals of Statistics 49, 2021.
[5] Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and asymptotic confidence
sequences, Annals of Statistics 52, 2024.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

FEWEST = 50
"""Callers of each variant before anything is concluded: with fewer, means are not normal enough."""

POWER = 0.9
"""How probable it is to find an effect of the size that is looked for with the planned callers, at the least."""


@dataclass(frozen=True)
class Sample:
    """What was measured of one variant."""

    number: int
    mean: float
    variance: float
    """Of one caller's value."""

    @classmethod
    def of(cls, values: Iterable[float], *, shares: bool = False) -> Sample:
        """`shares`: the values are 0 or 1; then one of each is added, so that a variance of 0 is never believed."""
        found = list(values)
        number = len(found)
        if not number:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(found) / number
        if shares:
            smooth = (math.fsum(found) + 1) / (number + 2)
            return cls(number, mean, smooth * (1 - smooth))
        variance = math.fsum((value - mean) ** 2 for value in found) / (number - 1) if number > 1 else 0.0
        return cls(number, mean, variance)


@dataclass(frozen=True)
class Effect:
    """A variant against the control."""

    estimate: float
    """Mean of the variant less that of the control."""
    low: float
    high: float
    """Both hold at all looks together."""

    @property
    def shown(self) -> bool:
        """Whether there is a difference, beyond reasonable doubt."""
        return self.low > 0 or self.high < 0


def mixture(effect: float, alpha: float) -> float:
    """The r for which the interval is narrowest when an effect of this size is about to be found."""
    return _ratio(alpha) * target_variance(effect, alpha)


def target_variance(effect: float, alpha: float, power: float = POWER) -> float:
    """The variance of the difference at which an effect of this size has been found with probability `power`."""
    return (effect / (_width(_ratio(alpha), alpha) + NormalDist().inv_cdf(power))) ** 2


def _ratio(alpha: float) -> float:
    """r / V where the interval is narrowest."""
    return -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))


def _width(ratio: float, alpha: float) -> float:
    """Half of the interval in standard errors."""
    return math.sqrt((1 + 1 / ratio) * (-2 * math.log(alpha) + math.log1p(ratio)))


def compare(variant: Sample, control: Sample, r: float, alpha: float) -> Effect | None:
    """The effect, with an interval that misses it with a chance of `alpha` at most, ever; None for too few callers."""
    if min(variant.number, control.number) < FEWEST:
        return None
    estimate = variant.mean - control.mean
    variance = variant.variance / variant.number + control.variance / control.number
    if variance <= 0:  # all the same: nothing varies, and nothing can be told from it
        return None
    half = math.sqrt(variance) * _width(r / variance, alpha)
    return Effect(estimate, estimate - half, estimate + half)


def planned_callers(spread: float, effect: float, shares: tuple[float, float], alpha: float) -> int:
    """Callers in all until an effect of this size is found with 90 %; most are found sooner, by half on average.

    `spread`: variance of one caller's value. `shares`: of the callers, those who get the variant and the control.
    """
    each = 1 / shares[0] + 1 / shares[1]
    return max(math.ceil(spread * each / target_variance(effect, alpha)), math.ceil(FEWEST / min(shares)))
