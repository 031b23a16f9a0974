"""Hangul: syllables, jamo, and particles that agree with the sound before them.

Syllable arithmetic after the Unicode Standard, section 3.12 (Conjoining Jamo Behavior).
"""

from __future__ import annotations

import re
import unicodedata

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

_FIRST, _LAST = 0xAC00, 0xD7A3


def is_syllable(char: str) -> bool:
    """Whether `char` is one whole Hangul syllable."""
    return _FIRST <= ord(char) <= _LAST


def decompose(char: str) -> tuple[str, str, str]:
    """A syllable's initial, vowel and final (empty where there is none). Raises ValueError for anything else."""
    if not is_syllable(char):
        raise ValueError(f"{char!r} is not a Hangul syllable")
    index = ord(char) - _FIRST
    return INITIALS[index // 588], VOWELS[index % 588 // 28], FINALS[index % 28]


def compose(initial: str, vowel: str, final: str = "") -> str:
    """The syllable of these jamo."""
    return chr(_FIRST + INITIALS.index(initial) * 588 + VOWELS.index(vowel) * 28 + FINALS.index(final))


def to_jamo(text: str) -> str:
    """Every syllable as its jamo, in order; a silent initial ㅇ is kept, other characters stay."""
    return "".join("".join(decompose(char)) if is_syllable(char) else char for char in text)


# How what is not Hangul ends when a Korean reads it aloud.
_READ_ENDING = dict(zip("0123456789", "영일이삼사오육칠팔구", strict=True)) | dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "이비시디이프지치이이이엘엠엔오피큐알스티유이유스이트",
        strict=True,
    )
)
_READ_ENDING |= {"%": "트", "℃": "도", "㎏": "램", "원": "원"}


def final_consonant(text: str) -> str:
    """The consonant that `text` ends in when it is read aloud; empty for a vowel or for nothing that is read.

    Digits and Latin letters count as they are read: `3` ends in ㅁ (삼), `SKT` in a vowel (티). A number that ends
    in zeros is read by its last unit: 10 ends in ㅂ (십), 100 in ㄱ (백), 10000 in ㄴ (만).
    """
    stripped = re.sub(r"[^\w%℃㎏]+$", "", unicodedata.normalize("NFC", text))
    if not stripped:
        return ""
    if zeros := re.search(r"[1-9][\d,]*?((?:,?0)+)$", stripped):
        return FINALS_OF_POWERS.get(zeros[1].count("0"), "ㄴ")
    last = stripped[-1].lower()
    syllable = _READ_ENDING.get(last, last)
    return decompose(syllable)[2] if is_syllable(syllable) else ""


FINALS_OF_POWERS = {1: "ㅂ", 2: "ㄱ", 3: "ㄴ", 4: "ㄴ", 5: "ㄴ", 6: "ㄴ", 7: "ㄴ", 8: "ㄱ"}
"""The final consonant of a number that ends in so many zeros: 십 백 천 만 십만 백만 천만 억."""

_PARTICLES = {
    form: pair
    for pair in (
        ("을", "를"),
        ("이", "가"),
        ("은", "는"),
        ("과", "와"),
        ("아", "야"),
        ("이나", "나"),
        ("이란", "란"),
        ("이라고", "라고"),
        ("이라서", "라서"),
        ("이랑", "랑"),
        ("으로", "로"),
        ("이에요", "예요"),
        ("이시", "시"),
        ("이고", "고"),
        ("이며", "며"),
        ("이면", "면"),
        ("이었", "였"),
    )
    for form in pair
}
PARTICLES = frozenset(_PARTICLES)


def particle(before: str, form: str) -> str:
    """The right form of a particle behind `before`: particle('상품', '를') is '을'. Unknown forms stay.

    After ㄹ the particle 으로 takes the form 로.
    """
    pair = _PARTICLES.get(form)
    if pair is None:
        return form
    final = final_consonant(before)
    if pair[0] == "으로" and final == "ㄹ":
        return "로"
    return pair[0] if final else pair[1]
