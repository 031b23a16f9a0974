"""What a service on this machine uses: processor time by kind of thread, and memory, of it and all its processes."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

_CPU = re.compile(r'^voicebot_stage_cpu_seconds_total\{[^}]*stage="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_COUNTS = re.compile(
    r"^(voicebot_(?:twilio_(?:lost_seconds|messages_refused|sound_dropped_seconds|marks_overdue)|"
    r"decode_wait_seconds_(?:sum|count)|monitoring_records_lost|history_records_lost)(?:_total)?)"
    r"(?:\{([^}]*)\})? (\S+)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Usage:
    """At one moment, since the service began."""

    cpu_s: float = 0.0
    """Processor seconds of all its processes."""
    rss: int = 0
    """Bytes resident, what processes share counted in each."""
    pss: int = 0
    """Bytes, shared ones divided among those who share them; 0 where the system doesn't tell."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Processor seconds by what they were spent on, as the service tells."""
    counts: Mapping[str, float] = field(default_factory=dict)
    """What the service counted: sound lost, messages refused, and so on."""


class Watched:
    """A service, by the address it answers at and, on this machine, by its process."""

    def __init__(self, url: str, pid: int | None) -> None:
        """`pid`: of the service's main process; None where it is elsewhere: then only what it tells is known."""
        self._url = url.rstrip("/")
        self._process = psutil.Process(pid) if pid is not None else None
        self._ended: Counter[int] = Counter()

    def usage(self, *, memory: bool = False) -> Usage:
        """Blocking: milliseconds. `memory`: PSS as well, which takes tens of them."""
        cpu, rss, pss = 0.0, 0, 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                cpu += times.user + times.system
                rss += process.memory_info().rss
                if memory:
                    pss += getattr(process.memory_full_info(), "pss", 0)
        text = self._metrics()
        stages: Counter[str] = Counter()
        for stage, value in _CPU.findall(text):
            stages[stage] += float(value)
        counts: Counter[str] = Counter()
        for name, labels, value in _COUNTS.findall(text):
            counts[name + (f"{{{labels}}}" if "reason" in labels else "")] += float(value)
        return Usage(cpu, rss, pss, stages, counts)

    def _processes(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []

    def _metrics(self) -> str:
        try:
            with urllib.request.urlopen(f"{self._url}/metrics", timeout=10) as reply:
                return str(reply.read().decode())
        except OSError:
            return ""

    def ready(self) -> Mapping[str, object] | None:
        """What /readyz says; None while it does not answer, or is not ready."""
        try:
            with urllib.request.urlopen(f"{self._url}/readyz", timeout=10) as reply:
                state: Mapping[str, object] = json.loads(reply.read())
                return state
        except (OSError, ValueError):
            return None
