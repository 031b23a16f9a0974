"""What a service on this machine uses: processor time by kind of thread, and memory, of it and all its processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CPU = re.compile(r'^voicebot_stage_cpu_seconds_total\{[^}]*stage="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_COUNTS = re.compile(
    r"^(voicebot_(?:twilio_(?:lost_seconds|messages_refused|sound_dropped_seconds|marks_overdue)|"
    r"decode_wait_seconds_(?:sum|count)|monitoring_records_lost|history_records_lost)(?:_total)?)"
    r"(?:\{([^}]*)\})? (\S+)$",
    re.MULTILINE,
)


_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_USER, _SYSTEM = 11, 12
"""Of the fields behind a process's name in `stat`."""


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
        self._pid = pid

    def usage(self, *, memory: bool = False) -> Usage:
        """Blocking: milliseconds. `memory`: PSS as well, which takes tens of them."""
        cpu, rss, pss = 0.0, 0, 0
        for process in _family(self._pid) if self._pid is not None else ():
            # Who ends while being looked at uses nothing more.
            with contextlib.suppress(OSError, ValueError):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                cpu += (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
                rss += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                if memory:
                    pss += int(_PSS.findall((process / "smaps_rollup").read_text())[0]) * 1024
        text = self._metrics()
        stages: defaultdict[str, float] = defaultdict(float)
        for stage, value in _CPU.findall(text):
            stages[stage] += float(value)
        counts: defaultdict[str, float] = defaultdict(float)
        for name, labels, value in _COUNTS.findall(text):
            counts[name + (f"{{{labels}}}" if "reason" in labels else "")] += float(value)
        return Usage(cpu, rss, pss, stages, counts)

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


def _family(pid: int) -> Iterator[Path]:
    """A process and all that came of it, as folders of /proc; nothing where there is no such thing."""
    process = Path(f"/proc/{pid}")
    if not process.exists():
        return
    yield process
    for children in process.glob("task/*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from _family(int(child))
