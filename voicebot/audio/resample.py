"""Changing the sample rate, with soxr."""

from __future__ import annotations

import numpy as np
import soxr

from voicebot.audio.format import Pcm


def resample(pcm: Pcm, from_rate: int, to_rate: int) -> Pcm:
    """The whole of `pcm` at another rate (Hertz), band-limited; the same array where the rates are equal."""
    if from_rate == to_rate:
        return pcm
    return np.asarray(soxr.resample(pcm, from_rate, to_rate, quality="HQ"), dtype=np.int16)


class StreamResampler:
    """Resamples a stream piece by piece, without clicks at the joins."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="int16", quality="HQ")

    def push(self, pcm: Pcm, *, last: bool = False) -> Pcm:
        """What is ready after `pcm`; with `last`, all that is left. May be shorter or longer than the input."""
        return np.asarray(self._stream.resample_chunk(pcm, last=last), dtype=np.int16)
