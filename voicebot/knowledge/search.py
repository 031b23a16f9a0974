"""Search: words and meaning together find passages, passages of one topic vouch for each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicebot.knowledge.certainty import Evidence, certainty
from voicebot.knowledge.lexical import Bm25
from voicebot.knowledge.passage import Passage
from voicebot.nlu.encoder import Embeddings, Encoder

LEXICAL_SHARE = 0.5
"""Of a passage's score; the rest is what the embeddings say. 0.3 to 0.7 find about the same."""

COSINE_SCALE = 0.03
"""How much less alike a passage may be than the most alike one before its score falls by a factor of e. The cosines of
multilingual-e5-small lie close together."""

VOUCHING = 0.7 ** np.arange(5)
"""The weights of a topic's best passages in its score, best first."""

ABSENT = 0.7
"""What stands in for passages that a topic does not have, as a share of its best one: small topics are not worse."""

_LOOKED_AT = 300
"""Passages by score that topics are told from."""


@dataclass(frozen=True)
class Found:
    """A topic that fits a question."""

    passage: Passage
    """Its best passage."""
    index: int
    """The passage's place among those searched."""
    score: float
    """Of the topic, 0 to 1; only good for an order."""


@dataclass(frozen=True)
class Finding:
    """What a search brought."""

    found: tuple[Found, ...]
    """Topics, the best first."""
    certainty: float
    """The probability that the first is right, 0 to 1."""


def embedded_text(passage: Passage) -> str:
    """What of a passage is embedded: the question of an FAQ entry, else its heading and its text."""
    if passage.question:
        return passage.question
    return f"{passage.titles[-1]}: {passage.text}" if passage.titles else passage.text


class Search:
    """An index of passages, in memory."""

    def __init__(
        self, passages: Sequence[Passage], encoder: Encoder | None = None, embeddings: Embeddings | None = None
    ) -> None:
        """`embeddings`: of each passage's `embedded_text` by `encoder`; both or neither."""
        self.passages = passages
        self._bm25 = Bm25([(*passage.titles, passage.question, passage.text) for passage in passages])
        self._encoder, self.embeddings = encoder, embeddings
        number = {topic: index for index, topic in enumerate(dict.fromkeys(passage.topic for passage in passages))}
        self._topic = np.array([number[passage.topic] for passage in passages], dtype=np.int64)
        self._size = np.bincount(self._topic, minlength=len(number))

    def __call__(self, question: str, most: int = 3) -> Finding:
        """The topics that fit a question best, at most `most`. Blocking: an embedding takes some 20 ms."""
        evidence, found = self.evidence(question, most)
        return Finding(found[:most], certainty(evidence) if found else 0.0)

    def evidence(self, question: str, most: int = 3) -> tuple[Evidence, tuple[Found, ...]]:
        """What a search brings, before it is judged; at least two topics where there are as many."""
        if not self.passages:
            return Evidence(0, 0, 0, None), ()
        lexical, whole = self._bm25(question)
        highest = float(lexical.max())
        scores: NDArray[np.float64] = lexical / highest if highest > 0 else lexical
        cosines = None
        if self._encoder is not None and self.embeddings is not None:
            cosines = (self.embeddings @ self._encoder.embed([question])[0]).astype(np.float64)
            meaning = np.exp((cosines - cosines.max()) / COSINE_SCALE)
            scores = LEXICAL_SHARE * scores + (1 - LEXICAL_SHARE) * meaning
        elif highest <= 0:
            return Evidence(0, 0, 0, None), ()
        found = self._topics(scores, most)
        best = found[0].index
        evidence = Evidence(
            covered=highest / whole if whole else 0.0,
            covered_by_best=float(lexical[best]) / whole if whole else 0.0,
            margin=found[0].score - found[1].score if len(found) > 1 else found[0].score,
            cosine=None if cosines is None else float(cosines[self._topic == self._topic[best]].max()),
        )
        return evidence, tuple(found)

    def _topics(self, scores: NDArray[np.float64], most: int) -> list[Found]:
        order = np.argsort(-scores, kind="stable")[:_LOOKED_AT]
        members: dict[int, list[int]] = {}
        for index in order.tolist():
            members.setdefault(int(self._topic[index]), []).append(index)
        found = []
        for topic, indices in members.items():
            best = scores[indices[: len(VOUCHING)]]
            padded = np.zeros(len(VOUCHING))
            padded[: len(best)] = best
            padded[min(int(self._size[topic]), len(VOUCHING)) :] = ABSENT * best[0]
            score = float(padded @ VOUCHING / VOUCHING.sum())
            found.append(Found(self.passages[indices[0]], indices[0], score))
        return sorted(found, key=lambda one: -one.score)[: max(2, most)]
