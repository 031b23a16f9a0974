"""How alike a text is to each training text: by its n-grams, and by its embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from voicebot.nlu.encoder import Embeddings, Encoder, parts_of
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

    @classmethod
    def restored(cls, vectors: NgramVectors, training: Any) -> LexicalSimilarity:
        """What had these parts."""
        made = cls.__new__(cls)
        made._vectors, made._training = vectors, training
        return made

    @property
    def vectors(self) -> NgramVectors:
        return self._vectors

    @property
    def training(self) -> Any:
        """The vectors of the training texts, a sparse matrix (n-grams, n)."""
        return self._training

    def among(self) -> Matrix:
        return np.asarray((self._training.T @ self._training).toarray(), dtype=np.float32)

    def to(self, texts: Sequence[str]) -> Matrix:
        return np.asarray((self._vectors(texts) @ self._training).toarray(), dtype=np.float32)


class EncoderSimilarity:
    """Cosines of embeddings around the mean of the training texts; of several encoders, the mean of their cosines.

    Centred, for e5's embeddings all lie in one narrow cone (their cosines are 0.7 to 1), and what they share says
    nothing.
    """

    def __init__(self, training: Sequence[str], encoder: Encoder, *, trainer: Encoder | None = None) -> None:
        """`trainer`: what embeds the training texts, where that is not `encoder`: one that has them at hand."""
        self._encoders = parts_of(encoder)
        raw = [part.embed(training) for part in parts_of(trainer or encoder)]
        self._means = [_mean(embeddings) for embeddings in raw]
        self._training = self._joined(raw)
        self._row = {text: row for row, text in enumerate(training)}

    @classmethod
    def restored(
        cls, rows: Mapping[str, int], means: Sequence[Embeddings], training: Embeddings, encoder: Encoder
    ) -> EncoderSimilarity:
        """What had these parts; `encoder` must be the one that made them."""
        made = cls.__new__(cls)
        made._encoders, made._means, made._training = parts_of(encoder), list(means), training
        made._row = dict(rows)
        return made

    @property
    def rows(self) -> Mapping[str, int]:
        """The row of each training text; of one that is there twice, the last."""
        return self._row

    @property
    def means(self) -> list[Embeddings]:
        """What is subtracted from embeddings, one an encoder."""
        return self._means

    @property
    def training(self) -> Embeddings:
        """The directions of the training texts, (n, dimensions)."""
        return self._training

    def _joined(self, raw: Sequence[Embeddings]) -> Embeddings:
        parts = [_directions(e, mean) for e, mean in zip(raw, self._means, strict=True)]
        return _directions(np.concatenate(parts, axis=1), np.float32(0))

    def among(self) -> Matrix:
        return self._training @ self._training.T

    def to(self, texts: Sequence[str]) -> Matrix:
        # Callers often say what was written, and the domain's graph makes them: that is embedded already.
        new = [text for text in dict.fromkeys(texts) if text not in self._row]
        found = dict(zip(new, self._joined([part.embed(new) for part in self._encoders]), strict=True)) if new else {}
        rows = [found[text] if text in found else self._training[self._row[text]] for text in texts]
        return np.stack(rows) @ self._training.T if rows else np.empty((0, len(self._training)), np.float32)


def _mean(embeddings: Embeddings) -> Embeddings:
    """Of the texts that the encoder knows the script of; they alone are not zero."""
    known = embeddings[embeddings.any(axis=1)]
    mean: Embeddings = known.mean(axis=0) if len(known) else np.zeros(embeddings.shape[1], np.float32)
    return mean


def _directions(embeddings: Embeddings, mean: Embeddings | np.float32) -> Embeddings:
    moved = np.where(embeddings.any(axis=1, keepdims=True), embeddings - mean, np.float32(0))
    unit: Embeddings = (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    return unit
