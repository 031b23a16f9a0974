"""The pieces of which values are joined: numbers, digits, dates, times, amounts of money; Korean and English.

How values are cut follows what good announcements do, and what the ear forgives:

- What belongs to few last words is recorded with them: `화요일까지`, `두 개를`, `팔로`. A particle by itself sounds
  stuck on, and its sound runs together with the noun's last consonant.
- Amounts have too many last words for that, so their unit goes with what follows: `만` `이천` `구백` `원을 빼고`.
  Where nothing follows the unit in its word, it is recorded with the number: `만 원`, `구백 원`.
- Numbers are cut by powers of ten (`이천`, `구백`), in each of which the linking of sounds is done; days, minutes and
  English numbers to 99 are whole.
- Digits have three melodies: inside a group, at its end, and at the end of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voicebot.nlu.hangul import particle
from voicebot.nlu.numerals import DIGITS, english, english_ordinal, month, sino
from voicebot.tts.recordings.piece import Ending
from voicebot.tts.speech_text import spoken

LARGEST_AMOUNT = 9_999_999
"""The largest number whose pieces a script has, unless it is told another."""

_WEEKDAYS = {
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Tail:
    """What stands behind a value, up to the next space."""

    form: str
    """A Korean particle in any of its forms; empty for none."""
    text: str
    """What is attached behind it, punctuation left out; empty for none."""
    ending: Ending

    def behind(self, value: str) -> str:
        """`value` with what is attached to it."""
        return value + (particle(value, self.form) if self.form else "") + self.text

    @property
    def is_empty(self) -> bool:
        return not self.form and not self.text


@dataclass(frozen=True)
class ValuePiece:
    """A piece of a value."""

    words: str
    ending: Ending
    section: str


@dataclass(frozen=True)
class ValuePieces:
    """All pieces of one kind of value before one tail."""

    pieces: tuple[ValuePiece, ...]
    unit: str | None = None
    """What the fragment behind the value begins with, in words: its unit and the tail. None: the tail is recorded with
    the value, and the fragment begins behind it."""


def of_kind(kind: str, tail: Tail, language: str, largest: int = LARGEST_AMOUNT) -> ValuePieces:
    """The pieces of which every value of a kind (see `carrier.KINDS`) is joined; of numbers, those up to `largest`."""
    make: Callable[[Tail, int], ValuePieces] = _MAKERS[language, kind]
    return make(tail, largest)


def of_list(values: tuple[str, ...], tail: Tail, language: str, section: str = "value") -> ValuePieces:
    """Values that are all known: each as one piece with its tail."""
    words = (spoken(tail.behind(value), language) for value in values)
    return ValuePieces(tuple(ValuePiece(one, tail.ending, section) for one in words if one))


def _open(words: Iterator[str] | tuple[str, ...], section: str) -> Iterator[ValuePiece]:
    for one in words:
        yield ValuePiece(one, Ending.OPEN, section)


# Korean


def _korean_digits(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    # In groups a zero is 공; in a few digits that are said one by one it is 영.
    digits = ("공", *DIGITS)
    pieces = [*_open(digits, "digit"), *(ValuePiece(digit, Ending.PAUSE, "digit") for digit in digits)]
    pieces += [ValuePiece(tail.behind(digit), tail.ending, "digit") for digit in digits]
    return ValuePieces(tuple(pieces))


def _sino_parts(largest: int) -> tuple[str, ...]:
    """The Sino-Korean parts of numbers up to `largest`: `영`, `삼십`, `이만`, `백만`.

    The name of a myriad is said with the last digit before it; `일만` stands in `십일만`, where a bare `만` does not.
    """
    powers = (1000, 100, 10, 1, *(10**power for power in range(4, 9)))
    parts = (sino(digit * power) for power in powers for digit in range(1, 10) if digit * power <= largest)
    return ("영", *parts, *(("일만",) if largest >= 110_000 else ()))


def _korean_won(tail: Tail, largest: int) -> ValuePieces:
    parts = _sino_parts(largest)
    pieces = list(_open(parts, "number"))
    if tail.is_empty and tail.ending is Ending.OPEN:
        pieces += _open(tuple(f"{part} 원" for part in parts), "number")
        return ValuePieces(tuple(pieces))
    return ValuePieces(tuple(pieces), unit=tail.behind("원"))


def _korean_count(tail: Tail, largest: int) -> ValuePieces:
    counter = tail.behind("3")[1:]
    said = spoken("3" + counter, "ko")
    if not said.startswith("세 "):
        return ValuePieces(tuple(_open(_sino_parts(largest), "number")), unit=said.removeprefix("삼").strip())
    tens = ("열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
    last = (*range(1, 11), *range(20, 100, 10))
    counted = (ValuePiece(spoken(f"{number}{counter}", "ko"), tail.ending, "count") for number in last)
    return ValuePieces((*_open(tens, "count"), *counted))


def _korean_date(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    months = _open(tuple(month(number) for number in range(1, 13)), "date")
    days = _open(tuple(f"{sino(number)}일" for number in range(1, 32)), "date")
    weekdays = (ValuePiece(tail.behind(day), tail.ending, "date") for day in _WEEKDAYS["ko"])
    return ValuePieces((*months, *days, *weekdays))


def _korean_time(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    hours = [spoken(f"{hour}시", "ko") for hour in range(1, 13)]
    minutes = [f"{sino(minute)} 분" for minute in range(5, 60, 5)]
    pieces = [*_open(("오전", "오후"), "time"), *_open(tuple(hours), "time")]
    pieces += [ValuePiece(tail.behind(said), tail.ending, "time") for said in (*hours, *minutes)]
    return ValuePieces(tuple(pieces))


# English


def _english_digits(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    digits = ("oh", "zero", *(english(digit) for digit in range(1, 10)))
    pieces = [*_open(digits, "digit"), *(ValuePiece(digit, Ending.PAUSE, "digit") for digit in digits)]
    pieces += [ValuePiece(tail.behind(digit), tail.ending, "digit") for digit in digits]
    return ValuePieces(tuple(pieces))


def _english_parts(largest: int) -> Iterator[str]:
    yield from (english(number) for number in range(1, 100))
    yield from (f"{english(digit)} hundred" for digit in range(1, 10))
    yield from (name for name, power in (("thousand", 10**3), ("million", 10**6)) if power <= largest)


def _english_won(tail: Tail, largest: int) -> ValuePieces:
    return ValuePieces(tuple(_open(("zero", *_english_parts(largest)), "number")), unit=tail.behind("won"))


def _english_count(tail: Tail, largest: int) -> ValuePieces:
    pieces = list(_open(("zero", *_english_parts(largest)), "number"))
    if not tail.is_empty or tail.ending is not Ending.OPEN:
        last = (*(english(number) for number in range(1, 100)), "hundred", "thousand")
        pieces += [ValuePiece(tail.behind(one), tail.ending, "number") for one in last]
    return ValuePieces(tuple(pieces))


def _english_date(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    weekdays = (ValuePiece(day, Ending.PAUSE, "date") for day in _WEEKDAYS["en"])
    days = (ValuePiece(tail.behind(english_ordinal(day)), tail.ending, "date") for day in range(1, 32))
    return ValuePieces((*weekdays, *_open(_MONTHS, "date"), *days))


def _english_time(tail: Tail, largest: int) -> ValuePieces:  # noqa: ARG001
    hours = tuple(english(hour) for hour in range(1, 13))
    minutes = tuple(("oh " if minute < 10 else "") + english(minute) for minute in range(5, 60, 5))
    halves = (ValuePiece(tail.behind(half), tail.ending, "time") for half in ("A M", "P M"))
    return ValuePieces((*_open((*hours, *minutes), "time"), *halves))


_MAKERS: dict[tuple[str, str], Callable[[Tail, int], ValuePieces]] = {
    ("ko", "digits"): _korean_digits,
    ("ko", "won"): _korean_won,
    ("ko", "count"): _korean_count,
    ("ko", "date"): _korean_date,
    ("ko", "time"): _korean_time,
    ("en", "digits"): _english_digits,
    ("en", "won"): _english_won,
    ("en", "count"): _english_count,
    ("en", "date"): _english_date,
    ("en", "time"): _english_time,
}
