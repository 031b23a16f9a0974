"""Times of day and lengths of time as ISO 8601 writes them."""

from __future__ import annotations

from collections.abc import Mapping


def clock(hour: int, minute: int) -> str | None:
    """`14:30`; midnight at the day's end is `00:00`. None where there is no such time."""
    if not (0 <= hour <= 24 and 0 <= minute < 60) or (hour == 24 and minute):
        return None
    return f"{hour % 24:02}:{minute:02}"


def afternoon_by_habit(hour: int) -> int:
    """The hour meant by a bare one: one to six o'clock are afternoon, since callers speak of the day's open hours."""
    return hour + 12 if 1 <= hour <= 6 else hour


_DATE_LETTERS = ("Y", "m", "W", "D")
_TIME_LETTERS = ("H", "M", "S")


def duration(parts: Mapping[str, int | float]) -> str | None:
    """`P1Y2M3DT4H5M6S` of parts by letter (months are `m`); None where nothing is left."""
    if not any(parts.values()):
        return None
    days = "".join(f"{_plain(parts[letter])}{letter.upper()}" for letter in _DATE_LETTERS if parts.get(letter))
    times = "".join(f"{_plain(parts[letter])}{letter}" for letter in _TIME_LETTERS if parts.get(letter))
    return f"P{days}{'T' + times if times else ''}"


def _plain(value: int | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
