"""What the pages and the API of labelling share: turns as they are shown, and what was filled in, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voicebot.config import Configuration
from voicebot.console.operators.scene import Scene
from voicebot.dialogue.content import Slot
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.understander import PackUnderstander
from voicebot.errors import VoicebotError
from voicebot.learning.labelling.checking import (
    UnfitError,
    asked_by,
    check_slot,
    intents_in,
    intents_of,
    slots_of,
)
from voicebot.learning.labelling.queue import Item, LabellingQueue
from voicebot.privacy.redactor import Asked
from voicebot.store.history.database import Database
from voicebot.store.labels import Judgement, Label, LabelError, Labels, Turn
from voicebot.store.labels.candidates import Candidate, Context, candidate, context
from voicebot.store.labels.label import OUT_OF_SCOPE, UNINTELLIGIBLE

MOST_LIKELY = 6
"""Intents that have a number key."""
_OTHER = ":other"


class NotLoadedError(VoicebotError):
    """The content is not there yet."""


class FieldError(LabelError):
    """Something filled in that can't be a label."""

    def __init__(self, key: str, message: str, field: str, **values: object) -> None:
        """`key`: the page's text for it; `field`: where the reader finds it."""
        super().__init__(message)
        self.key, self.field, self.values = key, field, values


@dataclass(frozen=True)
class Choice:
    """An intent as people see it."""

    name: str
    title: str


@dataclass(frozen=True)
class SlotField:
    """A slot to be filled in."""

    name: str
    title: str
    type: str
    lengths: tuple[int, ...]
    values: tuple[Choice, ...]
    """Of a list."""
    intents: tuple[str, ...]
    """Those whose flows ask for it."""


@dataclass(frozen=True)
class Filled:
    """What stands in the form."""

    transcript: str
    choice: str
    """An intent's name, `:out_of_scope`, `:unintelligible`, `:other` or empty."""
    other: str = ""
    slots: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Card:
    """One turn with its form."""

    turn: Turn
    language: str
    began: datetime
    heard: str
    context: Context
    understood: str
    """Title of the intent that the bot took it for; empty: none."""
    likely: tuple[Choice, ...]
    slots: tuple[SlotField, ...]
    filled: Filled
    has_sound: bool
    second: bool
    sample: str
    why: str
    """Why it is shown: `random`, `second`, `not_understood`, `close`, `unsure` or `chosen`."""


