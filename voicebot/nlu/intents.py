"""What a caller wants: an intent from a text, how sure that is, and None where nothing known is meant.

Two models look at the text: its n-grams of jamo and letters (`intents_lexical`) and, where an encoder is installed, its
embedding. Each compares it with the training sentences and with how a recogniser might have misheard them
(`intents_examples`), by kernel ridge regression (`intents_ridge`). Their scores are fused log-linearly into calibrated
probabilities, and nearness to anything known decides whether the text is in scope (`intents_fusion`). Weights,
calibration and the scope come from held-out training sentences, so a model is trained in seconds from a few sentences
an intent, and the same sentences always give the same model.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.errors import VoicebotError
from voicebot.nlu.encoder import CachedEncoder, Encoder, JoinedEncoder, parts_of
from voicebot.nlu.hangul import is_syllable
from voicebot.nlu.intents_clauses import clauses
from voicebot.nlu.intents_examples import Rows, as_heard, clean, misheard, rows
from voicebot.nlu.intents_fusion import Fusion, Logistic, Seen, fit_fusion, fit_scope, scope_columns
from voicebot.nlu.intents_lexical import LONGEST_TEXT
from voicebot.nlu.intents_ridge import KernelRidge, Labels, Matrix, Solution
from voicebot.nlu.intents_similarity import EncoderSimilarity, LexicalSimilarity, Similarity
from voicebot.nlu.normalise import normalise
from voicebot.nlu.understanding import IntentScore, Understanding


class IntentError(VoicebotError):
    """Training sentences that no model can be made of."""


@dataclass(frozen=True)
class IntentSettings:
    """What may be tuned, with the values that did best over the data sets of benchmarks/nlu_intents.py."""

    sharpness: float = 2.0
    """Of the kernel exp(sharpness (cosine - 1)): more makes near sentences count more than many sentences."""
    ridge: float = 0.15
    """Smoothing of the regression."""
    scope_threshold: float = 0.24
    """A text is out of scope (intent None) where its probability of being in scope, both held as likely, is below."""
    least_likeness: float = 0.07
    """How far from a text like no example (0) to an example (1) a text's scores are at least, to be in scope."""
    out_of_scope_share: float = 0.2
    """Of all that callers say, assumed: the scores of intents hold where it is so."""
    clause_threshold: float = 0.6
    """A part of an utterance counts as an intent of its own from this score."""
    clause_screen: float = 0.4
    """The n-grams' regression score, about 1 for a training sentence, from which a part is looked at at all."""
    expected_bias: float = 1.1
    """Added to the log-odds of an expected intent: e^1.1 = 3 times as likely as another."""
    alternatives: int = 5
    """Most intents named in `Understanding.alternatives`, and those of a probability below `least_alternative` not."""
    least_alternative: float = 0.02


@dataclass(frozen=True)
class Reading:
    """One of the two models: cosines and what the regression made of them."""

    similarity: Similarity
    solution: Solution


@dataclass(frozen=True)
class _Fit:
    """A reading while it is being trained."""

    similarity: Similarity
    ridge: KernelRidge

    @property
    def reading(self) -> Reading:
        return Reading(self.similarity, self.ridge.solution)


