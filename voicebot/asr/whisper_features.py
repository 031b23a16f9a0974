"""What Whisper sees of a sound: its log-mel spectrogram, in a window no longer than it needs.

The spectrogram is that of the reference implementation (openai/whisper, audio.py): 80 bands on the Slaney scale,
400-sample Hann window, 160-sample hop, at 16 kHz. It is written out here because importing faster-whisper for it costs
0.2 s and 32 MB for a decoder of sound files and a voice detector that are not used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample

Features = NDArray[np.float32]
"""Shape (80, frames), a frame every 10 ms."""

FRAMES_PER_SECOND = 100
LONGEST_SECONDS = 30.0
"""Of one window: the model has no positions beyond."""

_RATE = 16_000
_FFT = 400
_HOP = 160
_BANDS = 80

_SHORTEST_WINDOW = 12.0
"""Seconds. benchmarks/second_listener.py: at 10 s errors begin to rise, at 8 s the model runs on after the end."""
_SPARE = 3.5
"""Seconds of nothing behind the utterance, which is how the model knows that it is over. With 2 s it often doesn't."""


def window_seconds(seconds: float) -> float:
    """The length of the window in which an utterance of `seconds` is recognised as well as in the full 30 s."""
    return min(max(_SHORTEST_WINDOW, seconds + _SPARE), LONGEST_SECONDS)


def log_mel(pcm: Pcm, window: float) -> Features:
    """The features of 8 kHz samples, filled up with nothing, or cut, to `window` seconds.

    What fills up is the spectrogram's own floor, as if digital silence followed, and not zero, which in these units is
    a loud sound and is what faster-whisper fills up with: with zeros 0.025 of CER is lost in any window.
    """
    wave = resample(pcm, SAMPLE_RATE, _RATE).astype(np.float32) / 32768.0
    frames = round(window * FRAMES_PER_SECOND)
    wave = wave[: frames * _HOP]
    # One more hop behind, as in the reference, and half a window mirrored at either side.
    if len(wave) < _FFT:
        wave = np.pad(wave, (0, _FFT - len(wave)))
    wave = np.pad(np.pad(wave, (0, _HOP)), _FFT // 2, mode="reflect")
    pieces = np.lib.stride_tricks.sliding_window_view(wave, _FFT)[::_HOP]
    power = np.abs(np.fft.rfft(pieces * _HANN, axis=1)[:-1]).astype(np.float32) ** 2
    logarithm = np.log10(np.maximum(_FILTERS @ power.T, 1e-10))
    floor = logarithm.max() - 8.0
    features = (np.maximum(logarithm, floor) + 4.0) / 4.0
    full = np.full((_BANDS, frames), (max(floor, -10.0) + 4.0) / 4.0, dtype=np.float32)
    heard = min(frames, features.shape[1])
    full[:, :heard] = features[:, :heard]
    return full


def _mel_filters() -> Features:
    """Triangular filters of equal area on the Slaney scale: linear to 1 kHz, logarithmic above. Shape (80, 201)."""

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))

    highest = 15.0 + np.log(_RATE / 2 / 1000.0) * 27.0 / np.log(6.4)
    edges = hertz(np.linspace(0.0, highest, _BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1.0 / _RATE)
    widths = np.diff(edges)
    slopes = edges[:, None] - bins[None, :]
    triangles = np.maximum(0.0, np.minimum(-slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]))
    filters: Features = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


_FILTERS = _mel_filters()
_HANN = np.hanning(_FFT + 1)[:-1].astype(np.float32)
