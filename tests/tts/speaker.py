"""A speaker made of tones: as long as the words are, with silence and a little noise around, at any level and rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voicebot.audio.wav import write_wav
from voicebot.tts.recordings.script import Line, expected_seconds


def reading(
    words: str,
    language: str = "ko",
    *,
    rate: int = 44_100,
    level_db: float = -20.0,
    noise_db: float = -70.0,
    silence_s: float = 0.4,
    pitch: float = 150.0,
) -> np.ndarray:
    """16-bit samples: harmonics of `pitch` that swell and fade with the syllables. Levels are RMS below full scale."""
    rng = np.random.default_rng(len(words))
    seconds = expected_seconds(words, language)
    at = np.arange(int(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * pitch * n * at) / n for n in range(1, 20))
    syllables = max(1, round(seconds * 5))
    voice *= 0.35 + 0.65 * np.abs(np.sin(np.pi * syllables * at / seconds))
    voice *= 10 ** (level_db / 20) / np.sqrt(np.mean(voice**2))
    silence = np.zeros(int(silence_s * rate))
    sound = np.concatenate((silence, voice, silence))
    sound += rng.normal(0, 10 ** (noise_db / 20), len(sound))
    return np.clip(sound * 32768, -32768, 32767).astype(np.int16)


def read(line: Line, folder: Path, language: str = "ko", **how: float) -> Path:
    """One line of a script, read into a folder."""
    rate = int(how.pop("rate", 44_100))
    path = folder / f"{line.id}.wav"
    write_wav(path, reading(line.piece.words, language, rate=rate, **how), rate)
    return path
