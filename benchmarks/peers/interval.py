"""Intervals for what was counted and measured: 95 %."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """A value and where it may lie."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Figure:
        return Figure(self.value * factor, self.low * factor, self.high * factor)

    def text(self, digits: int = 1) -> str:
        return f"{self.value:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def share(successes: int, trials: int) -> Figure:
    """Of trials, in percent; Wilson's interval."""
    if not trials:
        return Figure(math.nan, math.nan, math.nan)
    z, part = 1.96, successes / trials
    middle = (part + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(part * (1 - part) / trials + z * z / (4 * trials * trials))
    return Figure(part, max(0.0, middle - half), min(1.0, middle + half)).times(100)


def bootstrapped(members: Sequence[T], statistic: Callable[[Sequence[T]], float], rounds: int = 1000) -> Figure:
    """Of any statistic, by drawing the members again; the same for the same members."""
    if not members:
        return Figure(math.nan, math.nan, math.nan)
    chance = random.Random(1)
    drawn = sorted(statistic(chance.choices(members, k=len(members))) for _ in range(rounds))
    return Figure(statistic(members), drawn[round(0.025 * (rounds - 1))], drawn[round(0.975 * (rounds - 1))])


def at(values: Sequence[float], part: float) -> float:
    """The percentile, nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else math.nan
