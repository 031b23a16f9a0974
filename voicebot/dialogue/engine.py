"""The dialogue engine: a pure function of content, state and event.

What words may be is tried in an order: the wish for a person, a correction, the answer to the question, a command, a
new subject, a bare value, something for the knowledge base; what is none of these is repaired. The parts (`answers`,
`commands`, `flows`, `repair`, `feelings`) share a `Draft`: the state that is being made, and the actions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from voicebot.dialogue import answers, commands, events, feelings, flows, key_menus, opening, rating, repair
from voicebot.dialogue.actions import Action
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import OPEN_KINDS, State
from voicebot.dialogue.understander import Understander
from voicebot.nlu.understanding import IntentScore, Understanding

_READINGS = (
    commands.urgent,
    answers.correction,
    answers.answer,
    commands.command,
    answers.new_subject,
    answers.bare_value,
    answers.look_up,
)
"""What words may be, the most pressing first."""

_LEAST_WEIGHT = 0.2
"""What was not denied is at most five times as likely as before: the caller may mean nothing known."""

HEARD_ENOUGH = 0.5
"""Share of a turn from which on the caller knows what it said."""


class Dialogue:
    """One pack's conversations. Holds no state of any call; callable from any thread."""

    def __init__(self, pack: Pack, understanders: Mapping[str, Understander]) -> None:
        self.pack = pack
        self._understanders = understanders

    def understander(self, language: str) -> Understander:
        """What understands `language`; where the pack doesn't have it, its first one."""
        return self._understanders.get(language) or next(iter(self._understanders.values()))

    def begin(
        self, language: str, *, keys_only: bool = False, variants: Mapping[str, str] = MappingProxyType({})
    ) -> State:
        """The state of a call that has not begun. An unknown language becomes the pack's first one.

        `keys_only`: the caller can answer by keys alone, so that every question comes with its keys. `variants`: what
        the caller gets, by experiment.
        """
        known = language if language in self.pack.languages else next(iter(self.pack.languages))
        return State(
            pack=self.pack.name,
            version=self.pack.version,
            language=known,
            menu=list(self.pack.menu),
            keys_only=keys_only,
            variants=dict(variants),
        )

    def turn(self, state: State, event: events.Event) -> tuple[State, list[Action]]:
        """What follows from `event`: the next state and what to do now.

        Pure: the same state and event give the same answer, and `state` is not changed. After the end nothing follows.
        """
        draft = Draft(self.pack.varied(state.variants), self._understanders, copy.deepcopy(state))
        if state.ended:
            return draft.state, []
        match event:
            case events.CallStarted():
                _begin(draft, event)
            case events.Heard():
                _heard(draft, event)
            case events.Keyed():
                _keyed(draft, event.keys)
            case events.NoInput() if not state.waiting:
                _no_input(draft)
            case events.BackendAnswered():
                flows.backend_answered(draft, event)
            case events.Interrupted():
                _interrupted(draft, event)
            case events.Resumed(reason):
                _resumed(draft, reason)
            case events.HungUp():
                draft.hang_up("caller")
            case events.TimeLimit(reason) if rating.is_asking(draft) and reason != "taken":
                draft.begin_turn()
                rating.pass_over(draft)
            case events.TimeLimit(reason):
                draft.begin_turn()
                draft.say(reason)
                draft.hand_over(reason, announce=False)
        draft.close(key_menus.accompany)
        return draft.state, draft.actions


def _begin(draft: Draft, event: events.CallStarted) -> None:
    state = draft.state
    state.today, state.caller, state.profile = event.today, event.caller, dict(event.profile)
    date.fromisoformat(event.today)  # a wrong date is a programming error: raise here, not in the middle of a call
    state.rating = "due" if event.ask_rating else ""
    state.rate = float(state.profile.get("rate", state.rate))
    state.brief = bool(state.profile.get("brief", state.brief))
    last = str(state.profile.get("intent", ""))
    if last in state.menu:
        state.menu = [last, *(flow for flow in state.menu if flow != last)]
    draft.begin_turn()
    opening.begin(draft, ask_consent=event.ask_consent)


def _no_input(draft: Draft) -> None:
    if opening.is_asking_consent(draft) and draft.state.silences:
        draft.begin_turn()
        draft.note("no_input")
        opening.consent_answered(draft, False)
    elif rating.is_asking(draft):
        draft.begin_turn()
        rating.pass_over(draft)
    else:
        repair.no_input(draft)