class IntentModel:
    """Trained intents. Understanding is safe from several threads."""

    def __init__(
        self,
        intents: tuple[str, ...],
        readings: tuple[Reading, ...],
        fusion: Fusion,
        scope: Logistic,
        settings: IntentSettings,
    ) -> None:
        """Use `train`, or `intents_stored.read`."""
        self.intents = intents
        self.readings = readings
        """By n-grams and, where there is an encoder, by embeddings."""
        self.fusion = fusion
        self.scope = scope
        self.settings = settings
        self._scope_threshold = max(settings.scope_threshold, self._inside_at_least())

    @classmethod
    def train(
        cls,
        examples: Mapping[str, Sequence[str]],
        *,
        encoder: Encoder | None = None,
        names: Mapping[str, str] | None = None,
        outside: Sequence[str] = (),
        cache: Path | None = None,
        settings: IntentSettings | None = None,
        seed: int = 0,
    ) -> IntentModel:
        """A model of the intents from example sentences of each.

        `encoder` None: n-grams alone. `names`: what each intent is called in words; by default its key with `_` and
        `-` read as spaces. A name becomes an example where the sentences themselves lead back to it, so codes do no
        harm. `outside`: what is known to mean none of them. `cache`: a folder in which embeddings of training
        sentences are kept between starts.

        Raises IntentError where there are no intents or an intent has no sentence.
        """
        settings = settings or IntentSettings()
        sentences = clean(examples)
        if not sentences:
            raise IntentError("There is no intent to train on: give at least one intent with a sentence.")
        if empty := [intent for intent, texts in sentences.items() if not texts]:
            raise IntentError(f"The intent {empty[0]} has no sentence: write at least one, or take the intent out.")
        trainer = encoder
        if encoder is not None and cache is not None:
            trainer = JoinedEncoder([CachedEncoder(part, cache) for part in parts_of(encoder)])
        named = _telling_names(sentences, names or {}, trainer, settings)
        training = rows({intent: [*texts, *named.get(intent, ())] for intent, texts in sentences.items()})
        fits = _fits(training.texts, training.labels, len(sentences), trainer, encoder, settings)
        fusion, scope = _calibrate(fits, training, misheard(training, seed), _heard_outside(outside, sentences))
        return cls(tuple(sentences), tuple(fit.reading for fit in fits), fusion, scope, settings)

    def understand(
        self, text: str, *, expected: Collection[str] = (), among: Collection[str] | None = None
    ) -> Understanding:
        """What `text` means; `Understanding.text` is the normalised text, and entities are left to others.

        `expected`: intents that the dialogue's present state waits for, which are made likelier. `among`: only these
        are possible at all. Names that the model does not know are passed over. Any text is answered, never an error.
        """
        whole = self._one(text, expected, among)
        parts = clauses(whole.text)
        if len(parts) < 2 or not self._differ(parts):
            return whole
        said = [self._one(part, expected, among) for part in parts]
        sure = [u for u in said if u.intent is not None and u.score >= self.settings.clause_threshold]
        in_order = list(dict.fromkeys(u.intent for u in sure if u.intent is not None))
        # A caller who explains at length means one thing: what the whole says must be one of its parts.
        if len(in_order) < 2 or whole.intent not in in_order:
            return whole
        first = next(u for u in sure if u.intent == in_order[0])
        return replace(first, text=whole.text, further_intents=tuple(in_order[1:]))

    def probabilities(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For normalised texts: the probability of each intent given that one is meant, (texts, intents), in the order
        of `intents`; and the probability that one is meant, both held as likely, (texts,)."""
        similarities = [reading.similarity.to(texts) for reading in self.readings]
        scores = tuple(r.solution.scores(s) for r, s in zip(self.readings, similarities, strict=True))
        seen = Seen(scores, tuple(s.max(axis=1) for s in similarities))
        inside = self.scope(scope_columns(seen, self.fusion))
        return np.exp(self.fusion.logits(seen).astype(np.float64)), inside

    def each_reading(self, text: str) -> tuple[str, ...]:
        """The intent that each part of the model would choose alone: n-grams, then the encoder where there is one."""
        texts = [normalise(text)[:LONGEST_TEXT]]
        scores = [reading.solution.scores(reading.similarity.to(texts))[0] for reading in self.readings]
        return tuple(self.intents[int(row.argmax())] for row in scores)

    def _inside_at_least(self) -> float:
        """What a text has to reach to be in scope: a little more than one that is like no example at all, which with
        few intents gets a good share of the scores as well."""
        nothing = [np.zeros((1, len(reading.solution.weights)), np.float32) for reading in self.readings]
        scores = tuple(r.solution.scores(s) for r, s in zip(self.readings, nothing, strict=True))
        unlike = scope_columns(Seen(scores, tuple(s.max(axis=1) for s in nothing)), self.fusion)
        return float(self.scope(unlike + np.float32(self.settings.least_likeness) * (1 - unlike))[0])

    def _differ(self, parts: Sequence[str]) -> bool:
        """Whether n-grams alone see different intents in the parts: embedding each part costs as much as the whole."""
        reading = self.readings[0]
        scores = reading.solution.scores(reading.similarity.to(parts))
        sure = scores.max(axis=1) >= self.settings.clause_screen
        return len(set(scores[sure].argmax(axis=1).tolist())) > 1

    def _one(self, text: str, expected: Collection[str], among: Collection[str] | None) -> Understanding:
        normal = normalise(text)
        looked_at = normal[:LONGEST_TEXT]
        if not as_heard(looked_at):
            return Understanding(text=normal, intent=None, score=1.0)
        rows_, inside_ = self.probabilities([looked_at])
        probability, inside = rows_[0], float(inside_[0])
        if expected:
            factor = np.exp(self.settings.expected_bias)
            wanted = np.array([intent in expected for intent in self.intents])
            # The bias moves the odds of being in scope by as much as the expected intents explain the text.
            odds = inside / max(1 - inside, 1e-9) * (1 + (factor - 1) * probability[wanted].sum())
            inside = odds / (1 + odds)
            probability = np.where(wanted, factor, 1.0) * probability
        if among is not None:
            kept = np.where(np.isin(self.intents, list(among)), probability, 0.0)
            # What speaks for an intent that is not possible here speaks for being out of scope here.
            inside *= float(kept.sum() / probability.sum())
            probability = kept
        probability = probability / max(float(probability.sum()), 1e-12)
        share = self.settings.out_of_scope_share
        meant = inside * (1 - share) / max(inside * (1 - share) + (1 - inside) * share, 1e-12)
        order = np.argsort(-probability, kind="stable")[: self.settings.alternatives]
        scored = [IntentScore(self.intents[i], float(meant * probability[i])) for i in order]
        alternatives = tuple(s for s in scored if s.score >= self.settings.least_alternative)
        if inside < self._scope_threshold or not scored:
            return Understanding(text=normal, intent=None, score=1 - inside, alternatives=alternatives)
        return Understanding(text=normal, intent=scored[0].name, score=scored[0].score, alternatives=alternatives)


def _fits(
    texts: Sequence[str],
    labels: Labels,
    classes: int,
    trainer: Encoder | None,
    encoder: Encoder | None,
    settings: IntentSettings,
) -> tuple[_Fit, ...]:
    similarities: list[Similarity] = [LexicalSimilarity(texts)]
    if trainer is not None and encoder is not None:
        similarities.append(EncoderSimilarity(texts, encoder, trainer=trainer))
    return tuple(
        _Fit(s, KernelRidge(s.among(), labels, classes, sharpness=settings.sharpness, ridge=settings.ridge))
        for s in similarities
    )


_WORST_RANK = 3


def _telling_names(
    sentences: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    trainer: Encoder | None,
    settings: IntentSettings,
) -> dict[str, tuple[str, ...]]:
    """The names that the sentences alone lead back to their intent: it is among the first few."""
    written = {intent: normalise(re.sub(r"[_\-/.]+", " ", names.get(intent, intent))).lower() for intent in sentences}
    written = {intent: name for intent, name in written.items() if name and name not in sentences[intent]}
    if not written or len(sentences) < 2:
        return {}
    training = rows(sentences, views=False)
    scores = sum(
        fit.ridge.solution.scores(fit.similarity.to(list(written.values())))
        for fit in _fits(training.texts, training.labels, len(sentences), trainer, trainer, settings)
    )
    ranks = np.argsort(np.argsort(-np.asarray(scores), axis=1), axis=1)
    place = {intent: column for column, intent in enumerate(sentences)}
    return {
        intent: (name,)
        for row, (intent, name) in enumerate(written.items())
        if ranks[row, place[intent]] < min(_WORST_RANK, len(sentences) // 2)
    }


_MISHEARD_HANGUL, _MISHEARD_OTHER = 0.5, 0.05
"""What misheard sentences count in the scope. Small Korean recognisers mishear syllables, as `noise` does; a recogniser
of English writes other words instead, and letters changed at random say little of it."""


def _calibrate(
    readings: tuple[_Fit, ...], training: Rows, noisy: Rows, outside: Sequence[str]
) -> tuple[Fusion, Logistic]:
    """Fusion and scope from what the models say of each sentence, and of it misheard, with itself held out; and with
    its whole intent held out, which makes it out of scope. So is what is known to mean nothing here, `outside`."""
    labels, groups = training.labels, _held_out_groups(training.labels, training.groups)
    among = [reading.similarity.among() for reading in readings]
    known = Seen(
        tuple(reading.ridge.held_out(groups) for reading in readings),
        tuple(_nearest_outside(cosines, groups, groups) for cosines in among),
    )
    unknown = Seen(
        tuple(_without(reading.ridge.held_out(labels), labels) for reading in readings),
        tuple(_nearest_outside(cosines, labels, labels) for cosines in among),
    )
    to = [reading.similarity.to(noisy.texts) for reading in readings]
    # Of an intent with one sentence, that sentence must do for its misheard version: no row has the group's number.
    dirty = Seen(
        tuple(r.ridge.held_out_texts(cosines, noisy.groups, groups) for r, cosines in zip(readings, to, strict=True)),
        tuple(_nearest_outside(cosines, noisy.groups, groups) for cosines in to),
    )
    unknown_dirty = Seen(
        tuple(
            _without(r.ridge.held_out_texts(cosines, noisy.labels, labels), noisy.labels)
            for r, cosines in zip(readings, to, strict=True)
        ),
        tuple(_nearest_outside(cosines, noisy.labels, labels) for cosines in to),
    )
    fusion = fit_fusion(known, labels, dirty, noisy.labels)
    hangul = sum(any(map(is_syllable, text)) for text in noisy.texts) / len(noisy.texts)
    share = _MISHEARD_HANGUL * hangul + _MISHEARD_OTHER * (1 - hangul)
    columns = [scope_columns(seen, fusion) for seen in (known, dirty, unknown, unknown_dirty)]
    if outside:
        cosines_outside = [reading.similarity.to(outside) for reading in readings]
        scores = tuple(r.ridge.solution.scores(c) for r, c in zip(readings, cosines_outside, strict=True))
        heard = Seen(scores, tuple(c.max(axis=1) for c in cosines_outside))
        columns[2] = np.concatenate([columns[2], scope_columns(heard, fusion)])
    return fusion, fit_scope(*columns, misheard_share=share)


def _heard_outside(outside: Sequence[str], sentences: Mapping[str, Sequence[str]]) -> list[str]:
    """Cleaned; what an intent has as a sentence is not outside."""
    known = {as_heard(text) for texts in sentences.values() for text in texts}
    texts = dict.fromkeys(as_heard(normalise(text)[:LONGEST_TEXT]) for text in outside)
    return [text for text in texts if text and text not in known]


def _without(scores: Matrix, labels: Labels) -> Matrix:
    """The scores with those of each row's own intent at nought."""
    scores[np.arange(len(labels)), labels] = 0
    return scores


def _held_out_groups(labels: Labels, groups: Labels) -> Labels:
    """The groups; but where an intent has one sentence only, each of its rows is a group: its versions must do."""
    single = np.array([len(np.unique(groups[labels == label])) == 1 for label in range(int(labels.max()) + 1)])
    return np.where(single[labels], int(groups.max()) + 1 + np.arange(len(labels)), groups)


def _nearest_outside(similarity: Matrix, text_groups: Labels, groups: Labels) -> Matrix:
    """The cosine of each text to the nearest example outside its group; 0 where there is none."""
    outside = np.where(text_groups[:, None] == groups[None, :], np.float32(0), similarity)
    nearest: Matrix = outside.max(axis=1)
    return nearest
