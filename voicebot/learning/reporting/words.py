"""The report's words in one language, and how it writes numbers, times and days."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from ruamel.yaml import YAML

from voicebot.dialogue.pack import Pack
from voicebot.dialogue.replies import ReplyTemplate

_LOCALES = {"ko": "ko_KR", "en": "en_GB"}
_DAY = {"ko": "M월 d일", "en": "d MMMM"}
_LONG_DAY = {"ko": "y년 M월 d일", "en": "d MMMM y"}
_WEEKDAY = {"ko": "EEE", "en": "EEE"}
_MOMENT = {"ko": "y년 M월 d일 HH:mm", "en": "d MMMM y, HH:mm"}


@functools.cache
def _templates(language: str) -> Mapping[str, ReplyTemplate]:
    text = (files("voicebot.learning.reporting") / "texts" / f"{language}.yaml").read_text("utf-8")
    return {str(name): ReplyTemplate(str(said)) for name, said in YAML(typ="safe").load(text).items()}


def names(language: str) -> frozenset[str]:
    """The texts that there are."""
    return frozenset(_templates(language))


class Words:
    """Texts by name, with particles that agree."""

    def __init__(self, language: str, pack: Pack) -> None:
        self.language = language
        self._locale = Locale.parse(_LOCALES[language])
        self._pack = pack.languages.get(language) or next(iter(pack.languages.values()))

    def __call__(self, name: str, /, **values: Any) -> str:
        return _templates(self.language)[name].render(values, self.language)

    @property
    def name(self) -> str:
        """What the pack's organisation is called."""
        return self._pack.name

    def title(self, intent: str) -> str:
        """What an intent or a flow is called."""
        return self._pack.titles.get(intent, intent)

    def step(self, step: str) -> str:
        """Where a flow was left, within a sentence."""
        kind, _, what = step.partition(" ")
        if kind in ("ask", "confirm", "yes_no", "query"):
            return self(f"step_{kind}", what=self._pack.slot_titles.get(what, what))
        return self("step_begin")

    def number(self, value: float, decimals: int = 0) -> str:
        return str(format_decimal(round(value, decimals), f"#,##0.{'0' * decimals}".rstrip("."), locale=self._locale))

    def share(self, value: float, decimals: int = 1) -> str:
        """Of 1, in percent."""
        return f"{self.number(100 * value, decimals)}%"

    def time(self, seconds: float) -> str:
        """In the units that tell something: hours and minutes, minutes, or seconds."""
        minutes = round(seconds / 60)
        if seconds < 90:
            return self("seconds", seconds=round(seconds))
        if minutes < 60:
            return self("minutes", minutes=minutes)
        hours, rest = divmod(minutes, 60)
        return (
            self("hours_minutes", hours=self.number(hours), minutes=rest)
            if rest and hours < 10
            else self("hours", hours=self.number(round(minutes / 60)))
        )

    def day(self, day: date) -> str:
        return format_date(day, _DAY[self.language], locale=self._locale)

    def long_day(self, day: date) -> str:
        return format_date(day, _LONG_DAY[self.language], locale=self._locale)

    def days(self, first: date, last: date) -> str:
        """From one day to another, with the year where the language has it."""
        begin, end = self.long_day(first), self.long_day(last)
        if first.year == last.year:
            begin, end = (begin, self.day(last)) if self.language == "ko" else (self.day(first), end)
        return self("period", begin=begin, end=end)

    def weekday(self, day: date) -> str:
        return format_date(day, _WEEKDAY[self.language], locale=self._locale)

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        return format_datetime(at, _MOMENT[self.language], tzinfo=zone, locale=self._locale)
