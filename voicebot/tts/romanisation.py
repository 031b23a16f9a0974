"""Hangul in Latin letters, for an English voice that comes upon a Korean name.

After the Revised Romanization of Korean (Ministry of Culture and Tourism, 2000), syllable by syllable: changes between
syllables are left to the voice.
"""

from __future__ import annotations

import re

from voicebot.nlu.hangul import FINALS, INITIALS, VOWELS, decompose

_NAMES_OF_INITIALS = "g kk n d tt r m b pp s ss - j jj ch k t p h"
_NAMES_OF_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i"
_NAMES_OF_FINALS = "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t"
_INITIALS = dict(zip(INITIALS, _NAMES_OF_INITIALS.replace("-", "").split(" "), strict=True))
_VOWELS = dict(zip(VOWELS, _NAMES_OF_VOWELS.split(), strict=True))
_FINALS = dict(zip(FINALS, _NAMES_OF_FINALS.replace("-", "").split(" "), strict=True))
_WORD = re.compile("[가-힣]+")


def romanised(text: str) -> str:
    """`text` with its Hangul in Latin letters: `가온몰` is `Gaonmol`."""
    return _WORD.sub(_word, text)


def _word(match: re.Match[str]) -> str:
    latin = ""
    for syllable in match[0]:
        initial, vowel, final = decompose(syllable)
        latin += _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]
    before, behind = (
        match.string[max(0, match.start() - 1) : match.start()],
        match.string[match.end() : match.end() + 1],
    )
    return " " * before.isalnum() + latin.capitalize() + " " * behind.isalnum()
