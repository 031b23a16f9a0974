"""BM25 over n-grams of jamo and letters: finds what shares words, however they are spaced, inflected or misheard.

After S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from voicebot.nlu.intents_lexical import ngrams

K1 = 1.2
B = 0.75
"""The usual values; others between 0.9 and 2 and between 0.4 and 0.9 found no more."""

Scores = NDArray[np.float64]


class Bm25:
    """An index of texts; each may have several parts, such as a title, a question and an answer."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        columns: dict[str, int] = {}
        row_of, column_of, counted = [], [], []
        for row, parts in enumerate(texts):
            for ngram, count in Counter(ngram for part in parts for ngram in ngrams(part)).items():
                row_of.append(row)
                column_of.append(columns.setdefault(ngram, len(columns)))
                counted.append(count)
        rows, found = np.array(row_of, np.int64), np.array(column_of, np.int64)
        counts = np.array(counted, np.float64)
        documents = np.bincount(found, minlength=len(columns))
        self._idf: Scores = np.log(1 + (len(texts) - documents + 0.5) / (documents + 0.5))
        self._unknown = float(np.log(1 + (len(texts) + 0.5) / 0.5))
        length = np.bincount(rows, counts, len(texts))
        norm = K1 * (1 - B + B * length / max(1.0, float(length.mean()) if len(texts) else 1.0))
        weights = self._idf[found] * counts * (K1 + 1) / (counts + norm[rows])
        self._columns = columns
        self._weights: Any = sparse.csc_matrix((weights, (rows, found)), shape=(len(texts), len(columns)))

    def __call__(self, query: str) -> tuple[Scores, float]:
        """The score of each text, and what a text of average length that holds all of the query would score."""
        wanted = set(ngrams(query))
        known = [self._columns[ngram] for ngram in wanted if ngram in self._columns]
        whole = float(self._idf[known].sum()) + (len(wanted) - len(known)) * self._unknown
        if not known:
            return np.zeros(self._weights.shape[0]), whole
        return np.asarray(self._weights[:, known].sum(axis=1)).ravel(), whole
