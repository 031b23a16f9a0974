"""How far to believe what the first listener heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voicebot.asr.domain_graph import DomainGraph, key_of
from voicebot.asr.port import Candidate, Verdict


@dataclass(frozen=True)
class Thresholds:
    """Between which scores a recognition is accepted, confirmed or rejected. A pack may set its own."""

    accept: float = 0.85
    confirm: float = 0.6


def nearest_sentences(hypothesis: str, graph: DomainGraph, most: int) -> tuple[Candidate, ...]:
    """The domain's sentences most like a hypothesis, best first: 1 less the edit distance in jamo by length."""
    if not graph.keys or not hypothesis:
        return ()
    scores = process.cdist([key_of(hypothesis)], graph.keys, scorer=Levenshtein.normalized_similarity)[0]
    order = np.argsort(-scores, kind="stable")[:most]
    return tuple(
        Candidate(graph.sentences[index].text, graph.sentences[index].meaning, float(scores[index])) for index in order
    )


def margin(candidates: Sequence[Candidate]) -> float:
    """By how much the best is better than the best of another meaning; its own score where there is none."""
    if not candidates:
        return 0.0
    best = candidates[0]
    rival = max((other.score for other in candidates[1:] if other.meaning != best.meaning), default=0.0)
    return best.score - rival


def verdict_of(score: float, thresholds: Thresholds) -> Verdict:
    if score >= thresholds.accept:
        return Verdict.ACCEPT
    return Verdict.CONFIRM if score >= thresholds.confirm else Verdict.REJECT
