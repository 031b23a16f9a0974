"""What a sentence is made of: recordings, silences, and words for an engine."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.audio.format import Pcm
from voicebot.tts.markup import Break, Words, pieces
from voicebot.tts.port import Style
from voicebot.tts.recordings import Fill, Pause, Recorded, Recordings
from voicebot.tts.stretching import stretch
from voicebot.tts.telephone import pause

_EMPHASIS = Style(rate=0.9, pitch=1.06)
"""No engine here knows emphasis: it is a little slower and higher, as speakers do."""


@dataclass(frozen=True)
class ToMake:
    """Words for an engine."""

    words: str
    style: Style


Part = Pcm | ToMake
"""Of a sentence: a recording or a silence, or what an engine makes."""


def parts_of(recordings: Recordings, sentence: str, language: str, style: Style) -> tuple[Part, ...]:
    """A sentence, as written and with its markup, in the order in which it is heard. Pure signs say nothing."""
    if (recorded := recordings.find(sentence, language)) is not None:
        return (stretch(recorded, style.rate),)
    # Recorded pieces have the speed and the melody that they have: what is marked up is an engine's.
    composed = None if "<" in sentence or "&" in sentence else recordings.compose(sentence, language)
    if composed is None:
        return _to_make(sentence, language, style)
    parts: list[Part] = []
    for part in composed:
        match part:
            case Recorded(pcm):
                parts.append(stretch(pcm, style.rate))
            case Pause(milliseconds):
                parts.append(pause(round(milliseconds / style.rate)))
            case Fill(words):
                parts += _to_make(words, language, style)
    return tuple(parts)


def _to_make(text: str, language: str, style: Style) -> tuple[Part, ...]:
    parts: list[Part] = []
    for piece in pieces(text, language):
        if isinstance(piece, Break):
            parts.append(pause(piece.ms))
        elif any(char.isalnum() for char in piece.text):
            parts.append(ToMake(piece.text, _styled(style, piece)))
    return tuple(parts)


def _styled(style: Style, words: Words) -> Style:
    rate, pitch = style.rate * words.rate, style.pitch * words.pitch
    if words.emphasis:
        rate, pitch = rate * _EMPHASIS.rate, pitch * _EMPHASIS.pitch
    return Style(round(rate, 3), round(pitch, 3))
