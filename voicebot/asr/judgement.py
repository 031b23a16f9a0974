"""From what was decoded and looked at to one recognition: which sentence it is, and whether to believe it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from voicebot.asr.domain_graph import DomainGraph, spoken_digits
from voicebot.asr.port import Candidate, Verdict
from voicebot.asr.second_look import Look
from voicebot.asr.verification import (
    Findings,
    Thresholds,
    Verifier,
    features,
    margin,
    nearest_sentences,
    verdict_of,
)

_CANDIDATES = 5
_NEAREST = 50
_SPOKEN = 2
"""Syllables in a free hypothesis from which on something was said."""
_FREE_SCORE = 0.4
"""How much of free decoding is right: its character error rate on telephone speech is 0.57 to 0.61."""

_DIGITS_THAT_FIT = 0.9
_DIGITS_THAT_DO_NOT = 0.1

# Set by hand: a hypothesis that is 0.9 like a sentence and leads by 0.3 is right with 0.9, one that is 0.75 like it and
# leads by 0.1 with 0.4.
_SIMILARITY_BIAS = -10.1
_SIMILARITY_WEIGHT = 12.0
_LEAD_WEIGHT = 6.0


@dataclass(frozen=True)
class Judgement:
    """The parts of a `Recognition` that are decided here; named as there."""

    text: str
    verdict: Verdict
    score: float
    candidates: tuple[Candidate, ...]
    evidence: dict[str, float]


def judge_look(look: Look, graph: DomainGraph, verifier: Verifier, thresholds: Thresholds) -> Judgement:
    """By the second look."""
    order = np.argsort(-look.scores, kind="stable")
    best = int(order[0]) if len(order) else -1
    rival = look.cohort_score
    if look.digits:
        text, meaning, score = look.digits.words, "digits", look.digits.score
        rival = max(rival, score - look.digits.margin, float(look.scores[best]) if best >= 0 else -math.inf)
    else:
        text, meaning, score = graph.sentences[best].text, graph.sentences[best].meaning, float(look.scores[best])
        other = next((index for index in order if graph.sentences[index].meaning != meaning), None)
        rival = max(rival, float(look.scores[other]) if other is not None else -math.inf)
    found = Findings(
        score=score,
        rival=rival,
        loop=look.loop_score,
        frames=look.best_fit.frames,
        silence=look.best_fit.silence,
        phones_a_second=look.best_fit.phones_a_second,
    )
    evidence = features(found)
    probability = verifier.probability(evidence)
    # Candidates share the probability by how much worse they fit, on the scale on which leads are measured.
    scale = math.sqrt(max(found.frames, 1))
    candidates = [Candidate(text, meaning, probability)] if look.digits else []
    for index in order[: _CANDIDATES - len(candidates)]:
        sentence = graph.sentences[index]
        behind = max(score - float(look.scores[index]), 0.0)
        candidates.append(Candidate(sentence.text, sentence.meaning, probability * math.exp(-behind / scale)))
    evidence |= {"worst": look.best_fit.worst, "seconds_spoken": 0.03 * found.frames}
    verdict = verdict_of(probability, thresholds)
    return Judgement(text, verdict, probability, tuple(candidates), evidence)


def judge_similarity(hypothesis: str, graph: DomainGraph, language: str, thresholds: Thresholds) -> Judgement:
    """By the hypothesis alone, where there is no second look."""
    digits = spoken_digits(hypothesis, language) if graph.digits else ""
    if digits:
        score = _DIGITS_THAT_FIT if len(digits) in graph.digits else _DIGITS_THAT_DO_NOT
        candidates = (Candidate(hypothesis, "digits", score),)
        return Judgement(hypothesis, verdict_of(score, thresholds), score, candidates, {"digits": float(len(digits))})
    nearest = nearest_sentences(hypothesis, graph, _NEAREST)
    if not nearest:
        return Judgement(hypothesis, Verdict.REJECT, 0.0, (), {})
    best, lead = nearest[0], margin(nearest)
    logit = _SIMILARITY_BIAS + _SIMILARITY_WEIGHT * best.score + _LEAD_WEIGHT * lead
    score = 1 / (1 + math.exp(-logit))
    verdict = verdict_of(score, thresholds)
    text = hypothesis if verdict is Verdict.REJECT else best.text
    return Judgement(text, verdict, score, nearest[:_CANDIDATES], {"similarity": best.score, "lead": lead})


def judge_free(hypothesis: str, sentence: Judgement) -> Judgement:
    """For an open question: one of its sentences where that is sure, else the free hypothesis."""
    if sentence.verdict is Verdict.ACCEPT:
        return sentence
    heard = len(hypothesis.replace(" ", "")) >= _SPOKEN
    return Judgement(
        hypothesis,
        Verdict.CONFIRM if heard else Verdict.REJECT,
        _FREE_SCORE if heard else 0.0,
        sentence.candidates,
        sentence.evidence,
    )
