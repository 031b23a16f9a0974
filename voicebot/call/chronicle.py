"""What one call tells the history: its turns, how much was heard of them, its flows, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicebot.channel import Caller, Outcome
from voicebot.dialogue import progress
from voicebot.dialogue.actions import Action, Forget, Rate
from voicebot.dialogue.events import BackendAnswered, Event
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.progress import Place
from voicebot.dialogue.state import RATING_KINDS, State
from voicebot.store.history.records import (
    Begun,
    Ended,
    FlowEnd,
    Forgotten,
    HeardShare,
    Keep,
    Rated,
    Step,
    Turn,
)
from voicebot.store.journal import Entry


class Chronicle:
    """On the event loop. Nothing here waits."""

    def __init__(self, keep: Keep, pack: Pack, caller: Caller, *, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since 1970."""
        self._keep, self._pack, self._caller, self._now = keep, pack, caller, now
        self._part = round(now() * 1000)
        self._number = 0
        self._unheard: int | None = None
        """The bot's last turn, while it is not known how much of it was heard."""
        self._place = Place("", "", 0)
        self._state: State | None = None
        self._before: State | None = None
        self._goal = ""
        self._answered = False
        """Whether the knowledge base answered a question."""

    def begin(self, state: State) -> None:
        """The call begins, or goes on, with `state`."""
        self._state = self._before = state
        self._place = progress.place(self._pack, state)
        caller = self._caller
        self._keep(
            Begun(
                caller.call_id,
                self._part,
                self._pack.name,
                self._pack.version,
                state.language,
                caller.channel,
                caller.number,
                variants=state.variants,
            )
        )

    def turn(self, before: State, event: Event, after: State, actions: Sequence[Action], at_ms: int) -> None:
        """The dialogue decided."""
        call, part, pack = self._caller.call_id, self._part, self._pack
        for flow in progress.begun(pack, before, after):
            self._goal = flow
            self._keep(Step(call, part, flow, "", 0, at_ms))
        here = progress.place(pack, after)
        if here.step and here != self._place:
            self._keep(Step(call, part, here.flow, here.step, here.number, at_ms))
        for ended in progress.results(pack, before, after, actions):
            self._keep(FlowEnd(call, part, ended.flow, at_ms, ended.result, ended.reason))
        if isinstance(event, BackendAnswered) and before.waiting == "knowledge" and not after.misses:
            self._answered = True
        for action in actions:
            if isinstance(action, Rate):
                at = round(self._now() * 1000)
                self._keep(Rated(call, part, at, action.score, action.how, after.language, action.remark))
        if any(isinstance(action, Forget) for action in actions):
            self._keep(Forgotten(call, part))
        self._place, self._state, self._before = here, after, before

    def complete(self, entry: Entry) -> None:
        """A turn of one side is complete: where the dialogue is by now is put down with it, then it is kept."""
        state = self._state
        if entry.who == "bot":
            self.heard(1.0)
            self._unheard = self._number
        elif state is not None:
            entry.feeling = {
                name: state.feeling[name] for name in ("valence", "arousal", "name") if name in state.feeling
            }
            entry.slots = dict(self._slots(state))
        entry.flow, entry.step = self._place.flow, self._place.step
        self._add(entry, state)

    def silent(self, at_ms: int) -> None:
        """The caller had the floor and said nothing."""
        self.heard(1.0)
        question = self._state.question if self._state is not None else None
        decision = "rating_passed" if question is not None and question.kind in RATING_KINDS else "no_input"
        self._add(Entry("caller", at_ms, decision=decision, flow=self._place.flow, step=self._place.step), self._state)

    def heard(self, share: float) -> None:
        """So much of what the bot said last was heard, 0 to 1. Only the first word on a turn counts."""
        if self._unheard is not None:
            self._keep(HeardShare(self._caller.call_id, self._part, self._unheard, share))
            self._unheard = None

    def end(self, at_ms: int, outcome: Outcome, clean: Callable[[Any], Any] = lambda data: data) -> None:
        """The call is over. `clean` takes out of the context what is known to be personal."""
        state, before = self._state, self._before
        resolved = (
            state is not None
            and before is not None
            and outcome.kind in ("hang_up", "caller_left")
            and progress.is_settled(self._pack, before, state, answered=self._answered)
        )
        call, part = self._caller.call_id, self._part
        if state is not None and state.forgotten:
            self._keep(Forgotten(call, part))
        summary = "" if state is not None and state.forgotten else outcome.summary
        language = outcome.language or (state.language if state else "")
        self._keep(
            Ended(
                call,
                part,
                round(self._now() * 1000),
                at_ms,
                outcome.kind,
                outcome.reason,
                outcome.queue,
                summary,
                language,
                self._goal,
                resolved,
                {"slots": clean(self._slots(state)), "feeling": dict(state.feeling)} if state and summary else {},
            )
        )

    def _add(self, entry: Entry, state: State | None) -> None:
        language = state.language if state is not None else ""
        self._keep(Turn(self._caller.call_id, self._part, self._number, language, entry))
        self._number += 1

    def _slots(self, state: State) -> Mapping[str, Any]:
        kinds = self._pack.slots
        return {
            name: value
            for name, value in state.slots.items()
            if not (name in kinds and kinds[name].secret) and value != state.caller
        }
