"""The dialogue engine: a pure function of content, state and event.

A turn has three parts: what the event means (here and in `commands`), how the flow under way goes on (`flows`), and
what is said when it does not (`repair`). They share a `Draft`: the state that is being made, and the actions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date

from voicebot.dialogue import commands, events, flows, repair
from voicebot.dialogue.actions import Action, HangUp
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.dialogue.understander import Understander


class Dialogue:
    """One pack's conversations. Holds no state of any call; callable from any thread."""

    def __init__(self, pack: Pack, understanders: Mapping[str, Understander]) -> None:
        self.pack = pack
        self._understanders = understanders

    def understander(self, language: str) -> Understander:
        """What understands `language`; where the pack doesn't have it, its first one."""
        return self._understanders.get(language) or next(iter(self._understanders.values()))

    def begin(self, language: str) -> State:
        """The state of a call that has not begun. An unknown language becomes the pack's first one."""
        known = language if language in self.pack.languages else next(iter(self.pack.languages))
        return State(pack=self.pack.name, version=self.pack.version, language=known)

    def turn(self, state: State, event: events.Event) -> tuple[State, list[Action]]:
        """What follows from `event`: the next state and what to do now.

        Pure: the same state and event give the same answer, and `state` is not changed. After the end nothing follows.
        """
        draft = Draft(self.pack, self._understanders, copy.deepcopy(state))
        if state.ended:
            return draft.state, []
        match event:
            case events.CallStarted():
                _begin(draft, event)
            case events.Heard():
                _heard(draft, event)
            case events.Keyed():
                _keyed(draft, event.keys)
            case events.NoInput():
                repair.no_input(draft)
            case events.BackendAnswered():
                flows.backend_answered(draft, event)
            case events.Interrupted():
                if event.turn == draft.state.turn:
                    draft.state.heard = event.heard
            case events.HungUp():
                draft.state.ended = True
                draft.actions.append(HangUp("caller"))
            case events.TimeLimit():
                draft.begin_turn()
                draft.say("time_limit")
                draft.hand_over("time_limit", announce=False)
        draft.close()
        return draft.state, draft.actions


def _begin(draft: Draft, event: events.CallStarted) -> None:
    state = draft.state
    state.today, state.caller = event.today, event.caller
    date.fromisoformat(event.today)  # a wrong date is a programming error: raise here, not in the middle of a call
    draft.begin_turn()
    draft.say("greeting")
    draft.ask_open("open", "greeting")


def _heard(draft: Draft, event: events.Heard) -> None:
    """Words: an answer to the question, a command, or a new subject; else a repair."""
    draft.begin_turn()
    if draft.state.waiting:
        flows.still_waiting(draft, event)
        return
    if event.verdict == "reject" or not event.text.strip():
        draft.note("not_heard")
        repair.no_match(draft)
        return
    meaning = draft.understander.understand(event.text, draft.expected_intents())
    sure = event.verdict == "accept"
    for attempt in (commands.urgent, flows.answer, commands.command, flows.new_subject):
        if attempt(draft, event.text, meaning, sure):
            draft.note(attempt.__name__, meaning)
            return
    draft.note("no_match", meaning)
    repair.no_match(draft)


def _keyed(draft: Draft, keys: str) -> None:
    draft.begin_turn()
    if draft.state.waiting:
        return
    for attempt in (commands.key, flows.keyed):
        if attempt(draft, keys):
            draft.note(attempt.__name__)
            return
    draft.note("wrong_keys")
    repair.wrong_keys(draft)
