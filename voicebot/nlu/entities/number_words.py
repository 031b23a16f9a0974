"""Numbers in words, read: Sino-Korean, native Korean, the two mixed, and English.

The patterns are strict grammars: what they match has exactly one value, so a longest match is a reading. Spaces may
stand between any two parts, since recognisers space numbers as they like ("이 만 오 천", "스물 두").
"""

from __future__ import annotations

import re
from decimal import Decimal

from voicebot.nlu.entities.grammar import words

Number = int | float

# ---- Korean ----

DIGITS_KO = dict(zip("영공일이삼사오육륙칠팔구", (0, 0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9), strict=True))
_DIGITS = "일이삼사오육륙칠팔구"
# A last "이" before an ending is the copula ("오만이요" is 50,000), but behind 이, 사, 오 or 구, which end in a vowel,
# and where nothing stands before it, it is a two ("사이요" is 4 and 2).
_ENDING = "(?:[요라고네죠지야면었랑나세시]|에요|예요|구요| ?아니)"
# A lookahead, since that is not entered twice: several of these hold at once, and 40 twos would be tried in 3^40 ways.
_NO_COPULA = rf"(?=(?<!이)|(?!{_ENDING})|(?<=[이사오구]이)|(?<=[이사오구] 이)|(?<![가-힣\d]이)(?<![가-힣\d] 이))"
_SMALL = {"십": 10, "백": 100, "천": 1000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}

ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})"
_ARABIC_DECIMAL = rf"{ARABIC}(?:\.\d{{1,6}})?"
_TIMES = rf"(?:[{_DIGITS}1-9] ?)?"
# Under 10,000. Sets of syllables are dear to compile and SINO stands in many patterns: hence so few of them.
_SECTION = (
    rf"(?:(?={_TIMES}[천백십])(?:{_TIMES}천)?(?: ?{_TIMES}백)?(?: ?{_TIMES}십)?(?: ?[{_DIGITS}1-9](?![\d.,]))?"
    rf"|[{_DIGITS}]|{_ARABIC_DECIMAL})"
)
SINO = (
    rf"(?:(?:{_SECTION}|(?=만))(?: ?조(?: ?{_SECTION})?)?(?: ?억(?: ?{_SECTION})?)?(?: ?만(?: ?{_SECTION})?)?"
    rf"{_NO_COPULA}|[영공]|제로)"
)
"""A number in Sino-Korean words, in digits, or both ("3만 5천")."""

_ONES = {
    word: value
    for value, said in {
        1: "하나, 한",
        2: "둘, 두",
        3: "셋, 세, 석, 서",
        4: "넷, 네, 넉, 너",
        5: "다섯, 닷",
        6: "여섯, 엿",
        7: "일곱",
        8: "여덟, 여덜, 여덞, 여덢",
        9: "아홉, 아호",
    }.items()
    for word in said.split(", ")
}
_TENS = {
    word: value
    for value, said in {
        10: "열",
        20: "스물, 스무",
        30: "서른, 설흔",
        40: "마흔",
        50: "쉰",
        60: "예순",
        70: "일흔",
        80: "여든",
        90: "아흔",
    }.items()
    for word in said.split(", ")
}
_ONE_NATIVE = "(?:하나|한|둘|두|셋|세|석|넷|네|넉|다섯|여섯|일곱|여덟|여덜|여덞|여덢|아홉)"
_TEN_NATIVE = "(?:열|스물|스무|서른|설흔|마흔|쉰|예순|일흔|여든|아흔)"
_HUNDREDS = rf"(?:{_TIMES}천 ?)?(?:{_TIMES}백 ?)?"
NATIVE = rf"(?:{_HUNDREDS}(?:{_TEN_NATIVE}(?: ?{_ONE_NATIVE})?|{_ONE_NATIVE}))"
"""A number in native words, over 99 behind Sino-Korean hundreds ("백스물두")."""

RANGES = {
    word: bounds
    for bounds, said in {
        (1, 2): "한두, 한둘",
        (2, 3): "두세, 두셋",
        (2, 4): "두서너",
        (3, 4): "서너, 서넛, 세네",
        (4, 5): "네다섯, 네댓, 너댓, 너덧",
        (5, 6): "대여섯",
        (6, 7): "예닐곱, 여섯일곱",
        (7, 8): "일고여덟, 일곱여덟",
        (8, 9): "여덟아홉",
        (10, 12): "여남은",
    }.items()
    for word in said.split(", ")
}
"""Two neighbouring numbers in one word: least and most."""
RANGE = "(?:" + "|".join(sorted((" ?".join(word) for word in RANGES), key=len, reverse=True)) + ")"
SINO_RANGES = {
    "일이": (1, 2),
    "이삼": (2, 3),
    "삼사": (3, 4),
    "사오": (4, 5),
    "오륙": (5, 6),
    "오육": (5, 6),
    "육칠": (6, 7),
    "칠팔": (7, 8),
    "팔구": (8, 9),
}
SINO_RANGE = "(?:일 ?이|이 ?삼|삼 ?사|사 ?오|오 ?[륙육]|육 ?칠|칠 ?팔|팔 ?구)"

