"""Calls that are held by keys alone: no sound comes in, and each request of the channel is a turn.

The channel keeps the dialogue's state between two turns, so that the next one may be taken by another process. Here
stays only what can be done without: the minutes of the calls held, and back ends' answers that are still to come.
Blocking: not for the event loop. Callable from any thread, but only one at a time for the same call.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import structlog

from voicebot.audio.format import Pcm
from voicebot.backends.port import Backend, BackendError
from voicebot.call.chronicle import Chronicle
from voicebot.call.continuing import KeptCall, KeptCalls, moved
from voicebot.call.keeping import Keeping, Kept
from voicebot.call.minutes import Minutes
from voicebot.call.rating_share import RatingShare
from voicebot.channel import Caller, Outcome
from voicebot.dialogue import actions, events
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.failure import place
from voicebot.store.call_log import CallLog
from voicebot.store.history.records import Keep
from voicebot.store.journal import Follower, Journal
from voicebot.tts.port import Style, Voice

_log = structlog.get_logger(__name__)

Why = Literal["full", "trouble"]
"""Why a caller is helped by keys: there are too many callers, or speech does not work just now."""

_CALLS_KEPT = 1000
"""Calls whose minutes stay in memory; the oldest go first."""


@dataclass(frozen=True)
class KeyedConversation:
    """What all calls by keys share."""

    dialogue: Dialogue
    backend: Backend
    asking: Executor
    """Where back ends are asked."""
    speaking: Executor
    voice: Voice | None = None
    """None where there is none yet."""
    keeping: Keeping | None = None
    kept: KeptCalls | None = None
    log: CallLog | None = None
    history: Keep | None = None
    rating: RatingShare = field(default_factory=RatingShare)
    variants: Callable[[Pack, Caller, str], Mapping[str, str]] = lambda pack, caller, language: {}  # noqa: ARG005
    """What a call in a language gets of experiments."""
    longest_s: int = 1800
    answer_within_s: float = 2.0
    """Seconds that a turn waits for back ends, in silence; a later answer comes with `KeyedCalls.wait`."""


@dataclass(frozen=True)
class KeyedTurn:
    """What the bot does now."""

    state: State
    """Where the dialogue is: to be given back with the caller's next keys."""
    says: tuple[actions.Say, ...]
    listen: actions.Listen | None = None
    """What the caller is to press; None where nothing is asked."""
    outcome: Outcome | None = None
    """How the call leaves the bot, after everything was said; None while it goes on."""
    waiting: bool = False
    """Whether a back end's answer is still to come: ask for it with `KeyedCalls.wait`."""


class KeyedCall:
    """What this process knows of one call."""

    def __init__(self, caller: Caller, minutes: Minutes, state: State, began_ms: int, tenure: int) -> None:
        self.caller, self.minutes, self.state, self.tenure = caller, minutes, state, tenure
        self._began = time.monotonic() - began_ms / 1000
        self.asked: tuple[int, Future[Mapping[str, Any] | None]] | None = None
        """The back end's answer that is still to come, with its request's number."""
        self.waits = 0
        """How often the caller was told that it takes a moment."""

    @property
    def journal(self) -> Journal:
        return self.minutes.journal

    @property
    def clock_ms(self) -> int:
        """Milliseconds since the call began."""
        return round((time.monotonic() - self._began) * 1000)


