"""Digit strings as Koreans say and write them: "일이삼사 오육칠팔", "공일공에 일이삼사", "1234-5678", "12 34"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.korean_text import HEAD, TAIL, whole
from voicebot.nlu.entities.number_words import DIGIT_KO, SINO, read_digits_ko, read_sino
from voicebot.nlu.entities.phones import phone_number

_SEPARATOR = r"(?: ?[-./,] ?| ?(?:에|의|다시|대시|하이픈|국에|국의|국) ?| )?"
_SPOKEN = re.compile(rf"{HEAD}(?P<plus>\+|플러스 ?)?{DIGIT_KO}(?:{_SEPARATOR}{DIGIT_KO}){{1,39}}{TAIL}")
_LAST_TWO = re.compile(r" ?이(?=[가-힣]|$)")
_ONE = re.compile(rf"{HEAD}{DIGIT_KO}{TAIL}")
_WRITTEN = re.compile(
    r"(?<![\d.,A-Za-z-])(?P<plus>\+ ?)?\(?\d{1,20}\)?(?:[-. ]{1,2}\(?\d{1,12}\)?){0,5}(?!\d)(?![,.:]\d)"
)
_CHUNK = rf"(?:{SINO}|{DIGIT_KO})"
# Atomic: the many ways to cut a number in pieces are not all tried.
_CHUNKS = re.compile(rf"{HEAD}(?>{_CHUNK})(?>{_SEPARATOR}{_CHUNK}){{0,19}}+{TAIL}")
_CHUNK_TOKEN = re.compile(rf"(?P<place>(?=[^ ]*? ?[십백천만]){SINO})|{DIGIT_KO}")
_NOT_DIGITS = frozenset(
    ["일일이", "이사", "사이", "오이", "일이", "이일", "구이", "이사이", "사이사이", "둘이", "하나둘"]
)


def digit_strings(text: str, context: Context) -> Iterator[Candidate]:
    """Digits and phone numbers. Without being asked for, at least three spoken digits, or five written ones."""
    asked = context.expected.get("digits")
    lengths = asked.lengths if asked else ()
    wanted = asked is not None
    for match in _SPOKEN.finditer(text):
        digits = read_digits_ko(match[0])
        if re.search("[0-9][가-힣]|[영공일이삼사오육륙칠팔구][0-9]", match[0]):
            continue
        digits, end = _settle_last_two(text, match, digits, lengths)
        if (phone := phone_number(("+" if match["plus"] else "") + digits)) and not (wanted and len(digits) in lengths):
            yield Candidate("phone", phone, match.start(), end, rank=3)
        if match["plus"]:
            continue
        spoken = any("가" <= char <= "힣" for char in match[0])
        if spoken and (
            wanted
            or (not context.expects("number", "amount") and len(digits) >= 3 and match[0] not in _NOT_DIGITS)
            or (len(digits) >= 3 and match[0][0] in "공영")
        ):
            yield Candidate("digits", digits, match.start(), end, rank=2)
        elif spoken and len(digits) >= 2 and context.expects("number", "amount") and match[0] not in _NOT_DIGITS:
            yield from _as_number(digits, (match.start(), end), context)
    for match in _WRITTEN.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if re.match(r"\d{4}([-./]) ?\d{1,2}\1 ?\d{1,2}(?!\d)", match[0]):
            continue
        single = match[0].isdigit()
        if phone := phone_number(("+" if match["plus"] else "") + digits):
            yield Candidate("phone", phone, *match.span(), rank=3)
        if match["plus"]:
            continue
        if (
            wanted
            or len(digits) >= 5
            or (single and len(digits) > 1 and digits[0] == "0" and not context.expects("number"))
        ):
            if context.expects("number", "amount") and not wanted and digits[0] != "0":
                continue
            yield Candidate("digits", digits, *match.span(), rank=2 if not lengths or len(digits) in lengths else 0)
    if wanted:
        for match in _ONE.finditer(text):
            if match[0] not in ("이", "사", "일", "오", "구") or whole(text, *match.span()):
                yield Candidate("digits", read_digits_ko(match[0]), *match.span(), rank=2)
        for match in _CHUNKS.finditer(text):
            yield from _readings(match, lengths)


def _settle_last_two(text: str, match: re.Match[str], digits: str, lengths: tuple[int, ...]) -> tuple[str, int]:
    """The digits and their end: a last "이" is a two or the copula, whichever makes the string complete."""
    end, plus = match.end(), "+" if match["plus"] else ""

    def complete(some: str) -> bool:
        return len(some) in lengths if lengths else phone_number(plus + some) is not None

    if not complete(digits):
        if (two := _LAST_TWO.match(text, end)) and complete(digits + "2"):
            return digits + "2", two.end()
        if text[end - 1] == "이" and complete(digits[:-1]):
            return digits[:-1], len(text[: end - 1].rstrip())
    return digits, end


def _as_number(digits: str, span: tuple[int, int], context: Context) -> Iterator[Candidate]:
    if context.expects("number"):
        yield Candidate("number", int(digits), *span, rank=1)
    else:
        yield Candidate("amount", {"amount": int(digits), "currency": "KRW"}, *span, rank=1)


def _readings(match: re.Match[str], lengths: tuple[int, ...]) -> Iterator[Candidate]:
    """Digits said as numbers ("천이백삼십사", "이십삼 사십오"); of several readings the one of an expected length."""
    text = match[0]
    if not re.search("[십백천만]", text):
        return
    parts: list[str] = []
    for token in _CHUNK_TOKEN.finditer(text):
        value = read_sino(token["place"]) if token["place"] else None
        parts.append(str(value) if isinstance(value, int) else read_digits_ko(token[0]))
    digits = "".join(parts)
    if digits.isdigit() and (not lengths or len(digits) in lengths or len(text) > 1):
        yield Candidate("digits", digits, *match.span(), rank=2 if not lengths or len(digits) in lengths else 0)
