"""Mu-law 8 kHz frames of 20 ms, from a table of its own, and how loud they are."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

FRAME_BYTES = 160
FRAME_S = 0.02
SILENCE = b"\xff"
RATE = 8000

_CODES = np.arange(256, dtype=np.int32) ^ 0xFF
_MAGNITUDES = (((_CODES & 0x0F) * 2 + 33) << ((_CODES >> 4) & 0x07)) - 33
# G.711 counts in 14 bits; samples have 16.
LEVELS: npt.NDArray[np.int32] = np.where(_CODES & 0x80, -_MAGNITUDES, _MAGNITUDES) * 4
"""What each byte stands for, in 16-bit samples."""

_ORDER = np.argsort(LEVELS, kind="stable")
_BORDERS = (LEVELS[_ORDER][1:] + LEVELS[_ORDER][:-1]) / 2


def mulaw(samples: npt.NDArray[np.float64]) -> bytes:
    """16-bit samples as the bytes whose levels are nearest."""
    return _ORDER[np.searchsorted(_BORDERS, samples)].astype(np.uint8).tobytes()


def loudness(frame: bytes) -> float:
    """Root mean square, in 16-bit samples."""
    if not frame:
        return 0.0
    samples = LEVELS[np.frombuffer(frame, np.uint8)].astype(np.float64)
    return float(np.sqrt(np.mean(samples**2)))


def clip(path: Path) -> list[bytes]:
    """A mono 16-bit WAV of 16 kHz as frames of a telephone line."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 2 * RATE):
            raise ValueError(f"{path} is not 16-bit 16 kHz mono")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    return frames(mulaw(_halved(samples)))


def frames(sound: bytes) -> list[bytes]:
    """Whole frames; the last is filled with silence."""
    padded = sound + SILENCE * (-len(sound) % FRAME_BYTES)
    return [padded[start : start + FRAME_BYTES] for start in range(0, len(padded), FRAME_BYTES)]


def _halved(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Half the rate: a windowed sinc that passes up to 3.4 kHz, as a line does, and every other sample."""
    taps = np.arange(-48, 49)
    kernel = np.sinc(taps * 3700 / RATE) * np.hamming(len(taps))
    return np.convolve(samples, kernel / kernel.sum(), mode="same")[::2]
