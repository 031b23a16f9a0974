"""Speech made slower or quicker at its own pitch: for recordings, which have the speed that they have.

WSOLA (Verhelst and Roelands, ICASSP 1993): overlapping windows are taken at another pace than they are laid
down, each from where it goes on best from the one before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import SAMPLE_RATE, Pcm

_WINDOW = 30 * SAMPLE_RATE // 1000
"""Samples: two periods of a low voice."""
_HOP = _WINDOW // 2
_SEARCH = 8 * SAMPLE_RATE // 1000
"""Samples to either side in which the best place is looked for: a period of a low voice in all."""


def stretch(pcm: Pcm, rate: float) -> Pcm:
    """8 kHz samples at `rate` times their speed, from 0.5 to 2: 0.8 is slower. 4 s take about 10 ms."""
    if rate == 1.0 or len(pcm) < 2 * _WINDOW:
        return pcm
    margin = _SEARCH + _WINDOW
    sound = np.pad(pcm.astype(np.float64), margin)
    length = round(len(pcm) / rate)
    window = np.hanning(_WINDOW + 1)[:-1]
    made, weight = np.zeros(length + 2 * _WINDOW), np.zeros(length + 2 * _WINDOW)
    before = margin
    for at in range(0, length, _HOP):
        start = margin + round(at * rate)
        if at:
            start += _best(sound, start, before + _HOP)
        taken = sound[start : start + _WINDOW]
        if len(taken) < _WINDOW:
            break
        made[at : at + _WINDOW] += taken * window
        weight[at : at + _WINDOW] += window
        before = start
    stretched: Pcm = np.round(made[:length] / np.maximum(weight[:length], 0.1)).clip(-32768, 32767).astype(np.int16)
    return stretched


def _best(sound: NDArray[np.float64], start: int, goes_on: int) -> int:
    """Samples from `start` to where the sound is most like what follows at `goes_on`."""
    wanted = sound[goes_on : goes_on + _WINDOW]
    around = sound[start - _SEARCH : start + _SEARCH + _WINDOW]
    if len(wanted) < _WINDOW or len(around) < 2 * _SEARCH + _WINDOW:
        return 0
    alike = np.correlate(around, wanted, "valid")
    energy = np.convolve(around**2, np.ones(_WINDOW), "valid")
    return int(np.argmax(alike / np.sqrt(energy + 1.0))) - _SEARCH
