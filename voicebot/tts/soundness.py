"""Whether what an engine made is speech at all, and clean: judged by length, level and period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import Pcm
from voicebot.audio.prosody import syllables
from voicebot.tts.port import Sound

_LONGEST_S_A_CHARACTER = 1.5
"""Seconds of sound a character, plus five: even digits read one by one with pauses take less."""
_SLOWEST, _QUICKEST = 1.8, 18.0
"""Syllables a second, pauses aside. People and engines speak 3 to 8; a WAV that names a third of its rate, or three
times it, lies outside."""
_SYLLABLES_TO_TELL = 8
"""Fewer say nothing about the speed."""
_LONGEST_WORD = 30
"""Characters: what has longer ones is no text whose speed is known."""
_RATES = (4000, 192_000)
"""Hertz."""
_PERIODIC = 0.45
"""Highest autocorrelation between 2.5 and 15 ms: vowels have 0.7 and more, noise of any colour about 0.2."""
_STEADY_DB = 3.0
"""Standard deviation of the level from frame to frame: speech has 8 dB and more, noise of any colour 1 dB."""
_CLIPPED_SHARE = 0.003
"""Of the samples, in runs at full scale. Speech at its loudest touches full scale, it does not stay there."""
_FULL_SCALE = 32_600


def unusable(sound: Sound, words: str, rate: float = 1.0) -> str:
    """Why `sound` can't be `words`, said at the relative speed `rate`; empty where it can.

    A few words for a log line: "only noise", "60 s for 3 characters". Pure silence counts as unusable.
    """
    pcm = sound.pcm
    if not isinstance(pcm, np.ndarray) or pcm.dtype != np.int16 or pcm.ndim != 1:
        return "no 16-bit mono samples"
    if not _RATES[0] <= sound.rate <= _RATES[1]:
        return f"a rate of {sound.rate} Hz"
    seconds = len(pcm) / sound.rate
    if seconds > (5 + _LONGEST_S_A_CHARACTER * len(words)) / min(rate, 1.0):
        return f"{seconds:.0f} s for {len(words)} characters"
    levels, loud = _loud(sound)
    if not loud.any():
        return "only silence"
    if float(np.std(levels[loud])) < _STEADY_DB and _periodicity(sound) < _PERIODIC:
        return "only noise"
    return ""


def distorted(sound: Sound, words: str, language: str, rate: float = 1.0) -> str:
    """Why `sound`, which is usable, is hard to listen to; empty where it is clean."""
    if _clipped(sound.pcm):
        return "clipped sound"
    count = syllables(words, language)
    if count < _SYLLABLES_TO_TELL or max(map(len, words.split())) > _LONGEST_WORD:
        return ""
    speed = count / (_loud(sound)[1].sum() * 0.02) / rate
    return "" if _SLOWEST <= speed <= _QUICKEST else f"{speed:.1f} syllables a second, as of a wrong sample rate"


def _clipped(pcm: Pcm) -> bool:
    """Whether it was cut off at full scale so often that callers hear it."""
    full = np.abs(pcm.astype(np.int32)) >= _FULL_SCALE
    runs = full[:-2] & full[1:-1] & full[2:]
    return bool(runs.sum() > _CLIPPED_SHARE * max(len(pcm), 1))


def _loud(sound: Sound) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The levels of every 20 ms in dB relative to full scale, and whether they are more than a pause."""
    levels = _levels(_frames(sound, 20))
    loud: NDArray[np.bool_] = levels > max(levels.max(initial=-100) - 30, -65)
    return levels, loud


def _levels(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-10))
    return levels


def _frames(sound: Sound, ms: int) -> NDArray[np.float64]:
    """Whole frames, shape (n, samples), each without its mean: a constant voltage is no sound."""
    length = sound.rate * ms // 1000
    whole = sound.pcm[: len(sound.pcm) // length * length].astype(np.float64).reshape(-1, length) / 32768
    frames: NDArray[np.float64] = whole - whole.mean(axis=1, keepdims=True)
    return frames


def _periodicity(sound: Sound) -> float:
    """The median over the loud frames of 40 ms of the highest normalised autocorrelation at the periods of voices."""
    frames = _frames(sound, 40)
    if not len(frames):
        return 1.0
    levels = _levels(frames)
    frames = frames[levels > levels.max() - 15]
    length = frames.shape[1]
    size = 1 << (2 * length - 1).bit_length()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2, size)[:, :length]
    normal = correlation / np.maximum(correlation[:, :1] * (1 - np.arange(length) / length), 1e-12)
    return float(np.median(normal[:, sound.rate // 400 : sound.rate * 15 // 1000].max(axis=1)))
