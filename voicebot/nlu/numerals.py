"""Numbers in words, Korean and English, as they are spoken. Pure functions.

Korean has two systems. Sino-Korean (일 이 삼) counts money, dates, minutes and whatever is a code; native Korean
(하나 둘 셋) counts things, people and hours, up to 99. Rules after the National Institute of the Korean Language's
standard: a leading 일 is dropped before 십, 백, 천 and before a bare 만 (10,000 is 만, but 110,000 is 십일만 and 10^8
is 일억); 유월 and 시월 are the months' own forms.
"""

from __future__ import annotations

from itertools import product

DIGITS = ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")
"""Sino-Korean 0 to 9."""
LARGEST = 10**16
"""Numbers up to this one, included, have a name here."""

_PLACES = ("", "십", "백", "천")
_MYRIADS = ("", "만", "억", "조", "경")

_NATIVE_ONES = ("", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_PRENOMINAL = {"하나": "한", "둘": "두", "셋": "세", "넷": "네"}

_MONTHS = {6: "유", 10: "시"}

_NATIVE = """
가지 갈래 개 건 곡 곳 군데 권 그릇 그루 길 끼 달 대 돈 되 두름 땀 마디 마리 말 명 모 모금 바퀴 발짝 방울 배 번 번째
벌 병 봉지 분 사람 살 상자 소절 송이 쌍 쪽 시 시간 알 자루 자리 잔 장 접시 조각 줄 줌 집 짝 차례 채 척 첩 켤레 컵
토막 톨 통 판 포기 포대 폭 필 해 박스 세트 팩 캔 스푼 꾸러미 묶음 다발 뭉치 보따리
"""
_SINO = """
원 년 월 일 분 초 주 주일 주년 개월 개년 층 호 호실 호선 동 단지 번지 번길 회 회차 차 편 위 등 점 도 학년 반 교시 과
절 퍼센트 프로 배속 박 인 인분 인용 세 세대 단계 단 급 호기 조 항 권역 차로 킬로그램 그램 밀리그램 톤 킬로미터
미터 센티미터 밀리미터 리터 밀리리터 제곱미터 평 기가바이트 메가바이트 킬로바이트 테라바이트 달러 유로 엔 위안 센트
파운드 포인트 페이지 자 글자 매 부 칸 볼트 와트 인치 종 분기 등급 개국 차선
"""
NATIVE_COUNTERS = frozenset(_NATIVE.split())
"""Counters that take native numbers. 분 (people, honorific; minutes take Sino-Korean), 번 (times; labels take
Sino-Korean), 대, 장, 쪽 and 통 have other uses: who reads a text must look around them."""

SINO_COUNTERS = frozenset(_SINO.split())
"""Counters that take Sino-Korean numbers."""


def sino(number: int) -> str:
    """Sino-Korean words without spaces inside a myriad, one space after 만, 억, 조: 12900 is `만 이천구백`.

    Raises ValueError for numbers beyond ±10^16.
    """
    if number < 0:
        return "마이너스 " + sino(-number)
    if number > LARGEST:
        raise ValueError(f"{number} has no name here; read it digit by digit")
    if number == 0:
        return DIGITS[0]
    parts: list[str] = []
    power = 0
    while number:
        number, group = divmod(number, 10_000)
        if group:
            bare = group == 1 and power == 1 and not number
            parts.append(("" if bare else _below_myriad(group)) + _MYRIADS[power])
        power += 1
    return " ".join(reversed(parts))


def _below_myriad(number: int) -> str:
    words = ""
    for place, digit in enumerate(map(int, reversed(str(number)))):
        if digit:
            words = ("" if digit == 1 and place else DIGITS[digit]) + _PLACES[place] + words
    return words


def sino_decimal(text: str) -> str:
    """A decimal number as it is written, `3.14`: `삼 점 일사`. Commas between thousands are skipped."""
    sign = "마이너스 " if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("-").replace(",", "").partition(".")
    words = sign + sino(int(whole or "0"))
    return f"{words} 점 {spell_digits(fraction)}" if fraction else words


def native(number: int) -> str:
    """Native Korean words for 1 to 99: 21 is `스물하나`. Raises ValueError for others."""
    if not 1 <= number <= 99:
        raise ValueError(f"{number} has no native Korean name")
    return _NATIVE_TENS[number // 10] + _NATIVE_ONES[number % 10]


def native_prenominal(number: int) -> str:
    """The form before a counter: 1 한, 3 세, 20 스무, 21 스물한."""
    if number == 20:
        return "스무"
    words = native(number)
    ones = _NATIVE_ONES[number % 10]
    return words.removesuffix(ones) + _PRENOMINAL.get(ones, ones) if ones else words


def counted(number: int, counter: str) -> str:
    """The number's words before a counter: `세` before 개, `삼` before 층. Native ones fall to Sino-Korean above 99."""
    if counter in NATIVE_COUNTERS and counter not in SINO_COUNTERS and 1 <= number <= 99:
        return native_prenominal(number)
    return sino(number)


def ordinal(number: int) -> str:
    """`첫 번째`, `두 번째`, ...; `백한 번째` above 99."""
    if number == 1:
        return "첫 번째"
    if 1 < number <= 99:
        return f"{native_prenominal(number)} 번째"
    rest = number % 100
    return f"{sino(number - rest)}{native_prenominal(rest) if rest else ''} 번째"


def month(number: int) -> str:
    """A month's name: 6 `유월`, 10 `시월`."""
    return _MONTHS.get(number, sino(number)) + "월"


def spell_digits(digits: str, zero: str = "영") -> str:
    """Digit by digit, without spaces: `0123` is `영일이삼`. `zero` is 공 in telephone and order numbers."""
    return "".join(zero if digit == "0" else DIGITS[int(digit)] for digit in digits)


# What callers say.


def sino_variants(number: int) -> tuple[str, ...]:
    """All the ways in which callers say a Sino-Korean number, the usual one first, spaces as in `sino`.

    `일백`, `일천`, `일만` and `일십` occur beside the usual forms, most of all in amounts; 0 is 영 or 공.
    """
    if number == 0:
        return ("영", "공", "제로")
    usual = sino(number)
    full: list[str] = []
    rest, power = number, 0
    while rest:
        rest, group = divmod(rest, 10_000)
        if group:
            words = "".join(
                DIGITS[int(digit)] + _PLACES[place]
                for place, digit in reversed(list(enumerate(reversed(str(group)))))
                if digit != "0"
            )
            full.append(words + _MYRIADS[power])
        power += 1
    variants = [usual]
    if usual.startswith(("만", "천", "백", "십")):
        variants.append("일" + usual)
    return tuple(dict.fromkeys([*variants, " ".join(reversed(full))]))


def counted_variants(number: int, counter: str) -> tuple[str, ...]:
    """The number before a counter in every way that callers say it; the counter is not included."""
    usual = counted(number, counter)
    variants = [usual]
    if counter in NATIVE_COUNTERS and 1 <= number <= 99:
        variants += [native_prenominal(number), *sino_variants(number)]
        if number % 10 == 3 or number % 10 == 4:
            # 석 and 넉 before 달, 장, 잔, 대; 서 and 너 before 돈, 말.
            stem = _NATIVE_TENS[number // 10]
            if counter in ("달", "장", "잔", "대", "자"):
                variants.append(stem + ("석" if number % 10 == 3 else "넉"))
            if counter in ("돈", "말"):
                variants.append(stem + ("서" if number % 10 == 3 else "너"))
        if number == 20:
            variants.append("스물")
    else:
        variants += sino_variants(number)
    return tuple(dict.fromkeys(variants))


def month_variants(number: int) -> tuple[str, ...]:
    """A month in every way that callers say it: `유월`, `육월`; `시월`, `십월`; `십이월`."""
    return tuple(dict.fromkeys((month(number), sino(number) + "월")))


def digits_variants(digits: str, *, most: int = 16) -> tuple[str, ...]:
    """A digit string in the ways that callers say it, one word a digit: 공 or 영 for all zeros, 하나 for 1, 둘 for 2.

    Callers keep to one choice within a string, so there are few; at most `most` are given.
    """
    choices = (("공", "영") if "0" in digits else ("영",), ("일", "하나") if "1" in digits else ("일",))
    two = ("이", "둘") if "2" in digits else ("이",)
    variants = []
    for zero, one, second in product(*choices, two):
        names = {**{str(value): name for value, name in enumerate(DIGITS)}, "0": zero, "1": one, "2": second}
        variants.append(" ".join(names[digit] for digit in digits))
    return tuple(variants[:most])


# English.

_NAMES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_ONES = tuple(_NAMES.split())
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_THOUSANDS = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def english(number: int) -> str:
    """English words: 1234 is `one thousand two hundred thirty-four`. Raises ValueError beyond ±10^16."""
    if number < 0:
        return "minus " + english(-number)
    if number > LARGEST:
        raise ValueError(f"{number} has no name here; read it digit by digit")
    if number < 20:
        return _ONES[number]
    parts: list[str] = []
    power = 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            parts.append(f"{_below_thousand(group)} {_THOUSANDS[power]}".strip())
        power += 1
    return " ".join(reversed(parts))


def _below_thousand(number: int) -> str:
    words = [f"{_ONES[number // 100]} hundred"] if number >= 100 else []
    rest = number % 100
    if 0 < rest < 20:
        words.append(_ONES[rest])
    elif rest:
        words.append(_TENS[rest // 10] + (f"-{_ONES[rest % 10]}" if rest % 10 else ""))
    return " ".join(words)


def english_decimal(text: str) -> str:
    """A decimal number as it is written, `3.14`: `three point one four`. Commas between thousands are skipped."""
    sign = "minus " if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("-").replace(",", "").partition(".")
    words = sign + english(int(whole or "0"))
    return f"{words} point {english_digits(fraction, zero='zero')}" if fraction else words


def english_ordinal(number: int) -> str:
    """`first`, `twenty-second`, `one hundredth`."""
    head, separator, last = _split_last(english(number))
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return head + separator + last


def _split_last(words: str) -> tuple[str, str, str]:
    cut = max(words.rfind(" "), words.rfind("-"))
    return (words[:cut], words[cut], words[cut + 1 :]) if cut >= 0 else ("", "", words)


def english_digits(digits: str, zero: str = "oh") -> str:
    """Digit by digit: `105` is `one oh five`; `zero` is the word for 0."""
    return " ".join(zero if digit == "0" else _ONES[int(digit)] for digit in digits)


def english_year(number: int) -> str:
    """A year: 2026 `twenty twenty-six`, 1905 `nineteen oh five`, 2000 `two thousand`, 2005 `two thousand five`."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 9999 or (century % 10 == 0 and rest < 10):
        return english(number)
    if rest == 0:
        return f"{english(century)} hundred"
    return f"{english(century)} {'oh ' if rest < 10 else ''}{english(rest)}"


def english_digits_variants(digits: str) -> tuple[str, ...]:
    """A digit string in the ways that callers say it: `zero` or `oh`, and `double five` for pairs."""
    variants = [english_digits(digits, zero) for zero in (("zero", "oh") if "0" in digits else ("zero",))]
    doubled: list[str] = []
    position = 0
    while position < len(digits):
        name = _ONES[int(digits[position])]
        if digits[position : position + 2] == digits[position] * 2:
            doubled.append(f"double {name}")
            position += 2
        else:
            doubled.append(name)
            position += 1
    return tuple(dict.fromkeys([*variants, " ".join(doubled)]))
