"""Checks of what callers may say: sentences of two intents, intents that are too alike, words that can't be heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from voicebot.asr.segmentation import Segmenter
from voicebot.dialogue import content, learned
from voicebot.dialogue.checking_sources import Finding, Part, Place, Sources, Words
from voicebot.dialogue.pack import COMMANDS
from voicebot.dialogue.understander import without_slots
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.intents_similarity import EncoderSimilarity, LexicalSimilarity
from voicebot.nlu.normalise import normalise
from voicebot.nlu.templates import TemplateError, expand
from voicebot.tts.speech_text import spoken

ALIKE_BY_EMBEDDING = 0.85
"""Cosine of two sentences' embeddings, around the mean of the pack's, from which on their intents are too alike.

Set on the packs shop, bank and civic (2026-11-22): above it stand pairs such as "how do I get a certificate" and "what
does a certificate cost", below it pairs that differ in the one word that matters ("예금 금리", "적금 금리").
"""

ALIKE_BY_NGRAMS = 0.8
"""The same for n-grams, where no encoder is installed."""

_COMPARED_SENTENCES = 12
"""Of an intent, evenly taken: an embedding costs 15 ms."""


Heard = Part[content.IntentsFile] | Part[content.FaqFile] | Part[learned.LearnedFile]


class Sentences:
    """The sentences of one language of a pack, each with where it is written."""

    def __init__(self, sources: Sources, language: str) -> None:
        """Templates that can't be expanded become `findings`."""
        self.language = language
        self.findings: list[Finding] = []
        self.by_intent: dict[str, list[tuple[str, Heard, Place]]] = {}
        slots = sources.flows.content.slots if sources.flows else {}
        self._open = [name for name, slot in slots.items() if slot.type != "list"]
        self._listed = {
            name: [said for value in slot.values.values() for said in value.get(language, [])]
            for name, slot in slots.items()
            if slot.type == "list"
        }
        self.answers: list[tuple[str, Part[content.IntentsFile], Place]] = []
        for words in (sources.common[language], sources.words[language]):
            self._take(words)

    def _take(self, words: Words) -> None:
        if words.intents:
            part, read = words.intents, words.intents.content
            lists = {**self._listed, **read.lists}
            for intent, body in read.intents.items():
                # A pack adds its own wordings of a command to the common ones.
                written = self.by_intent.setdefault(intent, [])
                for index, template in enumerate(body.templates):
                    place: Place = ("intents", intent, "templates", index)
                    for text in self._expanded(part, place, template, lists, read.rules):
                        written.append((text, part, place))
            for slot, templates in read.answers.items():
                for index, template in enumerate(templates):
                    place = ("answers", slot, index)
                    for text in self._expanded(part, place, template, lists, read.rules):
                        self.answers.append((text, part, place))
        if words.faq:
            for entry, faq in words.faq.content.faq.items():
                self.by_intent[entry] = []
                for index, template in enumerate(faq.templates):
                    place = ("faq", entry, "templates", index)
                    for text in self._expanded(words.faq, place, template, self._listed, {}):
                        self.by_intent[entry].append((text, words.faq, place))
        if words.learned:
            for entry, questions in words.learned.content.faq.items():
                written = self.by_intent.setdefault(entry, [])
                for index, text in enumerate(questions.questions):
                    written.append((text, words.learned, ("faq", entry, "questions", index)))
            for intent, sentences in words.learned.content.sentences.items():
                written = self.by_intent.setdefault(intent, [])
                for index, sentence in enumerate(sentences):
                    written.append((sentence.text, words.learned, ("sentences", intent, index)))

    def _expanded(
        self,
        part: Heard,
        place: Place,
        template: str,
        lists: Mapping[str, Sequence[str]],
        rules: Mapping[str, str],
    ) -> list[str]:
        try:
            return [expansion.text for expansion in expand(template, lists, rules, keep=self._open)]
        except TemplateError as error:
            what, _, remedy = str(error).rstrip(".").rpartition(": ")
            self.findings.append(part.error("template", place, what or remedy, remedy if what else "mend it"))
            return []


