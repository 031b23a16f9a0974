"""Takes what calls tell, and counts it beside them: a call pays for one entry in a queue."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from importlib.metadata import version

import structlog
from prometheus_client import CollectorRegistry

from voicebot.failure import place
from voicebot.monitoring.call_metrics import CallMetrics
from voicebot.monitoring.measured import MeasuredPool
from voicebot.monitoring.service_metrics import ServiceMetrics
from voicebot.monitoring.traces import Traces
from voicebot.store.history.records import Record
from voicebot.store.history.writer import WriterState

_log = structlog.get_logger(__name__)

_SAMPLED_S = 5.0
_MOST_WAITING = 20_000


class Monitor:
    """Metrics and traces of one process. `keep` is called on the event loop; the rest runs on a thread of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """`registry`: where metrics are read from, by default a new one."""
        self.registry = registry or CollectorRegistry()
        self.calls = CallMetrics(self.registry)
        self.service = ServiceMetrics(self.registry)
        self._traces: Traces | None = None
        self._queue: queue.SimpleQueue[tuple[Record, float] | threading.Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pool: MeasuredPool | None = None
        self._history: Callable[[], WriterState] | None = None
        self._waiting: Callable[[], tuple[float, float] | None] | None = None
        self._trouble = ""

    def keep(self, record: Record) -> None:
        """A call tells something. Returns at once and never raises."""
        if self._queue.qsize() < _MOST_WAITING:
            self._queue.put((record, time.time()))
        else:
            self.service.monitoring_lost.inc()

    def start(
        self,
        *,
        traces: Traces | None = None,
        pool: MeasuredPool | None = None,
        history: Callable[[], WriterState] | None = None,
        waiting: Callable[[], tuple[float, float] | None] | None = None,
    ) -> None:
        """Begin to count. Not before a fork: threads don't survive it.

        `waiting`: how many callers wait for a person, and how long the first of them has; None where it is not known
        yet. It may raise.
        """
        self._traces, self._pool, self._history, self._waiting = traces, pool, history, waiting
        self._thread = threading.Thread(target=self._run, name="monitoring", daemon=True)
        self._thread.start()

    def serves(self, pack: str, pack_version: str) -> None:
        """What this process serves."""
        self.service.info.labels(version("voicebot"), pack, pack_version).set(1)

    def flush(self, within_s: float = 5.0) -> bool:
        """Wait until everything that was told so far is counted."""
        counted = threading.Event()
        self._queue.put(counted)
        return self._thread is None or counted.wait(within_s)

    def close(self) -> None:
        """Count what waits, and end."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(5.0)
        if self._traces is not None:
            self._traces.close()

    def _run(self) -> None:
        sample_at = time.monotonic()
        while True:
            if (left := sample_at - time.monotonic()) <= 0:
                sample_at = time.monotonic() + _SAMPLED_S
                self._safely(self._sample)
                continue
            try:
                told = self._queue.get(timeout=left)
            except queue.Empty:
                continue
            if told is None:
                return
            if isinstance(told, threading.Event):
                told.set()
            else:
                self._see(*told)

    def _see(self, record: Record, arrived: float) -> None:
        self._safely(lambda: self.calls.see(record))
        if (traces := self._traces) is not None:
            self._safely(lambda: traces.see(record, round(arrived * 1000)))

    def _sample(self) -> None:
        waiting = None
        if self._waiting is not None:
            try:
                waiting = self._waiting()
            except Exception as error:  # the database may be away; the rest can still be told
                self._tell(error)
        history = self._history() if self._history is not None else None
        self.service.sample(history, waiting, self._pool.waiting if self._pool is not None else 0)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # nothing here may end the counting
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        """A trouble that lasts is told once."""
        trouble = f"{type(error).__name__} in {place(error)}"
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("something can't be measured", reason=trouble)
