"""Simulated calls: a caller, a model of listening, the dialogue and a back end; and what came of it, by the truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from voicebot.backends.port import Backend
from voicebot.dialogue.actions import Action, HandOver, Note, Say
from voicebot.dialogue.draft import domain_name
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, HungUp, Keyed, NoInput
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.dialogue.text_session import TextSession
from voicebot.nlu.evaluation import Proportion
from voicebot.simulation.caller import Doing, Left, Pressed, Silent, SimulatedCaller
from voicebot.simulation.goals import Goal, Plan, Planner
from voicebot.simulation.listening import ModelledListeners
from voicebot.simulation.people import read_people
from voicebot.simulation.personas import draw
from voicebot.simulation.truth import Operation, effects, operation
from voicebot.simulation.wording import Wording

TODAY = date(2026, 11, 22)
"""The day on which simulated calls take place."""
MOST_TURNS = 60
"""So many turns a call has at most; it has failed then."""


@dataclass(frozen=True)
class Turn:
    """One thing the caller did, and what followed."""

    did: str
    """What was said, or the keys."""
    heard: str
    """The text that the dialogue got, with the verdict."""
    decision: str
    bot: str
    where: str
    """The question that was open when the caller spoke: its kind, and the slot or reply."""
    flow: str


@dataclass(frozen=True)
class SimulatedCall:
    """What came of one call."""

    number: int
    intents: tuple[str, ...]
    """What the caller wanted."""
    for_a_person: bool
    """Whether it was to end with a person."""
    success: bool
    """Whether every wish was fulfilled with the right values, and nothing was done that was not wanted."""
    handed_over: str
    """Why a person got the call; empty where none did."""
    ended: str
    """`hand_over`, `hang_up`, `left` (the caller), or `endless`."""
    turns: tuple[Turn, ...]
    missed: str
    """Of a call without success, the wish that was not fulfilled; `unwanted` where something else was done."""

    @property
    def contained(self) -> bool:
        """Whether no person was needed; counted among the calls that were not for one."""
        return not self.handed_over


@dataclass(frozen=True)
class Figures:
    """What many calls came to."""

    success: Proportion
    containment: Proportion
    """Of the calls that were not for a person, those that none got."""
    turns: float
    """Mean turns of the caller."""

    @classmethod
    def of(cls, calls: list[SimulatedCall]) -> Figures:
        own = [call for call in calls if not call.for_a_person]
        return cls(
            Proportion(sum(call.success for call in calls), len(calls)),
            Proportion(sum(call.contained for call in own), len(own)),
            sum(len(call.turns) for call in calls) / max(1, len(calls)),
        )


class _Recorded:
    """A back end that remembers what it was asked. Implements `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.operations: list[Operation] = []
        self.refused = False
        """Whether something was not found: a demonstration may count that."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        result = self._backend.call(name, arguments)
        self.operations.append(operation(name, arguments))
        self.refused |= result is None
        return result


class Simulator:
    """Callers of one pack in one language. The same seed gives the same calls."""

    def __init__(
        self,
        pack: Pack,
        dialogue: Dialogue,
        language: str,
        open_backend: Callable[[], Backend],
        *,
        cer: float = 0.0,
        second_listener: bool = True,
        today: date = TODAY,
    ) -> None:
        """`pack` has all its templates, `dialogue` may have been taught fewer (`wording.part`). `open_backend` opens a
        back end as it is before any call. Raises ContentError for a callers.yaml that can't be used."""
        self._pack, self._dialogue, self._language, self._open = pack, dialogue, language, open_backend
        self._listeners = ModelledListeners(dialogue.pack, cer, second=second_listener)
        self._wording = Wording(pack, dialogue.pack, language)
        self._planner = Planner(pack, language, read_people(pack), open_backend, today)
        self._effects = effects(pack)
        self._today = today
        self._backend: Backend | None = None

    def calls(self, count: int, seed: int = 0) -> Iterator[SimulatedCall]:
        """So many calls, each with randomness of its own: call n is the same however many there are."""
        for number in range(count):
            yield self.call(number, seed)

    def call(self, number: int, seed: int = 0) -> SimulatedCall:
        """One call. Raises NoTruthError where nothing of the pack can be wished for."""
        chance = random.Random(f"{seed}:{self._pack.name}:{self._language}:{number}")
        plan = self._planner.plan(chance)
        caller = SimulatedCaller(plan, draw(chance), self._wording, self._dialogue.pack, chance)
        backend = _Recorded(self._backend or self._open())
        session = TextSession(self._dialogue, backend, self._dialogue.begin(self._language))
        call = _Call(plan, caller, session, backend, self._listeners, self._effects, chance)
        result = call.hold(number, CallStarted(self._language, self._today.isoformat(), plan.person.caller))
        spent = backend.refused or any(name in self._effects for name, _ in backend.operations)
        self._backend = None if spent else backend._backend
        return result


class _Call:
    def __init__(
        self,
        plan: Plan,
        caller: SimulatedCaller,
        session: TextSession,
        backend: _Recorded,
        listeners: ModelledListeners,
        dangerous: frozenset[str],
        chance: random.Random,
    ) -> None:
        self._plan, self._caller, self._session, self._backend = plan, caller, session, backend
        self._listeners, self._effects, self._chance = listeners, dangerous, chance
        self._turns: list[Turn] = []
        self._done: list[Goal] = []
        self._handed_over = ""

    def hold(self, number: int, started: CallStarted) -> SimulatedCall:
        actions = self._session.post(started)
        ended = "endless"
        for _ in range(MOST_TURNS):
            self._look(actions)
            state = self._session.state
            if state.ended:
                ended = "hand_over" if self._handed_over else "hang_up"
                break
            doing = self._caller.next(actions, state)
            if isinstance(doing, Left):
                self._session.post(HungUp())
                ended = "left"
                self._turns.append(Turn(f"({doing.why})", "", "", "", _where(state), _flow(state)))
                break
            event, heard = self._event(doing, state)
            actions = self._session.post(event)
            self._turns.append(_turn(doing, heard, state, actions))
        missed = self._missed()
        return SimulatedCall(
            number,
            tuple(goal.intent for goal in self._plan.goals),
            self._plan.for_a_person,
            not missed,
            self._handed_over,
            ended,
            tuple(self._turns),
            missed,
        )

    def _event(self, doing: Doing, state: State) -> tuple[Event, str]:
        match doing:
            case Pressed(keys):
                return Keyed(keys), ""
            case Silent() | Left():
                return NoInput(), ""
        heard = self._listeners.hear(doing, _domain(state), state.language, self._chance)
        return heard, f"{heard.text} [{heard.verdict}]"

    def _look(self, actions: list[Action]) -> None:
        """What the caller learns from the bot's turn: whether the wish is fulfilled."""
        for action in actions:
            if isinstance(action, HandOver):
                self._handed_over = action.reason
        while not self._caller.content and self._reached(self._caller.goal):
            self._done.append(self._caller.goal)
            self._caller.reached()

    def _reached(self, goal: Goal) -> bool:
        truth, state = goal.truth, self._session.state
        if truth is None:
            return bool(self._handed_over)
        told = {reply for reply, count in state.uses.items() if count}
        done = truth.operations <= set(self._backend.operations) and truth.replies <= told
        if truth.by_person:
            return done and self._handed_over == "flow"
        return done and not any(frame.flow == goal.intent for frame in state.stack)

    def _missed(self) -> str:
        for goal in self._plan.goals:
            if goal not in self._done:
                return goal.intent
        wanted = {one for goal in self._plan.goals if goal.truth for one in goal.truth.operations}
        unwanted = [one for one in self._backend.operations if one[0] in self._effects and one not in wanted]
        return "unwanted" if unwanted else ""


def _domain(state: State) -> str:
    question = state.question
    if question is None:
        return "open"
    return domain_name(question.kind, question.slot if question.kind == "slot" else "")


def _where(state: State) -> str:
    question = state.question
    return f"{question.kind} {question.slot or question.intent or question.reply}" if question else "nothing"


def _flow(state: State) -> str:
    return state.stack[-1].flow if state.stack else ""


def _turn(doing: Doing, heard: str, state: State, actions: list[Action]) -> Turn:
    match doing:
        case Pressed(keys):
            did = f"# {keys}"
        case Silent() | Left():
            did = "(silent)"
        case _:
            did = doing.text + (" *" if doing.unseen else "")
    decision = next((action.decision for action in actions if isinstance(action, Note)), "")
    bot = " ".join(action.text for action in actions if isinstance(action, Say))
    return Turn(did, heard, decision, bot, _where(state), _flow(state))
