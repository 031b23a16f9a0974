"""Any sounds in any order that Korean has: what a sentence's likelihood is compared with."""

from __future__ import annotations

import numpy as np

from voicebot.asr.kaldi_files import Matrix
from voicebot.asr.phones import NAMES, SILENCE, PhoneSet

_IMPOSSIBLE = np.float32(-1e30)


class PhoneLoop:
    """All phones in the context of all others; it costs 0.001 of a core per second of speech."""

    def __init__(self, phones: PhoneSet) -> None:
        inner = [SILENCE, *(phones.phone(name, begins=False, ends=False) for name in NAMES)]
        pdfs = np.array([[phones.pdfs(before, phone) for phone in inner] for before in inner])
        seen = np.array([[phones.follows(before, phone) for phone in inner] for before in inner])
        self._first, self._further = pdfs[:, :, 0], pdfs[:, :, 1]
        self._cost = np.where(seen, 0, -_IMPOSSIBLE).astype(np.float32)

    def score(self, likelihoods: Matrix) -> float:
        """The log-likelihood of the best row of sounds, for shape (frames, pdfs)."""
        score = np.full(self._first.shape, _IMPOSSIBLE, np.float32)  # [before, phone]
        ending = np.full(len(score), _IMPOSSIBLE, np.float32)
        ending[0] = 0
        for frame in likelihoods:
            entered = ending[:, None] + frame[self._first] - self._cost
            score += frame[self._further]
            np.maximum(score, entered, out=score)
            ending = score.max(axis=0)
        return float(ending.max())
