"""What simulated callers want: wishes that the pack can fulfil, with values that its back end knows, and the truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from voicebot.backends.port import Backend
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.program import Ask, Do
from voicebot.simulation.people import Person
from voicebot.simulation.truth import NoTruthError, Truth, effects, truth_of

PERSON = "agent"
"""The wish for a person."""

WANTS_PERSON, WANTS_FAQ, WANTS_MORE = 0.05, 0.3, 0.2
"""Shares of calls for a person, for a question with one answer, and, of the others, with a second wish."""
SAYS_YES = 0.85
"""Share of a flow's questions of yes or no that the caller says yes to."""
_DAYS_AHEAD = 40
_TRIES = 200


@dataclass(frozen=True)
class Goal:
    """One wish."""

    intent: str
    truth: Truth | None
    """None for the wish for a person."""
    slots: tuple[str, ...] = ()
    """All slots that its flow may ask for."""


@dataclass(frozen=True)
class Plan:
    """What one call is for."""

    goals: tuple[Goal, ...]
    values: Mapping[str, Any]
    """Slot -> the caller's value."""
    person: Person

    @property
    def for_a_person(self) -> bool:
        """Whether the call is to end with a person: by wish, or since a flow leads there."""
        return any(goal.truth is None or goal.truth.by_person for goal in self.goals)


class Planner:
    """Draws plans for calls of one pack."""

    def __init__(
        self,
        pack: Pack,
        language: str,
        people: tuple[Person, ...],
        open_backend: Callable[[], Backend],
        today: date,
    ) -> None:
        """`open_backend` gives a fresh back end: flows are walked through on it to learn what should come of them."""
        self._pack, self._people, self._open, self._today = pack, people, open_backend, today
        self._effects = effects(pack)
        self._slots = {flow: slots_of(pack, flow) for flow in pack.flows}
        self._backend: Backend | None = None
        self._flows = [flow for flow in pack.flows if flow not in pack.internal]
        # What has no sentence of its own can't be asked for.
        words = pack.languages[language].sentences
        self._faq = sorted(name for name in pack.faq if words.get(name))

    def plan(self, chance: random.Random) -> Plan:
        """One call's plan. Raises NoTruthError where nothing of the pack can be had with these people's values."""
        if chance.random() < WANTS_PERSON:
            return Plan((Goal(PERSON, None),), {}, chance.choice(self._people))
        for _ in range(_TRIES):
            person = chance.choice(self._people)
            values = self._values(chance, person)
            intents = [self._intent(chance)]
            if chance.random() < WANTS_MORE:
                intents.append(self._intent(chance))
            try:
                return Plan(self._goals(chance, list(dict.fromkeys(intents)), values, person), values, person)
            except NoTruthError:
                continue
        raise NoTruthError(f"{self._pack.name}: no flow leads anywhere with the values of callers.yaml")

    def _intent(self, chance: random.Random) -> str:
        if self._faq and chance.random() < WANTS_FAQ:
            return chance.choice(self._faq)
        return chance.choice(self._flows)

    def _goals(
        self, chance: random.Random, intents: list[str], values: Mapping[str, Any], person: Person
    ) -> tuple[Goal, ...]:
        goals: list[Goal] = []
        before: Truth | None = None
        known = {"caller": person.caller, "today": self._today.isoformat()}
        backend = self._backend or self._open()
        self._backend = None
        for intent in intents:
            answers: dict[str, bool] = {}

            def decide(reply: str, answers: dict[str, bool] = answers) -> bool:
                return answers.setdefault(reply, chance.random() < SAYS_YES)

            before = truth_of(self._pack, intent, values, backend, decide, known, before)
            goals.append(Goal(intent, before, self._slots.get(intent, ())))
            if before.by_person:
                break
        if not any(name in self._effects for goal in goals if goal.truth for name, _ in goal.truth.operations):
            self._backend = backend  # nothing was changed: it is as fresh as before
        return tuple(goals)

    def _values(self, chance: random.Random, person: Person) -> dict[str, Any]:
        values: dict[str, Any] = {slot: chance.choice(given) for slot, given in sorted(person.values.items())}
        for slot, kind in self._pack.slots.items():
            if slot in values:
                continue
            if kind.type == "list" and kind.values:
                values[slot] = chance.choice(sorted(kind.values))
            elif kind.type == "date":
                values[slot] = (self._today + timedelta(days=chance.randrange(1, _DAYS_AHEAD))).isoformat()
        return values


def slots_of(pack: Pack, flow: str) -> tuple[str, ...]:
    """The slots that a flow may ask for, those of the flows that it calls included."""
    found: dict[str, None] = {}
    waiting, seen = [flow], {flow}
    while waiting:
        for step in pack.flows.get(waiting.pop(), ()):
            if isinstance(step, Ask):
                found[step.slot] = None
            elif isinstance(step, Do) and step.flow not in seen:
                seen.add(step.flow)
                waiting.append(step.flow)
    return tuple(found)
