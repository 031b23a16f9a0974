"""The quiet noise of a line that is alive."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import SAMPLE_RATE, Pcm

LEVEL = -60.0
"""RMS in dB relative to full scale: 40 dB below the bot's speech, where callers hear that the line is open and no more
(RFC 3389 has receivers make noise of this kind; G.711's step near zero is 12 dB weaker)."""
_SECONDS = 8
"""Until it repeats itself: longer than anybody can follow noise."""
_SLOPE_DB = -5.0
"""An octave: Hoth's room noise (ITU-T P.800, annex A), which is what silence sounds like in a telephone."""
_BAND = (250.0, 3400.0)
_SEED = 20261122


class ComfortNoise:
    """An endless stream of noise: every piece goes on where the last one ended, so there is nothing to click."""

    def __init__(self) -> None:
        self._at = 0

    def take(self, samples: int) -> Pcm:
        """The next samples."""
        circle = _circle()
        begin, end = self._at, self._at + samples
        self._at = end % len(circle)
        if end <= len(circle):
            return circle[begin:end]
        return np.take(circle, np.arange(begin, end), mode="wrap")

    def under(self, pcm: Pcm) -> Pcm:
        """`pcm` with the noise beneath it, so that its pauses are no holes."""
        mixed = pcm.astype(np.int32) + self.take(len(pcm))
        clipped: Pcm = np.clip(mixed, -32768, 32767).astype(np.int16)
        return clipped


@functools.cache
def _circle() -> Pcm:
    """Made in the frequency domain, so its end fits its beginning; the same in every process."""
    samples = _SECONDS * SAMPLE_RATE
    hertz: NDArray[np.floating] = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    inside = (hertz >= _BAND[0]) & (hertz <= _BAND[1])
    size = np.where(inside, (np.maximum(hertz, 1.0) / 1000) ** (_SLOPE_DB / (20 * np.log10(2))), 0.0)
    phases = np.random.default_rng(_SEED).uniform(0, 2 * np.pi, len(hertz))
    noise = np.fft.irfft(size * np.exp(1j * phases), samples)
    noise *= 32768 * 10 ** (LEVEL / 20) / np.sqrt(np.mean(noise**2))
    circle: Pcm = np.round(noise).astype(np.int16)
    circle.flags.writeable = False
    return circle
