"""Korean dates and times of day as they stand in a text."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import month, native_prenominal, sino
from voicebot.tts.rewriting import behind

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
    rest = behind(match)
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


def year_in_two_digits(match: re.Match[str], said: str) -> str | None:
    """`26.11.22.`; None for what is no day, and for the number of a version."""
    if re.search(r"(버전|판|ver\.?|v|IP)\s?$", said, re.IGNORECASE):
        return None
    words = calendar_date(match, said)
    return f"{sino(int(match['short']))}년 {words}" if words else None


def days_of_a_month(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`11월 22~25일`; None for what are no days of a month."""
    number, first, last = int(match[1]), int(match[2]), int(match[3])
    if not (1 <= number <= 12 and 1 <= first < last <= 31):
        return None
    return f"{month(number)} {sino(first)}일에서 {sino(last)}일"


def clock(match: re.Match[str], said: str) -> str | None:
    """`14:30`, `14:30:15`, `AM 9:00`, `9:00 PM`; None for what is no time of day."""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["before"] or match["behind"] or "").lower().replace(".", "")
    if hour > (12 if half else 24) or minute > 59:
        return None
    if half:
        words = f"{'오전' if half == 'am' else '오후'} {native_prenominal((hour - 1) % 12 + 1)} 시"
        words = words[3:] if said.rstrip().endswith(_HALVES) else words
    else:
        words = hour_words(hour, said)
    seconds = int(match["second"] or 0)
    if minute or seconds:
        words += f" {sino(minute)} 분"
    if seconds:
        words += f" {sino(seconds)} 초"
    return words
