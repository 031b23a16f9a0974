"""Processor time by what it was spent on: the threads' own, told apart by their names."""

from __future__ import annotations

import os
import re
import threading
from collections import Counter as Tally
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

_STAGES: Mapping[str, str] = {
    "MainThread": "loop",
    "listening": "listening",
    "thinking": "dialogue",
    "asking": "back_ends",
    "speaking": "voice",
    "second-listener": "second_listener",
    "keeping": "keeping",
    "call log": "keeping",
    "history": "keeping",
    "history spool": "keeping",
    "recording": "keeping",
    "WSGI": "webhooks",
}
"""What threads do, by their names without numbers: `loop` is sockets, frames, VAD and all decisions; `listening` the
first listener and its second look. All other threads are `other`."""

_TASKS = Path("/proc/self/task")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_USER, _SYSTEM = 11, 12
"""Of the fields behind a thread's name in `stat`."""


class StageCpu:
    """Counts by stage; nothing where the system doesn't tell of threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cpu = Counter(
            "voicebot_stage_cpu_seconds", "Processor time used, by what for", ["stage"], registry=registry
        )
        self._used: dict[int, int] = {}
        """Ticks so far, by native thread id."""

    def sample(self) -> None:
        """Read the threads' clocks. What a thread that ended used since the last time is not known."""
        if not _TASKS.exists():
            return
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        used: dict[int, int] = {}
        spent: Tally[str] = Tally()
        for task in _TASKS.iterdir():
            number = int(task.name)
            try:
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended just now
                continue
            used[number] = int(fields[_USER]) + int(fields[_SYSTEM])
            spent[_stage(names.get(number, ""))] += used[number] - self._used.get(number, 0)
        self._used = used
        for stage, ticks in spent.items():
            self._cpu.labels(stage).inc(max(0, ticks) / _TICKS)


def _stage(name: str) -> str:
    return _STAGES.get(re.sub(r"[_-]?\d+(_\d+)?$", "", name), "other")
