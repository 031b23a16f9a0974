"""A simulated caller: what they do next, given what the bot asks.

The caller understands the bot perfectly, as people do: they are told by the dialogue's state what is asked and what was
taken down. They don't know what the bot makes of their words before it shows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from voicebot.dialogue.actions import Action, Note
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.key_menus import NEXT_PAGE, choices
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import Question, State
from voicebot.simulation.goals import PERSON, Goal, Plan
from voicebot.simulation.personas import Persona
from voicebot.simulation.wording import Said, Wording

_MOST_WISHES = 5
"""So often a caller says the same wish; then they ask for a person."""
_FAILED = ("no_match", "not_heard", "wrong_keys")


@dataclass(frozen=True)
class Pressed:
    keys: str


@dataclass(frozen=True)
class Silent:
    pass


@dataclass(frozen=True)
class Left:
    """The caller hangs up."""

    why: Literal["impatient", "done", "cut off"]


Doing = Said | Pressed | Silent | Left


class SimulatedCaller:
    """One call's caller."""

    def __init__(self, plan: Plan, persona: Persona, wording: Wording, pack: Pack, chance: random.Random) -> None:
        self._plan, self._persona, self._wording, self._pack, self._chance = plan, persona, wording, pack, chance
        self._goals = list(plan.goals)
        self._failures = 0
        self._asked_for_person = False
        self._slipped: set[str] = set()
        self._digressed = False
        self._tried: dict[str, int] = {}

    @property
    def goal(self) -> Goal:
        """What the caller is after now; the last wish where all are fulfilled."""
        return self._goals[0]

    def reached(self) -> None:
        """The present wish is fulfilled: on to the next."""
        self._failures = 0
        if len(self._goals) > 1:
            self._goals.pop(0)
        else:
            self._goals = [replace(self._goals[0], intent="")]

    @property
    def content(self) -> bool:
        """Whether nothing is left to be wished for."""
        return not self.goal.intent

    def next(self, actions: Sequence[Action], state: State) -> Doing:
        """What the caller does after the bot's turn."""
        persona, chance = self._persona, self._chance
        self._count_failures(actions)
        if chance.random() < persona.drops:
            return Left("cut off")
        if self._failures >= persona.patience and not self.content:
            if persona.leaves or (self._asked_for_person and chance.random() < 0.3):
                return Left("impatient")
            self._asked_for_person = True
            return self._in_words(self._wording.command(chance, PERSON))
        if chance.random() < persona.silent:
            return Silent()
        question = state.question
        if question is None:
            return Silent()
        if (wrong := self._noticed(state)) is not None:
            return wrong
        match question.kind:
            case "slot":
                return self._value(question, state)
            case "yes_no":
                return self._yes_or_no(self._decision(question, state))
            case "confirm_value":
                return self._confirm_value(question)
            case "confirm_intent":
                return self._confirm_intent(question)
            case "choice":
                return self._choose(question, state)
            case "more":
                return self._yes_or_no(yes=False)
            case "anything_else" if self.content:
                if chance.random() < 0.1:
                    return Left("done")
                return self._in_words(self._wording.command(chance, chance.choice(("no", "no", "goodbye"))))
            case _:
                if self.content:
                    return self._in_words(self._wording.command(chance, "goodbye"))
                return self._wish(state)

    # Wishes

    def _wish(self, state: State) -> Doing:
        goal, chance = self.goal, self._chance
        if goal.intent == PERSON:
            return self._in_words(self._wording.command(chance, PERSON))
        if self._failures and (key := self._key_for(goal.intent, state)) and self._rather_keys():
            return Pressed(key)
        times = self._tried[goal.intent] = self._tried.get(goal.intent, 0) + 1
        if times > _MOST_WISHES:
            self._asked_for_person = True
            return self._in_words(self._wording.command(chance, PERSON))
        # Who was not understood puts it more plainly.
        unseen = chance.random() < self._persona.unseen / times
        given = {slot: self._plan.values[slot] for slot in goal.truth.asked} if goal.truth else {}
        speakable = {slot: value for slot, value in given.items() if not self._pack.slots[slot].secret}
        said = self._wording.wish(
            chance,
            goal.intent,
            speakable,
            unseen=unseen,
            with_values=times == 1 and chance.random() < self._persona.volunteers,
            slots=goal.slots,
        )
        return self._in_words(said)

    def _key_for(self, intent: str, state: State) -> str:
        return next((key for key, option in self._keys(state).items() if option == intent), "")

    def _keys(self, state: State) -> dict[str, str]:
        return dict(choices(Draft(self._pack, {}, state)))

    def _rather_keys(self) -> bool:
        return self._chance.random() < self._persona.keys_after_failure

    # Answers

    def _value(self, question: Question, state: State) -> Doing:
        chance, slot, goal = self._chance, question.slot, self.goal
        flows = {frame.flow for frame in state.stack}
        mine = goal.truth is not None and slot in goal.truth.asked
        if not mine or (goal.intent not in flows and chance.random() < 0.3):
            return self._elsewhere(state)
        if chance.random() < self._persona.digresses and not self._digressed and self._pack.faq:
            self._digressed = True
            return self._in_words(self._wording.wish(chance, chance.choice(sorted(self._pack.faq)), {}, unseen=False))
        value, kind = self._plan.values[slot], self._pack.slots[slot]
        if kind.secret and (self._failures or chance.random() < 0.95):
            return Pressed(str(value))
        if kind.type == "list":
            if self._failures and self._rather_keys() and (key := self._key_for(str(value), state)):
                return Pressed(key)
            if self._failures and self._rather_keys() and NEXT_PAGE in self._keys(state).values():
                return Pressed("9")
        elif kind.type == "digits":
            keys = chance.random() < self._persona.keys
            if keys or (self._failures and self._rather_keys()):
                return Pressed(str(value))
        elif kind.type == "date" and self._failures and self._rather_keys():
            return Pressed(f"{value[5:7]}{value[8:10]}")
        if slot not in self._slipped and chance.random() < self._persona.slips:
            self._slipped.add(slot)
            value = self._slip(slot, value)
        return self._in_words(self._wording.answer(chance, slot, value))

    def _slip(self, slot: str, value: Any) -> Any:
        """A value that was not meant."""
        kind = self._pack.slots[slot]
        if kind.type == "list":
            return self._chance.choice([other for other in sorted(kind.values) if other != value] or [value])
        if kind.type == "digits":
            place = self._chance.randrange(len(value))
            return value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
        return value

    def _elsewhere(self, state: State) -> Doing:
        """The bot is at something that was not asked for."""
        self._failures += 1
        if self.content or not self._chance.random() < 0.8:
            return self._in_words(self._wording.command(self._chance, "cancel"))
        return self._wish(replace(state, question=None))

    def _noticed(self, state: State) -> Doing | None:
        """A wrong value was taken down, and the caller noticed."""
        truth = self.goal.truth
        if truth is None:
            return None
        question = state.question
        for slot in sorted(truth.asked):
            wrong, right = state.slots.get(slot), self._plan.values[slot]
            kind = self._pack.slots[slot]
            if wrong is None or wrong in (right, "verified") or kind.secret:
                continue
            if question is not None and question.slot == slot:
                continue
            if self._chance.random() < self._persona.attention:
                self._failures += 1
                return self._in_words(self._wording.correction(self._chance, slot, wrong, right))
        return None

    def _decision(self, question: Question, state: State) -> bool:
        truth = self.goal.truth
        mine = self.goal.intent in {frame.flow for frame in state.stack}
        return bool(truth and mine and truth.decisions.get(question.reply, False))

    def _confirm_value(self, question: Question) -> Doing:
        right = self._plan.values.get(question.slot)
        if question.value == right:
            return self._yes_or_no(yes=True)
        self._failures += 1
        if right is not None and self._chance.random() < 0.4:
            return self._in_words(self._wording.correction(self._chance, question.slot, question.value, right))
        return self._yes_or_no(yes=False)

    def _confirm_intent(self, question: Question) -> Doing:
        if question.intent == self.goal.intent or (question.intent == PERSON and self._asked_for_person):
            return self._yes_or_no(yes=True)
        self._failures += 1
        if self._chance.random() < 0.3 and not self.content:
            return self._in_words(self._wording.wish(self._chance, self.goal.intent, {}, unseen=False))
        return self._yes_or_no(yes=False)

    def _choose(self, question: Question, state: State) -> Doing:
        wanted = self.goal.intent
        if wanted in question.options:
            if self._chance.random() < 0.4 and (key := self._key_for(wanted, state)):
                return Pressed(key)
            return self._in_words(self._wording.title(wanted))
        self._failures += 1
        if self.content:
            return self._in_words(self._wording.command(self._chance, "cancel"))
        return self._wish(state)

    def _yes_or_no(self, yes: bool) -> Doing:
        if self._failures and self._chance.random() < 0.3:
            return Pressed("1" if yes else "2")
        return self._in_words(self._wording.command(self._chance, "yes" if yes else "no"))

    def _in_words(self, said: Said) -> Said:
        opening = self._chance.random() < self._persona.opens
        return self._wording.in_manner(self._chance, said, self._persona.level, opening=opening)

    def _count_failures(self, actions: Sequence[Action]) -> None:
        decisions = [action.decision for action in actions if isinstance(action, Note)]
        if any(decision in _FAILED for decision in decisions):
            self._failures += 1
        elif self._failures and any(decision in ("answer", "new_subject", "keyed") for decision in decisions):
            self._failures -= 1
