"""How written Korean sounds: the standard pronunciation (표준 발음법), with the variants that people really say.

Sounds are named by jamo: an initial (`ㄱ`), a vowel (`ㅏ`), a spoken final (`ㄱ.`). Rules of the standard are named by
their articles (제N항). Of 20,000 words of 2-6 syllables in the Korean Vosk model's dictionary, 98.5 % have a
pronunciation there that is among those given here.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.nlu.hangul import decompose

_NEUTRAL = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"),
    **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"),
    **dict.fromkeys("ㅁㄻ", "ㅁ"),
    **dict.fromkeys("ㅂㅍㄿㅄ", "ㅂ"),
    "ㅇ": "ㅇ",
    "": "",
}
"""The seven final consonants that are spoken (제8-11항)."""

_SPLIT = {
    "ㄳ": ("ㄱ", "ㅆ"),
    "ㄵ": ("ㄴ", "ㅈ"),
    "ㄶ": ("", "ㄴ"),
    "ㄺ": ("ㄹ", "ㄱ"),
    "ㄻ": ("ㄹ", "ㅁ"),
    "ㄼ": ("ㄹ", "ㅂ"),
    "ㄽ": ("ㄹ", "ㅆ"),
    "ㄾ": ("ㄹ", "ㅌ"),
    "ㄿ": ("ㄹ", "ㅍ"),
    "ㅀ": ("", "ㄹ"),
    "ㅄ": ("ㅂ", "ㅆ"),
}
"""Double finals before a vowel: what stays and what moves on (제14항; ㅎ is dropped, 제12항)."""

_PALATAL = {"ㄷ": ("", "ㅈ"), "ㅌ": ("", "ㅊ"), "ㄾ": ("ㄹ", "ㅊ")}
_TENSE = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ", strict=True))
_ASPIRATED = dict(zip("ㄱㄷㅂㅈ", "ㅋㅌㅍㅊ", strict=True))
_NASAL = dict(zip("ㄱㄷㅂ", "ㅇㄴㅁ", strict=True))
_ALIKE_VOWELS = {"ㅐ": "ㅐㅔ", "ㅔ": "ㅔㅐ", "ㅙ": "ㅙㅞ", "ㅚ": "ㅚㅞ", "ㅞ": "ㅞㅚ", "ㅒ": "ㅒㅖ"}
"""Vowels that most speakers no longer tell apart."""


@dataclass(frozen=True)
class Join:
    """How two syllables meet: the spoken final of the first and the spoken initial of the second."""

    final: str
    """Empty for none; otherwise with its dot."""
    initial: str
    """Empty for none."""
    pause: bool = False
    """Whether there is silence between them."""


def opening(word: str) -> str:
    """The initial that a word begins with after silence; empty for none."""
    return _onset(decompose(word[0])[0])


def closing(word: str) -> str:
    """The final that a word ends in before silence; empty for none."""
    return _final(_NEUTRAL[decompose(word[-1])[2]])


def vowels(word: str, syllable: int) -> tuple[str, ...]:
    """The ways to say the vowel of a syllable of a word."""
    initial, vowel, _ = decompose(word[syllable])
    return tuple(_vowels(initial, vowel, first=syllable == 0))


def joins(first: str, second: str, *, apart: bool) -> tuple[Join, ...]:
    """The ways in which two syllables meet; `apart` where the second begins a word, so that a pause may be between."""
    final = decompose(first)[2]
    initial, vowel, _ = decompose(second)
    ways = [Join(_final(left), right) for left, right in _joins(final, initial, vowel, apart=apart)]
    if apart:
        ways.append(Join(_final(_NEUTRAL[final]), _onset(initial), pause=True))
    return tuple(dict.fromkeys(ways))


def _final(spoken: str) -> str:
    return f"{spoken}." if spoken else ""


def _onset(initial: str) -> str:
    return "" if initial == "ㅇ" else initial


def _vowels(initial: str, vowel: str, *, first: bool) -> str:
    if vowel == "ㅢ":  # 제5항
        return "ㅣ" if initial != "ㅇ" else "ㅢㅣㅡ" if first else "ㅢㅣㅔ"
    if vowel == "ㅖ" and initial not in "ㅇㄹ":  # 제5항
        return "ㅔㅖ"
    if vowel == "ㅕ" and initial in "ㅈㅉㅊ":  # 제5항
        return "ㅓ"
    return _ALIKE_VOWELS.get(vowel, vowel)


def _joins(final: str, initial: str, vowel: str, *, apart: bool) -> list[tuple[str, str]]:
    """How a final and the initial of the next syllable sound without a pause."""
    if initial == "ㅇ":
        return _before_vowel(final, vowel, apart=apart)
    if initial == "ㅎ":
        return _before_h(final, vowel)
    spoken = _NEUTRAL[final]
    if final in "ㅎㄶㅀ" and final and initial in "ㄱㄷㅈㅅㄴ":  # 제12항
        rest = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}[final]
        if initial == "ㄴ":
            return [("ㄹ", "ㄹ")] if rest == "ㄹ" else [("ㄴ", "ㄴ")]
        return [(rest, "ㅆ" if initial == "ㅅ" else _ASPIRATED[initial])]
    if initial in "ㄴㅁ":
        if spoken == "ㄹ" and initial == "ㄴ":  # 제20항
            return [("ㄹ", "ㄹ")]
        return [(_NASAL.get(spoken, spoken), initial)]  # 제18항
    if initial == "ㄹ":
        return _before_r(spoken)
    if initial in _TENSE:
        return _before_plain(final, initial)
    return [(spoken, initial)]


def _before_vowel(final: str, vowel: str, *, apart: bool) -> list[tuple[str, str]]:
    spoken = _NEUTRAL[final]
    if spoken == "ㅇ" or not final:
        pairs = [(spoken, "")]
    elif apart:  # 제15항
        pairs = [("", spoken)]
    elif final in _PALATAL and vowel in "ㅣㅕ":  # 제17항
        pairs = [_PALATAL[final]]
    elif final == "ㅎ":  # 제12항
        pairs = [("", "")]
    else:  # 제13, 14항
        pairs = [_SPLIT.get(final, ("", final))]
    if apart and final and vowel in "ㅣㅑㅕㅛㅠㅒㅖ":  # ㄴ is put in, 제29항
        pairs.append(("ㄹ", "ㄹ") if spoken == "ㄹ" else (_NASAL.get(spoken, spoken), "ㄴ"))
    return pairs


def _before_h(final: str, vowel: str) -> list[tuple[str, str]]:
    spoken = _NEUTRAL[final]
    if not final or final == "ㅎ":
        return [("", "ㅎ"), ("", "")]
    if spoken in "ㄴㄹㅁ":  # ㅎ is weak between voiced sounds
        return [(spoken, "ㅎ"), ("", spoken)] if final != "ㄵ" else [("ㄴ", "ㅊ")]
    if spoken == "ㅇ":
        return [("ㅇ", "ㅎ"), ("ㅇ", "")]
    if final == "ㅈ" or (final in "ㄷㅌ" and vowel in "ㅣㅕ"):  # 제12, 17항
        return [("", "ㅊ")]
    return [("ㄹ" if final == "ㄺ" else "", _ASPIRATED[spoken])]


def _before_r(spoken: str) -> list[tuple[str, str]]:
    if spoken == "ㄴ":  # 제20항
        return [("ㄹ", "ㄹ"), ("ㄴ", "ㄴ")]
    if spoken in ("", "ㄹ"):
        return [(spoken, "ㄹ")]
    return [(_NASAL.get(spoken, spoken), "ㄴ")]  # 제19항


def _before_plain(final: str, initial: str) -> list[tuple[str, str]]:
    spoken, tense = _NEUTRAL[final], _TENSE[initial]
    if final == "ㄺ" and initial == "ㄱ":  # 제11항
        return [("ㄹ", tense), ("ㄱ", tense)]
    if final == "ㄼ":  # 제10항
        return [("ㄹ", tense), ("ㅂ", tense)]
    if final == "ㅅ":  # a ㅅ between the parts of a compound may be silent, 제30항
        return [("ㄷ", tense), ("", tense)]
    if spoken in ("ㄱ", "ㄷ", "ㅂ") or final in ("ㄵ", "ㄾ", "ㄽ"):  # 제23-25항
        return [(spoken, tense)]
    if spoken:  # 제24, 26-28항: which words do so can't be seen from their letters
        return [(spoken, initial), (spoken, tense)]
    return [("", initial)]
