"""Moments, lengths and numbers as people read them, in the language of the interface and at the operator's place."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, format_percent

NOTHING = "–"
"""Stands where there is no value."""

_MOMENT = {"ko": "y. M. d. aaaa h:mm", "en": "d MMM y, HH:mm"}
_CLOCK = {"ko": "aaaa h:mm", "en": "HH:mm"}
# The Korean locale's own patterns write AM and PM.


class Formats:
    """How values are written for one reader."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._language = language if language in _MOMENT else "en"
        self._locale = Locale.parse({"ko": "ko_KR", "en": "en_GB"}[self._language])
        self._zone = zone

    def moment(self, value: datetime | None) -> str:
        """Date and time to the minute; `value` has a time zone."""
        if value is None:
            return NOTHING
        return format_datetime(value, _MOMENT[self._language], tzinfo=self._zone, locale=self._locale)

    def clock(self, value: datetime | None) -> str:
        """The time of day."""
        if value is None:
            return NOTHING
        return format_time(value, _CLOCK[self._language], tzinfo=self._zone, locale=self._locale)

    def day(self, value: date | None) -> str:
        """A date."""
        return format_date(value, "medium", locale=self._locale) if value else NOTHING

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number with its thousands apart."""
        if value is None:
            return NOTHING
        return str(format_decimal(round(value, decimals), f"#,##0.{'0' * decimals}".rstrip("."), locale=self._locale))

    def share(self, value: float | None, decimals: int = 1) -> str:
        """A share from 0 to 1, in percent."""
        if value is None:
            return NOTHING
        return str(format_percent(value, f"#,##0.{'0' * decimals}".rstrip(".") + "%", locale=self._locale))

    def duration(self, seconds: float | None) -> str:
        """A length of time: 5:03, 1:02:09."""
        if seconds is None:
            return NOTHING
        whole = round(seconds)
        hours, minutes = whole // 3600, whole % 3600 // 60
        return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"

    def milliseconds(self, value: float | None) -> str:
        """A short length of time: 320 ms, 1.4 s."""
        if value is None:
            return NOTHING
        second = {"ko": "초", "en": " s"}[self._language]
        return f"{value / 1000:.1f}{second}" if value >= 1000 else f"{round(value)} ms"
