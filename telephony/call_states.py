"""What is known of each call between its webhooks and its streams."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from voicebot.channel import Outcome


@dataclass(frozen=True)
class CallState:
    """One call, by the steps it has taken; they only move forward."""

    call_sid: str
    number: str = ""
    """The caller's, E.164; empty where withheld."""
    language: str = "ko"
    """ISO 639-1, of what we say outside the stream."""
    streams: int = 0
    """Number of the newest stream that was offered, from 1."""
    begun: int = 0
    """Number of the newest stream that was opened."""
    outcome: Outcome | None = None
    """How the newest stream ended; None while it runs, or where it broke."""
    asked_after: int = 0
    """Number of the newest stream after which Twilio asked how to go on."""
    ended: bool = False
    """Twilio said that the call is over."""
    wish: str = ""
    """What the caller chose while waiting for people: `callback` or `voicemail`; empty for nothing yet."""


class CallStates(Protocol):
    """Where call states live: in this process, or somewhere that several share. Safe to call from any thread."""

    def find(self, call_sid: str) -> CallState | None:
        """The call's state; None for a call never seen, or forgotten."""
        ...

    def open(self, state: CallState) -> CallState:
        """Remember a call; returns what was known of it before, or else `state`."""
        ...

    def change(self, call_sid: str, **changes: object) -> CallState | None:
        """Replace fields of a state; returns it as it is now, None for an unknown call."""
        ...


class LocalCallStates:
    """Call states in this process's memory."""

    def __init__(
        self, *, most: int = 20_000, kept_s: float = 6 * 3600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`most`: calls remembered, the oldest go first. `kept_s`: seconds for which a call is remembered."""
        self._most = most
        self._kept = kept_s
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, CallState] = {}
        self._opened: dict[str, float] = {}

    def find(self, call_sid: str) -> CallState | None:
        with self._lock:
            self._forget_old()
            return self._states.get(call_sid)

    def open(self, state: CallState) -> CallState:
        with self._lock:
            self._forget_old()
            known = self._states.get(state.call_sid)
            if known is None:
                self._states[state.call_sid] = known = state
                self._opened[state.call_sid] = self._clock()
            return known

    def change(self, call_sid: str, **changes: object) -> CallState | None:
        with self._lock:
            state = self._states.get(call_sid)
            if state is None:
                return None
            state = replace(state, **changes)  # type: ignore[arg-type]
            self._states[call_sid] = state
            return state

    def _forget_old(self) -> None:
        now = self._clock()
        while self._opened:
            oldest, opened = next(iter(self._opened.items()))
            if now - opened < self._kept and len(self._opened) <= self._most:
                return
            del self._opened[oldest], self._states[oldest]
