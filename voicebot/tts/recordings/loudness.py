"""Loudness after ITU-R BS.1770-4, of pieces as short as a syllable."""

from __future__ import annotations

import numpy as np

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.tts.telephone import limit

LINE_LOUDNESS = -21.0
"""LUFS of every recording on the telephone line: what engines' sentences have there on average, so that an engine's
words do not stand out beside a speaker's. The line's levelling by RMS alone leaves pieces up to 4 LU apart, because a
syllable of vowels and one of hissing consonants sound differently loud at the same RMS."""

_BLOCK_S = 0.4
"""Seconds of a gating block in BS.1770-4."""


def loudness_of(pcm: Pcm, rate: int) -> float:
    """Integrated loudness in LUFS; -inf for silence.

    The recommendation gates blocks of 400 ms. A clip shorter than that, as single syllables are, counts as one block of
    its own length: padding it with silence instead would make short pieces come out too loud.
    """
    import pyloudnorm  # with scipy.signal it takes 0.8 s to load, which an installation without recordings is spared

    block_s = min(_BLOCK_S, (len(pcm) - 1) / rate)
    if block_s <= 0:
        return float("-inf")
    return float(pyloudnorm.Meter(rate, block_size=block_s).integrated_loudness(pcm / 32768))


def on_line_loudness(pcm: Pcm) -> Pcm:
    """8 kHz samples that were made fit for the line, at LINE_LOUDNESS."""
    loudness = loudness_of(pcm, SAMPLE_RATE)
    return pcm if np.isinf(loudness) else limit(pcm.astype(np.float64) * 10 ** ((LINE_LOUDNESS - loudness) / 20))
