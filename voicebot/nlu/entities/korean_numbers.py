"""Korean numbers and what is counted with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.korean_homonyms import OTHER_COUNTS, OTHER_NATIVE, OTHER_WORDS
from voicebot.nlu.entities.korean_text import HEAD, TAIL, whole
from voicebot.nlu.entities.number_words import (
    ARABIC,
    DECIMAL_KO,
    NATIVE,
    RANGE,
    RANGES,
    SINO,
    SINO_RANGE,
    SINO_RANGES,
    read_korean,
    read_sino,
)

# Counters that native numbers stand before; a lone Sino-Korean digit before them is another word ("이 사람", "일 번").
_NATIVE_COUNTERS = (
    "개월치|개입|개|명|분|살|마리|장|권|병|잔|대|벌|켤레|송이|자루|부|그루|채|가지|군데|곳|사람|그릇|접시"
    "|조각|박스|상자|봉지|팩|세트|통|캔|"
    "컵|쌍|척|편|건|줄|모|묶음|판|차례|포기|알|번|자리|통화|숟갈|꼬치|스푼|식구|매|마디|다발|포대|포|끼|방울|켤래|롤"
)
_SINO_COUNTERS = (
    "인분|인실|인용|인|층|호실|호선|호점|호|박|회|회차|회분|세|등급|등|페이지|쪽|학년|학기|차|차선|평"
    "|킬로그램|킬로미터|킬로|미터|센티미터|센티|밀리|"
    "그램|리터|톤|도|점|위|매|부|장|명|단계|시리즈|kg|g|km|m|cm|mm|ml|l|L|KG|GB|기가"
    "|메가|와트|단지|동|번지|번길|가구|사이즈"
)
# The last syllable of a word and a number behind it are not one number: "가격이 백만 원", "오늘만 천 원".
_APART = r"(?!(?<=[가-힣])[일이삼사오육칠팔구만] )"
_COUNT_NATIVE = re.compile(rf"{_APART}(?P<number>{NATIVE}) ?(?P<unit>{_NATIVE_COUNTERS}){TAIL}")
_AGE = re.compile(rf"{HEAD}만 ?(?P<number>{NATIVE}|{SINO}) ?(?:세|살){TAIL}")
_COUNT_SINO = re.compile(rf"{_APART}(?P<number>{DECIMAL_KO}) ?(?P<unit>{_NATIVE_COUNTERS}|{_SINO_COUNTERS}){TAIL}")
_PLACES = re.compile(r"(?:앞|뒤|끝|마지막|처음) ?$")
"""Before "네 자리": the places of a digit string, and no seats."""
_COUNT_RANGE = re.compile(rf"{HEAD}(?P<range>{RANGE}) ?(?P<unit>{_NATIVE_COUNTERS}){TAIL}")
_COUNT_SINO_RANGE = re.compile(
    rf"{HEAD}(?:(?P<tens>[이삼사오육칠팔구]?십)? ?(?P<range>{SINO_RANGE})|"
    rf"(?P<least>\d{{1,4}}) ?(?:~|-|에서|내지) ?(?P<most>\d{{1,4}}))"
    rf" ?(?P<unit>{_NATIVE_COUNTERS}|{_SINO_COUNTERS}){TAIL}"
)
_ITEM = re.compile(
    rf"{_APART}(?P<number>{SINO}) ?번(?=으로|로|을|은|이|만|에|하고|요|$|[^가-힣A-Za-z0-9]"
    rf"|입니다|인데|메뉴|상품|버튼|선택|말고|아니|도|예요|과|와)"
)
_ORDINAL = re.compile(
    rf"(?:{HEAD}(?:(?P<first>맨 ?)?(?P<named>첫 ?번 ?째|첫 ?째|둘째|셋째|넷째|다섯째"
    rf"|여섯째|일곱째|여덟째|아홉째|열째|마지막(?: ?번 ?째)?|처음))"
    rf"|{HEAD}(?P<number>{NATIVE}|{SINO}) ?번 ?째|제 ?(?P<rank>\d{{1,4}}))(?: ?(?:거|것|꺼))?{TAIL}"
)
_PERCENT = re.compile(rf"{_APART}(?P<number>{DECIMAL_KO}) ?(?:퍼센트|프로|%)")
_FRACTION = re.compile(rf"{HEAD}(?:(?P<below>{SINO}) ?분 ?의 ?(?P<above>{SINO}){TAIL}|(?P<half>절반){TAIL})")
_AMOUNT = re.compile(
    rf"{_APART}(?P<number>{DECIMAL_KO} ?[만억]|{DECIMAL_KO}) ?(?P<unit>원|달러|불|유로|엔|위안|파운드)"
    rf"(?: ?(?P<cents>{SINO}) ?(?:센트|전))?(?:대|권|짜리|어치)?{TAIL}"
)
_SIGNED = re.compile(rf"(?P<sign>[₩$€¥£]|KRW|USD|US\$) ?(?P<number>{ARABIC}(?:\.\d{{1,2}})?)(?: ?(?P<large>[천만억]))?")
_CENTS = re.compile(rf"{HEAD}(?P<number>{SINO}) ?센트{TAIL}")
_BARE = re.compile(rf"{HEAD}(?:(?P<sino>{DECIMAL_KO})|(?P<native>{NATIVE}))(?P<tail>{TAIL})(?!도 없|로 | ?다(?: |$))")
_ARABIC = re.compile(rf"(?<![\d.,A-Za-z])(?P<minus>마이너스 ?|-)?(?P<number>{ARABIC}(?:\.\d{{1,6}})?)(?![\d])(?!,\d)")
_BEFORE_VERB = re.compile(r"(?:까지|도|에|에서|을|를|게|제|은|는|만|부터) $")
"""Before "하나요": "do you", not "one"."""

_CURRENCIES = {
    "원": "KRW",
    "달러": "USD",
    "불": "USD",
    "유로": "EUR",
    "엔": "JPY",
    "위안": "CNY",
    "파운드": "GBP",
    "₩": "KRW",
    "KRW": "KRW",
    "$": "USD",
    "USD": "USD",
    "US$": "USD",
    "€": "EUR",
    "¥": "JPY",
    "£": "GBP",
}
_NAMED_ORDINALS = {
    "첫": 1,
    "둘": 2,
    "셋": 3,
    "넷": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
    "열": 10,
    "마지막": -1,
    "처음": 1,
}
_NUMBER_CHARACTERS = frozenset("영공일이삼사오육륙칠팔구십백천만억조0123456789.,")


def _number(text: str) -> int | float | None:
    return read_korean(text)


def _fresh(text: str, start: int) -> bool:
    """Whether a number that begins here is not the rest of a longer one."""
    return start == 0 or text[start - 1] not in _NUMBER_CHARACTERS


def counts(text: str, context: Context) -> Iterator[Candidate]:
    """Things counted: "두 개", "스무 살", "3박", "한두 개" ([1, 2])."""
    asked = context.expects("count")
    for match in _COUNT_RANGE.finditer(text):
        yield Candidate("count", list(RANGES[match["range"].replace(" ", "")]), *match.span(), rank=2)
    for match in _COUNT_SINO_RANGE.finditer(text):
        if match["range"]:
            tens = int(read_sino(match["tens"]) or 0) if match["tens"] else 0
            least, most = (tens + value for value in SINO_RANGES[match["range"].replace(" ", "")])
        else:
            least, most = int(match["least"]), int(match["most"])
        if least < most and (match["least"] or match["tens"] or match["unit"] != "번"):
            yield Candidate("count", [least, most], *match.span(), rank=1)
    for match in _AGE.finditer(text):
        yield Candidate("count", _number(match["number"]), *match.span(), rank=1)
    for match in _COUNT_NATIVE.finditer(text):
        start = match.start()
        if match["unit"] == "자리" and _PLACES.search(text, max(0, start - 4), start):
            continue
        run_on = start > 0 and "가" <= text[start - 1] <= "힣"
        if not _fresh(text, start) or (match[0] in OTHER_COUNTS and not (asked and whole(text, *match.span()))):
            continue
        # Run on behind another word only what can hardly be the end of that word.
        if run_on and (
            match["unit"] not in ("개", "명", "잔", "병", "장", "권", "마리", "박스", "세트") or " " in match[0]
        ):
            continue
        if run_on and text[start - 1] in "하모열스물서른마흔":
            continue
        yield Candidate("count", _number(match["number"]), *match.span())
    for match in _COUNT_SINO.finditer(text):
        start, number, unit = match.start(), match["number"], match["unit"]
        written = number[0].isdigit()
        if not _fresh(text, start) or (start > 0 and not written and "가" <= text[start - 1] <= "힣"):
            continue
        if not written and not asked and match[0].replace(" ", "") in OTHER_COUNTS:
            continue
        if unit == "번" or (unit == "분" and number[-1] not in "명"):
            continue
        if (
            not written
            and number in "일이삼사오육륙칠팔구영공"
            and unit in _NATIVE_COUNTERS.split("|")
            and not (asked and number != "이")
        ):
            continue
        value = _number(number)
        if value is not None:
            yield Candidate("count", value, *match.span())


def items(text: str, context: Context) -> Iterator[Candidate]:
    """The number of a thing on a list: "2번", "삼 번". "이번" and "사번" are other words where no number is asked."""
    asked = context.expects("number")
    for match in _ITEM.finditer(text):
        start, number = match.start(), match["number"]
        spoken = not number[0].isdigit()
        if not _fresh(text, start) or (spoken and start > 0 and "가" <= text[start - 1] <= "힣"):
            continue
        if spoken and number in "이사" and not asked and not (number == "사" and " " in match[0]):
            continue
        value = read_sino(number)
        if isinstance(value, int):
            yield Candidate("number", value, start, match.end(), rank=1)


def ordinals(text: str, _: Context) -> Iterator[Candidate]:
    """ "첫 번째", "둘째", "3번째"; the last one is -1."""
    for match in _ORDINAL.finditer(text):
        value: Any
        if match["named"]:
            value = next(number for word, number in _NAMED_ORDINALS.items() if match["named"].startswith(word))
            if match["named"] == "처음" and not (match["first"] or re.search("[거것꺼]$", match[0])):
                continue
        elif match["rank"]:
            value = int(match["rank"])
        else:
            value = _number(match["number"])
        end = match.start() + len(re.sub(r" ?[거것꺼]$", "", match[0]))
        if isinstance(value, int) and value:
            yield Candidate("ordinal", value, match.start(), end, rank=1)


def amounts(text: str, context: Context) -> Iterator[Candidate]:
    """Money: "만 이천구백 원" is {"amount": 12900, "currency": "KRW"}."""
    for match in _AMOUNT.finditer(text):
        start, number = match.start(), match["number"]
        spoken = not number[0].isdigit()
        if not _fresh(text, start):
            continue
        if (
            spoken
            and start > 0
            and "가" <= text[start - 1] <= "힣"
            and (len(number) < 2 or number[-1] not in "십백천만억")
        ):
            continue
        asked = context.expects("amount") and whole(text, start, match.end())
        if spoken and number in "이일사오구공영조" and match["unit"] in ("원", "불", "엔") and not asked:
            continue
        value = _decimal_of_large(number)
        if value is None:
            continue
        if match["cents"]:
            value = round(value + (read_sino(match["cents"]) or 0) / 100, 2)
        end = match.end() if not re.search("(?:대|권|짜리|어치)$", match[0]) else match.end("cents") + 2
        if not match["cents"] or end < match.start():
            end = match.end("unit")
        yield Candidate("amount", {"amount": value, "currency": _CURRENCIES[match["unit"]]}, start, end, rank=1)
    for match in _SIGNED.finditer(text):
        value = read_sino(match["number"] + (match["large"] or ""))
        if value is not None:
            yield Candidate("amount", {"amount": value, "currency": _CURRENCIES[match["sign"]]}, *match.span())
    for match in _CENTS.finditer(text):
        if (value := read_sino(match["number"])) is not None:
            yield Candidate("amount", {"amount": value / 100, "currency": "USD"}, *match.span())
    if context.expects("amount"):
        for match in _bare(text):
            value = _number((match["sino"] or match["native"]).strip())
            if value is not None and match["sino"] and (len(match["sino"]) > 1 or whole(text, *match.span())):
                yield Candidate("amount", {"amount": value, "currency": "KRW"}, *match.span())


def _decimal_of_large(text: str) -> int | float | None:
    if "점" in text and text[-1] in "만억":
        value = _number(text[:-1])
        return None if value is None else round(value * (10**4 if text[-1] == "만" else 10**8))
    return _number(text)


def shares(text: str, _: Context) -> Iterator[Candidate]:
    """Percentages ("10퍼센트" is 10) and fractions ("삼분의 일" is "1/3")."""
    for match in _PERCENT.finditer(text):
        start = match.start()
        if _fresh(text, start) and (match["number"][0].isdigit() or not (start and "가" <= text[start - 1] <= "힣")):
            yield Candidate("percent", _number(match["number"]), *match.span())
    for match in _FRACTION.finditer(text):
        if match["half"]:
            yield Candidate("fraction", "1/2", *match.span())
            continue
        below, above = read_sino(match["below"]), read_sino(match["above"])
        if below and above is not None:
            yield Candidate("fraction", f"{above}/{below}", *match.span())


def _bare(text: str) -> Iterator[re.Match[str]]:
    """Bare numbers; not the nothing before 만 that begins another word ("만나요")."""
    return (match for match in _BARE.finditer(text) if match["sino"] or match["native"])


def numbers(text: str, context: Context) -> Iterator[Candidate]:
    """Bare numbers. Short words that are also numbers count only where a number is asked or nothing else was said."""
    asked = context.expects("number", "count", "ordinal")
    kind = "count" if context.expects("count") and not context.expects("number") else "number"
    for match in _bare(text):
        words = (match["sino"] or match["native"]).strip()
        if words.replace(" ", "").isdigit() or (words[0].isdigit() and words[-1].isdigit()):
            continue
        start, end = match.start(), match.start() + len(words)
        if words == "하나" and not asked and text.startswith("요", end) and _BEFORE_VERB.search(text, 0, start):
            continue
        if words == "천만" and text.startswith("에", end):
            continue
        if not asked and not _clear(words, bool(match["native"])):
            if words in ("이", "네", "만", "한", "두", "세", "일") or not whole(text, start, end):
                continue
        elif words in ("네", "한", "두", "세", "너") or (words == "이" and not whole(text, start, end)):
            continue
        value = _number(words)
        if value is not None:
            yield Candidate(kind, value, start, end)
    for match in _ARABIC.finditer(text):
        number = match["number"]
        if number.startswith("0") and len(number) > 1 and "." not in number and not context.expects("number"):
            continue
        value = read_sino(number)
        if value is not None:
            yield Candidate(kind, -value if match["minus"] and text[match.start()] == "마" else value, *_span(match))


def _span(match: re.Match[str]) -> tuple[int, int]:
    return (match.start("number") if match["minus"] == "-" else match.start()), match.end()


def _clear(words: str, native: bool) -> bool:
    squashed = words.replace(" ", "")
    if native:
        return squashed not in OTHER_NATIVE and (len(squashed) > 1 or squashed in "둘셋넷")
    return squashed not in OTHER_WORDS and not (len(squashed) == 2 and squashed[-1] in "만천백조억")
