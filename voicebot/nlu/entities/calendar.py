"""Days counted from a day: weeks that begin on Monday, month ends, dates said without their year."""

from __future__ import annotations

from calendar import monthrange
from datetime import MINYEAR, date, timedelta


def make(year: int, month: int, day: int) -> date | None:
    """That date; None where there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def add_days(day: date, days: int) -> date | None:
    """None where the calendar ends."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def add_months(day: date, months: int) -> date | None:
    """The same day so many months on, or the month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= 9999:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_end(year: int, month: int) -> date | None:
    return make(year, month, monthrange(year, month)[1]) if 1 <= month <= 12 and 1 <= year <= 9999 else None


def in_week(today: date, weeks: int, weekday: int) -> date | None:
    """That weekday (Monday 0) in the week that lies so many weeks ahead."""
    return add_days(today, weeks * 7 + weekday - today.weekday())


def next_weekday(today: date, weekday: int, past: bool | None) -> date | None:
    """The nearest such weekday after today, or before it where the past is meant."""
    ahead = (weekday - today.weekday() - 1) % 7 + 1
    return add_days(today, ahead if not past else (ahead - 7 or -7))


def without_year(today: date, month: int, day: int, past: bool | None) -> date | None:
    """The nearest such day; the nearest behind or ahead where that is known. Today counts as either."""
    near = [found for year in range(today.year - 4, today.year + 5) if (found := make(year, month, day))]
    if past is not None:
        near = [found for found in near if (found <= today if past else found >= today)]
    return min(near, key=lambda found: abs((found - today).days), default=None)


def without_month(today: date, day: int, past: bool | None) -> date | None:
    """The next such day of a month, or the last one where the past is meant. Today counts as either."""
    step = -1 if past else 1
    for months in range(4):
        first = add_months(today.replace(day=1), step * months)
        found = make(first.year, first.month, day) if first else None
        if found and (found <= today if past else found >= today):
            return found
    return None