def _heard(draft: Draft, event: events.Heard) -> None:
    """Words: see what they are, with the caller's feelings in mind."""
    draft.begin_turn()
    if rating.is_asking(draft):
        _rated(draft, event)
        return
    if event.verdict == "reject" or not event.text.strip():
        draft.note("not_heard")
        if opening.is_asking_consent(draft) and draft.state.misses:
            opening.consent_answered(draft, False)
        elif not draft.state.waiting:
            repair.no_match(draft)
        return
    sure = event.verdict == "accept"
    meaning = draft.understander.understand(event.text, draft.expected_intents())
    if not (sure and meaning.score >= answers.SURELY):
        meaning = _without(meaning, draft.state.denied)
    if draft.state.waiting:
        # While something is looked up, only the wish for a person counts.
        draft.note("while waiting", meaning)
        if sure and meaning.intent == "agent" and meaning.score >= answers.SURE:
            commands.carry_out(draft, "agent")
        return
    feelings.before(draft, event)
    for reading in _READINGS:
        if reading(draft, event.text, meaning, sure):
            draft.note(reading.__name__, meaning)
            feelings.after(draft)
            return
    draft.note("no_match", meaning)
    if opening.is_asking_consent(draft):
        opening.pass_over_consent(draft)
    repair.no_match(draft)


def _rated(draft: Draft, event: events.Heard) -> None:
    """What is said at the end is an answer, a wish that is always on, or else nothing that keeps anybody."""
    text = event.text.strip() if event.verdict != "reject" else ""
    if rating.heard(draft, text):
        return
    meaning = draft.understander.understand(text, ()) if text else None
    if meaning is not None and meaning.intent in _AT_THE_END and meaning.score >= answers.CERTAIN:
        draft.note("command", meaning)
        commands.carry_out(draft, meaning.intent)
    elif not rating.remarked(draft, text):
        rating.pass_over(draft)


_AT_THE_END = ("agent", "repeat", "slower")
"""Commands that are carried out while the caller is asked how well they were helped."""


def _without(meaning: Understanding, denied: Sequence[str]) -> Understanding:
    """The meaning, knowing that it is none of those that the caller denied."""
    left = [other for other in meaning.alternatives if other.name not in denied]
    if len(left) == len(meaning.alternatives):
        return meaning
    weight = max(1 - sum(other.score for other in meaning.alternatives if other.name in denied), _LEAST_WEIGHT)
    left = [IntentScore(other.name, min(other.score / weight, 1.0)) for other in left]
    intent, score = meaning.intent, meaning.score
    if intent in denied:
        intent, score = (left[0].name, left[0].score) if left else (None, 1.0)
    return replace(meaning, intent=intent, score=score, alternatives=tuple(left))


def _keyed(draft: Draft, keys: str) -> None:
    draft.begin_turn()
    if draft.state.waiting:
        if keys == "0":
            draft.note("key")
            commands.key(draft, keys)
        return
    if rating.is_asking(draft):
        if keys in ("0", "#"):
            draft.note("key")
            commands.key(draft, keys)
        elif not rating.keyed(draft, keys):
            rating.pass_over(draft)
        return
    for reading in (answers.keyed, commands.key):
        if reading(draft, keys):
            draft.note(reading.__name__)
            return
    draft.note("wrong_keys")
    repair.wrong_keys(draft)


def _resumed(draft: Draft, reason: str) -> None:
    """Say what happened, and go on where the call was. What a back end did not answer is asked anew."""
    state = draft.state
    draft.begin_turn()
    draft.say("back_again" if reason == "connection" else "stumbled")
    if state.waiting == "flow":
        state.waiting = ""
        flows.run(draft)
        return
    state.waiting = ""
    if state.question is None:
        draft.ask_open("open", "go_ahead")
    if state.question is not None and state.question.kind in OPEN_KINDS:
        draft.say("go_ahead")
    else:
        repair.ask_again(draft)


def _interrupted(draft: Draft, event: events.Interrupted) -> None:
    """What the caller did not hear was not said: its words may come again, and its subject is not done."""
    state = draft.state
    if event.turn != state.turn:
        return
    state.heard = event.heard
    if event.heard >= HEARD_ENOUGH:
        return
    for reply in state.turn_uses:
        state.uses[reply] = max(0, state.uses.get(reply, 0) - 1)
    state.turn_uses = []
