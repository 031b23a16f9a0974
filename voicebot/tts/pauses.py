"""Pauses inside a sentence, no longer than speakers on the telephone make them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from voicebot.tts.port import Sound

LONGEST_MS = 280
"""Milliseconds: as between two sentences. Kokoro makes 600 to 700 at a comma, which callers take for the end."""
_BELOW_LOUDEST_DB = 40.0
_FRAME_MS = 10


def shortened(sound: Sound, rate: float = 1.0) -> Sound:
    """`sound`, said at the relative speed `rate`, with no pause longer than LONGEST_MS: it is cut from the middle."""
    frame = sound.rate * _FRAME_MS // 1000
    levels = (sound.pcm[: len(sound.pcm) // frame * frame].reshape(-1, frame).astype(np.float64) ** 2).mean(axis=1)
    loud = np.flatnonzero(levels > levels.max(initial=0.0) * 10 ** (-_BELOW_LOUDEST_DB / 10))
    most = round(LONGEST_MS / _FRAME_MS / rate)
    kept, start = [], 0
    for before, behind in pairwise(loud):
        if behind - before - 1 > most:
            kept.append(sound.pcm[start : (before + 1 + most // 2) * frame])
            start = int(behind - (most - most // 2)) * frame
    return Sound(np.concatenate([*kept, sound.pcm[start:]]), sound.rate)
