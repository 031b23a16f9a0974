"""What a rule is given, what it finds, and which of the things found are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Expected:
    """Something the dialogue is asking for: where a text can be read in two ways, the expected one is taken."""

    type: str
    """An entity's type, a list's name, or `text` for free text."""
    lengths: tuple[int, ...] = ()
    """Of `digits`: how many there may be; empty for any number."""
    offer: bool | None = None
    """Of `yes_no`: whether something was offered ("괜찮아요" declines) or put up for approval ("괜찮아요" agrees)."""
    past: bool | None = None
    """Of dates: whether what is asked lies behind ("언제 주문하셨어요?") or ahead; None where it may be either."""


@dataclass(frozen=True)
class ListEntry:
    """One thing that a list names."""

    value: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A possible reading of text[start:end]."""

    type: str
    value: Any
    start: int
    end: int
    rank: int = 0
    """Decides between readings of the same span; higher is better."""


@dataclass(frozen=True)
class Context:
    today: date
    expected: Mapping[str, Expected]
    """By type."""

    def expects(self, *types: str) -> bool:
        return any(kind in self.expected for kind in types)

    @property
    def past(self) -> bool | None:
        """Whether the dates that are asked for lie behind; None where nothing says so."""
        for kind in ("date", "datetime", "date_range"):
            if kind in self.expected:
                return self.expected[kind].past
        return None


Rule = Callable[[str, Context], Iterable[Candidate]]


@dataclass(frozen=True)
class Grammar:
    """What one language brings."""

    rules: tuple[Rule, ...]
    between_date_and_time: re.Pattern[str]
    """What may stand between a date and a time that are one moment."""
    refused: Callable[[str, Candidate], bool]
    """Whether the words around a value say that it is not meant."""


def choose(candidates: Iterable[Candidate], context: Context) -> list[Candidate]:
    """The candidates to keep, in order of position: longest first, then expected, then by rank, then leftmost."""

    def preference(candidate: Candidate) -> tuple[int, bool, int, int, str]:
        length = candidate.end - candidate.start
        return (-length, candidate.type not in context.expected, -candidate.rank, candidate.start, candidate.type)

    kept: list[Candidate] = []
    taken: set[int] = set()
    for candidate in sorted(candidates, key=preference):
        if taken.isdisjoint(range(candidate.start, candidate.end)):
            kept.append(candidate)
            taken.update(range(candidate.start, candidate.end))
    return sorted(kept, key=lambda candidate: candidate.start)


def words(listed: str) -> list[str]:
    """The words of a list written with commas."""
    return listed.split(", ")
