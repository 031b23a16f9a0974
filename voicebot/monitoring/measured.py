"""What calls need, measured on the way: each stands in for what it measures, on the thread that uses it."""

from __future__ import annotations

import itertools
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from voicebot.asr.port import Domain, EarlyHearing, Recogniser, Recognition, Utterance
from voicebot.audio.format import Pcm
from voicebot.backends.port import Backend
from voicebot.monitoring.service_metrics import ServiceMetrics
from voicebot.tts.cache import SoundCache
from voicebot.tts.port import Engine, Sound, Style

T = TypeVar("T")


class MeasuredBackend:
    """Implements `Backend`."""

    def __init__(self, backend: Backend, metrics: ServiceMetrics) -> None:
        self._backend, self._metrics = backend, metrics

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        began, result = time.perf_counter(), "failed"
        try:
            found = self._backend.call(operation, arguments)
            result = "nothing" if found is None else "found"
            return found
        finally:
            self._metrics.backend.labels(operation, result).observe(time.perf_counter() - began)


class MeasuredEngine:
    """Implements `Engine`."""

    def __init__(self, engine: Engine, metrics: ServiceMetrics) -> None:
        self._engine, self._metrics = engine, metrics
        self.name, self.fingerprint, self.languages = engine.name, engine.fingerprint, engine.languages
        self.concurrency = engine.concurrency

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        began = time.perf_counter()
        try:
            sound = self._engine.synthesise(text, language, style)
        except Exception:
            self._metrics.synthesis_failed.labels(self.name).inc()
            raise
        self._metrics.synthesis.labels(self.name, language).observe(time.perf_counter() - began)
        return sound

    def warm_up(self) -> None:
        self._engine.warm_up()

    def close(self) -> None:
        self._engine.close()


class MeasuredCache(SoundCache):
    """A cache of sounds that counts how often it had what was looked for."""

    def __init__(self, folder: Path, metrics: ServiceMetrics) -> None:
        super().__init__(folder)
        self._metrics = metrics

    def get(self, name: str) -> Pcm | None:
        found = super().get(name)
        if found is not None:
            self._metrics.cached.inc()
        return found


class _ByUrgency:
    """A queue for a pool of threads: who was asked for first comes first among those that are as urgent."""

    def __init__(self) -> None:
        self._items: queue.PriorityQueue[tuple[float, int, Any]] = queue.PriorityQueue()
        self._number = itertools.count()

    def put(self, item: Any) -> None:
        # An item without work ends a thread: all others come before it.
        urgency = math.inf if item is None else -urgency_of(item.args)
        self._items.put((urgency, next(self._number), item))

    def get(self, block: bool = True) -> Any:
        return self._items.get(block)[2]

    def get_nowait(self) -> Any:
        return self._items.get_nowait()[2]

    def qsize(self) -> int:
        return self._items.qsize()


def urgency_of(arguments: Sequence[Any]) -> int:
    """How urgent work is: what `urgency` says of it, or of what it is to be called with; else 0."""
    return max((int(getattr(argument, "urgency", 0)) for argument in arguments), default=0)


class MeasuredPool(ThreadPoolExecutor):
    """Threads for decoding, with how long work waits for one of them. What has a higher `urgency` is done before."""

    def __init__(self, threads: int, name: str, metrics: ServiceMetrics) -> None:
        super().__init__(threads, name)
        # Work is taken in this queue's order; it is made before any thread is.
        self._work_queue: Any = _ByUrgency()
        self._metrics = metrics
        self._asked = self._begun = 0
        self._urgent: dict[int, float] = {}
        """When each piece of urgent work was asked for that no thread has taken yet, in their order."""
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Pieces of work that no thread has taken yet."""
        return max(0, self._asked - self._begun)

    @property
    def waits_s(self) -> float:
        """How long the first piece of urgent work has waited for a thread; 0 where none waits."""
        with self._lock:
            asked = next(iter(self._urgent.values()), None)
        return 0.0 if asked is None else time.perf_counter() - asked

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        self._asked += 1
        number, asked = self._asked, time.perf_counter()
        if urgency_of((fn, *args)) > 0:
            with self._lock:
                self._urgent[number] = asked
        return super().submit(self._run, number, asked, fn, *args, **kwargs)

    def _run(self, number: int, asked: float, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._begun += 1
        with self._lock:
            self._urgent.pop(number, None)
        self._metrics.decode_wait.observe(time.perf_counter() - asked)
        return work(*args, **kwargs)


class MeasuredRecogniser:
    """Implements `Recogniser`: measures how long the second listener is waited for."""

    def __init__(self, recogniser: Recogniser, metrics: ServiceMetrics) -> None:
        self._recogniser, self._metrics = recogniser, metrics
        self.hears_twice = recogniser.hears_twice

    def listen(self, domain: Domain) -> Utterance:
        return self._recogniser.listen(domain)

    def prepare(self, domain: Domain) -> object:
        return self._recogniser.prepare(domain)

    def streams(self, domain: Domain) -> bool:
        return self._recogniser.streams(domain)

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        return _second(lambda: self._recogniser.second_opinion(pcm, domain), self._metrics)

    def begin(self, pcm: bytes, domain: Domain) -> EarlyHearing | None:
        early = self._recogniser.begin(pcm, domain)
        return _MeasuredEarly(early, self._metrics) if early is not None else None


class _MeasuredEarly:
    def __init__(self, early: EarlyHearing, metrics: ServiceMetrics) -> None:
        self._early, self._metrics = early, metrics

    def cancel(self) -> None:
        self._early.cancel()

    def complete(self, pcm: bytes) -> Recognition | None:
        return _second(lambda: self._early.complete(pcm), self._metrics)


def _second(ask: Callable[[], Recognition | None], metrics: ServiceMetrics) -> Recognition | None:
    began, result = time.perf_counter(), "failed"
    try:
        heard = ask()
        result = "nothing" if heard is None else "heard"
        return heard
    finally:
        metrics.second_listener.labels(result).observe(time.perf_counter() - began)
