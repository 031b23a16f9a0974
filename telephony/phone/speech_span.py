"""Where in a sound somebody speaks: by level alone, since the phone knows what it plays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicebot.audio.format import SAMPLE_RATE, Pcm

VOICE_RMS = 100.0
"""Level (16-bit, root mean square) above which the bot's side counts as sound: about -50 dB of full scale."""

_WINDOW = SAMPLE_RATE // 100
_BELOW_LOUDEST = 0.02
"""A clip's speech begins and ends where its level passes this fraction (-34 dB) of its loudest 10 ms."""


@dataclass(frozen=True)
class Span:
    """Samples from `begin` up to but not including `end`."""

    begin: int
    end: int


def levels(pcm: Pcm) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Root mean square of every whole 10 ms of `pcm`."""
    whole = pcm[: len(pcm) // _WINDOW * _WINDOW].astype(np.float64).reshape(-1, _WINDOW)
    rms: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sqrt((whole**2).mean(axis=1))
    return rms


def is_voice(frame: Pcm) -> bool:
    """Whether a frame has sound in it."""
    return bool(np.dot(frame.astype(np.float32), frame.astype(np.float32)) > VOICE_RMS**2 * len(frame))


def speech_span(pcm: Pcm) -> Span:
    """From the first to the last sound in a clip, to 10 ms; the whole clip where it is silent."""
    rms = levels(pcm)
    if not len(rms) or rms.max() < VOICE_RMS:
        return Span(0, len(pcm))
    loud = np.flatnonzero(rms >= max(VOICE_RMS, rms.max() * _BELOW_LOUDEST))
    return Span(int(loud[0]) * _WINDOW, (int(loud[-1]) + 1) * _WINDOW)
