"""Weeks as ISO 8601 counts them, from Monday to Sunday, at a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from voicebot.errors import VoicebotError

_WRITTEN = re.compile(r"(\d{4})-W(\d{2})")


class WeekError(VoicebotError):
    """No week is written so."""


@dataclass(frozen=True)
class Week:
    """One week."""

    monday: date

    @classmethod
    def read(cls, text: str) -> Week:
        """`2026-W47`. Raises WeekError."""
        found = _WRITTEN.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise WeekError(f"{text[:40]!r} is no week; write it as 2026-W47.") from None

    @classmethod
    def last_before(cls, now: datetime, zone: tzinfo) -> Week:
        """The latest week that is over."""
        today = now.astimezone(zone).date()
        return cls(today - timedelta(days=today.weekday() + 7))

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def moments(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From its first midnight to the one after it."""
        begin, end = (datetime.combine(day, time(), zone) for day in (self.monday, self.monday + timedelta(days=7)))
        return begin, end

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"
