"""From an utterance's text to its meaning, with what the dialogue expects in mind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol, runtime_checkable

from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.nlu.entities import Expected, ListEntry, find_entities
from voicebot.nlu.normalise import normalise
from voicebot.nlu.understanding import Entity, IntentScore, Understanding


class Understander(Protocol):
    """Understands one language of one pack. Deterministic; callable from any thread."""

    def understand(self, text: str, expected: Collection[str] = ()) -> Understanding:
        """What `text` means. `expected` names the intents that the present question makes likely."""
        ...

    def entities(self, text: str, slots: Sequence[str], today: str) -> dict[str, Entity]:
        """Values for these slots in `text`, by slot; `today` is an ISO date."""
        ...

    def leading_answer(self, text: str) -> bool | None:
        """The yes or no that `text` begins with; None where it begins otherwise."""
        ...

    def ordinal(self, text: str) -> int | None:
        """Which of several things `text` names ("두 번째 거요", "2번"): 1 the first, -1 the last; None where none."""
        ...


class IntentClassifier(Protocol):
    """Tells intents from text: `voicebot.nlu.intents.IntentModel` is one."""

    def understand(self, text: str, *, expected: Collection[str] = ()) -> Understanding: ...


@runtime_checkable
class ReadsApart(Protocol):
    """A classifier of several parts: `voicebot.nlu.intents.IntentModel` is one."""

    def each_reading(self, text: str) -> tuple[str, ...]:
        """The intent that each part would choose alone."""
        ...


class PackUnderstander:
    """Implements `Understander` for one language of a pack.

    What a caller says exactly as the pack puts it needs no model: most recognitions are snapped to such a sentence.
    """

    def __init__(self, pack: Pack, language: str, intents: IntentClassifier) -> None:
        words = pack.languages[language]
        self._language, self._slots, self._intents = language, pack.slots, intents
        self._known = _sentences(words)
        self._outside = frozenset(map(_key, words.outside)) - self._known.keys()
        self._numbers = [name for name, slot in pack.slots.items() if slot.type == "digits" and min(slot.lengths) > 2]
        self._lists = {
            name: [ListEntry(value, tuple(names.get(words.language, ()))) for value, names in slot.values.items()]
            for name, slot in pack.slots.items()
            if slot.type == "list"
        }

    def understand(self, text: str, expected: Collection[str] = ()) -> Understanding:
        """See `Understander`."""
        key = _key(text)
        if key in self._outside and not expected:
            return Understanding(text, None, 1.0)
        meanings = self._known.get(key, ())
        wanted = [intent for intent in meanings if intent in expected] or list(meanings)
        if len(wanted) == 1:
            return Understanding(text, wanted[0], 1.0, (IntentScore(wanted[0], 1.0),))
        asked = "yes" in expected
        if "no" in expected and (answer := self._yes_or_no(text, leading=False)) is not None:
            return answer
        found = replace(self._intents.understand(self._without_numbers(text), expected=expected), text=text)
        if (
            asked
            and (found.intent is None or found.score < _SURELY)
            and (answer := self._yes_or_no(text, leading=True))
        ):
            return answer
        return found

    def each_reading(self, text: str) -> tuple[str, ...]:
        """The intent that each part of the classifier would choose alone; empty where it has no parts."""
        return self._intents.each_reading(self._without_numbers(text)) if isinstance(self._intents, ReadsApart) else ()

    def _without_numbers(self, text: str) -> str:
        """`text` without the long numbers that slots are for: they say nothing about the intent."""
        for name in self._numbers:
            for entity in self.entities(text, [name], _ANY_DAY).values():
                text = text[: entity.start] + text[entity.end :]
        return text

    def leading_answer(self, text: str) -> bool | None:
        """See `Understander`."""
        found = self._yes_or_no(text, leading=True)
        return None if found is None else found.intent == "yes"

    def _yes_or_no(self, text: str, *, leading: bool) -> Understanding | None:
        """A yes or a no that is most of what was said or, with `leading`, that begins it ("네 정지해 주세요")."""
        found = find_entities(text, self._language, today=date.min, expect=[Expected("yes_no")])
        said = [entity for entity in found if entity.type == "yes_no"]
        if leading:
            said = [entity for entity in said[:1] if not text[: entity.start].strip()]
        elif sum(entity.end - entity.start for entity in said) < _MOSTLY * len(text.replace(" ", "")):
            return None
        if len({entity.value for entity in said}) != 1:
            return None
        intent = "yes" if said[0].value else "no"
        return Understanding(text, intent, 1.0, (IntentScore(intent, 1.0),), tuple(said))

    def entities(self, text: str, slots: Sequence[str], today: str) -> dict[str, Entity]:
        """See `Understander`."""
        expect = [Expected(self._type(name), tuple(self._slots[name].lengths)) for name in slots]
        lists = {name: self._lists[name] for name in slots if name in self._lists}
        found = find_entities(text, self._language, today=date.fromisoformat(today), expect=expect, lists=lists)
        values: dict[str, Entity] = {}
        for entity in found:
            for name in slots:
                if name not in values and self._fits(name, entity):
                    values[name] = entity
                    break
        return values

    def ordinal(self, text: str) -> int | None:
        """See `Understander`."""
        expect = [Expected("ordinal"), Expected("number")]
        for entity in find_entities(text, self._language, today=date.min, expect=expect):
            if entity.type in ("ordinal", "number") and isinstance(entity.value, int):
                return entity.value
        return None

    def _type(self, slot: str) -> str:
        kind = self._slots[slot].type
        return slot if kind == "list" else kind

    def _fits(self, slot: str, entity: Entity) -> bool:
        if entity.type != self._type(slot) or entity.negated:
            return False
        lengths = self._slots[slot].lengths
        return not lengths or len(str(entity.value)) in lengths


_ANY_DAY = "2000-01-01"

_MOSTLY = 0.6
"""Share of an utterance that a yes or no must cover to be its meaning, whatever else is said."""

_SURELY = 0.6
"""Probability from which the rest of an utterance is a wish of its own, so that a leading yes or no is none."""


def _key(text: str) -> str:
    """What makes two sentences the same: their letters."""
    return "".join(char for char in normalise(text).lower() if char.isalnum())


def _sentences(words: LanguagePack) -> Mapping[str, tuple[str, ...]]:
    """Every sentence without open slots -> the intents that it stands for."""
    known: dict[str, tuple[str, ...]] = {}
    for intent, expansions in words.sentences.items():
        for text in [text for one in expansions for text in (one.text, one.core) if text and "{" not in text]:
            key = _key(text)
            if intent not in known.get(key, ()):
                known[key] = (*known.get(key, ()), intent)
    return known


def without_slots(sentence: str) -> str:
    """A wording of an intent as its classifier is to learn it: open slots left out."""
    return " ".join(_BRACES.sub(" ", sentence).split())


_BRACES = re.compile(r"\{[^{}]*\}")
