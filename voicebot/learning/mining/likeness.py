"""How alike sentences are: in part by their meaning (embeddings), most by how they sound (n-grams of jamo and letters).

Misheard Hangul keeps most of its jamo, and loses much of its meaning to an encoder; other words for the same thing keep
the meaning and share few jamo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.nlu.encoder import Embeddings, Encoder
from voicebot.nlu.intents_lexical import NgramVectors

Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told how many of how many sentences are embedded."""

MEANING_SHARE = 0.3
_AT_ONCE = 64


class Likeness:
    """Compares sentences with each other and with others."""

    def __init__(self, texts: Sequence[str], embed: Callable[[Sequence[str]], Embeddings] | None) -> None:
        """`embed`: unit vectors of sentences; None to go by n-grams alone."""
        self._embed = embed
        self._ngrams = NgramVectors(texts)
        self._sounds = self._ngrams(texts)
        self._mean: Embeddings | np.float32 = np.float32(0)
        self._meanings: Embeddings | None = None
        if embed is not None and texts:
            raw = embed(texts)
            # Sentence embeddings lie in a narrow cone; what they all share says nothing.
            self._mean = raw.mean(axis=0)
            self._meanings = self._centred(raw)

    def among(self) -> Matrix:
        """Of the sentences to each other, shape (n, n), 1 on the diagonal."""
        sounds = np.asarray((self._sounds @ self._sounds.T).toarray(), np.float32)
        both = self._joined(sounds, None if self._meanings is None else self._meanings @ self._meanings.T)
        np.fill_diagonal(both, 1.0)
        return both

    def to(self, texts: Sequence[str], embed: Callable[[Sequence[str]], Embeddings] | None = None) -> Matrix:
        """Of other sentences to these, shape (others, n). `embed`: what embeds those, where something has them."""
        if not texts:
            return np.empty((0, self._sounds.shape[0]), np.float32)
        sounds = np.asarray((self._ngrams(texts) @ self._sounds.T).toarray(), np.float32)
        if self._embed is None or self._meanings is None:
            return self._joined(sounds, None)
        return self._joined(sounds, self._centred((embed or self._embed)(texts)) @ self._meanings.T)

    def _joined(self, sounds: Matrix, meanings: Matrix | None) -> Matrix:
        if meanings is None:
            return sounds
        return np.asarray(MEANING_SHARE * meanings + (1 - MEANING_SHARE) * sounds, np.float32)

    def _centred(self, raw: Embeddings) -> Embeddings:
        moved = raw - self._mean
        unit: Embeddings = (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)).astype(np.float32)
        return unit


class RememberedEncoder:
    """An encoder that keeps, in a file, what it embedded since it was made: callers' sentences come again tomorrow.

    Sentences that the next run does not ask for drop out of the file: their embeddings go soon after their words.
    """

    def __init__(self, encoder: Encoder, file: Path, progress: Progress = lambda _done, _of: None) -> None:
        self._encoder, self._file, self._progress = encoder, file, progress
        self._before = self._read()
        self._now: dict[str, Embeddings] = {}

    def __call__(self, texts: Sequence[str]) -> Embeddings:
        """Unit vectors, one row a text."""
        keys = [self._key(text) for text in texts]
        self._now |= {key: self._before[key] for key in keys if key in self._before}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._now}
        new = list(missing)
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            self._now |= dict(zip(some, self._encoder.embed([missing[key] for key in some]), strict=True))
            self._progress(start + len(some), len(new))
        return np.stack([self._now[key] for key in keys]) if keys else self._encoder.embed([])

    def keep(self) -> None:
        """Write the file anew. One that can't be written costs time at the next run, nothing else."""
        new = self._file.with_suffix(".new.npz")
        try:
            if not self._now:
                self._file.unlink(missing_ok=True)
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(new, keys=np.array(list(self._now)), vectors=np.stack(list(self._now.values())))
            new.replace(self._file)
        except OSError:
            return

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._encoder.name}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]

    def _read(self) -> dict[str, Embeddings]:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError):
            return {}
