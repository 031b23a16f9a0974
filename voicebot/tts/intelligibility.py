"""How well a voice is understood over the telephone: what a listener hears against what was said.

The measure is the spoken-form character error rate: both texts are brought into words as a speaker says them ("3일" and
"삼 일" are the same), case, spaces and punctuation are dropped, and the edit distance between them (Levenshtein, over
Hangul syllables or letters) is divided by the length of what was said. A phrase counts at most as wholly wrong, for a
listener that runs wild invents without end.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from voicebot.audio.format import Pcm
from voicebot.audio.mulaw import decode, encode
from voicebot.tts.markup import Break, pieces
from voicebot.tts.port import NORMAL, Engine
from voicebot.tts.speech_text import sentences, spoken
from voicebot.tts.telephone import join, on_the_line, pause

Hear = Callable[[Pcm, str], str]
"""What a listener writes down of 8 kHz samples in a language."""

_BETWEEN_SENTENCES_MS = 280


@dataclass(frozen=True)
class HeardPhrase:
    """One phrase, as it was said and as it was heard."""

    text: str
    heard: str
    errors: int
    """Characters that are wrong, missing or too many; at most `characters`."""
    characters: int

    @property
    def error_rate(self) -> float:
        """From 0 to 1."""
        return self.errors / max(1, self.characters)


def check(engine: Engine, phrases: Iterable[str], language: str, hear: Hear) -> Iterator[HeardPhrase]:
    """Each phrase as it is heard over the telephone, in the order given. Raises EngineError."""
    for text in phrases:
        heard = hear(over_the_telephone(engine, text, language), language)
        yield compare(text, heard, language)


def over_the_telephone(engine: Engine, text: str, language: str) -> Pcm:
    """`text` as a caller hears it from `engine`: treated for the line, as 8 kHz mu-law. Raises EngineError."""
    parts: list[Pcm] = []
    for sentence in sentences(text, language):
        if parts:
            parts.append(pause(_BETWEEN_SENTENCES_MS))
        for piece in pieces(sentence, language):
            if isinstance(piece, Break):
                parts.append(pause(piece.ms))
            elif any(char.isalnum() for char in piece.text):
                parts.append(on_the_line(engine.synthesise(piece.text, language, NORMAL)))
    return decode(encode(join(parts))) if parts else np.zeros(0, np.int16)


def compare(text: str, heard: str, language: str) -> HeardPhrase:
    """A phrase and what was heard of it, both as written."""
    said, understood = _characters(text, language), _characters(heard, language)
    errors = min(len(said), Levenshtein.distance(said, understood))
    return HeardPhrase(text, heard, errors, len(said))


def error_rate(heard: Sequence[HeardPhrase]) -> float:
    """Over all phrases, each by its length; 0 for none."""
    return sum(phrase.errors for phrase in heard) / max(1, sum(phrase.characters for phrase in heard))


def _characters(text: str, language: str) -> str:
    words = unicodedata.normalize("NFC", spoken(text, language)).casefold()
    return "".join(char for char in words if char.isalnum())
