"""English dates and times of day as they stand in a text."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import english, english_ordinal, english_year
from voicebot.tts.rewriting import behind

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTH_NAMES = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
"""Regular expression: the first letters of each."""
MONTH = rf"(?P<name>{MONTH_NAMES})[a-z]{{0,6}}\.?"


def _name(match: re.Match[str]) -> str:
    return next(month for month in MONTHS if month.startswith(match["name"][:3]))


def _day(number: str, name: str, year: str | None) -> str | None:
    day = int(number)
    if not 1 <= day <= 31:
        return None
    return f"{name} {english_ordinal(day)}" + (f", {english_year(int(year))}" if year else "")


def numeric_date(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`11/22`, `2026-11-22`; None for what is no day of a month."""
    month = int(match["month"])
    if not 1 <= month <= 12:
        return None
    return _day(match["day"], MONTHS[month - 1], match.groupdict().get("year"))


def named_date(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`Nov. 22, 2026`; None for what is no day of a month."""
    return _day(match["day"], _name(match), match["year"])


def days_of_a_month(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`December 1-5`; None for what are no days of a month."""
    first, last = int(match["day"]), int(match["last"])
    if not 1 <= first < last <= 31:
        return None
    return f"{_name(match)} {english_ordinal(first)} to {english_ordinal(last)}"


def clock(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`14:30`, `9 am`, `2:30:15 p.m.`; None for what is no time of day."""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").lower().replace(".", "")
    if hour > 24 or minute > 59 or (half and hour > 12):
        return None
    to = " to " if match["to"] else ""
    seconds = int(match["second"] or 0)
    if not half and minute == seconds == 0 and hour in (0, 12, 24):
        return ("noon" if hour == 12 else "midnight") + to
    half = half or ("am" if hour < 12 or hour == 24 else "pm")
    words = english((hour - 1) % 12 + 1)
    if minute:
        words += f" {'oh ' if minute < 10 else ''}{english(minute)}"
    ends_text = match[0].endswith(".") and re.match(r"\s*$|\s+[A-Z]", behind(match))
    words += f" {half[0].upper()} {half[1].upper()}"
    words += f" and {english(seconds)} second{'s' * (seconds > 1)}" if seconds else ""
    return f"{words}{'.' if ends_text else ''}{to}"


def decade(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`1990s`."""
    words = english_year(int(match[1]))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def month_and_year(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`June 2026`."""
    return f"{_name(match)} {english_year(int(match['year']))}"
