"""What a text looks and sounds like: n-grams of jamo and of letters, weighted by TF-IDF.

Jamo rather than syllables, for a misheard syllable mostly keeps two of its three jamo; Hangul without its spaces, for
recognisers and people space it as they like. English keeps its words: n-grams of letters within each, the word itself
and word pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from voicebot.nlu.hangul import to_jamo

JAMO_NGRAMS = range(2, 5)
LETTER_NGRAMS = range(2, 6)
LONGEST_TEXT = 300
"""Characters that are looked at: a longer text is no more certain for being longer, only slower."""

_HANGUL = "가-힣ㄱ-ㅎㅏ-ㅣ"
_RUNS = re.compile(
    rf"(?P<hangul>[{_HANGUL}](?:[{_HANGUL} ]*[{_HANGUL}])?)|(?P<word>[^\W_{_HANGUL}]+(?:'[^\W_{_HANGUL}]+)*)"
)


def ngrams(text: str) -> Iterator[str]:
    """The n-grams of a text, with repetitions; none for a text without letters and digits."""
    folded = unicodedata.normalize("NFC", text[: 4 * LONGEST_TEXT]).lower()[:LONGEST_TEXT]
    before = ""
    for run in _RUNS.finditer(folded):
        if hangul := run["hangul"]:
            jamo = f"^{to_jamo(hangul.replace(' ', ''))}$"
            for n in JAMO_NGRAMS:
                for start in range(len(jamo) - n + 1):
                    yield jamo[start : start + n]
            before = ""
        else:
            word = run["word"]
            padded = f" {word} "
            for n in LETTER_NGRAMS:
                for start in range(len(padded) - n + 1):
                    yield padded[start : start + n]
            yield f"={word}"
            if before:
                yield f"={before} {word}"
            before = word


class NgramVectors:
    """TF-IDF vectors over the n-grams of some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(ngrams(text)) for text in texts]
        frequency = Counter(ngram for count in counts for ngram in count)
        self._column = {ngram: column for column, ngram in enumerate(frequency)}
        documents = np.fromiter(frequency.values(), dtype=np.float64, count=len(frequency))
        self._idf: NDArray[np.float64] = np.log((1 + len(texts)) / (1 + documents)) + 1

    @classmethod
    def restored(cls, ngrams: Sequence[str], idf: NDArray[np.float64]) -> NgramVectors:
        """What had these `ngrams` and this `idf`."""
        made = cls.__new__(cls)
        made._column = {ngram: column for column, ngram in enumerate(ngrams)}
        made._idf = idf
        return made

    @property
    def ngrams(self) -> list[str]:
        """The vocabulary, in the order of the columns."""
        return list(self._column)

    @property
    def idf(self) -> NDArray[np.float64]:
        """The weight of each column."""
        return self._idf

    def __call__(self, texts: Sequence[str]) -> Any:
        """A sparse matrix, one row of unit length a text; zero where a text shares no n-gram with the vocabulary."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            counts = Counter(ngrams(text))
            known = [(self._column[ngram], count) for ngram, count in counts.items() if ngram in self._column]
            if not known:
                continue
            found, repeated = np.array(known).T
            weight = (1 + np.log(repeated)) * self._idf[found]
            # N-grams never seen count as the rarest: a text full of them is like nothing known.
            unknown = (len(counts) - len(known)) * float(self._idf.max()) ** 2
            rows.append(np.full(len(found), row))
            columns.append(found)
            values.append(weight / np.sqrt((weight**2).sum() + unknown))
        if not rows:
            return sparse.csr_matrix((len(texts), len(self._column)), dtype=np.float32)
        entries = np.concatenate(values).astype(np.float32), (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_matrix(entries, shape=(len(texts), len(self._column)))
