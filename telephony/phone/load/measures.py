"""What a caller heard, measured when the call is over: on the sound, to the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telephony.phone.load.caller import Done
from telephony.phone.speech_span import VOICE_RMS, levels
from voicebot.audio.format import SAMPLE_RATE, Pcm

_WINDOW_MS = 10
_SILENT = 20
"""Windows without sound after which the bot is silent."""


@dataclass(frozen=True)
class Wait:
    """One act of the caller and what the bot did about it."""

    text: str
    at_ms: float
    """When its voice began, since the stream did; for keys, when the last was pressed."""
    end_ms: float
    """When it ended."""
    speech: bool
    """Whether it was said, not keyed."""
    cut_in: bool
    response_ms: float | None
    """From the end of the caller's voice to the bot's first sound; None where none came before the next act."""
    silence_ms: float | None
    """Of one that cut in: from the onset of the caller's voice until the bot was silent."""


def waits(bot: Pcm, done: Sequence[Done]) -> tuple[Wait, ...]:
    """Every act, measured on the bot's side of the line, 8 kHz from the stream's beginning."""
    voiced = levels(bot) > VOICE_RMS
    onsets = [*(one.onset_ms for one in done), float("inf")][1:]
    return tuple(_wait(one, until, bot, voiced) for one, until in zip(done, onsets, strict=True))


def _wait(one: Done, until_ms: float, bot: Pcm, voiced: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Wait:
    onset = int(one.onset_ms) // _WINDOW_MS
    start = int(one.end_ms) // _WINDOW_MS
    silence_ms = None
    # What plays on amid the caller's words, if only their end, is no answer to them.
    talks = bool(voiced[onset : onset + 4].any())
    if one.cut_in and talks:
        silent = next((w for w in range(onset, len(voiced)) if not voiced[w : w + _SILENT].any()), len(voiced))
        silence_ms = max(0.0, silent * _WINDOW_MS - one.onset_ms)
        start = max(start, silent)
    found = np.flatnonzero(voiced[start:])
    response_ms = None
    if len(found):
        begin = (start + int(found[0])) * SAMPLE_RATE * _WINDOW_MS // 1000
        loud = np.flatnonzero(
            np.abs(bot[begin : begin + SAMPLE_RATE * _WINDOW_MS // 1000].astype(np.int32)) > VOICE_RMS
        )
        at_ms = (begin + (int(loud[0]) if len(loud) else 0)) * 1000 / SAMPLE_RATE
        response_ms = at_ms - one.end_ms if at_ms < until_ms else None
    speech = one.act.clip >= 0
    return Wait(one.act.text, one.onset_ms, one.end_ms, speech, silence_ms is not None, response_ms, silence_ms)
