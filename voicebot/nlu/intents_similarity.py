"""How alike a text is to each training text: by its n-grams, and by its embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from voicebot.nlu.encoder import Embeddings, Encoder
from voicebot.nlu.intents_lexical import NgramVectors
from voicebot.nlu.intents_ridge import Matrix


class Similarity(Protocol):
    """Cosines to the training texts."""

    def among(self) -> Matrix:
        """Between the training texts, (n, n)."""

    def to(self, texts: Sequence[str]) -> Matrix:
        """Of texts to the training texts, (m, n)."""


class LexicalSimilarity:
    """Cosines of n-gram vectors."""

    def __init__(self, training: Sequence[str]) -> None:
        self._vectors = NgramVectors(training)
        self._training = self._vectors(training).T.tocsr()

    def among(self) -> Matrix:
        return np.asarray((self._training.T @ self._training).toarray(), dtype=np.float32)

    def to(self, texts: Sequence[str]) -> Matrix:
        return np.asarray((self._vectors(texts) @ self._training).toarray(), dtype=np.float32)


class EncoderSimilarity:
    """Cosines of embeddings around the mean of the training texts.

    Centred, for e5's embeddings all lie in one narrow cone (their cosines are 0.7 to 1), and what they share says
    nothing.
    """

    def __init__(self, training: Sequence[str], encoder: Encoder, *, embeddings: Embeddings | None = None) -> None:
        """`embeddings`: of the training texts, where they are at hand already."""
        self._encoder = encoder
        raw = encoder.embed(training) if embeddings is None else embeddings
        self._mean = raw.mean(axis=0)
        self._training = self._centred(raw)

    def _centred(self, embeddings: Embeddings) -> Embeddings:
        moved = embeddings - self._mean
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        centred: Embeddings = (moved / np.maximum(length, 1e-6)).astype(np.float32)
        return centred

    def among(self) -> Matrix:
        return self._training @ self._training.T

    def to(self, texts: Sequence[str]) -> Matrix:
        return self._centred(self._encoder.embed(texts)) @ self._training.T
