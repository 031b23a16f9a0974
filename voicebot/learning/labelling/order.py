"""Active learning: the turns whose labels tell most come first, and no twenty of a kind one after the other.

How telling a turn is, from 0 to 1, is its doubt, and a little of how often the like was said:

    0.85 doubt + 0.15 frequency

Doubt is 1 where nothing was understood. Otherwise it is the largest of: 1 - margin of the intent over the next one;
1 - how likely the listener is right; 1 where n-grams and the encoder read different intents in the words; 0.8 where
another reading of the sound means something else and scores nearly as high. Frequency grows with the logarithm of the
number of callers, each of whom counts once, who said about the same: one who repeats nonsense makes it no more telling.

Diversity is by maximal marginal relevance (Carbonell and Goldstein, 1998): each next turn is the one with the largest
`telling - 0.7 x likeness to the likest that came before it`, so that the second of a cluster waits until others had
their turn. Likeness is the cosine of hashed n-grams of jamo and letters: the same sentence, however it was misheard.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from voicebot.nlu.intents_lexical import ngrams
from voicebot.store.labels.candidates import Candidate
from voicebot.store.labels.label import sentence

Vectors = NDArray[np.float32]
Disagree = Callable[[Candidate], bool]
"""Whether the readings of a candidate's words differ."""

_FREQUENCY = 0.15
_UNLIKE = 0.7
_ALIKE = 0.8
"""Likeness from which two turns count as about the same."""
_NEARLY = 0.1
"""Of the listener's score: another reading that is so near might be the right one."""
_WIDTH = 1024
"""Of the hashed vectors: three thousand of them are 12 MB."""
_LOOKED_AT = 40
"""The readings of so many are compared, those that are most telling without: an encoder takes 20 ms a sentence."""


def ordered(found: Sequence[Candidate], *, most: int = 200, disagree: Disagree | None = None) -> list[Candidate]:
    """At most so many of the candidates, the most telling first."""
    if not found:
        return []
    vectors = _vectors([one.heard for one in found])
    telling = np.array([(1 - _FREQUENCY) * doubt(one) for one in found], np.float32)
    telling += _FREQUENCY * _frequencies(found, vectors)
    if disagree is not None:
        for at in np.argsort(-telling, kind="stable")[:_LOOKED_AT]:
            if doubt(found[at]) < 1 and disagree(found[at]):
                telling[at] += (1 - _FREQUENCY) * (1 - doubt(found[at]))
    likest = np.zeros(len(found), np.float32)
    left = np.ones(len(found), bool)
    chosen: list[Candidate] = []
    for _ in range(min(most, len(found))):
        worth = np.where(left, telling - _UNLIKE * likest, -np.inf)
        best = int(worth.argmax())
        chosen.append(found[best])
        left[best] = False
        np.maximum(likest, vectors @ vectors[best], out=likest)
    return chosen


def doubt(one: Candidate) -> float:
    """How little the bot could be sure of what the turn meant, 0 to 1."""
    if not one.intent:
        return 1.0
    found = [1 - min(max(one.margin if one.margin is not None else 1.0, 0.0), 1.0)]
    if one.score is not None:
        found.append(1 - min(max(one.score, 0.0), 1.0))
        for other in one.alternatives:
            score, meaning = other.get("score"), other.get("meaning")
            if isinstance(score, int | float) and meaning and meaning != one.intent and score > one.score - _NEARLY:
                found.append(0.8)
    return max(found)


def _frequencies(found: Sequence[Candidate], vectors: Vectors) -> Vectors:
    """From 0, said by one caller, to 1, said by the most."""
    # Equal sentences first: what is compared pair by pair is few.
    keys = [sentence(one.heard) for one in found]
    first = {key: at for at, key in reversed([*enumerate(keys)])}
    places = sorted(first.values())
    said_by: Counter[str] = Counter(key for key, _ in {(k, one.caller) for k, one in zip(keys, found, strict=True)})
    callers = np.array([said_by[keys[at]] for at in places], np.float32)
    kinds = vectors[places]
    counts = np.concatenate([(kinds[at : at + 256] @ kinds.T >= _ALIKE) @ callers for at in range(0, len(places), 256)])
    by_key = dict(zip((keys[at] for at in places), counts, strict=True))
    largest = math.log(max(float(counts.max()), 2.0))
    return np.array([math.log(max(float(by_key[key]), 1.0)) / largest for key in keys], np.float32)


def _vectors(texts: Sequence[str]) -> Vectors:
    """Unit vectors (texts, `_WIDTH`) of hashed n-grams; of a text without letters, zeros."""
    vectors = np.zeros((len(texts), _WIDTH), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for ngram, count in Counter(ngrams(text)).items():
            row[zlib.crc32(ngram.encode()) % _WIDTH] += 1 + math.log(count)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
