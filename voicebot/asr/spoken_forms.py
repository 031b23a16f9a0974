"""Figures that the second listener writes, as they may have been spoken.

Whisper writes `2018년` and `4명`; the domain's sentences are as they are spoken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from voicebot.asr.domain_graph import DIGIT_WORDS
from voicebot.nlu.numerals import (
    english,
    english_digits,
    english_ordinal,
    english_year,
    native_prenominal,
    sino,
    spell_digits,
)


def spoken_forms(text: str, language: str) -> tuple[str, ...]:
    """A text with its figures written out, in each way in which they may have been spoken."""
    if not re.search(r"\d", text):
        return (text,)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    if language == "en":
        text = re.sub(r"(\d{1,12})(?:st|nd|rd|th)\b", lambda found: english_ordinal(int(found[1])), text)
    text = text.replace("%", _PERCENT[language])
    pieces = re.split(r"([0-9]+)", text)
    named = (
        "".join(name(piece) if index % 2 else piece for index, piece in enumerate(pieces))
        for name in _NAMINGS[language]
    )
    return tuple(dict.fromkeys(named))


def _sino(digits: str) -> str:
    return sino(int(digits)) if len(digits) <= _LONGEST_NUMBER else spell_digits(digits)


def _korean_count(digits: str) -> str:
    return native_prenominal(int(digits)) if len(digits) <= 2 and int(digits) else _sino(digits)


def _korean_digits(digits: str) -> str:
    return spell_digits(digits, "공")


def _english(digits: str) -> str:
    return f" {english(int(digits)) if len(digits) <= _LONGEST_NUMBER else english_digits(digits)} "


def _english_digits(digits: str) -> str:
    return f" {english_digits(digits)} "


def _english_date(digits: str) -> str:
    """As in a date: 2 is `second`, 1965 is `nineteen sixty-five`."""
    number = int(digits) if len(digits) <= 4 else 0
    if 1 <= number <= 31:
        return f" {english_ordinal(number)} "
    return f" {english_year(number)} " if number >= 1000 else _english(digits)


def _english_pairs(digits: str) -> str:
    """Two by two from the end: 150 is `one fifty`, 5219 is `fifty-two nineteen`."""
    head = len(digits) % 2
    pairs = [digits[:head], *(digits[at : at + 2] for at in range(head, len(digits), 2))]
    return " ".join(["", *(english(int(pair)) for pair in pairs if pair), ""])


_LONGEST_NUMBER = 12
"""Figures; longer ones are read one by one."""

_PERCENT = {"ko": "퍼센트", "en": " percent "}

_NAMINGS: Mapping[str, tuple[Callable[[str], str], ...]] = MappingProxyType(
    {
        "ko": (_sino, _korean_count, _korean_digits),
        "en": (_english, _english_digits, _english_date, _english_pairs),
    }
)

_ENDINGS = {"ko": ("입니다", "이에요", "예요", "이요", "요", "번"), "en": ()}
_OPENINGS = {"ko": ("네", "음", "어"), "en": ("its", "it's", "um", "yes")}


def digits_of(text: str, language: str) -> str:
    """The digits of a text that is nothing but a spoken digit string, written in figures or words; else empty."""
    plain = re.sub(r"[^\w\s']", " ", text.lower())
    if language == "ko":
        plain = "".join(word for word in plain.split() if word not in _OPENINGS["ko"])
        for ending in _ENDINGS["ko"]:
            plain = plain.removesuffix(ending)
        names = {name: digit for name, digit in DIGIT_WORDS["ko"].items() if len(name) == 1}
        digits = [char if char.isascii() and char.isdigit() else names.get(char, "") for char in plain]
    else:
        names = dict(DIGIT_WORDS["en"])
        words = [word for word in plain.split() if word not in _OPENINGS["en"]]
        digits = [word if word.isascii() and word.isdigit() else names.get(word, "") for word in words]
    return "".join(digits) if all(digits) else ""
