"""The media streams that are open in this process, and the calls whose stream has just ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

End = Callable[[], None]
"""Asks a stream to end. May be called from any thread, more than once, and after the end."""


class OpenStreams:
    """At most one per call. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, End] = {}
        self._hand_overs: dict[str, End] = {}
        self._leaving: dict[str, End] = {}
        """Calls whose stream is over, until Twilio has asked how they go on."""

    def add(self, call_sid: str, end: End, hand_over: End = lambda: None) -> None:
        """A stream has begun. An older one of the same call is asked to end: its socket is dead.

        `hand_over` asks its conversation to give the caller to a person.
        """
        with self._lock:
            older = self._ends.pop(call_sid, None)
            self._ends[call_sid] = end
            self._hand_overs[call_sid] = hand_over
            self._leaving.pop(call_sid, None)
        if older is not None:
            older()

    def remove(self, call_sid: str, end: End, *, goes_on: bool) -> None:
        """The stream that was added with this `end` is over. `goes_on`: Twilio is about to ask what comes next."""
        with self._lock:
            if self._ends.get(call_sid) is end:
                del self._ends[call_sid], self._hand_overs[call_sid]
                if goes_on:
                    self._leaving[call_sid] = end

    def settle(self, call_sid: str, end: End | None = None) -> None:
        """Twilio has asked how the call goes on, or won't. `end`: only where that stream was the call's last."""
        with self._lock:
            if end is None or self._leaving.get(call_sid) is end:
                self._leaving.pop(call_sid, None)

    @property
    def leaving(self) -> int:
        """Calls that Twilio has yet to ask about."""
        with self._lock:
            return len(self._leaving)

    def end(self, call_sid: str) -> None:
        """Ask the call's stream to end, where there is one."""
        with self._lock:
            end = self._ends.get(call_sid)
        if end is not None:
            end()

    def hand_over(self) -> None:
        """Ask all conversations to give their callers to people."""
        with self._lock:
            asked = list(self._hand_overs.values())
        for hand_over in asked:
            hand_over()

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls whose streams are open."""
        with self._lock:
            return tuple(self._ends)

    def __len__(self) -> int:
        with self._lock:
            return len(self._ends)
