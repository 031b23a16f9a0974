"""What is put down of a call, without personal data: by what was asked, and by what is known of the caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.privacy.kinds import placeholder
from voicebot.privacy.redactor import (
    NOTHING_ASKED,
    Asked,
    kind_of_field,
    personal_values,
    redact,
    redact_data,
    telling_digits,
    unfinished,
)
from voicebot.store.journal import Entry


def asked_of(pack: Pack, state: State) -> Asked:
    """What the question that is open in this state asks for."""
    question = state.question
    slot = pack.slots.get(question.slot) if question is not None else None
    if question is None or slot is None:
        return NOTHING_ASKED
    return Asked("phone" if slot.type == "phone" else kind_of_field(question.slot), tuple(slot.lengths))


def redact_known(text: str, language: str, state: State | None, asked: Asked = NOTHING_ASKED) -> str:
    """`text` without personal data, also without what the dialogue knows to be such."""
    if state is not None:
        for value, kind in personal_values([state.slots, state.results]):
            if value in text:
                text = text.replace(value, placeholder(kind, language))
    return redact(text, language, asked)


_MOST_KNOWN = 20
"""Numbers of one call that are remembered, as long as it lasts."""


class Redacting:
    """Of one call: knows the last question, and whether the caller is in the middle of a number."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._state: State | None = None
        self._answered = self._open = NOTHING_ASKED
        self._goes_on = NOTHING_ASKED
        self._known: tuple[str, ...] = ()

    def begin(self, state: State) -> None:
        self._state = state
        self._open = asked_of(self._pack, state)

    def turn(self, before: State, after: State, said: str) -> None:
        """The dialogue decided; `said`: the words or keys that it decided on, if any."""
        self._state = after
        self._answered, self._open = asked_of(self._pack, before), asked_of(self._pack, after)
        if said:
            if self._answered.kind is None and self._goes_on.kind is not None and not self._answered.lengths:
                self._answered = self._goes_on
            self._goes_on = Asked(unfinished(said))
            further = telling_digits(said, before.language, self._answered)
            self._known = tuple(dict.fromkeys((*self._known, *further)))[-_MOST_KNOWN:]

    def asked(self, *, taken: bool) -> Asked:
        """What the caller's words answer; `taken`: whether the dialogue decided on them already."""
        return replace(self._answered if taken else self._open, known=self._known)

    @property
    def known(self) -> Asked:
        """Nothing was asked; but what is known by now to be personal is known."""
        return Asked(known=self._known)

    @property
    def language(self) -> str:
        return self._state.language if self._state is not None else ""

    def text(self, text: str, asked: Asked = NOTHING_ASKED) -> str:
        """The text as it may be kept."""
        return redact_known(text, self.language, self._state, asked)

    def data(self, value: Any, asked: Asked = NOTHING_ASKED) -> Any:
        """Plain data as it may be kept."""
        return redact_data(value, self.language, asked)

    def entry(self, entry: Entry) -> Entry:
        """The entry as it may be shown and kept."""
        asked = Asked.from_json(entry.asked)
        facts = dict(entry.facts)
        if hypothesis := facts.get("hypothesis"):
            facts["hypothesis"] = self.text(str(hypothesis), asked)
        return replace(
            entry,
            text=self.text(entry.text, asked),
            alternatives=self.data(entry.alternatives, asked),
            slots=self.data(entry.slots, self.known),
            facts=facts,
            asked={},
        )
