"""Korean words as MBROLA's phone lines: SAMPA symbol, milliseconds, and pitch in Hertz at places in percent.

Durations are typical ones of read speech by kind of sound, longer before a pause. The melody is the accentual phrase of
Seoul Korean, low-high-low-high or, after a tense or aspirated consonant, ㅅ or ㅎ, high-high-low-high (Jun's K-ToBI), a
word each, on a line that falls through the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.tts.korean_phones import SpokenPhrase, Syllable, spoken_phrases
from voicebot.tts.port import Style

_INITIALS = {
    **{"ㄱ": "k", "ㄲ": "k_>", "ㄴ": "n", "ㄷ": "t", "ㄸ": "t_>", "ㄹ": "4", "ㅁ": "m", "ㅂ": "p", "ㅃ": "p_>"},
    **{"ㅅ": "s", "ㅆ": "s_>", "ㅈ": "ts\\", "ㅉ": "ts\\_>", "ㅊ": "ts\\_h", "ㅋ": "k_h", "ㅌ": "t_h", "ㅍ": "p_h"},
    "ㅎ": "h",
}
_VOICED = {"ㄱ": "g", "ㄷ": "d", "ㅂ": "b", "ㅈ": "dz\\"}
"""Plain consonants between voiced sounds within a word; at its beginning they have no voice."""
_FINALS = {"ㄱ": "k_}", "ㄴ": "n_}", "ㄷ": "t_}", "ㄹ": "l_}", "ㅁ": "m_}", "ㅂ": "p_}", "ㅇ": "N"}
_VOWELS = {
    **{"ㅏ": "a", "ㅐ": "E", "ㅑ": "ja", "ㅒ": "jE", "ㅓ": "V", "ㅔ": "e", "ㅕ": "jV", "ㅖ": "je", "ㅗ": "o"},
    **{"ㅘ": "wa", "ㅙ": "wE", "ㅚ": "we", "ㅛ": "jo", "ㅜ": "u", "ㅝ": "wV", "ㅞ": "we", "ㅟ": "wi", "ㅠ": "ju"},
    **{"ㅡ": "M", "ㅢ": "M\\i", "ㅣ": "i"},
}
_INITIAL_MS = {
    **dict.fromkeys("ㄱㄷㅂ", 60),
    **dict.fromkeys("ㄲㄸㅃ", 110),
    **dict.fromkeys("ㅋㅌㅍ", 105),
    **{"ㅅ": 85, "ㅆ": 115, "ㅈ": 75, "ㅉ": 115, "ㅊ": 105, "ㅎ": 60, "ㄴ": 60, "ㅁ": 65, "ㄹ": 35},
}
_VOICED_MS = 45
_FINAL_MS = {"ㄱ": 65, "ㄷ": 60, "ㅂ": 65, "ㄴ": 65, "ㅁ": 70, "ㅇ": 75, "ㄹ": 60}
_VOWEL_MS, _HIGH_VOWEL_MS, _GLIDE_MS = 95, 75, 30
_RATE = 0.9
"""Slower than these durations: 0.25 instead of 0.27 of its characters are misheard."""
_LENGTHENED = 1.5
"""The last syllable before a pause."""
_PAUSE_MS = {",": 220, ".": 350, "?": 350, "!": 350}
_LOW, _HIGH, _FALL = 105.0, 135.0, 20.0
"""Hertz: the two tones at a phrase's beginning, and how far they have fallen at its end."""
_VOICED_FINALS = ("", *"ㄴㄹㅁㅇ")
_PALATAL_VOWELS = "ㅣㅑㅕㅛㅠㅖㅒㅟ"


def phone_lines(text: str, style: Style) -> Iterator[str]:
    """The lines that MBROLA reads for `text`, which is in Korean words."""
    rate = style.rate * _RATE
    yield "_ 50"
    for phrase in spoken_phrases(text):
        tones = _tones(phrase)
        for number, syllable in enumerate(phrase.syllables):
            before = phrase.syllables[number - 1] if number else None
            last = number == len(phrase.syllables) - 1
            tone = tones[number] * style.pitch
            end = {"?": 1.45, ",": 1.12}.get(phrase.end, 0.82) * tone if last else tone
            stretch = (_LENGTHENED if last else 1.0) / rate
            yield from _syllable_lines(syllable, before, stretch, tone, end)
        yield f"_ {_PAUSE_MS[phrase.end] / rate:.0f}"


def _syllable_lines(
    syllable: Syllable, before: Syllable | None, stretch: float, tone: float, end: float
) -> Iterator[str]:
    initial = syllable.initial
    if initial:
        within = before is not None and not syllable.begins_word and before.final in _VOICED_FINALS
        voiced = within and initial in _VOICED
        symbol = _VOICED[initial] if voiced else _INITIALS[initial]
        if initial == "ㅅ" and syllable.vowel in _PALATAL_VOWELS:
            symbol = "s\\"
        if initial == "ㄹ" and before is not None and before.final == "ㄹ":
            symbol = "l"
        yield f"{symbol} {(_VOICED_MS if voiced else _INITIAL_MS[initial]) * min(stretch, 1.2):.0f}"
    vowel_ms = _HIGH_VOWEL_MS if syllable.vowel in "ㅣㅡㅜ" else _VOWEL_MS
    vowel_ms += _GLIDE_MS if syllable.vowel in "ㅑㅒㅕㅖㅘㅙㅚㅛㅝㅞㅟㅠㅢ" else 0
    yield f"{_VOWELS[syllable.vowel]} {vowel_ms * stretch:.0f} 20 {tone:.0f} 90 {end:.0f}"
    if syllable.final:
        yield f"{_FINALS[syllable.final]} {_FINAL_MS[syllable.final] * stretch:.0f}"


def _tones(phrase: SpokenPhrase) -> list[float]:
    """A pitch in Hertz for every syllable: each word is an accentual phrase."""
    tones: list[float] = []
    count = len(phrase.syllables)
    starts = [number for number, syllable in enumerate(phrase.syllables) if syllable.begins_word]
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        high_start = phrase.syllables[start].initial in tuple("ㄲㄸㅃㅆㅉㅋㅌㅍㅊㅅㅎ")
        for place in range(end - start):
            high = high_start if place == 0 else place == 1 or place == end - start - 1
            tones.append((_HIGH if high else _LOW) - _FALL * (start + place) / count)
    return tones
