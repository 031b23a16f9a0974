"""The sound of one turn of a recorded call."""

from __future__ import annotations

from voicebot.audio.format import SAMPLE_RATE
from voicebot.audio.mulaw import SILENCE
from voicebot.store.call_recordings import CallSound, header
from voicebot.store.labels.candidates import Candidate

_LEAD_MS, _TAIL_MS = 700, 400
"""Around what was found to be voice: beginnings and ends are soft."""
_PAUSES = 1.4
"""Speech lasts so much longer than its voiced parts, at most."""
_UNKNOWN_MS = 5000
_LONGEST_MS = 30_000
_A_MS = SAMPLE_RATE // 1000


def clip(sound: CallSound, turn: Candidate, before_ms: int | None) -> bytes:
    """A WAV file with the caller's voice on both channels; shorter where the recording lacks a part of it.

    `before_ms`: when the bot's line before it began, on the call's clock; the clip does not reach back beyond it.
    """
    length = _UNKNOWN_MS if turn.voiced_ms is None else round(turn.voiced_ms * _PAUSES) + _LEAD_MS
    begin = turn.at_ms - min(length, _LONGEST_MS)
    if before_ms is not None and before_ms < turn.at_ms:
        begin = max(begin, before_ms)
    first, last = max(begin - sound.begin_ms, 0), max(turn.at_ms + _TAIL_MS - sound.begin_ms, 0)
    caller = sound.payload[0::2][first * _A_MS : last * _A_MS]
    both = bytearray(2 * len(caller) or 2)
    both[0::2] = both[1::2] = caller or SILENCE[:1]
    return header(len(both)) + bytes(both)
