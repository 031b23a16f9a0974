"""A call that goes on: kept after every turn, found again by whichever process takes it over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import structlog

from voicebot.dialogue.state import State
from voicebot.failure import place
from voicebot.store.journal import Entry, Journal
from voicebot.store.live import LiveStore

_log = structlog.get_logger(__name__)

_KIND = "calls"
_RUNNING_S = 6 * 3600.0
"""Seconds for which a call that was not ended is kept. Twilio's longest call by default lasts 4 h."""
_OVER_S = 600.0
"""Seconds for which a call that is over can still be read."""
_SOUND_WAITS_S = 0.3
"""Longest wait of an answer for its turn to be kept: less than a caller notices, and it happens beside synthesis."""


@dataclass(frozen=True)
class KeptCall:
    """Where a call was."""

    tenure: int
    """How many have held it, the one who wrote this included."""
    state: State | None
    """None once the bot was done with it."""
    clock_ms: int
    entries: tuple[Entry, ...]
    """Of its journal."""


class KeptCalls:
    """The calls in a live store. Blocking, from any thread."""

    def __init__(self, store: LiveStore, *, secret: frozenset[str] = frozenset()) -> None:
        """`secret`: slots that must not be kept; a call that goes on without them asks for them again."""
        self._store = store
        self._secret = secret

    def find(self, call_id: str) -> KeptCall | None:
        """Where the call was; None for one that nobody held, or that can't be read."""
        text = self._store.get(_KIND, call_id)
        if text is None:
            return None
        try:
            tenure, _, body = text.partition(" ")
            data = json.loads(body)
            state = State.from_json(data["state"]) if data["state"] is not None else None
            return KeptCall(int(tenure), state, int(data["clock_ms"]), tuple(Entry(**e) for e in data["entries"]))
        except (ValueError, KeyError, TypeError) as error:
            # Another version wrote it. The call begins anew.
            _log.warning("a kept call can't be read", call=call_id, error=type(error).__name__)
            return None

    def keep(self, call_id: str, call: KeptCall, *, over: bool = False) -> None:
        """Keep it, unless someone else holds the call by now."""
        body = {
            "state": _without(self._secret, call.state).to_json() if call.state is not None else None,
            "clock_ms": call.clock_ms,
            "entries": [entry.to_json() for entry in call.entries],
        }
        text = f"{call.tenure} {json.dumps(body, ensure_ascii=False)}"

        def newer(old: str | None) -> str:
            return old if old is not None and int(old.partition(" ")[0]) > call.tenure else text

        self._store.change(_KIND, call_id, newer, _OVER_S if over else _RUNNING_S)


def _without(secret: frozenset[str], state: State) -> State:
    """The state without secret values. What depends on one begins with its question again."""
    if not secret & state.slots.keys():
        return state
    slots = {name: value for name, value in state.slots.items() if name not in secret}
    if not state.stack:
        return replace(state, slots=slots)
    stack = [*state.stack[:-1], replace(state.stack[-1], at=0)]
    return replace(state, slots=slots, stack=stack, question=None, waiting="flow")


def moved(state: State, version: str) -> State:
    """Where a call goes on whose own version of the content is not to be had: what was under way begins anew."""
    return replace(state, version=version, stack=[], question=None, waiting="", queue=[])


class Continuity:
    """Keeps one call off the event loop, the newest always last. Used on the loop."""

    def __init__(self, kept: KeptCalls | None, executor: Executor | None, journal: Journal) -> None:
        """`kept` None: nothing is kept, and nothing waits."""
        self._kept, self._executor, self._journal = kept, executor, journal
        self.tenure = 1
        self._next: tuple[KeptCall, bool] | None = None
        self._writing = False
        self._waiting: list[Callable[[], None]] = []
        self._alarm: asyncio.TimerHandle | None = None

    def find(self) -> KeptCall | None:
        """Off the loop: where the call was when someone else held it."""
        return self._kept.find(self._journal.call_id) if self._kept is not None else None

    def keep(self, state: State | None, clock_ms: int, *, over: bool = False) -> None:
        """Keep where the call is now. Returns at once."""
        if self._kept is None:
            return
        self._next = KeptCall(self.tenure, state, clock_ms, tuple(self._journal.entries)), over
        if not self._writing:
            self._write()

    def when_kept(self, then: Callable[[], None]) -> None:
        """Do it once all that was to be kept is; at once where nothing is being written, and after 0.3 s anyway."""
        if not self._writing:
            then()
            return
        self._waiting.append(then)
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(_SOUND_WAITS_S, self._release)

    def _write(self) -> None:
        assert self._kept is not None
        assert self._next is not None
        (call, over), self._next = self._next, None
        self._writing = True
        kept, call_id = self._kept, self._journal.call_id

        def write() -> None:
            try:
                kept.keep(call_id, call, over=over)
            except Exception as error:  # the call itself must not suffer
                _log.error("a call could not be kept", call=call_id, error=type(error).__name__, place=place(error))

        try:
            future = asyncio.get_running_loop().run_in_executor(self._executor, write)
        except RuntimeError:  # the pool is closed: the service ends
            self._writing = False
            self._release()
            return
        future.add_done_callback(lambda _: self._written())

    def _written(self) -> None:
        self._writing = False
        if self._next is not None:
            self._write()
        if not self._writing:
            self._release()

    def _release(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()
