"""Whether a judgement fits the content: its intent is there, and its slots are values of their types."""

from __future__ import annotations

from collections.abc import Collection

from voicebot.dialogue import program
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.dialogue.understander import PackUnderstander
from voicebot.nlu.understanding import Understanding
from voicebot.privacy.redactor import NOTHING_ASKED, Asked, kind_of_field
from voicebot.store.labels import Judgement, LabelError

_EXAMPLES = {
    "date": "a date as it was said, such as tomorrow",
    "amount": "an amount as it was said, such as 30,000 won",
    "number": "a number as it was said, such as two",
}


class UnfitError(LabelError):
    """A judgement that does not fit the content."""

    def __init__(self, message: str, slot: str = "") -> None:
        """`slot`: the one that is wrong; empty: the intent."""
        super().__init__(message)
        self.slot = slot


class _NoIntents:
    def understand(self, text: str, *, expected: Collection[str] = ()) -> Understanding:  # noqa: ARG002
        return Understanding(text, None, 0.0)


def values_only(pack: Pack) -> Dialogue:
    """A dialogue that reads values and knows no intents: enough to check with, and made without training."""
    return Dialogue(pack, {language: PackUnderstander(pack, language, _NoIntents()) for language in pack.languages})


def intents_of(pack: Pack) -> dict[str, list[str]]:
    """By language, those that callers can mean."""
    return {language: intents_in(words) for language, words in pack.languages.items()}


def intents_in(words: LanguagePack) -> list[str]:
    """Those of one language."""
    return [name for name in words.titles if name in words.sentences]


def slots_of(pack: Pack, intent: str) -> tuple[str, ...]:
    """The slots that an intent's flow asks for, without those that are secret or personal: labels don't keep these."""
    asked = (step.slot for step in pack.flows.get(intent, ()) if isinstance(step, program.Ask))
    return tuple(
        name
        for name in dict.fromkeys(asked)
        if name in pack.slots
        and not pack.slots[name].secret
        and pack.slots[name].type not in ("phone", "yes_no")
        and kind_of_field(name) is None
    )


def check(dialogue: Dialogue, judgement: Judgement, language: str, day: str) -> None:
    """Raises UnfitError. `day`: of the call, an ISO date."""
    pack, intent = dialogue.pack, judgement.intent
    if intent is None:
        if judgement.slots:
            raise UnfitError("what has no intent has no slots; leave them out.", next(iter(judgement.slots)))
        return
    if intent not in intents_of(pack).get(language, ()):
        raise UnfitError(f"{pack.name} has no intent {intent[:60]!r} in {language}; name one of the content's intents.")
    known = slots_of(pack, intent)
    for name, value in judgement.slots.items():
        if name not in known:
            may = f"name one of: {', '.join(known)}" if known else "leave it out"
            raise UnfitError(f"{intent} asks for no slot {name[:60]!r}; {may}.", name)
        check_slot(dialogue, name, value, language, day)


def check_slot(dialogue: Dialogue, name: str, value: str, language: str, day: str) -> None:
    """Raises UnfitError for what is no value of the slot."""
    slot = dialogue.pack.slots[name]
    if slot.type == "list":
        if value not in slot.values:
            raise UnfitError(f"{name} is none of its values; write one of: {', '.join(slot.values)}.", name)
    elif name not in dialogue.understander(language).entities(value, [name], day):
        lengths = " or ".join(map(str, slot.lengths))
        wanted = f"{lengths} digits" if slot.type == "digits" else _EXAMPLES.get(slot.type, f"a {slot.type}")
        raise UnfitError(f"{name} can't be read; write {wanted}.", name)


def asked_by(pack: Pack, step: str) -> Asked:
    """What the step that a turn answers asked for, as far as it matters for what may be kept."""
    kind, _, name = step.partition(" ")
    slot = pack.slots.get(name) if kind in ("ask", "confirm") else None
    if slot is None:
        return NOTHING_ASKED
    return Asked("phone" if slot.type == "phone" else kind_of_field(name), tuple(slot.lengths))
