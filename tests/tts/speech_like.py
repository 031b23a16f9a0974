"""Sound that is built as speech is: a voice with formants, syllables, pauses. Nobody could say which words."""

from __future__ import annotations

import numpy as np

from voicebot.audio.format import Pcm


def speech_like(syllables: int = 12, rate: int = 22_050, *, peak: float = 0.5, seed: int = 3) -> Pcm:
    """Five syllables a second, each a vowel behind a short hiss."""
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(syllables):
        time = np.arange(int(rate * 0.15)) / rate
        tone = random.uniform(100, 140)
        formants = random.uniform([350, 900, 2300], [750, 1900, 2900])
        vowel = sum(
            np.exp(-(((tone * n - formants) / 250) ** 2)).sum() * np.sin(2 * np.pi * tone * n * time)
            for n in range(1, 25)
        )
        hiss = random.normal(0, 0.25, int(rate * 0.05)) * np.hanning(int(rate * 0.05))
        parts += [hiss, vowel * np.hanning(len(time))]
    sound = np.concatenate(parts)
    return np.round(sound / np.abs(sound).max() * peak * 32767).astype(np.int16)
