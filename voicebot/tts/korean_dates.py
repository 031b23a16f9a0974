"""Korean dates and times of day as they stand in a text."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import month, native_prenominal, sino

_HALVES = ("오전", "오후", "새벽", "아침", "저녁", "밤", "낮", "정오")
DAY_TAIL = r"(?:\.(?=\s|$|\())?(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"
"""What may stand behind a date: a full stop, and a weekday in brackets."""
_AS_FRACTION = re.compile(r"\s?(?:로|만|씩|가|이|을|를|은|는|의|정도|이상|이하|크기|할인|컵|가격|수준)(?![가-힣])")


def calendar_date(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """A date from the groups `month`, `day` and perhaps `year` and `weekday`; None for what is no day of a calendar."""
    fields = match.groupdict()
    month_number, day = int(fields["month"]), int(fields["day"])
    if not (1 <= month_number <= 12 and 1 <= day <= 31):
        return None
    words = f"{month(month_number)} {sino(day)}일"
    if fields.get("year"):
        words = f"{sino(int(fields['year']))}년 {words}"
    if fields.get("weekday"):
        words += f" {fields['weekday']}요일"
    return words


def slashed(match: re.Match[str], said: str) -> str | None:
    """`11/22` as a date, `1/2로` as a fraction (small numbers, and a particle that no date takes)."""
    first, second = int(match["month"]), int(match["day"])
    rest = match.string[match.end() :]
    if not match["weekday"] and first < second <= 10 and _AS_FRACTION.match(rest):
        return f"{sino(second)}분의 {sino(first)}"
    return calendar_date(match, said) or (f"{sino(second)}분의 {sino(first)}" if second else None)


def hour_words(hour: int, said: str) -> str:
    """An hour of 0 to 24 with the part of the day, unless `said` just named that."""
    if said.rstrip().endswith(_HALVES):
        return f"{native_prenominal((hour - 1) % 12 + 1)} 시"
    if hour in (0, 24):
        return "밤 열두 시"
    if hour == 12:
        return "낮 열두 시"
    return f"{'오전' if hour < 12 else '오후'} {native_prenominal((hour - 1) % 12 + 1)} 시"


def clock(match: re.Match[str], said: str) -> str | None:
    """`14:30` or `14:30:15`; None for what is no time of day."""
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return None
    words = hour_words(hour, said)
    if minute or match[3]:
        words += f" {sino(minute)} 분"
    if match[3]:
        words += f" {sino(int(match[3]))} 초"
    return words