class KeyedCalls:
    """Holds calls by keys."""

    def __init__(
        self,
        conversation: Callable[[Caller | None, str], KeyedConversation | None],
        *,
        today: Callable[[], str],
        followers: tuple[Follower, ...] = (),
    ) -> None:
        """`conversation`: of the version of the content on which a call began or, where that is empty or not to be had,
        of the one that the caller gets who calls now; None while the content is not loaded. `today`: ISO date.
        `followers` hear of every turn."""
        self._conversation, self._today, self._followers = conversation, today, followers
        self._calls: OrderedDict[str, KeyedCall] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether calls can be held."""
        return self._conversation(None, "") is not None

    def find(self, call_id: str) -> KeyedCall | None:
        """A call that this process held, running or lately over."""
        return self._calls.get(call_id)

    def begin(self, caller: Caller, why: Why, language: str) -> KeyedTurn:
        """Take a call: tell why there are only keys, then greet, or go on where a lost stream was.

        Raises RuntimeError while not `ready`.
        """
        shared = self._shared(caller, "")
        kept = shared.kept.find(caller.call_id) if shared.kept else None
        event: events.Event
        if kept is not None and kept.state is not None and kept.state.turn:
            shared = self._shared(caller, kept.state.version)
            state, event = replace(_fit(kept.state, shared), keys_only=True), events.Resumed()
        else:
            variants = shared.variants(shared.dialogue.pack, caller, language)
            state = shared.dialogue.begin(language, keys_only=True, variants=variants)
            profile = self._recall(shared, caller)
            today = self._today()
            rate = shared.rating.asks(caller.call_id, profile, today)
            event = events.CallStarted(state.language, today, caller.number, profile, ask_rating=rate)
        words = shared.dialogue.pack.languages[state.language].replies[f"by_keys_{why}"][0]
        reason = actions.Say(words.render({}, state.language), state.language, state.turn + 1, state.rate)
        return self._turn(shared, self._open(shared, caller, state, kept), state, event, (reason,))

    def turn(self, caller: Caller, state: State, event: events.Keyed | events.NoInput | events.TimeLimit) -> KeyedTurn:
        """The caller pressed keys, or none, or the time is over. `state` is that of the turn before."""
        shared = self._shared(caller, state.version)
        state = _fit(state, shared)
        call = self._find(shared, caller, state)
        late = call.clock_ms >= shared.longest_s * 1000
        return self._turn(shared, call, state, events.TimeLimit() if late else event)

    def wait(self, caller: Caller, state: State, *, give_up: bool = False) -> KeyedTurn:
        """Wait on for a back end; `give_up`: it takes too long. An answer that another process waits for is lost."""
        shared = self._shared(caller, state.version)
        state = _fit(state, shared)
        call = self._find(shared, caller, state)
        if call.asked is None or give_up:
            call.asked = None
            return self._turn(shared, call, state, events.BackendAnswered(state.request, error=events.TOO_LATE))
        event = self._answer(call, shared.answer_within_s)
        return self._turn(shared, call, state, event) if event else self._waits(shared, call, state, ())

    def hung_up(self, caller: Caller, state: State) -> None:
        """The caller is gone."""
        shared = self._conversation(caller, state.version)
        if shared is not None and not state.ended:
            state = _fit(state, shared)
            call = self._find(shared, caller, state)
            self._turn(shared, call, state, events.HungUp())

    def sounds(self, says: Sequence[actions.Say], within_s: float) -> tuple[Pcm, ...] | None:
        """Each spoken in our own voice; None where one of them can't be, or not in time."""
        shared = self._conversation(None, "")
        if shared is None or (voice := shared.voice) is None:
            return None
        speaking = [
            shared.speaking.submit(voice.speak, said.text, said.language, Style(rate=said.rate)) for said in says
        ]
        if wait(speaking, within_s).not_done:
            return None
        sounds = tuple(future.result() for future in speaking)
        return sounds if all(len(pcm) for pcm in sounds) else None

    # One turn

    def _turn(
        self,
        shared: KeyedConversation,
        call: KeyedCall,
        state: State,
        event: events.Event,
        says: tuple[actions.Say, ...] = (),
    ) -> KeyedTurn:
        until = time.monotonic() + shared.answer_within_s
        while True:
            before = state
            try:
                state, todo = shared.dialogue.turn(before, event)
            except Exception as error:  # a mistake of ours: people take over
                _log.error("the call failed", call=call.caller.call_id, error=type(error).__name__, place=place(error))
                return self._end(shared, call, before, says, Outcome("failed", type(error).__name__))
            self._record(call, before, event, state, todo)
            says += tuple(action for action in todo if isinstance(action, actions.Say))
            self._keep(shared, call, todo)
            ask = next((action for action in todo if isinstance(action, actions.AskBackend)), None)
            if ask is None:
                break
            call.asked = ask.request, shared.asking.submit(shared.backend.call, ask.operation, ask.arguments)
            answered = self._answer(call, until - time.monotonic())
            if answered is None:
                return self._waits(shared, call, state, says)
            event = answered
        for action in todo:
            match action:
                case actions.HandOver():
                    outcome = Outcome("hand_over", action.reason, action.queue, action.summary, state.language)
                    return self._end(shared, call, state, says, outcome)
                case actions.HangUp():
                    kind: Literal["caller_left", "hang_up"] = "caller_left" if action.reason == "caller" else "hang_up"
                    return self._end(shared, call, state, says, Outcome(kind, action.reason, language=state.language))
        listen = next((action for action in todo if isinstance(action, actions.Listen)), None)
        return self._done(shared, call, KeyedTurn(state, says, listen))

    def _answer(self, call: KeyedCall, within_s: float) -> events.BackendAnswered | None:
        """What the back end answered; None while it didn't."""
        assert call.asked is not None
        request, future = call.asked
        if wait([future], max(0.0, within_s)).not_done:
            return None
        call.asked = None
        error = future.exception()
        if error is None:
            return events.BackendAnswered(request, future.result())
        reason = str(error) if isinstance(error, BackendError) else type(error).__name__
        _log.warning("the back end failed", call=call.caller.call_id, error=reason)
        return events.BackendAnswered(request, error=type(error).__name__)

    def _waits(
        self, shared: KeyedConversation, call: KeyedCall, state: State, says: tuple[actions.Say, ...]
    ) -> KeyedTurn:
        variants = shared.dialogue.pack.languages[state.language].replies["backend_slow"]
        words = variants[call.waits % len(variants)].render({}, state.language)
        call.waits += 1
        slow = actions.Say(words, state.language, state.turn, state.rate)
        return self._done(shared, call, KeyedTurn(state, (*says, slow), waiting=True))

    def _end(
        self,
        shared: KeyedConversation,
        call: KeyedCall,
        state: State,
        says: tuple[actions.Say, ...],
        outcome: Outcome,
    ) -> KeyedTurn:
        return self._done(shared, call, KeyedTurn(state, says, outcome=replace(outcome, language=state.language)))

    def _done(self, shared: KeyedConversation, call: KeyedCall, turn: KeyedTurn) -> KeyedTurn:
        call.state = turn.state
        if turn.says:
            call.minutes.said(" ".join(said.text for said in turn.says), call.clock_ms, None)
        over = turn.outcome is not None
        if turn.outcome is not None:
            call.minutes.end(call.clock_ms, turn.outcome)
        if shared.kept is not None:
            state = None if over else turn.state
            kept = KeptCall(call.tenure, state, call.clock_ms, tuple(call.journal.entries))
            shared.kept.keep(call.caller.call_id, kept, over=over)
        return turn

    # What is put down

    def _record(
        self,
        call: KeyedCall,
        before: State,
        event: events.Event,
        after: State,
        todo: Sequence[actions.Action],
    ) -> None:
        at_ms = call.clock_ms
        call.minutes.turn(before, event, after, todo, at_ms)
        note = next((action for action in todo if isinstance(action, actions.Note)), actions.Note(""))
        if isinstance(event, events.Keyed):
            call.minutes.keyed(event.keys, at_ms, note)
        elif isinstance(event, events.NoInput):
            call.minutes.silent(at_ms)

    def _recall(self, shared: KeyedConversation, caller: Caller) -> Mapping[str, Any]:
        try:
            return shared.keeping.recall(caller) if shared.keeping is not None else {}
        except Exception as error:  # the caller is a stranger then
            _log.error("a caller could not be recalled", error=type(error).__name__, place=place(error))
            return {}

    def _keep(self, shared: KeyedConversation, call: KeyedCall, todo: Sequence[actions.Action]) -> None:
        kept = [action for action in todo if isinstance(action, Kept)]
        for action in kept if shared.keeping is not None else ():
            try:
                assert shared.keeping is not None
                shared.keeping.keep(call.caller, action)
            except Exception as error:  # the call itself must not suffer
                _log.error("something could not be kept", error=type(error).__name__, place=place(error))

    # The calls

    def _shared(self, caller: Caller, version: str) -> KeyedConversation:
        shared = self._conversation(caller, version)
        if shared is None:
            raise RuntimeError("the content is not loaded yet")
        return shared

    def _find(self, shared: KeyedConversation, caller: Caller, state: State) -> KeyedCall:
        """The call; one that another process held meanwhile is taken over."""
        call = self._calls.get(caller.call_id)
        kept = shared.kept.find(caller.call_id) if shared.kept else None
        if call is None or (kept is not None and kept.tenure > call.tenure):
            call = self._open(shared, caller, state, kept)
        return call

    def _open(self, shared: KeyedConversation, caller: Caller, state: State, kept: KeptCall | None) -> KeyedCall:
        journal = Journal(caller.call_id, self._followers)
        if kept is not None:
            journal.entries[:] = kept.entries
        pack = shared.dialogue.pack
        chronicle = Chronicle(shared.history, pack, caller) if shared.history else None
        minutes = Minutes(journal, shared.log, pack, chronicle)
        minutes.begin(state)
        call = KeyedCall(caller, minutes, state, kept.clock_ms if kept else 0, kept.tenure + 1 if kept else 1)
        with self._lock:
            self._calls[caller.call_id] = call
            while len(self._calls) > _CALLS_KEPT:
                self._calls.popitem(last=False)
        return call


def _fit(state: State, shared: KeyedConversation) -> State:
    """The state for a version of the content that may not be the one it came from."""
    here = shared.dialogue.pack.version
    return state if state.version == here else moved(state, here)
