"""The i-vector of an utterance: what its speaker and line sound like, which the network hears beside the sound.

After online-ivector-feature.cc and ivector-extractor.cc of kaldi-asr/kaldi, computed once over the whole utterance.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.asr.kaldi_files import KaldiFile, Matrix
from voicebot.asr.vocabulary import ModelError

_COUNTED = 5
"""Gaussians that count for a frame."""
_LEAST_POSTERIOR = 0.025
_POSTERIOR_SCALE = 0.1
_MOST_COUNT = 100.0
"""Scaled frames from which on more speech changes nothing (Vosk's `max_count`)."""
_CONTEXT = 3
"""Frames on each side that are spliced."""
_WINDOW, _GLOBAL = 600, 200
"""Frames of the running mean, and of the global mean mixed into it while there are fewer."""
_SILENCE_WEIGHT = 1e-3
_LOUDNESS = 0.4
"""From which part of the range between quiet and loud a frame counts as speech. Kaldi takes it from the decoder's best
path; by loudness margins between sentences were as good (benchmarks/asr_domain.py)."""


class IvectorExtractor:
    """Reads `ivector/` of a model folder. Raises ModelError."""

    def __init__(self, model: Path) -> None:
        extractor = KaldiFile(model / "ivector" / "final.ie")
        count, at = extractor.integer(extractor.after("M"))
        projections = []
        for _ in range(count):
            matrix, at = extractor.array(at)
            projections.append(matrix)
        at = extractor.after("SigmaInv", at)
        precisions = []
        for _ in range(count):
            matrix, at = extractor.array(at)
            precisions.append(matrix)
        projection = np.array(projections, dtype=np.float64)  # (gaussians, features, dimensions)
        weighted = np.array(precisions, dtype=np.float64) @ projection
        self._offset = extractor.double(extractor.after("IvectorOffset", at))
        self._linear = weighted.astype(np.float32)
        quadratic = projection.transpose(0, 2, 1) @ weighted
        self.dimensions = projection.shape[2]
        self._lower = np.tril_indices(self.dimensions)
        self._quadratic = quadratic[:, self._lower[0], self._lower[1]].astype(np.float32)
        mixture = KaldiFile(model / "ivector" / "final.dubm")
        self._constants = mixture.matrix(mixture.after("GCONSTS"))
        self._means = mixture.matrix(mixture.after("MEANS_INVVARS"))
        self._precisions = mixture.matrix(mixture.after("INV_VARS"))
        self._lda = KaldiFile(model / "ivector" / "final.mat").matrix(2)
        self._global_mean = _read_mean(model / "ivector" / "global_cmvn.stats")

    def ivector(self, features: Matrix) -> Matrix:
        """Shape (dimensions,), for features of shape (frames, 40), at least one frame."""
        spliced = self._splice(features)
        normal = self._splice(self._subtract_mean(features))
        likelihood = self._constants + normal @ self._means.T - 0.5 * (normal**2) @ self._precisions.T
        best = np.argpartition(-likelihood, _COUNTED, axis=1)[:, :_COUNTED]
        posterior = np.take_along_axis(likelihood, best, axis=1)
        posterior = np.exp(posterior - posterior.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
        posterior[posterior < _LEAST_POSTERIOR] = 0
        posterior /= posterior.sum(axis=1, keepdims=True)
        posterior *= _POSTERIOR_SCALE * _speech_weights(features)[:, None]
        shares = np.zeros((len(features), len(self._constants)))
        np.put_along_axis(shares, best, posterior, axis=1)
        counts = shares.sum(axis=0)
        # Most gaussians count for no frame of an utterance.
        counted = np.flatnonzero(counts)
        sums = shares[:, counted].T @ spliced.astype(np.float64)
        linear = sums.ravel() @ self._linear[counted].reshape(-1, self.dimensions).astype(np.float64)
        quadratic = np.zeros((self.dimensions, self.dimensions))
        quadratic[self._lower] = counts[counted].astype(np.float32) @ self._quadratic[counted]
        quadratic.T[self._lower] = quadratic[self._lower]
        prior = max(1.0, float(counts.sum()) / _MOST_COUNT)
        quadratic[np.diag_indices(self.dimensions)] += prior
        linear[0] += self._offset * prior
        solution = np.linalg.solve(quadratic, linear)
        solution[0] -= self._offset
        return np.asarray(solution, dtype=np.float32)

    def _splice(self, features: Matrix) -> Matrix:
        padded = np.pad(features, ((_CONTEXT, _CONTEXT), (0, 0)), mode="edge")
        wide = np.concatenate([padded[i : i + len(features)] for i in range(2 * _CONTEXT + 1)], axis=1)
        return np.asarray(wide @ self._lda[:, :-1].T + self._lda[:, -1], dtype=np.float32)

    def _subtract_mean(self, features: Matrix) -> Matrix:
        sums = np.cumsum(features, axis=0, dtype=np.float64)
        counts = np.minimum(np.arange(1, len(features) + 1), _WINDOW)[:, None]
        sums[_WINDOW:] -= sums[:-_WINDOW].copy()
        added = np.clip(_WINDOW - counts, 0, _GLOBAL)
        mean = (sums + self._global_mean * added) / (counts + added)
        return np.asarray(features - mean, dtype=np.float32)


def _speech_weights(features: Matrix) -> Matrix:
    loudness = features[:, 0]
    quiet, loud = np.percentile(loudness, (10, 95))
    return np.where(loudness > quiet + _LOUDNESS * (loud - quiet), 1.0, _SILENCE_WEIGHT).astype(np.float32)


def _read_mean(path: Path) -> NDArray[np.float64]:
    try:
        numbers = np.array(path.read_text().replace("[", " ").replace("]", " ").split(), dtype=np.float64)
        sums = numbers.reshape(2, -1)[0]
    except (OSError, ValueError):
        raise ModelError(f"{path}: can't be read; install the model again with: voicebot models install.") from None
    return np.asarray(sums[:-1] / sums[-1])
