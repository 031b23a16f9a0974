"""Models that came with a pack's content: `models/` beside the folder of the content, as in a version's bundle.

    models/models.json                  which models there are, and what they were trained on
    models/ko.npz, ko.json              understanding, by language, with the encoder that models.json names
    models/ko-ngrams.npz, .json         the same on n-grams alone
    models/verification.json            how far to believe the first listener
    models/encoder/                     an encoder of their own, where it was fine-tuned

The recogniser's graphs are not among them: they are compiled in milliseconds from the content's sentences. A model is
used only for the very sentences that it was trained on; otherwise, and where it is damaged or was made with another
encoder, a new one is trained from the content, as for a pack without models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.dialogue.understander import without_slots
from voicebot.nlu.encoder import Encoder, EncoderError
from voicebot.nlu.intents import IntentModel
from voicebot.nlu.intents_similarity import LexicalSimilarity
from voicebot.nlu.intents_stored import StoredModelError, read
from voicebot.nlu.templates import Expansion

_log = structlog.get_logger()

FOLDER, INDEX, VERIFICATION, ENCODER = "models", "models.json", "verification.json", "encoder"
FORMAT = 1

TRAINING_SENTENCES = 40
"""Wordings of an intent that its model learns from: more say little new, and each costs an embedding."""
MOST_ALIKE = 0.65
"""Cosine of n-grams up to which a sentence of calls says something new. What is said over and over with another word
before it would make the model surer of what it knows than it is, and take what is new for out of scope."""


@dataclass(frozen=True)
class Lesson:
    """What a model of a pack's intents in one language is trained on."""

    examples: Mapping[str, Sequence[str]]
    names: Mapping[str, str]
    outside: Sequence[str]

    @classmethod
    def of(cls, words: LanguagePack) -> Lesson:
        """A pack's sentences: at most `TRAINING_SENTENCES` written ones an intent, and as many from calls, each of
        them unlike the others (`MOST_ALIKE`)."""
        examples = {intent: _chosen(expansions) for intent, expansions in words.sentences.items()}
        return cls(examples, words.titles, words.outside)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        text = json.dumps([list(self.examples.items()), list(self.names.items()), list(self.outside)])
        return hashlib.sha256(text.encode()).hexdigest()

    def train(self, encoder: Encoder | None, cache: Path | None, seed: int = 0) -> IntentModel:
        """Anew: in a second on n-grams alone, with an encoder in 15 ms more a sentence that `cache` has not."""
        return IntentModel.train(
            self.examples, encoder=encoder, names=self.names, outside=self.outside, cache=cache, seed=seed
        )


def _chosen(expansions: Sequence[Expansion]) -> list[str]:
    closed = [without_slots(expansion.text) for expansion in expansions if not expansion.source]
    most = min(len(closed), TRAINING_SENTENCES)
    chosen = [closed[n * len(closed) // most] for n in range(most)]
    learned = [without_slots(expansion.text) for expansion in expansions if expansion.source]
    return [*chosen, *_unlike(chosen, learned)[:TRAINING_SENTENCES]]


def _unlike(known: Sequence[str], learned: Sequence[str]) -> list[str]:
    """Of `learned`, what is like none of `known` and like none before it."""
    if not learned:
        return []
    cosines = LexicalSimilarity([*known, *learned]).among()
    kept = list(range(len(known)))
    for row in range(len(known), len(cosines)):
        if not kept or cosines[row, kept].max() < MOST_ALIKE:
            kept.append(row)
    return [learned[row - len(known)] for row in kept[len(known) :]]


@dataclass(frozen=True)
class Trained:
    """The models that stand beside a pack's content."""

    folder: Path
    index: Mapping[str, Any]

    def intents(self, language: str, lesson: Lesson, encoder: Encoder | None) -> IntentModel | None:
        """The model of this very lesson, made with this encoder; None where there is none that can be used."""
        if self.index.get("lessons", {}).get(language) != lesson.digest:
            return None
        try:
            return read(self.folder, language if encoder else f"{language}-ngrams", encoder)
        except StoredModelError as error:
            _log.warning("a stored model is not used", language=language, reason=str(error))
            return None

    def encoder(self) -> Encoder | None:
        """The fine-tuned encoder; None where there is none, or it can't be loaded here."""
        name = self.index.get("fine_tuned")
        if not name:
            return None
        from voicebot.nlu.encoder_transformers import HuggingFaceEncoder

        try:
            return HuggingFaceEncoder(str(self.folder / ENCODER), name=str(name))
        except EncoderError as error:
            _log.warning("the version's own encoder can't be loaded", reason=str(error))
            return None

    def verification(self) -> Mapping[str, Any] | None:
        """Weights, bias and thresholds of the first listener's verification; None for those that are shipped."""
        path = self.folder / VERIFICATION
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def find_trained(pack: Pack) -> Trained | None:
    """The models beside the folder of a pack's content; None where there are none."""
    folder = pack.folder.parent.parent / FOLDER
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(index, dict) or index.get("format") != FORMAT or index.get("pack") != pack.name:
        return None
    return Trained(folder, index)
