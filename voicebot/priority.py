"""Work that gives way to live audio."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path


def lower_priority(niceness: int, thread: int) -> None:
    """Add to the niceness of one native thread, so that it gives way to live audio; nothing off Linux."""
    if niceness and Path("/proc/self/task").is_dir():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)


class Patience:
    """Lets work in the background wait while calls are running, but not for ever."""

    def __init__(self, busy: Callable[[], bool], stop: threading.Event, most_s: float = 600.0) -> None:
        """`busy`: whether calls are running. `stop` ends all waiting. `most_s`: seconds of waiting in all."""
        self._busy, self._stop, self._left_s = busy, stop, most_s

    def wait(self) -> None:
        """Returns when no call is running, or patience is at an end."""
        while self._left_s > 0 and self._busy() and not self._stop.wait(_LOOK_S):
            self._left_s -= _LOOK_S


_LOOK_S = 0.2
"""Seconds between two looks."""
