"""Korean dates: "11월 22일", "다음 주 화요일", "내일모레", "지난달 말일", "사흘 전", "이번 주말"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from voicebot.nlu.entities import calendar
from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.korean_text import TAIL, told_as_past, whole
from voicebot.nlu.entities.number_words import NATIVE, SINO, read_digits_ko, read_korean, read_sino

_START = r"(?<![가-힣\d.,/-])"
_WEEKDAYS = "월화수목금토일"
_YEAR_WORDS = (
    "(?:(?:[이일] ?)?천 ?(?:[구] ?백 ?)?(?:[이삼사오육륙칠팔구]? ?십)? "
    "?[일이삼사오육륙칠팔구]?|[이일구] ?[공영구] ?[영공일이삼사오육칠팔구] ?[영공일이삼사오육칠팔구]"
    "|[이삼사오육칠팔구]?십[일이삼사오육칠팔구]?)"
)
_YEAR = (
    rf"(?:(?P<year>\d{{4}}|\d{{2}}|{_YEAR_WORDS}) ?년(?:도)?|"
    rf"(?P<near_year>재작년|작년|지난해|올해|금년|내년|후년|내후년|다음 ?해|이듬해)) ?(?:의 ?)?"
)
_MONTH = r"(?P<month>1[0-2]|0?[1-9]|십 ?[일이]|시|십|유|[일이삼사오육칠팔구]) ?월(?!요일)(?:달)?"
_NEAR_MONTH = (
    r"(?P<near_month>(?:지지난|저저번|지난|저번|이번|다음|담|다다음|다담|내|전|이) ?달|익월|당월|금월|전월|내월)"
)
_DAY_WORDS = r"(?:이|삼)? ?십(?: ?[일이삼사오육칠팔구](?= ?일))?|[일이삼사오육칠팔구]"
_DAY = rf"(?P<day>3[01]|[12]\d|0?[1-9]|{_DAY_WORDS}) ?일(?!요일|주|곱|흔)"
_END_OF_MONTH = r"(?P<first_day>초하루|첫날)|(?P<last>말일|마지막 ?날|말(?=[에까]|쯤|께|이요|이|$| ))"
_FIRST = r"(?P<nth>첫|둘|셋|넷|첫번|두번|첫 번|두 번|세 번|네 번) ?째 ?주 ?(?P<nth_weekday>[월화수목금토일])요일"
_TRAILING_WEEKDAY = r"(?:,? ?\(?(?:[월화수목금토일]요일|[월화수목금토일](?=\)))\)?)?"
_CALENDAR = re.compile(
    rf"{_START}(?:{_YEAR})?(?:{_MONTH}|{_NEAR_MONTH}) ?(?:의 ?)?"
    rf"(?:{_DAY}|{_END_OF_MONTH}|{_FIRST})(?:날)?{_TRAILING_WEEKDAY}"
)
_MONTH_ONLY = re.compile(rf"{_START}(?:{_YEAR})?(?:{_MONTH}|{_NEAR_MONTH}){TAIL}(?! ?분[은이을 ])")
_YEAR_ONLY = re.compile(rf"{_START}{_YEAR}{TAIL}")
_DAY_ONLY = re.compile(rf"{_START}{_DAY}(?P<marked>날|자)?{_TRAILING_WEEKDAY}(?P<tail>{TAIL})")
_ISO = re.compile(
    r"(?<![\d.,/-])(?P<year>\d{4}|\d{2}(?=[./-]\d{1,2}[./-]))"
    r"(?P<separator>[-./]) ?(?P<month>\d{1,2})(?P=separator) ?"
    r"(?P<day>\d{1,2})\.?(?![\d/-])"
)
_SLASHED = re.compile(r"(?<![\d.,/-])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/-])")
_PACKED = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)")
_WEEKS = {
    "지지난": -2,
    "저저번": -2,
    "지난": -1,
    "저번": -1,
    "전": -1,
    "이번": 0,
    "금": 0,
    "요번": 0,
    "다음": 1,
    "담": 1,
    "내": 1,
    "차": 1,
    "오는": 1,
    "다다음": 2,
    "다담": 2,
}
_WEEK = re.compile(
    rf"{_START}"
    rf"(?P<week>{'|'.join(sorted(_WEEKS, key=len, reverse=True))}) ?주"
    rf"(?:의)?(?: ?(?P<weekday>[월화수목금토일])요일"
    rf"| ?(?P<short>[월화수목금토])(?![가-힣])| ?(?P<end>말)(?!고)|(?P<whole>{TAIL})|(?P<during>에|중|초|간))"
)
_WEEKEND = re.compile(rf"{_START}(?:돌아오는 ?|오는 ?)?주말{TAIL}")
_WEEKDAY = re.compile(
    rf"{_START}(?P<when>지난|저번|이번|다음|오는|돌아오는|담)? ?(?P<weekday>[월화수목금토일])욜?(?:요일|(?<=욜)){TAIL}"
)
_DAYS = {
    word: value
    for value, said in {
        -3: "그끄저께, 그그저께",
        -2: "그저께, 그제, 엊그제, 엊그저께",
        -1: "어저께, 어제, 작일, 전날",
        0: "오늘, 금일, 당일",
        1: "내일, 명일, 익일, 낼, 다음날, 다음 날",
        2: "내일모레, 낼모레, 모레, 내일 모레, 낼 모레",
        3: "글피",
        4: "그글피",
    }.items()
    for word in said.split(", ")
}
_NAMED_DAY = re.compile(
    rf"{_START}"
    rf"(?P<day>{'|'.join(sorted(_DAYS, key=len, reverse=True))})"
    rf"(?!이면 다|(?<=낼) (?:수|게|거|것|돈)|모레|이 되)(?:{TAIL}|(?=[ ]|오[전후]|아침|저녁|점심|밤|새벽|낮|바로|안|꼭"
    rf"|{NATIVE} ?시|\d))"
)
_NATIVE_DAYS = {
    "하루": 1,
    "이틀": 2,
    "사흘": 3,
    "나흘": 4,
    "닷새": 5,
    "엿새": 6,
    "이레": 7,
    "여드레": 8,
    "아흐레": 9,
    "열흘": 10,
    "열하루": 11,
    "보름": 15,
    "한나절": 0,
}
_SHIFT = re.compile(
    rf"{_START}(?:(?:지금(?:으로)?부터|오늘(?:로)?부터|앞으로|한|약) ?)?(?:"
    rf"(?P<days>{'|'.join(sorted(_NATIVE_DAYS, key=len, reverse=True))})"
    rf"|(?P<half>반 ?년)|(?P<count>{NATIVE}|{SINO}) ?(?P<unit>일|주일|주간|주|개월|달|년|해))"
    r" ?(?:쯤 ?|정도 ?)?(?P<way>전(?!화|체|부|송|달|문)|뒤|후(?!기)|있다가|이따가|지나서|지나|이후)"
)
_HOLIDAYS = {
    "신정": (1, 1),
    "새해 첫날": (1, 1),
    "삼일절": (3, 1),
    "3.1절": (3, 1),
    "식목일": (4, 5),
    "근로자의 날": (5, 1),
    "노동절": (5, 1),
    "어린이날": (5, 5),
    "어버이날": (5, 8),
    "스승의 날": (5, 15),
    "현충일": (6, 6),
    "제헌절": (7, 17),
    "광복절": (8, 15),
    "개천절": (10, 3),
    "한글날": (10, 9),
    "크리스마스 이브": (12, 24),
    "크리스마스이브": (12, 24),
    "크리스마스": (12, 25),
    "성탄절": (12, 25),
    "밸런타인데이": (2, 14),
    "발렌타인데이": (2, 14),
    "화이트데이": (3, 14),
    "빼빼로데이": (11, 11),
}
_HOLIDAY = re.compile(rf"{_START}(?:{_YEAR})?(?P<holiday>{'|'.join(sorted(_HOLIDAYS, key=len, reverse=True))})")
_ENDS = re.compile(rf"{_START}(?P<which>(?:이번 ?)?월말|(?:올해 ?)?연말|내년 ?초){TAIL}")


def dates(text: str, context: Context) -> Iterator[Candidate]:
    """Days, and ranges of days (a week, a weekend, a month, a year) as `first/last`."""
    yield from _calendar_dates(text, context)
    yield from _written_dates(text, context)
    yield from _days_of_month(text, context)
    yield from _weeks(text, context)
    yield from _relative(text, context)


def _year(match: re.Match[str], today: date) -> int | None:
    if near := match["near_year"]:
        return today.year + {"재작년": -2, "작년": -1, "지난해": -1, "올해": 0, "금년": 0, "후년": 2, "내후년": 2}.get(
            near, 1
        )
    said = match["year"]
    if not said:
        return None
    if re.search("[공영]|^이 ?이|^일 ?구", said) and not re.search("[천백십]", said):
        year = int(read_digits_ko(said))
    else:
        year = int(read_sino(said) or 0)
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year


def _month(match: re.Match[str], today: date) -> tuple[int, int] | None:
    """The month said, with its year; the year is 0 where it is open."""
    if said := match["month"]:
        month = {"유": 6, "시": 10}.get(said) or int(read_sino(said) or 0)
        return 0, month
    near = match["near_month"].replace(" ", "")
    offset = {
        "지지난달": -2,
        "저저번달": -2,
        "지난달": -1,
        "저번달": -1,
        "전달": -1,
        "전월": -1,
        "이번달": 0,
        "이달": 0,
        "당월": 0,
        "금월": 0,
        "다다음달": 2,
        "다담달": 2,
    }.get(near, 1)
    first = calendar.add_months(today.replace(day=1), offset)
    return (first.year, first.month) if first else None


def _calendar_dates(text: str, context: Context) -> Iterator[Candidate]:
    today = context.today
    for match in _CALENDAR.finditer(text):
        year, month = _year(match, today), _month(match, today)
        if month is None:
            continue
        past = _past(text, match.end(), context)
        if match["day"]:
            day = int(read_sino(match["day"]) or 0)
            known = year or month[0]
            found = calendar.make(known, month[1], day) if known else calendar.without_year(today, month[1], day, past)
        elif match["first_day"]:
            found = calendar.make(year or month[0] or today.year, month[1], 1)
        elif match["nth"]:
            first = calendar.make(year or month[0] or today.year, month[1], 1)
            weekday = _WEEKDAYS.index(match["nth_weekday"])
            order = {"첫": 0, "두": 1, "둘": 1, "세": 2, "셋": 2}.get(match["nth"][0], 3)
            found = first and calendar.add_days(first, (weekday - first.weekday()) % 7 + 7 * order)
        else:
            found = calendar.month_end(year or month[0] or today.year, month[1])
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=2)
    for match in _MONTH_ONLY.finditer(text):
        year, month = _year(match, today), _month(match, today)
        if month is None or (
            match["month"]
            and match[0] == "이월"
            and not context.expects("date", "date_range")
            and not whole(text, *match.span())
        ):
            continue
        near = calendar.without_year(today, month[1], 15, _past(text, match.end(), context))
        known = year or month[0] or (near.year if near else today.year)
        yield from _span_of_days(calendar.make(known, month[1], 1), calendar.month_end(known, month[1]), *match.span())
    for match in _YEAR_ONLY.finditer(text):
        if (
            match["near_year"]
            or len(match["year"].replace(" ", "")) >= 4
            or (match["year"].isdigit() and len(match["year"]) == 4)
        ):
            year = _year(match, today)
            if year and 1900 <= year < 2200:
                end = match.end() - len(match[0]) + len(match[0].rstrip())
                yield from _span_of_days(date(year, 1, 1), date(year, 12, 31), match.start(), end)
    for match in _HOLIDAY.finditer(text):
        year, (month_number, day) = _year(match, today), _HOLIDAYS[match["holiday"]]
        past = _past(text, match.end(), context)
        found = (
            calendar.make(year, month_number, day)
            if year
            else calendar.without_year(today, month_number, day, bool(past))
        )
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=2)
    for match in _ENDS.finditer(text):
        if "월말" in match["which"]:
            found = calendar.month_end(today.year, today.month)
        else:
            found = date(today.year, 12, 31) if "연말" in match["which"] else None
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=1)


def _span_of_days(first: date | None, last: date | None, start: int, end: int) -> Iterator[Candidate]:
    if first and last:
        yield Candidate("date_range", f"{first.isoformat()}/{last.isoformat()}", start, end, rank=1)


def _past(text: str, end: int, context: Context) -> bool | None:
    return context.past if context.past is not None else (True if told_as_past(text, end) else None)


def _written_dates(text: str, context: Context) -> Iterator[Candidate]:
    for pattern in (_ISO, _PACKED) if context.expects("date") else (_ISO,):
        for match in pattern.finditer(text):
            year = int(match["year"])
            found = calendar.make(year if year > 99 else 2000 + year, int(match["month"]), int(match["day"]))
            if found:
                yield Candidate("date", found.isoformat(), *match.span(), rank=5)
    if not context.expects("fraction"):
        for match in _SLASHED.finditer(text):
            past = _past(text, match.end(), context)
            found = calendar.without_year(context.today, int(match["month"]), int(match["day"]), past)
            if found:
                yield Candidate("date", found.isoformat(), *match.span(), rank=2)


def _days_of_month(text: str, context: Context) -> Iterator[Candidate]:
    """A day without its month: a date with "에" or "날" behind it, where a date is asked, or above the tenth; else it
    is so many days (a duration)."""
    for match in _DAY_ONLY.finditer(text):
        day = int(read_sino(match["day"]) or 0)
        after = text[match.end() : match.end() + 4].lstrip()
        if re.match("동안|간|정도|쯤|이내|내|안에|만에|째|걸|넘|이상|이나|밖에|치|씩|후|뒤|전", after):
            continue
        dated = match["marked"] or re.match("에|부터|까지|이후", after) or re.search("[월화수목금토일]요일", match[0])
        if match["day"] in ("이", "일", "사", "구") and not (dated or context.expects("date")):
            continue
        if (
            match[0].replace(" ", "") in ("이일", "사일", "일일")
            and not context.expects("date")
            and not match["marked"]
        ):
            continue
        if dated or day > 10 or context.expects("date"):
            past = _past(text, match.end(), context)
            found = calendar.without_month(context.today, day, past)
            if found:
                yield Candidate("date", found.isoformat(), *match.span(), rank=1)


def _weeks(text: str, context: Context) -> Iterator[Candidate]:
    today = context.today
    for match in _WEEK.finditer(text):
        weeks = _WEEKS[match["week"]]
        if weekday := match["weekday"] or match["short"]:
            found = calendar.in_week(today, weeks, _WEEKDAYS.index(weekday))
            if found:
                yield Candidate("date", found.isoformat(), *match.span(), rank=2)
            continue
        first = calendar.in_week(today, weeks, 5 if match["end"] else 0)
        last = calendar.in_week(today, weeks, 6)
        end = match.end() - len(match["during"] or "")
        if match["week"] not in ("전", "내", "금", "차") or match["end"]:
            yield from _span_of_days(first, last, match.start(), end)
    for match in _WEEKEND.finditer(text):
        weeks = -1 if _past(text, match.end(), context) else 0
        yield from _span_of_days(calendar.in_week(today, weeks, 5), calendar.in_week(today, weeks, 6), *match.span())
    for match in _WEEKDAY.finditer(text):
        weekday_number = _WEEKDAYS.index(match["weekday"])
        when = match["when"]
        if when in ("이번", "다음", "담"):
            found = calendar.in_week(today, 0 if when == "이번" else 1, weekday_number)
        else:
            past = when in ("지난", "저번") or (not when and _past(text, match.end(), context))
            found = calendar.next_weekday(today, weekday_number, past)
        if found:
            yield Candidate(
                "date", found.isoformat(), match.start() + len(match[0]) - len(match[0].lstrip()), match.end(), rank=1
            )


def _relative(text: str, context: Context) -> Iterator[Candidate]:
    today = context.today
    for match in _NAMED_DAY.finditer(text):
        if match["day"] in ("당일", "전날", "다음날", "다음 날") and not context.expects("date"):
            continue
        found = calendar.add_days(today, _DAYS[match["day"]])
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=1)
    for match in _SHIFT.finditer(text):
        sign = -1 if match["way"] == "전" else 1
        if match["days"]:
            if match["days"] == "한나절":
                continue
            found = calendar.add_days(today, sign * _NATIVE_DAYS[match["days"]])
        elif match["half"]:
            found = calendar.add_months(today, sign * 6)
        else:
            count = read_korean(match["count"])
            if not isinstance(count, int) or not 0 < count < 4000:
                continue
            if match["unit"] == "일":
                found = calendar.add_days(today, sign * count)
            elif match["unit"][0] == "주":
                found = calendar.add_days(today, sign * 7 * count)
            else:
                found = calendar.add_months(today, sign * count * (12 if match["unit"] in "년해" else 1))
        if found:
            yield Candidate("date", found.isoformat(), *match.span(), rank=2)
