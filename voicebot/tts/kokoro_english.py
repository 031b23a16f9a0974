"""English in Kokoro's phonemes, from espeak-ng's.

Kokoro learnt English from misaki's phonemes; where misaki itself asks espeak-ng, it rewrites what that answers
(hexgrad/misaki, `espeak.py`, American). The same rewriting is done here. No voice of espeak-ng is heard; its library is
the one that pyttsx3 needs on Linux anyway.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable

_LIBRARIES = ("libespeak-ng.so.1", "libespeak-ng.so", "libespeak-ng.1.dylib", "libespeak-ng.dylib")
_NO_SOUND = 2
"""AUDIO_OUTPUT_SYNCHRONOUS: nothing is played."""
_UTF8 = 1
_IPA_TIED = (ord("^") << 8) | 0x80 | 0x02
"""International symbols, with `^` between the letters of one sound."""

_SOUNDS = {
    **{"ʔˌn\u0329": "tᵊn", "ʔn\u0329": "tᵊn", "ʔn": "tᵊn", "ʔ": "t", "ɾ": "T"},
    **{"a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "ə^l": "ᵊl"},
    **{"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ɚ": "əɹ", "ɐ": "ə", "e": "A", "o": "ɔ"},
    **{"r": "ɹ", "x": "k", "ç": "k", "ɬ": "l", "ʲ": "", "\u0303": "", "ː": "", "^": ""},
}
_SOUND = re.compile("|".join(sorted(map(re.escape, _SOUNDS), key=len, reverse=True)))
_SYLLABIC = re.compile("(\\S)\u0329")
_SWITCH = re.compile(r"\([^()]*\)")
"""Where espeak-ng changes to another language for a word."""
_CLAUSE = re.compile(r"([^.,;:!?—…]+)([.,;:!?—…]*)\s*")

Phonemise = Callable[[str], str]
"""From a clause in words to espeak-ng's symbols."""


def library() -> ctypes.CDLL | None:
    """espeak-ng's, None where it is not installed."""
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def espeak() -> Phonemise:
    """What asks espeak-ng, whose state belongs to the whole process. Raises OSError where it can't be used."""
    espeak_ng = library()
    if espeak_ng is None or espeak_ng.espeak_Initialize(_NO_SOUND, 0, None, 0) < 0:
        raise OSError("the library espeak-ng, or its data, is missing")
    if espeak_ng.espeak_SetVoiceByName(b"en-us"):
        raise OSError("espeak-ng has no en-us")
    espeak_ng.espeak_TextToPhonemes.restype = ctypes.c_char_p
    espeak_ng.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]

    def phonemise(clause: str) -> str:
        rest, said = ctypes.c_char_p(clause.encode()), []
        while rest.value:
            said.append((espeak_ng.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_TIED) or b"").decode())
        return " ".join(said)

    return phonemise


def phonemes(text: str, phonemise: Phonemise) -> str:
    """`text`, in English words, as Kokoro's phonemes, with a mark behind each clause."""
    clauses = []
    for words, marks in _CLAUSE.findall(text):
        said = _SYLLABIC.sub(r"ᵊ\1", _SWITCH.sub("", phonemise(words)))
        said = _SOUND.sub(lambda sound: _SOUNDS[sound[0]], said)
        clauses.append(said + marks[-1:])
    return " ".join(clauses)
