"""Latin words that stand in no table, spelt in Hangul as a Korean would guess them from their letters.

English letter groups to sounds by the commonest reading of each, sounds to syllables after the National Institute of
the Korean Language's rules for loan words (외래어 표기법, chapter 3, section 1). English spelling does not tell its
sound, so this is a guess that can be understood, not a pronunciation; what must be right belongs in `korean_latin`.
"""

from __future__ import annotations

import re

from voicebot.nlu.hangul import compose

_VOWELS = {
    **{
        "igh": "ㅏㅣ",
        "eau": "ㅗ",
        "ee": "ㅣ",
        "ea": "ㅣ",
        "oo": "ㅜ",
        "ou": "ㅏㅜ",
        "ow": "ㅗ",
        "oa": "ㅗ",
        "ai": "ㅔㅣ",
    },
    **{
        "ay": "ㅔㅣ",
        "ei": "ㅔㅣ",
        "ey": "ㅣ",
        "au": "ㅗ",
        "aw": "ㅗ",
        "oi": "ㅗㅣ",
        "oy": "ㅗㅣ",
        "ie": "ㅣ",
        "ew": "ㅠ",
    },
    **{"eu": "ㅠ", "ue": "ㅜ", "ui": "ㅜㅣ", "eo": "ㅓ", "ae": "ㅐ", "io": "ㅣㅗ", "ia": "ㅣㅏ"},
    **{"a": "ㅏ", "e": "ㅔ", "i": "ㅣ", "o": "ㅗ", "u": "ㅜ", "y": "ㅣ"},
}
_LONG = {"a": "ㅔㅣ", "e": "ㅣ", "i": "ㅏㅣ", "o": "ㅗ", "u": "ㅠ", "y": "ㅏㅣ", "I": "ㅏㅣ", "A": "ㅏ"}
"""Vowels before one consonant and a silent e, and two readings of letter groups."""
_CLOSED = {"a": "ㅐ", "u": "ㅓ"}
"""Before a consonant that ends the syllable."""
_CONSONANTS = {
    **{"tch": "ㅊ", "ch": "ㅊ", "sh": "sh", "ph": "ㅍ", "th": "ㅅ", "ck": "k", "wh": "w", "ng": "ng", "dg": "ㅈ"},
    **{
        "b": "ㅂ",
        "c": "k",
        "d": "ㄷ",
        "f": "ㅍ",
        "g": "ㄱ",
        "h": "ㅎ",
        "j": "ㅈ",
        "k": "k",
        "l": "l",
        "m": "m",
        "n": "n",
    },
    **{"p": "p", "q": "k", "r": "r", "s": "ㅅ", "t": "t", "v": "ㅂ", "w": "w", "z": "ㅈ"},
}
_ONSETS = {"k": "ㅋ", "p": "ㅍ", "t": "ㅌ", "l": "ㄹ", "r": "ㄹ", "m": "ㅁ", "n": "ㄴ", "ng": "ㅇ", "sh": "ㅅ"}
_CODAS = {"k": "ㄱ", "p": "ㅂ", "t": "ㅅ", "l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "ng": "ㅇ"}
_WITH_Y = {"ㅏ": "ㅑ", "ㅐ": "ㅐ", "ㅓ": "ㅕ", "ㅔ": "ㅖ", "ㅗ": "ㅛ", "ㅜ": "ㅠ"}
_WITH_W = {"ㅏ": "ㅘ", "ㅐ": "ㅙ", "ㅓ": "ㅝ", "ㅔ": "ㅞ", "ㅗ": "ㅝ", "ㅣ": "ㅟ", "ㅜ": "ㅜ"}

_SPELLING = (
    (r"^(?:kn|gn)", "n"),
    (r"^wr", "r"),
    (r"^ps", "s"),
    (r"(?:t|s)ion", "shun"),
    (r"que$", "k"),
    (r"qu", "kw"),
    (r"x(?=[aeiouy])", "ks"),
    (r"^x", "z"),
    (r"x", "ks"),
    (r"sc(?=[eiy])|c(?=[eiy])", "s"),
    (r"g(?=e$|y$)", "j"),
    (r"igh(?=t|$)", "I"),
    (r"gh(?=t|$)", ""),
    (r"(?<=.)i(?=[cvn]e$)", "ee"),
    (r"mb$", "m"),
    (r"([bcdfghjklmnpqrstvwxz])\1", r"\1"),
    (r"ar(?=[^aeiouy]|$)", "A"),
    (r"(?<=[eo])r(?=[^aeiouy]|$)", ""),
    (r"[iu]r(?=[^aeiouy]|$)", "eo"),
)
"""Letters that are read in another way than alone, in this order."""
_GROUPS = re.compile("|".join(sorted({*_VOWELS, *_CONSONANTS}, key=len, reverse=True)))


def transliterated(word: str) -> str:
    """`word`, letters a to z, in Hangul: `flip` is 플립. Empty for what has no letter."""
    sounds = _sounds(word.lower())
    said = ""
    position = 0
    while position < len(sounds):
        position, syllables = _syllables(sounds, position, bool(said))
        said += syllables
    return said


def _sounds(word: str) -> list[str]:
    """Consonants by their names in the tables here, vowels as jamo, long ones with a colon behind them."""
    silent_e = re.search(r"[aeiouy].*[^aeiouyw]e$", word) is not None
    final_er = re.search(r"[aeiouy].*er$", word) is not None
    for letters, reading in _SPELLING:
        word = re.sub(letters, reading, word)
    if final_er and word.endswith("e"):
        word += "o"
    long_at = len(word) - 3 if silent_e and re.search(r"(?<![aeiouy])[aeiouy][^aeiouyw]e$", word) else None
    word = word.removesuffix("e") if silent_e else word
    sounds: list[str] = []
    position = 0
    while position < len(word):
        group = _GROUPS.match(word, position)
        letters = group[0] if group else word[position]
        here, position = position, position + len(letters)
        after = word[position : position + 2]
        if here == long_at or letters in "AI":
            sounds += [f"{sound}:" for sound in _LONG[letters]]
        elif letters == "y" and re.match("[aeiou]", after):
            sounds.append("y")
        elif letters in _CLOSED and re.match(r"[^aeiouy](?![aeiouy])", after):
            sounds.append(_CLOSED[letters])
        elif letters in _VOWELS:
            sounds += [sound + ":" * (len(letters) > 1) for sound in _VOWELS[letters]]
        elif letters in _CONSONANTS:
            sounds.append(_CONSONANTS[letters])
    return sounds


def _is_vowel(sound: str) -> bool:
    return "ㅏ" <= sound[0] <= "ㅣ"


def _syllables(sounds: list[str], position: int, follows: bool) -> tuple[int, str]:
    """The next syllables, and where the sounds behind them begin."""
    onset, glide = "ㅇ", ""
    sound = sounds[position]
    if not _is_vowel(sound) and sound not in ("y", "w"):
        position += 1
        onset = _ONSETS.get(sound, sound)
        following = sounds[position] if position < len(sounds) else ""
        if not (following and (_is_vowel(following) or following in ("y", "w"))):
            if sound == "r" and follows:
                return position, ""
            if following == "l" and position + 1 < len(sounds) and _is_vowel(sounds[position + 1]):
                return position, compose(onset, "ㅡ", "ㄹ")
            return position, compose(onset, "ㅣ" if sound in ("ㅊ", "ㅈ", "sh") else "ㅡ")
        glide = "y" if sound == "sh" else ""
    if position < len(sounds) and sounds[position] in ("y", "w"):
        glide = sounds[position]
        position += 1
    if position == len(sounds) or not _is_vowel(sounds[position]):
        return position, compose(onset, "ㅜ" if glide == "w" else "ㅣ")
    vowel, long = sounds[position][0], sounds[position].endswith(":")
    position += 1
    vowel = {"y": _WITH_Y, "w": _WITH_W}.get(glide, {}).get(vowel, vowel)
    following = sounds[position] if position < len(sounds) else ""
    then = sounds[position + 1] if position + 1 < len(sounds) else ""
    before_vowel = bool(then) and (_is_vowel(then) or then in ("y", "w"))
    if following == "l":
        return position + (not before_vowel), compose(onset, vowel, "ㄹ")
    if following in _CODAS and (not before_vowel or following == "ng") and not (long and following in "ptk"):
        return position + 1, compose(onset, vowel, _CODAS[following])
    return position, compose(onset, vowel)
