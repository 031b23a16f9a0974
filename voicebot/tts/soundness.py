"""Whether what an engine made is speech at all, and clean: judged by length, level and period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import Pcm
from voicebot.audio.prosody import syllables
from voicebot.tts.port import Sound

_LONGEST_S_A_CHARACTER = 1.5
"""Seconds of sound a character, plus five: even digits read one by one with pauses take less."""
_SLOWEST, _QUICKEST = 1.8, 16.0
"""Syllables a second, pauses aside. People and engines speak 3 to 8; a WAV that names a third of its rate, or three
times it, lies outside."""
_SYLLABLES_TO_TELL = 8
"""Fewer say nothing about the speed."""
_RATES = (4000, 192_000)
"""Hertz."""
_PERIODIC = 0.45
"""Highest autocorrelation between 2.5 and 10 ms: vowels have 0.7 and more, noise of any colour about 0.25."""
_STEADY_DB = 3.0
"""Standard deviation of the level from frame to frame: speech has 8 dB and more, noise of any colour 1 dB."""
_CLIPPED_SHARE = 0.003
"""Of the samples, in runs at full scale. Speech at its loudest touches full scale, it does not stay there."""
_FULL_SCALE = 32_600


def unusable(sound: Sound, words: str, language: str, rate: float = 1.0) -> str:
    """Why `sound` can't be `words`, said at the relative speed `rate`; empty where it can.

    A few words for a log line: "white noise", "60 s for 3 characters". Pure silence counts as unusable.
    """
    pcm = sound.pcm
    if not isinstance(pcm, np.ndarray) or pcm.dtype != np.int16 or pcm.ndim != 1:
        return "no 16-bit mono samples"
    if not _RATES[0] <= sound.rate <= _RATES[1]:
        return f"a rate of {sound.rate} Hz"
    seconds = len(pcm) / sound.rate
    if seconds > (5 + _LONGEST_S_A_CHARACTER * len(words)) / min(rate, 1.0):
        return f"{seconds:.0f} s for {len(words)} characters"
    frames = _frames(pcm, sound.rate)
    levels = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-10))
    loud = levels > max(levels.max(initial=-100) - 30, -65)
    if not loud.any():
        return "only silence"
    if float(np.std(levels[loud])) < _STEADY_DB and _periodicity(frames[loud], sound.rate) < _PERIODIC:
        return "only noise"
    count = syllables(words, language)
    if count >= _SYLLABLES_TO_TELL:
        speed = count / (loud.sum() * 0.02) / rate
        if not _SLOWEST <= speed <= _QUICKEST:
            return f"{speed:.1f} syllables a second, as of a wrong sample rate"
    return ""


def clipped(pcm: Pcm) -> bool:
    """Whether it was cut off at full scale so often that callers hear it."""
    full = np.abs(pcm.astype(np.int32)) >= _FULL_SCALE
    runs = full[:-2] & full[1:-1] & full[2:]
    return bool(runs.sum() > _CLIPPED_SHARE * max(len(pcm), 1))


def _frames(pcm: Pcm, rate: int) -> NDArray[np.float64]:
    """Frames of 20 ms, shape (n, samples), each without its mean: a constant voltage is no sound."""
    length = rate // 50
    whole = pcm[: len(pcm) // length * length].astype(np.float64).reshape(-1, length) / 32768
    frames: NDArray[np.float64] = whole - whole.mean(axis=1, keepdims=True)
    return frames


def _periodicity(frames: NDArray[np.float64], rate: int) -> float:
    """The median over the frames of the highest normalised autocorrelation at the periods of voices."""
    size = 1 << (2 * frames.shape[1] - 1).bit_length()
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    correlation = np.fft.irfft(power, size)[:, : frames.shape[1]]
    overlap = 1 - np.arange(frames.shape[1]) / frames.shape[1]
    normal = correlation / (correlation[:, :1] * overlap)
    return float(np.median(normal[:, rate // 400 : rate // 100].max(axis=1)))
