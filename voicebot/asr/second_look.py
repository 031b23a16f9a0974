"""The second look: every sentence of the domain is scored exactly against the sound of a whole utterance.

The first listener decodes a graph in which the sentences' words mix; here each sentence stands for itself, in its
standard pronunciation. All of 300 sentences cost 0.012 of a core per second of speech, less than one more decoding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from voicebot.asr.acoustic_model import FRAME_SECONDS, AcousticModel
from voicebot.asr.alignment import (
    Choices,
    Lineup,
    SentenceModel,
    Word,
    align,
    compile_row,
    compile_sentence,
)
from voicebot.asr.cohort import COHORT
from voicebot.asr.domain_graph import DIGIT_WORDS, DomainGraph, key_of
from voicebot.asr.kaldi_files import Matrix
from voicebot.asr.phone_loop import PhoneLoop
from voicebot.asr.phones import PhoneSet
from voicebot.asr.segmentation import Segmenter
from voicebot.audio.format import Pcm

MOST_SENTENCES = 2500
"""Scored in one look; of a larger domain those most like the first listener's hypothesis."""

_WINDOW = 10
"""Frames (0.3 s) over which the worst stretch of a sentence is looked for: about a word of two syllables."""
_DIGITS = tuple(DIGIT_WORDS["ko"].items())
_DIGIT_COST = math.log(len(_DIGITS)) + 1.0
"""In log-likelihood: each digit is one choice of several, where a sentence is one choice in all; and a string of digits
bends to any sound more easily."""
_BEFORE_DIGITS = ("네", "음", "어", "번호는", "주문번호는", "전화번호는")
_AFTER_DIGITS = ("이에요", "예요", "입니다", "이요", "요", "번이에요", "번입니다", "번이요")
_LIKE = 0.75
"""From which similarity in jamo on a sentence of the cohort counts as one of the domain's own."""


@dataclass(frozen=True)
class Fit:
    """How well the best path of one sentence fits; likelihoods are logarithms per frame of 30 ms."""

    silence: float
    """Below the best sounds, over the frames in which it is silent: speech that the sentence does not have."""
    worst: float
    """Below the best sounds, over its worst 0.3 s."""
    frames: int
    """In which it speaks."""
    phones_a_second: float


@dataclass(frozen=True)
class SpokenDigits:
    """The best string of digits of an expected length."""

    words: str
    score: float
    """Log-likelihood, less what so many choices cost."""
    margin: float
    """By how much it is better than the best string with any other digit in it."""
    model: SentenceModel


@dataclass(frozen=True)
class Look:
    """What one look found; scores are log-likelihoods of the whole utterance."""

    scores: Matrix
    """Of the domain's sentences, in its order; -inf for those not scored."""
    digits: SpokenDigits | None
    """The best string of spoken digits, where it is better than all sentences."""
    cohort_score: float
    """Of the best sentence of no domain."""
    loop_score: float
    """Of the best row of sounds, whatever it says: none is above it."""
    best_fit: Fit
    """Of the best of the sentences and digit strings."""


