"""How far to believe what the first listener heard: a logistic regression on what the second look found.

Its parameters are in `verification.json`, fitted by `benchmarks/asr_verification.py`, which says on what data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voicebot.asr.domain_graph import DomainGraph, key_of
from voicebot.asr.port import Candidate, Verdict

FEATURES = ("ratio", "gap", "lead", "silence", "haste")
"""What the regression reads, in the order of its weights; see `features`."""

_LEAST_GAP = 0.5
"""In log-likelihood; closer to the best sounds nothing is."""
_MOST_GAP = 4.0
"""In log-likelihood per frame; nothing that was said is further from the best sounds."""
_USUAL_RATE = 13.0
"""Phones a second of unhurried speech."""


@dataclass(frozen=True)
class Thresholds:
    """Between which scores a recognition is accepted, confirmed or rejected. A pack may set its own.

    The defaults, by `benchmarks/asr_verification.py` with speakers held out: of utterances outside the pack 1.4 % are
    accepted; of the right ones 89 %, though most were cut out of sentences and half of them worsened.
    """

    accept: float = 0.6
    confirm: float = 0.15


@dataclass(frozen=True)
class Findings:
    """What is known of the best sentence for an utterance; scores are log-likelihoods of the whole."""

    score: float
    rival: float
    """The best sentence of another meaning, of the domain or of none."""
    loop: float
    """The best row of sounds whatever it says."""
    frames: int
    """Frames of 30 ms in which the sentence speaks."""
    silence: float
    """By how much the sounds in its silences would fit better, per frame."""
    phones_a_second: float


def features(found: Findings) -> dict[str, float]:
    """The numbers that the regression reads, by name; none grows with the length of the utterance."""
    frames = max(found.frames, 1)
    # A sentence with more sounds than there are frames can't be said at all: it counts as this much below the best.
    impossible = _MOST_GAP * frames
    gap = min(max(found.loop - found.score, _LEAST_GAP), impossible)
    rival_gap = min(max(found.loop - found.rival, _LEAST_GAP), impossible)
    return {
        "ratio": math.log(rival_gap / gap),
        "gap": gap / frames,
        "lead": (rival_gap - gap) / math.sqrt(frames),
        "silence": found.silence,
        "haste": min(abs(found.phones_a_second - _USUAL_RATE), _USUAL_RATE),
    }


def shipped() -> dict[str, Any]:
    """The parameters that come with the program: `weights` by feature, and `bias`."""
    return dict(json.loads(resources.files("voicebot.asr").joinpath("verification.json").read_text()))


class Verifier:
    """The regression: the shipped one, or one with other parameters."""

    def __init__(self, parameters: Mapping[str, Any] | None = None) -> None:
        """`parameters`: as `shipped` gives them."""
        of = parameters or shipped()
        self._weights = [float(of["weights"][name]) for name in FEATURES]
        self._bias = float(of["bias"])

    def probability(self, of: Mapping[str, float]) -> float:
        """That the sentence is what was said."""
        logit = self._bias + sum(weight * of[name] for weight, name in zip(self._weights, FEATURES, strict=True))
        return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


def verdict_of(score: float, thresholds: Thresholds) -> Verdict:
    if score >= thresholds.accept:
        return Verdict.ACCEPT
    return Verdict.CONFIRM if score >= thresholds.confirm else Verdict.REJECT


def nearest_sentences(hypothesis: str, graph: DomainGraph, most: int) -> tuple[Candidate, ...]:
    """The domain's sentences most like a hypothesis, best first, by 1 less the edit distance in jamo by length."""
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