_APART = {"제로": 0, "일경": 10**16}
"""Read alone only: 경 is also "about" (삼일경) and a part of other words (구경)."""
_SINO_FULL = re.compile(SINO)
_NATIVE_FULL = re.compile(NATIVE)
_SINO_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[영공일이삼사오육륙칠팔구십백천만억조]")
_NATIVE_TOKEN = re.compile("|".join(sorted({*_ONES, *_TENS}, key=len, reverse=True)))
DECIMAL_KO = rf"(?:{SINO}(?: ?[점쩜](?: ?[영공{_DIGITS}]){{1,6}})?)"
"""The same, decimals too ("삼 점 오")."""
_DIGIT_WORD_KO = {
    **{word: str(value) for word, value in DIGITS_KO.items()},
    "제로": "0",
    "하나": "1",
    "둘": "2",
    "셋": "3",
    "넷": "4",
}
DIGIT_KO = rf"(?:[영공일삼사오육륙칠팔구]|이{_NO_COPULA}|하나|둘|셋|넷|제로|\d)"
_DIGIT_KO_TOKEN = re.compile("제로|하나|둘|셋|넷|[영공일이삼사오육륙칠팔구]|[0-9]")


def read_sino(text: str) -> Number | None:
    """The value of a number in Sino-Korean words or digits or both; None where it is none."""
    if text in _APART:
        return _APART[text]
    if not _SINO_FULL.fullmatch(text):
        return None
    total = section = Decimal(0)
    current: Decimal | None = None
    for token in _SINO_TOKEN.findall(text):
        if token in _SMALL:
            section += (Decimal(1) if current is None else current) * _SMALL[token]
            current = None
        elif token in _LARGE:
            section += current or 0
            total += (section or 1) * _LARGE[token]
            section, current = Decimal(0), None
        else:
            current = Decimal(DIGITS_KO[token] if token in DIGITS_KO else token.replace(",", ""))
    return _plain(total + section + (current or 0))


def read_native(text: str) -> int | None:
    """The value of a number in native Korean words ("스물두", "백한"); None where it is none."""
    if not _NATIVE_FULL.fullmatch(text):
        return None
    first = _NATIVE_TOKEN.search(text)
    if first is None:
        return None
    hundreds = text[: first.start()].strip()
    value = int(read_sino(hundreds) or 0) if hundreds else 0
    return value + sum(_ONES.get(word) or _TENS[word] for word in _NATIVE_TOKEN.findall(text, first.start()))


def read_korean(text: str) -> Number | None:
    """The value of a Korean number, native or Sino-Korean, decimals ("삼 점 오") too; None where it is none."""
    text = text.strip()
    if (native := read_native(text)) is not None:
        return native
    whole, point, fraction = re.sub("[쩜]", "점", text).partition("점")
    if point:
        value, digits = read_sino(whole.strip()), read_digits_ko(fraction)
        return None if value is None or not digits else float(f"{value}.{digits}")
    return read_sino(text)


def read_digits_ko(text: str) -> str:
    """Digits said one by one, as digits; what is no digit is left out."""
    return "".join(_DIGIT_WORD_KO.get(word, word) for word in _DIGIT_KO_TOKEN.findall(text))


# ---- English ----