class SecondLook:
    """Scores sentences. Used from any thread."""

    def __init__(self, model: Path, segmenter: Segmenter) -> None:
        """Half a second. Raises ModelError for a model that is not the Korean one."""
        self._acoustics = AcousticModel(model)
        self._phones = PhoneSet(self._acoustics)
        self._loop = PhoneLoop(self._phones)
        self._segmenter = segmenter
        self._models: dict[str, SentenceModel] = {}
        self._rows: dict[int, Choices] = {}
        self._lineups: dict[DomainGraph, Lineup] = {}

    def prepare(self, graph: DomainGraph) -> None:
        """Compile a domain's sentences: half a millisecond each, once a process."""
        if len(graph.sentences) <= MOST_SENTENCES and graph not in self._lineups:
            self._lineups[graph] = self._lineup(graph, range(len(graph.sentences)))

    def look(self, pcm: Pcm, graph: DomainGraph, hypothesis: str) -> Look | None:
        """Score a whole utterance of 8 kHz sound; None where it is too short to be speech."""
        likelihoods = self._acoustics.likelihoods(pcm)
        if len(likelihoods) < 3:
            return None
        chosen, lineup = self._chosen(graph, hypothesis)
        found = lineup.scores(likelihoods)
        scores = np.full(len(graph.sentences), -np.inf, np.float32)
        scores[chosen], found = found[: len(chosen)], found[len(chosen) :]
        digits = None
        if graph.digits:
            of_rows, found = found[: len(graph.digits)], found[len(graph.digits) :]
            costs = [length * _DIGIT_COST for length in graph.digits]
            longest = int((of_rows - costs).argmax())
            if of_rows[longest] - costs[longest] >= scores.max(initial=-np.inf):
                digits = self._spoken_digits(graph.digits[longest], likelihoods)
        best = int(scores.argmax()) if len(scores) else -1
        if digits:
            model = digits.model
        elif best >= 0:
            model = self._model(graph.sentences[best].text)
        else:
            return None
        return Look(
            scores=scores,
            digits=digits,
            cohort_score=float(found.max(initial=-np.inf)),
            loop_score=self._loop.score(likelihoods),
            best_fit=_fit(model, likelihoods),
        )

    def _chosen(self, graph: DomainGraph, hypothesis: str) -> tuple[NDArray[np.intp], Lineup]:
        if len(graph.sentences) <= MOST_SENTENCES:
            self.prepare(graph)
            return np.arange(len(graph.sentences)), self._lineups[graph]
        likeness = process.cdist([key_of(hypothesis)], graph.keys, scorer=Indel.normalized_similarity)[0]
        chosen = np.sort(np.argpartition(-likeness, MOST_SENTENCES)[:MOST_SENTENCES])
        return chosen, self._lineup(graph, chosen.tolist())

    def _lineup(self, graph: DomainGraph, chosen: Sequence[int]) -> Lineup:
        keys = [key_of(text) for text in COHORT]
        own = np.zeros(len(keys))
        if graph.keys:
            own = process.cdist(keys, graph.keys, scorer=Indel.normalized_similarity).max(axis=1)
        others = [text for text, likeness in zip(COHORT, own, strict=True) if likeness < _LIKE]
        own_models = [self._model(graph.sentences[index].text) for index in chosen]
        rows = [self._row(length).model for length in graph.digits]
        return Lineup([*own_models, *rows, *map(self._model, others)])

    def _model(self, text: str) -> SentenceModel:
        model = self._models.get(text)
        if model is None:
            words = [Word(word, pieces) for word, pieces in self._segmenter.said(text)]
            model = self._models[text] = compile_sentence(words, self._phones)
        return model

    def _row(self, length: int) -> Choices:
        """So many digits, alone or with what people say before and after a number."""
        row = self._rows.get(length)
        if row is None:
            before, digits, after = (
                [Word(word, pieces) for name in names for word, pieces in self._segmenter.said(name)]
                for names in (_BEFORE_DIGITS, (name for name, _ in _DIGITS), _AFTER_DIGITS)
            )
            choices = [before, *[digits] * length, after]
            row = Choices(compile_row(choices, (length + 1, length + 2), self._phones, begins=(0, 1)))
            self._rows[length] = row
        return row

    def _spoken_digits(self, length: int, likelihoods: Matrix) -> SpokenDigits:
        row = self._row(length)
        through = row.best_through(likelihoods)
        best: list[tuple[float, int]] = []
        rival = -math.inf
        for place in range(1, length + 1):
            ranked = sorted(((through[place, choice], choice) for choice in range(len(_DIGITS))), reverse=True)
            best.append(ranked[0])
            said = _DIGITS[ranked[0][1]][1]
            rival = max(rival, next(value for value, choice in ranked if _DIGITS[choice][1] != said))
        score = max(value for value, _ in best)
        return SpokenDigits(
            words=" ".join(_DIGITS[choice][0] for _, choice in best),
            score=score - length * _DIGIT_COST,
            margin=score - rival,
            model=row.model,
        )


def _fit(model: SentenceModel, likelihoods: Matrix) -> Fit:
    path = align(model, likelihoods)
    enters = np.diff(path, prepend=-1) != 0
    pdfs = np.where(enters, model.first[path], model.further[path])
    below = likelihoods.max(axis=1) - likelihoods[np.arange(len(path)), pdfs]
    silent = model.silent[path]
    spoken = below[~silent]
    frames = len(spoken)
    window = min(_WINDOW, frames)
    return Fit(
        silence=float(below[silent].mean()) if silent.any() else 0.0,
        worst=float(np.convolve(spoken, np.ones(window) / window, "valid").max()) if frames else 0.0,
        frames=frames,
        phones_a_second=model.phones / (frames * FRAME_SECONDS) if frames else 0.0,
    )
