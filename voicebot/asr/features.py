"""Kaldi's high-resolution MFCC of telephone sound, as the model was trained on (feature-mfcc.cc, resample.cc)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.asr.kaldi_files import Matrix
from voicebot.audio.format import SAMPLE_RATE, Pcm

_RATE = 16000
_WINDOW = 400
"""Samples: 25 ms."""
_SHIFT = 160
"""Samples: 10 ms."""
_FFT = 512
_BANDS = 40
_LOWEST, _HIGHEST = 20.0, 7600.0
"""Hertz (`conf/mfcc.conf`)."""
_LIFTER = 22
_EMPHASIS = 0.97
_DITHER = 1.0
"""Standard deviation of the noise that keeps silent bands from log 0; without it 4-8 kHz would be empty."""


def mfcc(pcm: Pcm) -> Matrix:
    """40 coefficients every 10 ms of 8 kHz sound, shape (frames, 40); no frame for less than 25 ms. Deterministic."""
    wide = _double_rate(pcm.astype(np.float32))
    if len(wide) < _WINDOW:
        return np.zeros((0, _BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(wide, _WINDOW)[::_SHIFT].copy()
    frames += np.random.default_rng(0).standard_normal(frames.shape, dtype=np.float32) * _DITHER
    frames -= frames.mean(axis=1, keepdims=True)
    emphasised = frames * np.float32(1 - _EMPHASIS)
    emphasised[:, 1:] = frames[:, 1:] - _EMPHASIS * frames[:, :-1]
    power = np.abs(np.fft.rfft(emphasised * _POVEY, _FFT)) ** 2
    bands = np.log(np.maximum(power.astype(np.float32) @ _MEL, np.finfo(np.float32).eps))
    return np.asarray(bands @ _COSINE, dtype=np.float32)


def _double_rate(samples: Matrix) -> Matrix:
    """8 to 16 kHz by Kaldi's windowed sinc: six zero crossings, cut off at 99 % of 4 kHz."""
    wide = np.zeros(2 * len(samples), np.float32)
    wide[::2] = samples
    return np.convolve(wide, _SINC, "same") if len(wide) >= len(_SINC) else wide


def _sinc() -> Matrix:
    cutoff, zeros = 0.99 * SAMPLE_RATE / 2, 6
    reach = int(zeros / (2 * cutoff) * _RATE)
    time = np.arange(-reach, reach + 1) / _RATE
    window = 0.5 * (1 + np.cos(2 * np.pi * cutoff / zeros * time))
    return np.asarray(2 * cutoff * np.sinc(2 * cutoff * time) * window / SAMPLE_RATE, dtype=np.float32)


def _mel_filters() -> Matrix:
    def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127 * np.log1p(np.asarray(hertz) / 700))

    edges = np.linspace(mel(_LOWEST), mel(_HIGHEST), _BANDS + 2)
    bins = mel(np.arange(_FFT // 2 + 1) * _RATE / _FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(np.minimum(rising, falling), 0)
    filters[-1] = 0
    return filters.astype(np.float32)


def _cosine_transform() -> Matrix:
    order = np.arange(_BANDS)
    transform = np.sqrt(2 / _BANDS) * np.cos(np.pi / _BANDS * (np.arange(_BANDS)[:, None] + 0.5) * order)
    transform[:, 0] = np.sqrt(1 / _BANDS)
    return np.asarray(transform * (1 + 0.5 * _LIFTER * np.sin(np.pi * order / _LIFTER)), dtype=np.float32)


_POVEY = ((0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1))) ** 0.85).astype(np.float32)
_SINC = _sinc()
_MEL = _mel_filters()
_COSINE = _cosine_transform()
