"""What goes into a version and what does not: labels and suggestions, sifted, and the labels that are only for judging.

Everything that is set aside is told, with its source and the reason; words are not. Which labels are held out is
decided by a hash of the caller alone, so a caller is always on the same side, in this version and in the next.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

from voicebot.dialogue import learned
from voicebot.dialogue.learned import LearnedEntry, LearnedFile, LearnedSentence
from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.learning.training.cores import with_cores
from voicebot.privacy.kinds import PLACEHOLDERS
from voicebot.store.labels.label import Approved, Label, sentence
from voicebot.store.labels.settling import MOST_OF_UNKNOWN, MOST_PER_CALLER, for_training
from voicebot.store.mining import Suggestion
from voicebot.yaml_file import YamlFile

HELD_OUT = 0.2
"""Share of callers whose labels are never trained on."""
LONGEST = 200
"""Characters of a sentence that is learnt: what is longer tells a story, and is no wording of an intent."""

Why = Literal[
    "contradictory",
    "unintelligible",
    "no words",
    "intent is gone",
    "too many of one caller",
    "contradicts the content",
    "names personal data",
    "too long",
    "there is such an entry already",
    "no name that an entry may have",
    "no answer that can be said",
    "not in a language of the pack",
]
"""Why something is not used."""

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PLACEHOLDER = re.compile("|".join(re.escape(text) for texts in PLACEHOLDERS.values() for text in texts.values()))


@dataclass(frozen=True)
class SetAside:
    """A label or a suggestion, or one sentence of it, that is not used."""

    source: str
    """`label:7` or `suggestion:3`."""
    why: Why
    intent: str
    """What it would have stood for; empty for none."""


@dataclass(frozen=True)
class HeldOut:
    """A label that tells how good a version is."""

    label: int
    text: str
    intent: str | None
    """None: it means nothing here."""
    language: str
    caller: str
    """Of a withheld number the call instead."""
    call: str
    sample: str
    """Why it was labelled; see `voicebot.store.labels`."""


@dataclass
class Chosen:
    """What training goes by."""

    learned: dict[str, LearnedFile] = field(default_factory=dict)
    """By language: what stands in learned.yaml then."""
    held_out: list[HeldOut] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Sources whose sentence the content has already."""
    labels: list[int] = field(default_factory=list)
    """Ids of the labels that were learnt from."""
    suggestions: list[int] = field(default_factory=list)
    newest: datetime | None = None
    """When the newest of them was given."""

    def reasons(self) -> dict[str, int]:
        """How many were set aside for what."""
        counts: dict[str, int] = {}
        for one in self.set_aside:
            counts[one.why] = counts.get(one.why, 0) + 1
        return dict(sorted(counts.items()))