_UNITS_EN = {
    word: value
    for value, word in enumerate(
        words(
            "zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, "
            "fifteen, sixteen, seventeen, eighteen, nineteen"
        )
    )
}
_TENS_EN = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
} | {"fourty": 40}
_LARGE_EN = {"thousand": 10**3, "grand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12} | {
    "quadrillion": 10**15
}
_ONE_EN = "(?:one|two|three|four|five|six|seven|eight|nine)"
_TEEN_EN = "(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_TEN_EN = "(?:twenty|thirty|fou?rty|fifty|sixty|seventy|eighty|ninety)"
UNDER_100_EN = rf"(?:{_TEN_EN}(?:[ -]{_ONE_EN}\b)?|{_TEEN_EN}|{_ONE_EN})\b"
_UNDER_1000_EN = (
    rf"(?:{UNDER_100_EN}|(?:a|\d{{1,2}})(?=[ -]hundred\b))"
    rf"(?:[ -]hundred\b(?:[ -](?:and )?{UNDER_100_EN}(?![ -]hundred))?)?"
)
_SECTION_EN = rf"(?:{_UNDER_1000_EN}|a(?=[ -])|zero\b|{_ARABIC_DECIMAL})"
_AND_EN = rf"(?:,? (?:and )?{_SECTION_EN})?"
CARDINAL_EN = (
    rf"(?:{_SECTION_EN}(?:[ -]quadrillion\b{_AND_EN})?(?:[ -]trillion\b{_AND_EN})?"
    rf"(?:[ -]billion\b{_AND_EN})?(?:[ -]million\b{_AND_EN})?"
    rf"(?:[ -](?:thousand|grand)\b{_AND_EN})?(?<!\ba))"
)
"""An English number in words, in digits, or both ("2 thousand")."""
_POINT_EN = rf"point(?: (?:zero|oh|{_ONE_EN})\b){{1,6}}"
DECIMAL_EN = rf"(?:{CARDINAL_EN}(?: {_POINT_EN}| and a half\b)?|{_POINT_EN})"
"""The same, decimals too ("three point five", "two and a half")."""
DIGIT_EN = rf"(?:(?:double|triple) (?:zero|oh|o|{_ONE_EN})\b|(?:zero|oh|o|nought|{_ONE_EN})\b|\d)"
_ORDINAL_ONES = {
    word: value
    for value, word in enumerate(
        words(
            "first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, "
            "thirteenth, fourteenth, fifteenth, sixteenth, seventeenth, eighteenth, nineteenth"
        ),
        start=1,
    )
}
_ORDINAL_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"], start=2
    )
}
_ORDINAL_ONE_EN = "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
ORDINAL_EN = (
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)\b|{_TEN_EN}[ -]{_ORDINAL_ONE_EN}\b"
    rf"|(?:{'|'.join(sorted({*_ORDINAL_ONES, *_ORDINAL_TENS}, key=len, reverse=True))}|hundredth)\b)"
)

_CARDINAL_EN_FULL = re.compile(CARDINAL_EN)
_DIGIT_EN_TOKEN = re.compile(rf"(double|triple)|({'|'.join(_UNITS_EN)}|oh|o|nought)\b|(\d)")
_WORD_EN = re.compile(r"[a-z]+|\d[\d,]*(?:\.\d+)?")


def read_english(text: str) -> Number | None:
    """The value of an English number in lower-case words or digits, decimals too; None where it is none."""
    text = text.strip()
    if text.endswith(" and a half"):
        whole = read_english(text.removesuffix(" and a half"))
        return None if whole is None else whole + 0.5
    before, point, after = text.partition("point ")
    if point:
        value = read_english(before) if before.strip() else 0
        digits = read_digits_en(after)
        return None if value is None or not digits else float(f"{value}.{digits}")
    if not _CARDINAL_EN_FULL.fullmatch(text):
        return None
    total = section = Decimal(0)
    for word in _WORD_EN.findall(text):
        if (small := _UNITS_EN.get(word, _TENS_EN.get(word))) is not None:
            section += small
        elif word == "hundred":
            section = Decimal(100) * (section or 1)
        elif word in _LARGE_EN:
            total += (section or 1) * _LARGE_EN[word]
            section = Decimal(0)
        elif word[0].isdigit():
            section += Decimal(word.replace(",", ""))
    return _plain(total + section)


def read_digits_en(text: str) -> str:
    """Digits said one by one ("double five oh one"), as digits; what is no digit is left out."""
    digits, times = "", 1
    for repeat, word, digit in _DIGIT_EN_TOKEN.findall(text):
        if repeat:
            times = 2 if repeat == "double" else 3
            continue
        digits += (digit or str(_UNITS_EN.get(word, 0))) * times
        times = 1
    return digits


def read_ordinal_en(text: str) -> int | None:
    """The value of an English ordinal in lower case: `3rd`, `twenty-first`; None where it is none."""
    if numeral := re.fullmatch(r"(\d{1,4})(?:st|nd|rd|th)", text):
        return int(numeral[1])
    words = re.split("[ -]", text)
    if words == ["hundredth"]:
        return 100
    last = _ORDINAL_ONES.get(words[-1]) or _ORDINAL_TENS.get(words[-1])
    if last is None or len(words) > 2:
        return None
    return last if len(words) == 1 else _TENS_EN.get(words[0], 0) + last


def _plain(value: Decimal) -> Number:
    return int(value) if value == value.to_integral_value() else float(value)
