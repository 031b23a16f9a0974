"""Runs of digits, however they are written or said: "010-1234-5678", "공일공에 일이삼사", "oh one oh double three".

What people put between digits (pauses, fillers, "다시", "dash", corrections) does not end a run. Amounts, dates and
times do. One pass over the text; what stands between two digits is bounded, so the time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_KOREAN = {
    **{char: str(n) for n, char in enumerate("영일이삼사오육칠팔구")},
    "공": "0",
    "륙": "6",
    "빵": "0",
    "제로": "0",
}
_KOREAN |= {
    "하나": "1",
    "둘": "2",
    "셋": "3",
    "넷": "4",
    "다섯": "5",
    "여섯": "6",
    "일곱": "7",
    "여덟": "8",
    "아홉": "9",
}
_ENGLISH = {
    word: str(n)
    for n, words in enumerate(
        "zero oh o nought naught|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
        "fifteen|sixteen|seventeen|eighteen|nineteen".split("|")
    )
    for word in words.split()
}
_TENS = dict(zip("twenty thirty forty fourty fifty sixty seventy eighty ninety".split(), "234456789", strict=True))
_TIMES = {"double": 2, "triple": 3, "treble": 3}

_ONE = "[일이삼사오육륙칠팔구]"
# Atomic: "이천이십육년" is no 2020 that a 6 follows.
_PLACES = rf"(?>(?=[일이삼사오육륙칠팔구]?[천백십])(?:{_ONE}?천)?(?:{_ONE}?백)?(?:{_ONE}?십)?{_ONE}?)"
_UNIT = r"\ ?(?:원|만|억|조|년|월|개|명|시간|시\ |분\ |퍼센트|프로|층|살|세\ |주 |달|장|잔|병|박스|킬로|키로|그램|포인트|점\ )"
_EN_ONES = "|".join(word for word, value in _ENGLISH.items() if len(value) == 1)
_TOKEN = re.compile(
    rf"""(?P<amount>[$₩€£]\s?\d[\d,.]*|\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d{{1,2}}(?=일(?!\ ?[공영일이삼사오육륙칠팔구]))|\d+(?:\.\d+)?(?={_UNIT}|%|℃|\ ?(?:won|dollars?|percent|months?|days?|weeks?|years?|hours?|minutes?)\b))
    |(?P<date>(?:19|20)\d\d\ ?[-./]\ ?(?:0?[1-9]|1[0-2])\ ?[-./]\ ?(?:0?[1-9]|[12]\d|3[01])(?!\d)|\d{{1,2}}:\d\d(?!\d))
    |(?P<written>\d+)
    |(?P<places>{_PLACES})(?!{_UNIT})
    |(?P<counted>(?:{_PLACES}|{_ONE})(?={_UNIT}))
    |(?P<native>하나|둘|셋|넷|다섯|여섯|일곱|여덟|아홉|제로)
    |(?P<spoken>[공영일이삼사오육륙칠팔구](?!{_UNIT})|빵(?=\ ?[공영일이삼사오육륙칠팔구]))
    |\b(?:(?P<times>double|triple|treble)[ -](?P<repeated>{_EN_ONES})
    |(?P<tens>{"|".join(_TENS)})(?:[ -](?P<ones>one|two|three|four|five|six|seven|eight|nine))?
    |(?P<english>{"|".join(sorted(_ENGLISH, key=len, reverse=True))}))(?:[ -](?P<hundred>hundred|thousand))?\b(?![’'])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORDS_BETWEEN = (
    "에|의|다시|대시|대쉬|하이픈|하이펀|마이너스|빼기|작대기|국에|국의|국번에|국번|국|번에|번|그리고|그 ?다음에?는?|다음에?는?|하고|점"
    "|어+|음+|으음|아+|저+|그+|저기|뭐더라|뭐지|잠시만요?|잠깐만요?|그러니까|그니까|네+|예|아니요?|아니다|아니고|아뇨|아 아니"
    "|죄송해요|죄송합니다|가운데는?|중간은|뒤는|뒤에는|뒷자리는?|앞자리는?|끝자리는?|끝에는?|띄고|쉬고|맞다"
)
_ENGLISH_BETWEEN = (
    "dash|hyphen|minus|space|dot|point|then|and|and then|um+|uh+|er+|erm|hm+|like|so|sorry|no|i mean|wait|let me see"
    "|okay|ok|next|followed by|area code|well|actually|comma|slash|oops|yeah|yes|right|that's|make that"
)
_BETWEEN = re.compile(
    rf"[\s()~·…;,!?./'\"-]+|(?:{_WORDS_BETWEEN})(?![가-힣])|(?:에|의|국에|국의|국|다시|대시|하이픈|번에|점)(?=[공영일이삼사오육륙칠팔구천\d])"
    rf"|\b(?:{_ENGLISH_BETWEEN})\b",
    re.IGNORECASE,
)
_MOST_BETWEEN = 8
"""Words and signs between two digits."""
_LONGEST = 64
"""Digits of a run; longer ones are cut, and each part looked at."""


@dataclass(frozen=True)
class Run:
    """Digits that belong together."""

    digits: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    """Where each digit stands in the text; those of one word share its span."""
    first_of_group: tuple[bool, ...]
    """Whether anything stands between a digit and the one before it."""
    spoken: bool
    """Whether any of them is a word."""
    plus: bool
    """Whether a + stands before them."""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Of the digits first to last, both included."""
        return self.starts[first], self.ends[last]

    @property
    def groups(self) -> list[int]:
        """How many digits each group has."""
        sizes: list[int] = []
        for first in self.first_of_group:
            if first:
                sizes.append(0)
            sizes[-1] += 1
        return sizes


class _Collected:
    def __init__(self) -> None:
        self.digits: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.firsts: list[bool] = []
        self.spoken = False

    def add(self, digits: str, start: int, end: int, *, apart: bool, written: bool) -> None:
        for index, digit in enumerate(digits):
            self.digits.append(digit)
            self.starts.append(start + index if written else start)
            self.ends.append(start + index + 1 if written else end)
            self.firsts.append(index == 0 and apart)
        self.spoken |= not written


def runs(text: str, least: int = 3) -> Iterator[Run]:
    """The runs of at least so many digits, in their order."""
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        at = max(token.end(), token.start() + 1)
        if _digits(token) is None or _is_particle(text, token):
            continue
        found = _Collected()
        begin = token.start()
        apart = True
        while token is not None and (digits := _digits(token)) is not None and len(found.digits) < _LONGEST:
            found.add(digits, *token.span(), apart=apart, written=token["written"] is not None)
            at = token.end()
            end, apart = _pass_over(text, at)
            token = _TOKEN.match(text, end)
        if len(found.digits) >= least:
            plus = bool(re.search(r"(?:\+|플러스|plus)\s?$", text[max(0, begin - 6) : begin]))
            yield Run(
                "".join(found.digits),
                tuple(found.starts),
                tuple(found.ends),
                tuple(found.firsts),
                found.spoken,
                plus,
            )


def _is_particle(text: str, token: re.Match[str]) -> bool:
    """Whether what looks like a 2 marks the subject before it ("아들이 공오")."""
    start, end = token.span()
    return token["spoken"] == "이" and text[end : end + 1] == " " and "가" <= text[start - 1 : start] <= "힣"


def _pass_over(text: str, at: int) -> tuple[int, bool]:
    """Where what stands between two digits ends, and whether anything does."""
    start = at
    for _ in range(_MOST_BETWEEN):
        between = _BETWEEN.match(text, at)
        if between is None or between.end() == at:
            break
        at = between.end()
    return at, at > start


def _digits(token: re.Match[str]) -> str | None:
    """The digits of a token; None for what is none, or belongs to an amount, a date or a time."""
    if token["written"]:
        return token["written"]
    if token["places"]:
        return str(_place_value(token["places"]))
    if token["native"] or token["spoken"]:
        return _KOREAN[token["native"] or token["spoken"]]
    if token["times"]:
        return _ENGLISH[token["repeated"].lower()] * _TIMES[token["times"].lower()]
    if token["tens"]:
        tens = _TENS[token["tens"].lower()]
        value = tens + (_ENGLISH[token["ones"].lower()] if token["ones"] else "0")
    elif token["english"]:
        value = _ENGLISH[token["english"].lower()]
    else:
        return None
    return value + {"hundred": "00", "thousand": "000"}.get((token["hundred"] or "").lower(), "")


def _place_value(words: str) -> int:
    total, current = 0, 0
    for char in words:
        place = {"천": 1000, "백": 100, "십": 10}.get(char)
        if place:
            total += (current or 1) * place
            current = 0
        else:
            current = int(_KOREAN[char])
    return total + current