class Workbench:
    """Of one installation."""

    def __init__(self, scene: Scene, database: Database, configuration: Configuration) -> None:
        self.scene, self.database = scene, database
        self.labels = Labels(database, scene.now)
        self.queue = LabellingQueue(
            database,
            random_share=configuration.label_random_share,
            double_share=configuration.label_double_share,
            disagree=self._disagree,
        )

    def dialogue(self) -> Dialogue:
        """Raises NotLoadedError."""
        found = self.scene.dialogue()
        if found is None:
            raise NotLoadedError("the content is being loaded; try again in a few seconds.")
        return found

    def pack(self) -> Pack:
        """The pack whose calls are labelled. Raises NotLoadedError."""
        return self.dialogue().pack

    def intents(self) -> dict[str, list[str]]:
        """By language, those that there are now."""
        return intents_of(self.pack())

    def choices(self, reader_language: str) -> list[Choice]:
        """Every intent, by title."""
        names = dict.fromkeys(name for names in self.intents().values() for name in names)
        found = [Choice(name, self.scene.title(name, reader_language)) for name in names]
        return sorted(found, key=lambda choice: choice.title.casefold())

    def card(self, item: Item, reader_language: str, filled: Filled | None = None) -> Card:
        """A turn as a page shows it. Raises NotLoadedError."""
        dialogue, one = self.dialogue(), item.candidate
        around = context(self.database, one.turn)
        likely = self._likely(dialogue, one)[:MOST_LIKELY]
        slots = self._slots(dialogue.pack, one.language, reader_language)
        return Card(
            turn=one.turn,
            language=one.language,
            began=one.began,
            heard=one.heard,
            context=around,
            understood=self.scene.title(one.intent, reader_language),
            likely=tuple(Choice(name, self.scene.title(name, reader_language)) for name in likely),
            slots=slots,
            filled=filled or Filled(one.heard, "", slots=self._found(dialogue, one, slots)),
            has_sound=self.scene.recordings is not None and self.scene.recordings.has(one.turn.call),
            second=item.second,
            sample=item.sample,
            why=_why(item),
        )

    def item(self, turn: Turn) -> Item | None:
        """A turn that somebody asks for; None where there is none, or its words are gone."""
        found = candidate(self.database, turn)
        return None if found is None else Item(found, self.queue.sample(turn), second=False)

    def judgement(self, filled: Filled, language: str, began: datetime, reader_language: str) -> Judgement:
        """What the form says. Raises FieldError and NotLoadedError."""
        dialogue = self.dialogue()
        if filled.choice == UNINTELLIGIBLE:
            return Judgement("", None, {}, intelligible=False)
        intent = self._intent(filled, reader_language)
        if not filled.transcript.strip():
            raise FieldError("bad_transcript", "write down what was said.", "transcript")
        given = {name: value.strip() for name, value in (filled.slots or {}).items() if value.strip()}
        asked = slots_of(dialogue.pack, intent) if intent else ()
        slots = {name: value for name, value in given.items() if name in asked}
        for name, value in slots.items():
            try:
                check_slot(dialogue, name, value, language, self._day(began))
            except UnfitError as error:
                words = dialogue.pack.languages.get(reader_language)
                slot = dialogue.pack.slots[name]
                title = words.slot_titles.get(name, name) if words else name
                lengths = ", ".join(str(length) for length in slot.lengths)
                raise FieldError(
                    f"bad_slot_{slot.type}", str(error), f"slot-{name}", slot=title, lengths=lengths
                ) from None
        return Judgement(filled.transcript, intent, slots)

    def asked(self, turn: Turn) -> Asked:
        """What the question was that the turn answers, as far as it matters for what may be kept."""
        return asked_by(self.pack(), context(self.database, turn).asked)

    def gone(self, labels: Sequence[Label]) -> dict[str, int]:
        """Intents that labels name and the content lacks: how often."""
        there, counts = self.intents(), dict[str, int]()
        for label in labels:
            if (
                label.intent is not None
                and label.state != "refused"
                and label.intent not in there.get(label.language, ())
            ):
                counts[label.intent] = counts.get(label.intent, 0) + 1
        return counts

    def _intent(self, filled: Filled, reader_language: str) -> str | None:
        if filled.choice == OUT_OF_SCOPE:
            return None
        choices = self.choices(reader_language)
        typed = filled.other.strip().casefold() if filled.choice == _OTHER else ""
        for choice in choices:
            if (choice.name == filled.choice) or (typed and typed in (choice.name.casefold(), choice.title.casefold())):
                return choice.name
        raise FieldError("bad_intent", "choose an intent, out of scope, or not intelligible.", "intent")

    def _likely(self, dialogue: Dialogue, one: Candidate) -> list[str]:
        """The bot's own reading first, what else the sound might have meant, then what its words mean today."""
        words = dialogue.pack.languages.get(one.language)
        there = set(intents_in(words)) if words else set()
        understood = dialogue.understander(one.language).understand(one.heard)
        names = [
            one.intent,
            *(str(other.get("meaning") or "") for other in one.alternatives),
            *(score.name for score in understood.alternatives),
        ]
        return [name for name in dict.fromkeys(names) if name in there]

    def _slots(self, pack: Pack, language: str, reader_language: str) -> tuple[SlotField, ...]:
        words = pack.languages.get(reader_language) or next(iter(pack.languages.values()))
        by_slot: dict[str, list[str]] = {}
        for intent in self.intents().get(language, ()):
            for name in slots_of(pack, intent):
                by_slot.setdefault(name, []).append(intent)
        return tuple(
            SlotField(
                name,
                words.slot_titles.get(name, name),
                pack.slots[name].type,
                tuple(pack.slots[name].lengths),
                _values(pack.slots[name], reader_language),
                tuple(intents),
            )
            for name, intents in by_slot.items()
        )

    def _found(self, dialogue: Dialogue, one: Candidate, slots: Sequence[SlotField]) -> dict[str, str]:
        """What the words name already, to be corrected rather than typed."""
        understander = dialogue.understander(one.language)
        entities = understander.entities(one.heard, [slot.name for slot in slots], self._day(one.began))
        types = {slot.name: slot.type for slot in slots}
        return {
            name: str(entity.value) if types[name] in ("list", "digits") else entity.text
            for name, entity in entities.items()
            if types[name] != "yes_no"
        }

    def _day(self, began: datetime) -> str:
        return began.astimezone(self.scene.zone).date().isoformat()

    def _disagree(self, one: Candidate) -> bool:
        dialogue = self.scene.dialogue()
        understander = dialogue.understander(one.language) if dialogue else None
        return isinstance(understander, PackUnderstander) and len(set(understander.each_reading(one.heard))) > 1


def filled_of(form: Mapping[str, Any]) -> Filled:
    """What a browser sent."""
    slots = {name.removeprefix("slot-"): str(value) for name, value in form.items() if name.startswith("slot-")}
    return Filled(
        str(form.get("transcript", ""))[:2000],
        str(form.get("choice", ""))[:80],
        str(form.get("other", ""))[:120],
        slots,
    )


def _values(slot: Slot, language: str) -> tuple[Choice, ...]:
    names = {value: dict(by_language) for value, by_language in slot.values.items()}
    return tuple(Choice(value, next(iter(by.get(language, ())), value)) for value, by in names.items())


def _why(item: Item) -> str:
    one = item.candidate
    if item.second:
        return "second"
    if item.sample == "random":
        return "random"
    if not one.intent:
        return "not_understood"
    if one.margin is not None and one.margin < 0.3:
        return "close"
    return "unsure" if one.score is not None and one.score < 0.7 else "chosen"
