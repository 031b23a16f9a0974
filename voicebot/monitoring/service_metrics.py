"""Metrics of what calls need: back ends, voices, listeners, threads, the history, and the process itself."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from voicebot.monitoring.stage_cpu import StageCpu
from voicebot.store.history.writer import WriterState

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_WAITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class ServiceMetrics:
    """Callable from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.backend = Histogram(
            "voicebot_backend_seconds",
            "Operations of back ends, by result: found, nothing, failed",
            ["operation", "result"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.second_listener = Histogram(
            "voicebot_second_listener_seconds",
            "How long the second listener was waited for, by result: heard, nothing (too busy, or given up), failed",
            ["result"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.synthesis = Histogram(
            "voicebot_synthesis_seconds",
            "How long engines took for a sentence",
            ["engine", "language"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.synthesis_failed = Counter(
            "voicebot_synthesis_failures", "Sentences that an engine could not speak", ["engine"], registry=registry
        )
        self.cached = Counter(
            "voicebot_voice_cache_hits", "Sentences that were in the cache of the voice", registry=registry
        )
        self.decode_wait = Histogram(
            "voicebot_decode_wait_seconds",
            "How long pieces of callers' speech waited for a thread that decodes",
            buckets=_WAITS,
            registry=registry,
        )
        self.decodes_waiting = Gauge(
            "voicebot_decodes_waiting",
            "Pieces of callers' speech that wait for a thread now",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.callers_waiting = Gauge(
            "voicebot_callers_waiting",
            "Callers who wait for a person, as the history has it",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.longest_wait = Gauge(
            "voicebot_longest_wait_seconds",
            "How long the first of them has waited",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.history_waiting = Gauge(
            "voicebot_history_records_waiting",
            "Records of calls in memory, because neither database nor disk takes them",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.history_lost = Counter(
            "voicebot_history_records_lost", "Records of calls that were given up", registry=registry
        )
        self.history_away = Gauge(
            "voicebot_history_database_away",
            "1 while the history's database takes nothing",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.monitoring_lost = Counter(
            "voicebot_monitoring_records_lost", "Records of calls that these metrics missed", registry=registry
        )
        self.versions_not_loaded = Counter(
            "voicebot_versions_not_loaded",
            "Versions of the content that were to serve and could not be loaded",
            registry=registry,
        )
        self.info = Gauge(
            "voicebot_service",
            "1, with the version of voicebot, the pack and its version",
            ["version", "pack", "pack_version"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._process = ProcessMetrics(registry)
        self._stages = StageCpu(registry)
        self._history_lost = 0

    def sample(self, history: WriterState | None, waiting: tuple[float, float] | None, decodes: int) -> None:
        """What is read every few seconds. `waiting`: callers, and seconds of the first of them."""
        self.decodes_waiting.set(decodes)
        if history is not None:
            self.history_waiting.set(history.waiting)
            self.history_away.set(history.database_away)
            self.history_lost.inc(max(0, history.lost - self._history_lost))
            self._history_lost = history.lost
        if waiting is not None:
            self.callers_waiting.set(waiting[0])
            self.longest_wait.set(waiting[1])
        self._process.sample()
        self._stages.sample()


class ProcessMetrics:
    """Of this process; with several workers one value each, by process id."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, what: str) -> Gauge:
            return Gauge(f"voicebot_process_{name}", what, registry=registry, multiprocess_mode="liveall")

        self._cpu = Counter("voicebot_process_cpu_seconds", "Processor time used", registry=registry)
        self._memory = gauge("resident_memory_bytes", "Memory in use")
        self._files = gauge("open_files", "File descriptors in use")
        self._threads = gauge("threads", "Threads")
        self._began = gauge("start_time_seconds", "When it began, seconds since 1970")
        self._began_at = time.time()
        self._used = 0.0

    def sample(self) -> None:
        """Read them."""
        used = time.process_time()
        self._cpu.inc(max(0.0, used - self._used))
        self._used = used
        self._threads.set(threading.active_count())
        self._began.set(self._began_at)
        process = Path("/proc/self")
        if process.exists():
            pages = int((process / "statm").read_text().split()[1])
            self._memory.set(pages * os.sysconf("SC_PAGE_SIZE"))
            self._files.set(sum(1 for _ in (process / "fd").iterdir()))
