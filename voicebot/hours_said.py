"""Opening hours in words without digits, for a caller's ear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from voicebot.hours import MIDNIGHT, OpeningHours, Spans
from voicebot.tts.speech_text import spoken


def week_said(hours: OpeningHours, language: str) -> str:
    """The week, such as "평일 오전 아홉 시부터 오후 여섯 시까지"; empty where people always answer."""
    if hours.week is None:
        return ""
    groups: list[tuple[int, int, Spans]] = []
    for day, spans in enumerate(hours.week):
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], day, spans)
        else:
            groups.append((day, day, spans))
    say = _wording(language)
    week = ", ".join(f"{say.days(first, last)} {say.spans(spans)}" for first, last, spans in groups if spans)
    return spoken(week, language).rstrip(".")


def next_said(hours: OpeningHours, at: datetime, language: str) -> str:
    """When people answer next, such as "내일 오전 아홉 시"; empty where that is now, or not known."""
    opening = hours.next_opening(at)
    local = at.astimezone(hours.zone)
    if opening is None or opening <= local:
        return ""
    away = (opening.date() - local.date()).days
    return spoken(_wording(language).moment(opening, away), language).rstrip(".")


class _Wording(Protocol):
    def days(self, first: int, last: int) -> str: ...
    def spans(self, spans: Spans) -> str: ...
    def moment(self, at: datetime, away: int) -> str: ...


class _Korean:
    names = ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일")

    def days(self, first: int, last: int) -> str:
        known = {(0, 6): "매일", (0, 4): "평일", (5, 6): "주말"}
        if first == last:
            return self.names[first]
        return known.get((first, last), f"{self.names[first]}부터 {self.names[last]}까지")

    def spans(self, spans: Spans) -> str:
        if spans == ((0, MIDNIGHT),):
            return "24시간"
        return ", ".join(
            f"{self.clock(begin)}부터 {'다음 날 ' if end > MIDNIGHT else ''}{self.clock(end)}까지"
            for begin, end in spans
        )

    def clock(self, minutes: int) -> str:
        hour, minute = divmod(minutes % MIDNIGHT, 60)
        if not minute and not hour:
            return "밤 12시" if minutes else "0시"
        part = "낮" if hour == 12 else "오전" if hour < 12 else "오후"
        rest = "" if not minute else " 반" if minute == 30 else f" {minute}분"
        return f"{part} {(hour - 1) % 12 + 1}시{rest}"

    def moment(self, at: datetime, away: int) -> str:
        clock = self.clock(at.hour * 60 + at.minute)
        if away < 2:
            return f"{('오늘', '내일')[away]} {clock}"
        day = self.names[at.weekday()]
        return f"{day} {clock}" if away < 6 else f"{at.month}월 {at.day}일 {day} {clock}"


class _English:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    def days(self, first: int, last: int) -> str:
        if first == last:
            return f"on {self.names[first]}"
        return "every day" if (first, last) == (0, 6) else f"{self.names[first]} to {self.names[last]}"

    def spans(self, spans: Spans) -> str:
        if spans == ((0, MIDNIGHT),):
            return "around the clock"
        return " and ".join(f"from {self.clock(begin)} to {self.clock(end)}" for begin, end in spans)

    def clock(self, minutes: int) -> str:
        hour, minute = divmod(minutes % MIDNIGHT, 60)
        if not minute and hour in (0, 12):
            return "noon" if hour else "midnight"
        rest = f":{minute:02}" if minute else ""
        return f"{(hour - 1) % 12 + 1}{rest} {'a.m.' if hour < 12 else 'p.m.'}"

    def moment(self, at: datetime, away: int) -> str:
        clock = self.clock(at.hour * 60 + at.minute)
        if away < 2:
            return f"{('today', 'tomorrow')[away]} at {clock}"
        day = self.names[at.weekday()]
        return f"on {day} at {clock}" if away < 6 else f"on {day}, {at:%B} {at.day}, at {clock}"


_WORDINGS: Mapping[str, _Wording] = {"ko": _Korean(), "en": _English()}


def _wording(language: str) -> _Wording:
    return _WORDINGS.get(language, _WORDINGS["en"])
