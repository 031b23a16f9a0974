"""Korean numbers as they stand in a text: with counters, in ranges, of money, with the names of powers in between."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import (
    LARGEST,
    month,
    native_prenominal,
    ordinal,
    sino,
    sino_decimal,
    spell_digits,
)
from voicebot.tts.korean_dates import hour_words
from voicebot.tts.korean_units import UNITS, counted, is_native
from voicebot.tts.rewriting import behind

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:,\d{4})+(?!\d)|\d+)(?:\.\d+)?"
"""Digits, in groups of three or of four, with a fraction or without."""
TILDE = r"\s?[~∼〜～–-]\s?"
_MONEY = {"$": "달러", "€": "유로", "£": "파운드", "¥": "엔", "₩": "원", "￦": "원"}
_CENTS = {"$": "센트", "€": "센트", "£": "펜스"}
_LONGEST = len(str(LARGEST))
_NATIVE_PAIRS = {
    1: "한두",
    2: "두세",
    3: "서너",
    4: "네다섯",
    5: "대여섯",
    6: "예닐곱",
    7: "일고여덟",
    8: "여덟아홉",
}
_SINO_PAIRS = {1: "일이", 2: "이삼", 3: "삼사", 4: "사오", 5: "오륙", 6: "육칠", 7: "칠팔", 8: "팔구"}
_PAIRED_SINO = frozenset(("일", "주", "주일", "개월", "년", "분", "초", "회", "층", "인", "인분", "영업일", "근무일"))
_KINDS = re.compile(
    r"\s(?:은행|보험|그룹|기업|의무|강|원칙|과제|도시|영양소|통신사|편의점|백화점|뉴스|전략|핵심|명절|기념일)"
)
"""Behind 대: the greatest of their kind (`4대 보험`) and no machines."""
MIXED = re.compile(
    r"(?:\d[\d,]{0,20}(?:\.\d{1,20})?[십백천]?[십백천만억조]\s?){1,12}(?:\d[\d,]{0,20}(?=\s?(?:원|명|개|건|달러)))?"
)


_NAMES_A_PLACE = re.compile(r"(?:^|[^가-힣])제\s?$")
"""`제3회`: the counter belongs to the number."""
CODE_WORDS = re.compile(
    r"(번호|코드|내선|계좌|비밀번호|암호|우편번호|대표전화|전화|연락처|뒷자리|앞자리|끝자리|네 자리|자리)"
    r"(가|는|은|이|를|을|로|인)?\s*[:：,]?\s*[\[(]?\s*$"
)
"""What is said before digits that are a code."""


def _value(written: str) -> int | None:
    """A whole number, None for one with a fraction or without a name."""
    digits = written.replace(",", "")
    return int(digits) if digits.isdigit() and len(digits) <= _LONGEST and int(digits) <= LARGEST else None


def number(written: str) -> str:
    """A number as written, commas and decimal point and all, in Sino-Korean; digit by digit where it has no name."""
    digits = written.replace(",", "")
    whole = digits.partition(".")[0]
    has_name = len(whole) <= _LONGEST and int(whole) <= LARGEST
    return sino_decimal(digits) if has_name else spell_digits(digits.replace(".", ""), "공")


def counted_as_said(written: str, counter: str, said: str, rest: str) -> str:
    """A number with its counter, in the system that the counter takes between `said` before it and `rest` behind it."""
    value = _value(written)
    if value is None:
        return f"{number(written)} {counter}"
    if _NAMES_A_PLACE.search(said):
        return f"{sino(value)}{counter}"
    if counter in ("번", "호") and CODE_WORDS.search(said):
        return f"{spell_digits(written.replace(',', ''), '공')} {counter}"
    if (counter == "길" and re.search(r"[로길]\s?$", said)) or (counter == "개" and re.match(r"\s?(국어|국)", rest)):
        return f"{sino(value)} {counter}"
    if counter == "번째":
        return ordinal(value) if value else f"{sino(value)} 번째"
    if counter == "번" and not _counts_times(said, rest):
        return f"{sino(value)} 번"
    if counter == "시" and value > 12:
        return f"{hour_words(value, said)}" if value <= 24 else f"{sino(value)} 시"
    if counter == "시" and value == 0:
        return "영 시"
    if counter == "시간" and value > 20:
        return f"{sino(value)} 시간"
    if counter == "분" and 1 <= value <= 99 and _counts_people(said, rest):
        return f"{native_prenominal(value)} 분"
    if counter == "월" and 1 <= value <= 12:
        return month(value)
    if counter == "일" and value <= 31:
        return sino(value) + "일"
    if counter == "년" and value >= 1000:
        return sino(value) + "년"
    if counter == "대" and (value % 10 == 0 or _KINDS.match(rest)):
        return f"{sino(value)} 대"
    return f"{counted(value, counter)} {counter}"


def _counts_times(said: str, rest: str) -> bool:
    """Whether 번 counts how often (세 번) rather than names a choice (삼 번)."""
    before = r"(총|하루|하루에|[주달년]에|최대|최소|이미|벌써|연속|다시|한꺼번에|앞으로|지금까지|딱|단)\s*$"
    behind = (
        r"(만(?![가-힣])|\s?더|씩|\s?이상|\s?이내|\s?이하|\s?정도|\s?연속|\s?모두|\s?다시|\s?반복|\s?시도|\s?틀리|"
        r"\s?실패|\s?말씀|\s?울리|\s?초과|이나(?![가-힣])|까지\s?(가능|시도|다시|틀|무료))"
    )
    return bool(re.search(before, said) or re.match(behind, rest))


def _counts_people(said: str, rest: str) -> bool:
    """Whether 분 counts people (세 분) rather than minutes (삼 분)."""
    return bool(
        re.search(r"(고객|손님|회원|상담원|어르신|앞에)\s*$", said) or re.match(r"께|이서|의 고객|이 (기다|대기)", rest)
    )


def range_as_said(match: re.Match[str], said: str) -> str:
    """`3~5일` as 삼에서 오 일; neighbours as Koreans join them: `2~3개` is 두세 개, `3~4일` is 삼사 일.

    The match's groups: the lower number, its counter if it is written, the higher number, its counter.
    """
    low, own, high, counter = match.groups()
    rest = behind(match)
    if own:
        one = counted_as_said(low, own, said, "")
        return f"{one}에서 {counted_as_said(high, counter, said + one, rest)}"
    first, second = _value(low), _value(high)
    native = is_native(counter) and counter not in ("번", "번째")
    if counter == "대" and first and second and first % 10 == second % 10 == 0:
        native = False
    if first is not None and second == first + 1 and first <= 8:
        if counter == "일" and first == 1:
            return "하루 이틀"
        if native and counter != "시":
            return f"{_NATIVE_PAIRS[first] if first else '영에서 한'} {counter}"
        if counter in _PAIRED_SINO and first in _SINO_PAIRS:
            return f"{_SINO_PAIRS[first]} {counter}"
    if native:
        one = counted_as_said(low, counter, said, "")
        return f"{one}에서 {counted_as_said(high, counter, said + one, rest)}"
    if counter == "월" and first and second and first <= 12 and second <= 12:
        return f"{month(first)}에서 {month(second)}"
    return f"{number(low)}에서 {number(high)} {counter}".rstrip()


def powers_as_said(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """`2~3만` as 이삼만: neighbours before the name of a power. None where they are none."""
    first, second, names = int(match[1]), int(match[2]), match[3]
    if second != first + 1 or first not in _SINO_PAIRS:
        return None
    tail = behind(match, 1)
    return f"{_SINO_PAIRS[first]}{names}" + (" " if tail and tail in "원명개건달" else "")


def mixed(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`3만5천`, `1억 2,000만`: digits with the names of powers between them."""
    words = ""
    for written, names in re.findall(r"(\d[\d,]*(?:\.\d+)?)([십백천만억조]*)", match[0]):
        silent = _value(written) == 1 and names and (names[0] in "십백천" or (names == "만" and not words))
        words += (" " if words.endswith(("만", "억", "조")) else "") + ("" if silent else number(written)) + names
    tail = behind(match, 1)
    return words + (" " if match[0][-1].isspace() or (tail and tail in "원명개건달") else "")


def money(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """A currency sign and an amount: `$12.50` is 십이 달러 오십 센트."""
    sign, amount = match[1], match[2]
    whole, _, cents = amount.partition(".")
    if sign in _CENTS and len(cents) == 2:
        words = f"{number(whole)} {_MONEY[sign]}"
        return f"{words} {sino(int(cents))} {_CENTS[sign]}" if int(cents) else words
    return f"{number(amount)} {_MONEY.get(sign) or UNITS[sign]}"


def below_zero(match: re.Match[str], said: str) -> str:
    """A temperature with a minus: 영하, unless it was said already."""
    sign = "" if said.rstrip().endswith(("영하", "영상")) else "영하 "
    return f"{sign}{number(match[1])} 도"
