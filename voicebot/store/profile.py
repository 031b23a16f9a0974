"""What is known of a caller, and what one call adds to it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

MOST_SUBJECTS = 10
"""Subjects kept of a caller, the latest ones."""
_MOST_INTENTS = 50


@dataclass(frozen=True)
class Subject:
    """What a call was about."""

    intent: str
    day: str
    """ISO date."""
    resolved: bool


@dataclass(frozen=True)
class Preferences:
    """How a caller likes to be spoken to. Empty and None: not known."""

    language: str = ""
    rate: float | None = None
    """Relative speed of speech."""
    length: str = ""
    """`short` or `full`."""
    age_group: str = ""
    """As the caller stated it, in the pack's own names."""


@dataclass(frozen=True)
class Facts:
    """What one call adds to a profile."""

    day: str
    """ISO date of the call."""
    subjects: tuple[Subject, ...] = ()
    """In the order in which they came up."""
    preferences: Preferences = Preferences()
    """What is not known here stays as it was."""
    handed_over: bool = False
    asked_rating: bool = False
    """Whether the caller was asked how well they were helped."""


@dataclass(frozen=True)
class Profile:
    """What is known of a caller."""

    subjects: tuple[Subject, ...] = ()
    """Latest first."""
    preferences: Preferences = Preferences()
    calls: int = 0
    handed_over: int = 0
    """Calls that went to a person."""
    intents: Mapping[str, int] = field(default_factory=dict)
    """How often each came up, since the first day."""
    first_day: str = ""
    last_day: str = ""
    asked_rating: str = ""
    """ISO date on which the caller was asked last how well they were helped; empty: never."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Profile:
        """The profile that `to_json` made `data` of. Raises ValueError where it is no such thing."""
        try:
            values = dict(data)
            values["subjects"] = tuple(Subject(**subject) for subject in data["subjects"])
            values["preferences"] = Preferences(**data["preferences"])
            values["intents"] = {str(name): int(count) for name, count in data["intents"].items()}
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a profile: {error}") from None

    def after(self, facts: Facts, keep_days: int) -> Profile:
        """The profile with one more call. Subjects older than `keep_days` before that call go."""
        oldest = days_before(facts.day, keep_days)
        subjects = (*reversed(facts.subjects), *self.subjects)
        intents = dict(self.intents)
        for subject in facts.subjects:
            intents[subject.intent] = intents.get(subject.intent, 0) + 1
        most_frequent = sorted(intents.items(), key=lambda item: -item[1])[:_MOST_INTENTS]
        stated = {name: value for name, value in asdict(facts.preferences).items() if value not in ("", None)}
        return Profile(
            subjects=tuple(subject for subject in subjects if subject.day >= oldest)[:MOST_SUBJECTS],
            preferences=replace(self.preferences, **stated),
            calls=self.calls + 1,
            handed_over=self.handed_over + facts.handed_over,
            intents=dict(most_frequent),
            first_day=self.first_day or facts.day,
            last_day=max(self.last_day, facts.day),
            asked_rating=facts.day if facts.asked_rating else self.asked_rating,
        )


def days_before(day: str, days: int) -> str:
    """ISO date so many days before `day`; the earliest date there is where that lies before it. Raises ValueError."""
    try:
        return (date.fromisoformat(day) - timedelta(days=days)).isoformat()
    except OverflowError:
        return date.min.isoformat()
