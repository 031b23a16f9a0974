"""A noise model of speech recognition: text as a recogniser might have misheard it, at a chosen error rate.

What it is for: training intent models that do not trip over misheard words, and measuring how well they stand them.

The model, for each character that is not a space, independently with probability `rate`:

- **a Hangul syllable** loses (12 %), gains a neighbour (10 %), becomes any frequent syllable (18 %), or keeps its place
  and changes one jamo or, one time in four, two (60 %): the initial within its series of plain, tense and aspirated
  consonants or to its nasal or lateral neighbour; the vowel to its neighbour in height or roundness or to its glide;
  the final dropped, neutralised, nasalised or added.
- **a Latin letter** is lost (15 %), doubled by a neighbour (10 %), or becomes one that sounds alike (75 %).
- anything else (digits, signs) is lost half of the time and kept otherwise.

Spaces go with probability `rate` and appear between two syllables with half of that: Korean spacing is the first thing
that a recogniser gets wrong. The confusion sets follow Korean phonology (Shin, Kiaer and Cha, The Sounds of Korean,
Cambridge University Press 2012: three-way laryngeal contrast, coda neutralisation, obstruent nasalisation, the mergers
of ㅐ/ㅔ and ㅙ/ㅚ/ㅞ); the shares above are assumptions, chosen so that whole-syllable errors, which dominate
recognition with a word lexicon, make up four tenths of the whole.
"""

from __future__ import annotations

import random

from voicebot.nlu.hangul import compose, decompose, is_syllable

_INITIALS = {
    "ㄱ": "ㅋㅋㄲㄷ", "ㄲ": "ㄱㄱㅋ", "ㅋ": "ㄱㄱㄲㅌ", "ㄷ": "ㅌㅌㄸㄴㅈ", "ㄸ": "ㄷㄷㅌ", "ㅌ": "ㄷㄷㄸㅍ",
    "ㅂ": "ㅍㅍㅃㅁ", "ㅃ": "ㅂㅂㅍ", "ㅍ": "ㅂㅂㅃㅌ", "ㅈ": "ㅊㅊㅉㄷ", "ㅉ": "ㅈㅈㅊ", "ㅊ": "ㅈㅈㅉㅌ",
    "ㅅ": "ㅆㅆㅎㅊ", "ㅆ": "ㅅㅅㅈ", "ㄴ": "ㄹㄹㅁㄷ", "ㄹ": "ㄴㄴㅇㄷ", "ㅁ": "ㄴㄴㅂㅇ", "ㅇ": "ㅎㅎㄴㄹㄱ",
    "ㅎ": "ㅇㅇㅅㅋ",
}  # fmt: skip
_VOWELS = {
    "ㅏ": "ㅓㅓㅑㅘ", "ㅐ": "ㅔㅔㅔㅏ", "ㅑ": "ㅏㅏㅕ", "ㅒ": "ㅖㅐ", "ㅓ": "ㅗㅗㅡㅏㅕ", "ㅔ": "ㅐㅐㅐㅣ",
    "ㅕ": "ㅓㅓㅛ", "ㅖ": "ㅔㅔㅒ", "ㅗ": "ㅜㅜㅓㅓㅛ", "ㅘ": "ㅏㅏㅝ", "ㅙ": "ㅚㅞㅐ", "ㅚ": "ㅙㅞㅔ",
    "ㅛ": "ㅗㅗㅠ", "ㅜ": "ㅡㅡㅗㅗㅠ", "ㅝ": "ㅓㅓㅘ", "ㅞ": "ㅚㅙㅔ", "ㅟ": "ㅣㅣㅜ", "ㅠ": "ㅜㅜㅛ",
    "ㅡ": "ㅜㅜㅓㅣ", "ㅢ": "ㅣㅣㅡㅔ", "ㅣ": "ㅟㅢㅡㅔ",
}  # fmt: skip
# The empty string is a final dropped.
_FINALS: dict[str, tuple[str, ...]] = {
    "": ("ㄴ", "ㄹ", "ㅇ", "ㄱ", "ㅁ"),
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", ("", "", "ㅇ", "ㅇ", "ㅂ", "ㄷ")),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", ("", "", "ㄴ", "ㄴ", "ㄱ", "ㅂ")),
    **dict.fromkeys("ㅂㅍㅄㄿ", ("", "", "ㅁ", "ㅁ", "ㄱ", "ㄷ")),
    **dict.fromkeys("ㄴㄵㄶ", ("", "", "ㅇ", "ㅇ", "ㅁ", "ㄹ")),
    **dict.fromkeys("ㅁㄻ", ("", "ㄴ", "ㄴ", "ㅇ", "ㅂ")),
    **dict.fromkeys("ㅇ", ("", "", "ㄴ", "ㄴ", "ㅁ")),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", ("", "", "ㄴ", "ㄷ")),
}
# Frequent in spoken Korean; a word lexicon makes a recogniser fall back on them.
_FREQUENT = "이그는고가다에요지하해은어을나도아기서있거리한로사자시만의대안들니게일인제면수라네러데보정주"
_LATIN = {
    "a": "eou", "b": "pvd", "c": "ksg", "d": "tbg", "e": "ai", "f": "vsp", "g": "kjd", "h": "a", "i": "ey", "j": "gc",
    "k": "gct", "l": "rw", "m": "n", "n": "m", "o": "aue", "p": "bt", "q": "k", "r": "lw", "s": "zcf", "t": "dpk",
    "u": "oa", "v": "bf", "w": "lu", "x": "s", "y": "i", "z": "s",
}  # fmt: skip


def misrecognise(text: str, rate: float, seed: int | random.Random = 0) -> str:
    """`text` misheard at a character error rate of about `rate` (0 to 1), spaces not counted.

    The same seed gives the same mistakes. Raises ValueError for a rate outside 0 to 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"the error rate is between 0 and 1, not {rate}")
    rng = seed if isinstance(seed, random.Random) else random.Random(seed)
    heard: list[str] = []
    for char in text:
        if char.isspace():
            if rng.random() >= rate:
                heard.append(char)
            continue
        if is_syllable(char):
            if heard and is_syllable(heard[-1][-1:] or " ") and rng.random() < rate / 2:
                heard.append(" ")
            heard.append(_syllable(char, rng) if rng.random() < rate else char)
        elif rng.random() < rate:
            heard.append(_letter(char, rng))
        else:
            heard.append(char)
    return " ".join("".join(heard).split())


def _syllable(char: str, rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.12:
        return ""
    if draw < 0.22:
        return char + rng.choice(_FREQUENT)
    if draw < 0.40:
        return rng.choice(_FREQUENT.replace(char, ""))
    parts = list(decompose(char))
    # The vowel is the loudest part of a syllable and is misheard least.
    for place in {rng.choices((0, 1, 2), (4, 3, 4))[0], *((rng.randrange(3),) if rng.random() < 0.25 else ())}:
        neighbours = (_INITIALS, _VOWELS, _FINALS)[place]
        parts[place] = rng.choice(neighbours[parts[place]])
    return compose(*parts)


def _letter(char: str, rng: random.Random) -> str:
    lower = char.lower()
    if lower not in _LATIN:
        return "" if rng.random() < 0.5 else char
    draw = rng.random()
    if draw < 0.15:
        return ""
    alike = rng.choice(_LATIN[lower])
    return char + alike if draw < 0.25 else alike
