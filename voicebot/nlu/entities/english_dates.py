"""English dates: "next Tuesday", "the 3rd of May", "in two weeks", "last Friday". Texts are in lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from voicebot.nlu.entities import calendar
from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.number_words import CARDINAL_EN, ORDINAL_EN, UNDER_100_EN, read_english, read_ordinal_en

_HEAD = r"(?<![a-z0-9./-])"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAY = rf"(?P<weekday>{'|'.join(_WEEKDAYS)}|mon|tues?|wed|thurs?|fri)\b"
_YEAR_WORDS = (
    rf"(?:two thousand(?: and)?(?: {UNDER_100_EN})?|twenty(?: oh (?:one|two|three|four|five|six|seven|eight|nine)\b"
    rf"|[ -]{UNDER_100_EN})|nineteen[ -]{UNDER_100_EN})"
)
_YEAR = rf"(?:,? (?:of |in )?(?P<year>\d{{4}}\b(?!:)|{_YEAR_WORDS})|,? (?P<near_year>this year|next year|last year))?"
_DAY = rf"(?P<day>{ORDINAL_EN}|{UNDER_100_EN}|\d{{1,2}}(?![\d:.]))"
_BEFORE = rf"(?:(?:{'|'.join(_WEEKDAYS)}),? ?(?:the )?)?"
_DAY_MONTH = re.compile(rf"{_HEAD}{_BEFORE}(?:the )?{_DAY}(?: day)?(?: of)? {_MONTH}{_YEAR}")
_MONTH_DAY = re.compile(
    rf"{_HEAD}{_BEFORE}{_MONTH} (?:the )?{_DAY}(?! (?:people|items|o'clock|am|pm)\b)(?! ?(?:am|pm)\b){_YEAR}"
)
_END_OF_MONTH = re.compile(
    rf"{_HEAD}(?:the )?(?:end|last day) of (?:{_MONTH}|(?P<near>this month|next month|last month|the month|the year"
    rf"|this year)){_YEAR}"
)
_NEAR_MONTH_DAY = re.compile(rf"{_HEAD}(?:on )?(?:the )?(?P<day>{ORDINAL_EN}) of (?P<near>this|next|last) month\b")
_WEEKDAY_BEFORE = rf"(?P<named>(?:{'|'.join(_WEEKDAYS)}),? )?"
_DAY_OF_MONTH = re.compile(
    rf"{_HEAD}{_WEEKDAY_BEFORE}(?P<on>on |by |until |from |since |for )?(?P<the>the )"
    rf"(?P<day>{ORDINAL_EN})(?! (?:one|option|item|floor|time|order"
    rf"|choice|person|of|line)\b)"
)
_MONTH_ONLY = re.compile(
    rf"{_HEAD}(?P<cue>(?:(?:in|since|until|by|from|during|of|for|this|next|last|early|late) )*){_MONTH}{_YEAR}(?! \d)"
)
_YEAR_ONLY = re.compile(
    rf"{_HEAD}(?:in |since |the year )(?P<year>(?:19|20)\d\d|{_YEAR_WORDS})\b|{_HEAD}(?P<near>this|next|last) year\b"
)
_ISO = re.compile(
    r"(?<![\d./-])(?P<year>\d{4})(?P<separator>[-./])(?P<month>\d{1,2})(?P=separator)(?P<day>\d{1,2})(?![\d/-])"
)
_SLASHED = re.compile(r"(?<![\d./-])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/-])")
_WHEN = re.compile(
    rf"{_HEAD}(?P<when>(?:the )?week after next|a week (?:from|on)|next week|last week|this week|next|last|past"
    rf"|this coming|coming|this|a week)?(?: on)? ?{_WEEKDAY}(?P<after> (?:after next|next week|last week|this week"
    rf"|week)\b)?"
)
_WEEK = re.compile(
    rf"{_HEAD}(?P<when>this|next|last|(?:the )?following) (?P<unit>week|month|weekend)\b(?! on)"
    rf"|{_HEAD}(?:the |over the |at the )(?P<weekend>weekend)\b|{_HEAD}(?P<later>(?:the )?week after next)\b"
)
_DAYS = {
    word: value
    for value, said in {
        -2: "the day before yesterday, day before yesterday",
        -1: "yesterday, last night",
        0: "today, tonight, this morning, this afternoon, this evening",
        1: "tomorrow, tmrw",
        2: "the day after tomorrow, day after tomorrow",
    }.items()
    for word in said.split(", ")
}
_NAMED_DAY = re.compile(rf"{_HEAD}(?P<day>{'|'.join(sorted(_DAYS, key=len, reverse=True))})\b")
_COUNT = rf"(?P<count>{CARDINAL_EN}|an?|a couple of|a couple|half a)"
_UNIT = r"(?P<unit>business days?|days?|weeks?|fortnights?|months?|years?)\b"
_AHEAD = re.compile(rf"{_HEAD}(?:(?P<in>in|within) (?:about )?{_COUNT} {_UNIT}(?:' time|'s time)?)")
_SHIFT = re.compile(
    rf"{_HEAD}{_COUNT} {_UNIT} (?P<way>ago|from now|from today|later|from tomorrow|before today|earlier|back)\b"
)
_HOLIDAYS = {
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "new year's day": (1, 1),
    "new year's eve": (12, 31),
    "valentine's day": (2, 14),
    "halloween": (10, 31),
    "boxing day": (12, 26),
}
_HOLIDAY = re.compile(rf"{_HEAD}(?P<holiday>{'|'.join(sorted(_HOLIDAYS, key=len, reverse=True))})\b")
_PAST = re.compile(
    r"(?:ordered|bought|paid|arrived|sent|placed|got|received|was"
    r"|were|did|made|called|had|came|purchased|shipped|since"
    r"|returned|cancelled|delivered|charged)\b"
)


def dates(text: str, context: Context) -> Iterator[Candidate]:
    """Days, and ranges of days (a week, a weekend, a month, a year) as `first/last`."""
    past = context.past if context.past is not None else (True if _PAST.search(text) else None)
    yield from _calendar_dates(text, context.today, past, context.expects("date"))
    yield from _written_dates(text, context, past)
    yield from _weekdays(text, context.today, past)
    yield from _relative(text, context.today)


def _number_of(month: str) -> int:
    return next(index for index, name in enumerate(_MONTHS, start=1) if name.startswith(month[:3]))


def _day(said: str) -> int:
    value = read_ordinal_en(said)
    if value is None:
        found = read_english(said)
        value = found if isinstance(found, int) else 0
    return value


def _year(match: re.Match[str], today: date) -> int | None:
    groups = match.groupdict()
    if near := groups.get("near_year"):
        return today.year + {"this year": 0, "next year": 1, "last year": -1}[near]
    return read_year(groups["year"]) if groups.get("year") else None


def read_year(said: str) -> int | None:
    """A year in digits or words: "twenty twenty six", "two thousand and nine"; None where it is none."""
    if said.isdigit():
        return int(said)
    if pair := re.match(r"(twenty|nineteen)[ -](?:oh )?(?=\w)(.+)", said):
        last = read_english(pair[2])
        if isinstance(last, int):
            return (2000 if pair[1] == "twenty" else 1900) + last
    found = read_english(said)
    return found if isinstance(found, int) else None


def _calendar_dates(text: str, today: date, past: bool | None, asked: bool) -> Iterator[Candidate]:
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(text):
            year, month, day = _year(match, today), _number_of(match["month"]), _day(match["day"])
            found = calendar.make(year, month, day) if year else calendar.without_year(today, month, day, past)
            if found:
                yield Candidate("date", found.isoformat(), *match.span(), rank=3)
    for match in _END_OF_MONTH.finditer(text):
        if match["month"]:
            month = _number_of(match["month"])
            near = calendar.without_year(today, month, 28, past)
            found = calendar.month_end(_year(match, today) or (near or today).year, month)
        elif "year" in match["near"]:
            found = date(today.year, 12, 31)
        else:
            first = calendar.add_months(today.replace(day=1), {"next": 1, "last": -1}.get(match["near"].split()[0], 0))
            found = calendar.month_end(first.year, first.month) if first else None
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=3)
    for match in _NEAR_MONTH_DAY.finditer(text):
        first = calendar.add_months(today.replace(day=1), {"next": 1, "last": -1}.get(match["near"], 0))
        found = calendar.make(first.year, first.month, _day(match["day"])) if first else None
        if found:
            start = match.start() + (3 if match[0].startswith("on ") else 0)
            yield Candidate("date", found.isoformat(), start, match.end(), rank=3)
    for match in _DAY_OF_MONTH.finditer(text):
        day = _day(match["day"])
        found = calendar.without_month(today, day, past) if match["on"] or match["named"] or day > 10 or asked else None
        if found:
            yield Candidate(
                "date",
                found.isoformat(),
                match.start("named") if match["named"] else match.start("the"),
                match.end(),
                rank=2,
            )
    for match in _HOLIDAY.finditer(text):
        month, day = _HOLIDAYS[match["holiday"]]
        found = calendar.without_year(today, month, day, bool(past))
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=2)
    for match in _MONTH_ONLY.finditer(text):
        cue, said = match["cue"].split(), match["month"]
        if said in ("may", "march", "mar") and not (cue or match["year"] or match["near_year"]):
            continue
        month = _number_of(said)
        behind = True if "last" in cue else False if "next" in cue else past
        near = calendar.without_year(today, month, 15, behind)
        year = _year(match, today) or (near or today).year
        start = (
            match.start("month")
            if not cue or cue[-1] not in ("last", "next", "this")
            else match.start("month") - len(cue[-1]) - 1
        )
        yield from _range(calendar.make(year, month, 1), calendar.month_end(year, month), start, match.end())
    for match in _YEAR_ONLY.finditer(text):
        year = _year(match, today) or today.year + {"last": -1, "next": 1}.get(match["near"] or "", 0)
        if 1900 <= year < 2200:
            start = match.start("year") if match["year"] else match.start()
            yield from _range(date(year, 1, 1), date(year, 12, 31), start, match.end())


def _range(first: date | None, last: date | None, start: int, end: int) -> Iterator[Candidate]:
    if first and last:
        yield Candidate("date_range", f"{first.isoformat()}/{last.isoformat()}", start, end, rank=1)


def _written_dates(text: str, context: Context, past: bool | None) -> Iterator[Candidate]:
    for match in _ISO.finditer(text):
        found = calendar.make(int(match["year"]), int(match["month"]), int(match["day"]))
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=5)
    for match in _SLASHED.finditer(text):
        month, day = int(match["month"]), int(match["day"])
        if month > 12:
            month, day = day, month
        if match["year"]:
            year = int(match["year"])
            found = calendar.make(year if year > 99 else 2000 + year, month, day)
        else:
            found = None if context.expects("fraction") else calendar.without_year(context.today, month, day, past)
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=4)


def _weekdays(text: str, today: date, past: bool | None) -> Iterator[Candidate]:
    for match in _WHEN.finditer(text):
        weekday = next(index for index, name in enumerate(_WEEKDAYS) if name.startswith(match["weekday"][:3]))
        when, after = match["when"] or "", (match["after"] or "").strip()
        if "week after next" in when or after == "after next":
            found = calendar.in_week(today, 2, weekday)
        elif when in ("next", "next week") or after == "next week":
            found = calendar.in_week(today, 1, weekday)
        elif when == "last week" or after == "last week":
            found = calendar.in_week(today, -1, weekday)
        elif when == "this week" or after == "this week":
            found = calendar.in_week(today, 0, weekday)
        elif when.startswith("a week") or after == "week":
            near = calendar.next_weekday(today, weekday, False)
            found = calendar.add_days(near, 7) if near else None
        elif when in ("last", "past"):
            found = calendar.next_weekday(today, weekday, True)
        else:
            found = calendar.next_weekday(today, weekday, past and not when)
        if found:
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            yield Candidate("date", found.isoformat(), start if when else match.start("weekday"), match.end(), rank=2)
    for match in _WEEK.finditer(text):
        if match["weekend"]:
            yield from _range(calendar.in_week(today, 0, 5), calendar.in_week(today, 0, 6), match.start(), match.end())
            continue
        if match["later"]:
            yield from _range(calendar.in_week(today, 2, 0), calendar.in_week(today, 2, 6), *match.span())
            continue
        ahead = {"this": 0, "last": -1}.get(match["when"], 1)
        if match["unit"] == "month":
            first = calendar.add_months(today.replace(day=1), ahead)
            last = calendar.month_end(first.year, first.month) if first else None
        else:
            first = calendar.in_week(today, ahead, 5 if match["unit"] == "weekend" else 0)
            last = calendar.in_week(today, ahead, 6)
        yield from _range(first, last, *match.span())


def _relative(text: str, today: date) -> Iterator[Candidate]:
    for match in _NAMED_DAY.finditer(text):
        found = calendar.add_days(today, _DAYS[match["day"]])
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=1)
    for pattern in (_AHEAD, _SHIFT):
        for match in pattern.finditer(text):
            way = match.groupdict().get("way") or ""
            sign = -1 if way in ("ago", "before today", "earlier", "back") else 1
            found = _moved(today, match["count"], match["unit"], sign)
            if found and way == "from tomorrow":
                found = calendar.add_days(found, 1)
            if found and (match.groupdict().get("in") != "within"):
                yield Candidate("date", found.isoformat(), *match.span(), rank=3)


def _moved(today: date, said: str, unit: str, sign: int) -> date | None:
    if said == "half a":
        return calendar.add_months(today, sign * 6) if unit.startswith("year") else None
    count = 1 if said in ("a", "an") else 2 if said.startswith("a couple") else read_english(said)
    if not isinstance(count, int) or not 0 < count < 4000 or unit.startswith("business"):
        return None
    if unit.startswith(("day", "week", "fortnight")):
        return calendar.add_days(today, sign * count * {"d": 1, "w": 7, "f": 14}[unit[0]])
    return calendar.add_months(today, sign * count * (12 if unit.startswith("year") else 1))
