"""How long the caller waited, measured on the recording: what was on the line, not what the service says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telephony.phone.line import Line, Utterance
from telephony.phone.phone import CallEvent
from telephony.phone.speech_span import VOICE_RMS, levels
from voicebot.audio.format import SAMPLE_RATE, Pcm

_WINDOW_MS = 10
_JUST_BEFORE_MS = 200
"""The bot's voice so shortly before the caller's means that the caller cut in."""
_SILENT_MS = 200
"""The bot is silent when it was so for this long."""


@dataclass(frozen=True)
class Measure:
    """One utterance of the caller, and what the bot did about it. Milliseconds since the answer, or of length."""

    kind: str
    """`speech` or `keys`."""
    label: str
    onset_ms: float
    """When the caller's voice began; for keys, when the last was pressed."""
    end_ms: float
    """When it ended: the last sound, not the end of the file."""
    response_ms: float | None
    """From its end to the first sample of the bot's answer, negative where the bot did not wait for the end; None
    where the bot did not answer before the next utterance or the end of the call."""
    barge_in: bool
    """Whether it began while the bot spoke."""
    silence_ms: float | None
    """Of a barge-in: from the onset until the bot was silent; None where it never was."""
    clear_ms: float | None
    """Of a barge-in: from the onset until `clear` was received; None where none came."""


def measure(line: Line, events: Sequence[CallEvent]) -> tuple[Measure, ...]:
    """Every utterance so far."""
    bot = line.bot_side()
    voiced = levels(bot) > VOICE_RMS
    clears = [event.at_ms for event in events if event.kind == "clear"]
    begun = list(line.utterances)
    onsets = [utterance.onset_ms for utterance in begun] + [float("inf")]
    return tuple(
        _measure(utterance, until_ms, bot, voiced, clears)
        for utterance, until_ms in zip(begun, onsets[1:], strict=True)
    )


def _measure(
    utterance: Utterance, until_ms: float, bot: Pcm, voiced: NDArray[np.bool_], clears: Sequence[float]
) -> Measure:
    onset = int(utterance.onset_ms) // _WINDOW_MS
    before = max(0, onset - _JUST_BEFORE_MS // _WINDOW_MS)
    barge_in = bool(voiced[before:onset].any() and voiced[onset : onset + 4].any())
    answer_from: int | None = onset
    silence_ms = clear_ms = None
    if barge_in:
        answer_from = _silence_after(voiced, onset)
        if answer_from is not None:
            silence_ms = max(0.0, answer_from * _WINDOW_MS - utterance.onset_ms)
        clear_ms = next((at - utterance.onset_ms for at in clears if utterance.onset_ms <= at < until_ms), None)
    response_ms = None
    if answer_from is not None:
        first = _first_voice(bot, voiced, answer_from)
        if first is not None and first < until_ms:
            response_ms = first - utterance.end_ms
    return Measure(
        utterance.kind,
        utterance.label,
        round(utterance.onset_ms, 1),
        round(utterance.end_ms, 1),
        None if response_ms is None else round(response_ms, 1),
        barge_in,
        silence_ms,
        clear_ms,
    )


def _silence_after(voiced: NDArray[np.bool_], start: int) -> int | None:
    """The first window from `start` on at which the bot falls silent."""
    needed = _SILENT_MS // _WINDOW_MS
    for window in range(start, len(voiced) - needed + 1):
        if not voiced[window : window + needed].any():
            return window
    return None


def _first_voice(bot: Pcm, voiced: NDArray[np.bool_], start: int) -> float | None:
    """When the bot's voice begins at or after window `start`, in milliseconds, to the sample."""
    found = np.flatnonzero(voiced[start:])
    if not len(found):
        return None
    begin = (start + int(found[0])) * SAMPLE_RATE * _WINDOW_MS // 1000
    loud = np.flatnonzero(np.abs(bot[begin : begin + SAMPLE_RATE * _WINDOW_MS // 1000]) > VOICE_RMS)
    return (begin + (int(loud[0]) if len(loud) else 0)) * 1000 / SAMPLE_RATE