def is_held_out(caller: str, share: float = HELD_OUT) -> bool:
    """Whether the labels of this caller (a pseudonym) are for judging only."""
    digest = hashlib.sha256(b"held out:" + caller.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def choose(
    pack: Pack,
    labels: Sequence[Label],
    suggestions: Sequence[Suggestion],
    installed: Mapping[str, LearnedFile] | None = None,
    *,
    since: datetime | None = None,
) -> Chosen:
    """Sift what people approved for `pack`, which is the content that the version begins with.

    `labels`: all of the pack or those that are approved. `installed`: what the content has learnt already, by language;
    it stays. `since`: only labels given from then on are learnt from; all are judged by.
    """
    return _Choice(pack, installed or {}).made(labels, suggestions, since)


@dataclass
class _Wish:
    """A sentence that somebody wants to be learnt."""

    source: str
    language: str
    intent: str | None
    text: str
    label: Label | None = None


@dataclass
class _Lessons:
    """What is learnt in one language, while it is gathered."""

    sentences: dict[str, list[LearnedSentence]]
    entries: dict[str, LearnedEntry]
    questions: dict[str, list[str]]
    """Of the new entries."""
    outside: dict[str, LearnedSentence]
    """By the sentence as sentences are compared."""

    @classmethod
    def beginning(cls, installed: LearnedFile) -> _Lessons:
        return cls(
            {name: list(those) for name, those in installed.sentences.items()},
            dict(installed.faq),
            {name: list(entry.questions) for name, entry in installed.faq.items()},
            {sentence(one.text): one for one in installed.outside},
        )

    def file(self) -> LearnedFile:
        faq = {
            name: entry.model_copy(update={"questions": self.questions[name]})
            for name, entry in self.entries.items()
            if self.questions[name]
        }
        empty = self.entries.keys() - faq.keys()
        sentences = {name: those for name, those in self.sentences.items() if name not in empty}
        return LearnedFile(sentences=sentences, faq=faq, outside=list(self.outside.values()))


class _Choice:
    def __init__(self, pack: Pack, installed: Mapping[str, LearnedFile]) -> None:
        self._pack, self._chosen = pack, Chosen()
        self._content = {language: _meanings(words) for language, words in pack.languages.items()}
        self._titles = {language: set(words.titles) for language, words in pack.languages.items()}
        self._open = [name for name, slot in pack.slots.items() if slot.type != "list"]
        self._lessons = {
            language: _Lessons.beginning(installed.get(language, LearnedFile())) for language in pack.languages
        }

    def made(self, labels: Sequence[Label], suggestions: Sequence[Suggestion], since: datetime | None) -> Chosen:
        chosen = self._chosen
        wishes = [wish for one in sorted(suggestions, key=lambda one: one.id) for wish in self._suggested(one)]
        wishes += self._labelled(labels)
        for wish in self._uncontradicted(wishes):
            label = wish.label
            if label is not None and is_held_out(label.caller or label.call):
                chosen.held_out.append(
                    HeldOut(
                        label.id,
                        label.transcript,
                        label.intent,
                        label.language,
                        label.caller or label.call,
                        label.call,
                        label.sample,
                    )
                )
            elif label is None or since is None or label.at >= since:
                self._learn(wish)
        taught = {(one.language, sentence(one.text)) for one in wishes if one.label is None}
        chosen.held_out = [one for one in chosen.held_out if (one.language, sentence(one.text)) not in taught]
        for language, lessons in self._lessons.items():
            file = lessons.file()
            sentences = with_cores(file.sentences, self._content[language])
            chosen.learned[language] = file.model_copy(update={"sentences": sentences})
        times = [one.at for one in labels if one.id in set(chosen.labels)]
        times += [one.at for one in suggestions if one.id in set(chosen.suggestions)]
        chosen.newest = max(times, default=None)
        return chosen

    def _aside(self, source: str, why: Why, intent: str | None) -> None:
        self._chosen.set_aside.append(SetAside(source, why, intent or ""))

    # What people said

    def _labelled(self, labels: Sequence[Label]) -> list[_Wish]:
        there = {language: {*titles, *self._lessons[language].entries} for language, titles in self._titles.items()}
        mine = sorted((label for label in labels if label.pack == self._pack.name), key=lambda label: label.id)
        approved = for_training(mine, intents=there, most_per_caller=MOST_PER_CALLER, most_of_unknown=MOST_OF_UNKNOWN)
        before = labels.left_out if isinstance(labels, Approved) else ()
        for one in (*before, *approved.left_out):
            self._aside(f"label:{one.label.id}", one.why, one.label.intent)
        wishes = []
        for label in approved:
            source = f"label:{label.id}"
            if label.language not in self._pack.languages:
                self._aside(source, "not in a language of the pack", label.intent)
            elif len(label.transcript) > LONGEST:
                self._aside(source, "too long", label.intent)
            elif (text := self._without_data(label.transcript, label.slots)) is None:
                self._aside(source, "names personal data", label.intent)
            else:
                wishes.append(_Wish(source, label.language, label.intent, text, label))
        return wishes

    def _suggested(self, suggestion: Suggestion) -> Iterable[_Wish]:
        source, language, entry = f"suggestion:{suggestion.id}", suggestion.language, suggestion.entry
        if suggestion.pack != self._pack.name or suggestion.state != "accepted":
            return
        if language not in self._pack.languages:
            self._aside(source, "not in a language of the pack", entry)
            return
        texts = dict.fromkeys(text.strip() for text in (suggestion.question, *suggestion.variants) if text.strip())
        if not texts:
            self._aside(source, "no words", entry)
            return
        if suggestion.kind == "wording":
            if entry not in self._titles[language]:
                self._aside(source, "intent is gone", entry)
                return
        elif entry in self._titles[language] or entry in self._lessons[language].entries:
            self._aside(source, "there is such an entry already", entry)
            return
        elif not _NAME.match(entry):
            self._aside(source, "no name that an entry may have", entry)
            return
        elif not _sayable(suggestion.answer):
            self._aside(source, "no answer that can be said", entry)
            return
        else:
            answer, first = suggestion.answer, next(iter(texts))[:LONGEST]
            self._lessons[language].questions[entry] = []
            self._lessons[language].entries[entry] = LearnedEntry.model_validate(
                {"title": suggestion.title or first, "questions": [first], "answer": answer, "source": source}
            )
        for text in texts:
            if len(text) > LONGEST:
                self._aside(source, "too long", entry)
            elif (cleaned := self._without_data(text, {})) is None:
                self._aside(source, "names personal data", entry)
            else:
                yield _Wish(source, language, entry, cleaned)

    def _without_data(self, text: str, slots: Mapping[str, str]) -> str | None:
        """The text with a slot where personal data stood; None where no slot can stand there."""
        text = " ".join(text.replace("{", " ").replace("}", " ").split())
        if not _PLACEHOLDER.search(text):
            return text
        named = [name for name in slots if name in self._open] or self._open[:1]
        if len(_PLACEHOLDER.findall(text)) > 1 or not named:
            return None
        return _PLACEHOLDER.sub(f"{{{named[0]}}}", text)

    # What is consistent

    def _uncontradicted(self, wishes: Sequence[_Wish]) -> list[_Wish]:
        meant: dict[tuple[str, str], set[str | None]] = {}
        for wish in wishes:
            meant.setdefault((wish.language, sentence(wish.text)), set()).add(wish.intent)
        kept = []
        for wish in wishes:
            key = sentence(wish.text)
            there = self._content[wish.language].get(key, set())
            if len(meant[wish.language, key]) > 1:
                self._aside(wish.source, "contradictory", wish.intent)
            elif there and wish.intent not in there:
                self._aside(wish.source, "contradicts the content", wish.intent)
            else:
                kept.append(wish)
        return kept

    def _learn(self, wish: _Wish) -> None:
        key, lessons = sentence(wish.text), self._lessons[wish.language]
        known = self._content[wish.language].setdefault(key, set())
        kind, _, number = wish.source.partition(":")
        ids = self._chosen.labels if kind == "label" else self._chosen.suggestions
        if int(number) not in ids:
            ids.append(int(number))
        if wish.intent in known or (wish.intent is None and key in lessons.outside):
            self._chosen.known.append(wish.source)
        elif wish.intent is None:
            lessons.outside[key] = LearnedSentence(text=wish.text, source=wish.source)
        else:
            known.add(wish.intent)
            if wish.label is None and wish.intent in lessons.entries:
                lessons.questions[wish.intent].append(wish.text)
            else:
                of_intent = lessons.sentences.setdefault(wish.intent, [])
                of_intent.append(LearnedSentence(text=wish.text, source=wish.source))


def read_learned(pack: Pack) -> dict[str, LearnedFile]:
    """What the content has learnt already, by language. Raises ContentError."""
    paths = {language: pack.folder / language / learned.FILE for language in pack.languages}
    return {language: YamlFile(path).read(LearnedFile) for language, path in paths.items() if path.exists()}


def write_learned(folder: Path, chosen: Chosen) -> None:
    """Write learned.yaml into each language's folder of a pack; where nothing was learnt there is none."""
    yaml = YAML()
    yaml.width = 4096
    for language, file in chosen.learned.items():
        data = {name: value for name, value in file.model_dump(mode="json", exclude_defaults=True).items() if value}
        path = folder / language / learned.FILE
        if data:
            with path.open("w", encoding="utf-8") as written:
                written.write("# Learnt from calls: `voicebot train` wrote this; docs/training.md tells how.\n")
                yaml.dump(data, written)
        else:
            path.unlink(missing_ok=True)


def _meanings(words: LanguagePack) -> dict[str, set[str | None]]:
    """Each sentence of the content, as sentences are compared -> what it stands for; None: nothing here."""
    found: dict[str, set[str | None]] = {}
    for intent, expansions in words.sentences.items():
        for one in expansions:
            found.setdefault(sentence(one.text), set()).add(intent)
    for text in words.outside:
        found.setdefault(sentence(text), {None})
    return found


def _sayable(answer: str) -> bool:
    """Whether a text can be an answer: it is not empty, and its braces are right."""
    try:
        ReplyTemplate(answer)
    except ValueError:
        return False
    return bool(answer.strip()) and len(answer) <= 600
