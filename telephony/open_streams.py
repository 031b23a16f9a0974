"""The media streams that are open in this process."""

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

    def add(self, call_sid: str, end: End) -> None:
        """A stream has begun. An older one of the same call is asked to end: its socket is dead."""
        with self._lock:
            older = self._ends.pop(call_sid, None)
            self._ends[call_sid] = end
        if older is not None:
            older()

    def remove(self, call_sid: str, end: End) -> None:
        """The stream that was added with this `end` is over."""
        with self._lock:
            if self._ends.get(call_sid) is end:
                del self._ends[call_sid]

    def end(self, call_sid: str) -> None:
        """Ask the call's stream to end, where there is one."""
        with self._lock:
            end = self._ends.get(call_sid)
        if end is not None:
            end()

    def __len__(self) -> int:
        with self._lock:
            return len(self._ends)