def check_alike(sentences: Sentences, encoder: Encoder | None) -> Iterator[Finding]:
    """Sentences that stand for two intents, and intents with sentences too near to be told apart when misheard."""
    yield from _same(sentences)
    texts: list[str] = []
    owners: list[str] = []
    places: list[tuple[Heard, Place]] = []
    for intent, written in sentences.by_intent.items():
        for text, part, place in written[:: max(1, len(written) // _COMPARED_SENTENCES)][:_COMPARED_SENTENCES]:
            if closed := without_slots(text):
                texts.append(closed)
                owners.append(intent)
                places.append((part, place))
    if not texts:
        return
    near = EncoderSimilarity(texts, encoder) if encoder else LexicalSimilarity(texts)
    threshold = ALIKE_BY_EMBEDDING if encoder else ALIKE_BY_NGRAMS
    cosines = np.triu(near.among(), 1)
    nearest: dict[tuple[str, str], tuple[float, int, int]] = {}
    for first, second in zip(*np.where(cosines >= threshold), strict=True):
        pair = owners[first], owners[second]
        apart = owners[first] != owners[second] and not (pair[0] in COMMANDS and pair[1] in COMMANDS)
        if apart and _key(texts[first]) != _key(texts[second]):
            cosine = float(cosines[first, second])
            nearest[pair] = max(nearest.get(pair, (0.0, 0, 0)), (cosine, int(first), int(second)))
    for (one, other), (cosine, first, second) in nearest.items():
        part, place = places[second]
        yield part.warning(
            "alike",
            place,
            f'{other} "{texts[second]}" is close to {one} "{texts[first]}" ({cosine:.2f}, limit {threshold})',
            "word one of them more plainly, or make them one intent that asks which is meant",
        )


def _same(sentences: Sentences) -> Iterator[Finding]:
    known: dict[str, str] = {}
    told: set[tuple[Place, str]] = set()
    every = [(intent, *each) for intent, written in sentences.by_intent.items() for each in written]
    # What was written for the pack is there first: what was learnt gives way.
    every.sort(key=lambda each: isinstance(each[2].content, learned.LearnedFile))
    for intent, text, part, place in every:
        other = known.setdefault(_key(text), intent)
        if other == intent or (place, other) in told:
            continue
        told.add((place, other))
        # Beside a question, a command such as "yes" is told from a wish by what is expected there.
        level = part.warning if {intent, other} & set(COMMANDS) else part.error
        yield level("same-sentence", place, f'"{text}" stands for {intent} and for {other}', "leave it to one of them")


def check_sayable(sentences: Sentences, segmenter: Segmenter) -> Iterator[Finding]:
    """Sentences with words that the first listener cannot hear."""
    told: set[tuple[str, str]] = set()
    written = [each for intent in sentences.by_intent.values() for each in intent]
    for text, part, place in (*written, *sentences.answers):
        for found in segmenter.sentence(without_slots(text)).unsayable:
            key = str(part.file.path), found.word
            if key in told:
                continue
            told.add(key)
            written_out = found.suggestion or _spoken(found.word, sentences.language, segmenter)
            remedy = f'write it as it sounds, such as "{written_out}"' if written_out else "use another word"
            yield part.warning("unsayable", place, f'the recogniser cannot hear "{found.word}"', remedy)


def _spoken(word: str, language: str, segmenter: Segmenter) -> str:
    """A word with its digits and symbols read out, where that can be heard."""
    said = spoken(word, language)
    return "" if segmenter.sentence(said).unsayable else said


def _key(text: str) -> str:
    """What makes two sentences the same: their letters, slots left open as they are."""
    return "".join(char for char in normalise(text).lower() if char.isalnum() or char in "{}")
