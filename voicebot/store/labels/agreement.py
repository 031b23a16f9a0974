"""How far labellers agree: Cohen's kappa of each pair, Krippendorff's alpha of all, with bootstrap intervals.

Both are for nominal categories. Kappa: J. Cohen, "A coefficient of agreement for nominal scales", Educational and
Psychological Measurement 20 (1960). Alpha: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), for
any number of labellers, each of whom labelled some of the turns. 1 is complete agreement, 0 what chance would bring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_LEVEL = 0.95

Given = Mapping[str, str]
"""Labeller -> category, of one turn."""
Unit = TypeVar("Unit")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A coefficient with its interval."""

    value: float
    low: float
    high: float
    """Percentile bootstrap over turns, 95 %."""


@dataclass(frozen=True)
class PairAgreement:
    """Two labellers."""

    first: str
    second: str
    turns: int
    """That both labelled."""
    same: int
    """To which both gave the same category."""
    kappa: Measured | None
    """None where it is not defined: both used one category only."""


@dataclass(frozen=True)
class Agreement:
    """All labellers."""

    turns: int
    """Labelled by two people at least."""
    same: int
    """To which all gave the same category."""
    alpha: Measured | None
    """None where it is not defined: no turn, or one category only."""
    pairs: tuple[PairAgreement, ...]


def agreement(turns: Mapping[Any, Given], *, seed: int = 1, resamples: int = RESAMPLES) -> Agreement:
    """From each turn's categories by labeller; turns that one person labelled are passed over."""
    doubled = [given for given in turns.values() if len(given) > 1]
    pairs = []
    for first, second in combinations(sorted({name for given in doubled for name in given}), 2):
        both = [(given[first], given[second]) for given in doubled if first in given and second in given]
        if both:
            kappa = _measured(both, _kappas, seed, resamples)
            pairs.append(PairAgreement(first, second, len(both), sum(one == other for one, other in both), kappa))
    units = [tuple(given.values()) for given in doubled]
    alpha = _measured(units, _alphas, seed, resamples)
    return Agreement(len(doubled), sum(len(set(unit)) == 1 for unit in units), alpha, tuple(pairs))


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Of what two labellers gave to the same turns; None where chance agreement is complete."""
    found = _kappas(pairs, np.ones((1, len(pairs))))[0]
    return None if np.isnan(found) else float(found)


def krippendorff_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Of the categories that each turn was given, nominal; None where one category was given only."""
    found = _alphas(units, np.ones((1, len(units))))[0]
    return None if np.isnan(found) else float(found)


def _kappas(pairs: Sequence[tuple[str, str]], times: Floats) -> Floats:
    """One for each row of `times`, which tells how often each pair counts; NaN where it is not defined."""
    index = {category: at for at, category in enumerate(sorted({one for pair in pairs for one in pair}))}
    ours, theirs = np.zeros((2, len(pairs), len(index)))
    for at, (one, other) in enumerate(pairs):
        ours[at, index[one]] = theirs[at, index[other]] = 1
    count = times.sum(axis=1)
    same = times @ (ours * theirs).sum(axis=1)
    by_chance = ((times @ ours) * (times @ theirs)).sum(axis=1)
    # (observed - expected) / (1 - expected), in whole numbers: chance that is complete must not hide behind rounding.
    return _divided(same * count - by_chance, count**2 - by_chance)


def _alphas(units: Sequence[Sequence[str]], times: Floats) -> Floats:
    """One for each row of `times`, which tells how often each unit counts; NaN where it is not defined."""
    index = {category: at for at, category in enumerate(sorted({one for unit in units for one in unit}))}
    counts = np.zeros((len(units), len(index)))
    for at, unit in enumerate(units):
        for category in unit:
            counts[at, index[category]] += len(unit) > 1
    sizes = counts.sum(axis=1)
    differing = (sizes**2 - (counts**2).sum(axis=1)) / np.maximum(sizes - 1, 1)
    totals = times @ counts
    count = totals.sum(axis=1)
    return 1 - _divided((count - 1) * (times @ differing), count**2 - (totals**2).sum(axis=1))


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _measured(
    units: Sequence[Unit], coefficients: Callable[[Sequence[Unit], Floats], Floats], seed: int, resamples: int
) -> Measured | None:
    if not units:
        return None
    value = coefficients(units, np.ones((1, len(units))))[0]
    if np.isnan(value):
        return None
    drawn = np.random.default_rng(seed).multinomial(len(units), np.full(len(units), 1 / len(units)), resamples)
    # A resample with one category only says nothing against agreement.
    values = np.nan_to_num(coefficients(units, drawn.astype(float)), nan=1.0)
    low, high = np.quantile(values, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return Measured(float(value), float(low), float(high))
