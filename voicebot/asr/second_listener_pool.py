"""Keeping the second listener in bounds: few at once, a short queue, a deadline, low priority, early starts.

Threads and not a process: CTranslate2 releases the GIL, and on Linux every thread has a niceness of its own. Beside
live audio on one core the one is as good as the other (`benchmarks/second_listener.py live`: 95 % of ticks at most
7.6 ms late beside niced threads, 7.9 ms beside a niced process, 11.7 ms beside threads as they are), and a thread needs
no second model, no copying, and nothing that could be left running.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import structlog

from voicebot.asr.port import Domain, Recognition
from voicebot.failure import place
from voicebot.priority import lower_priority

_log = structlog.get_logger(__name__)

DEADLINE_SECONDS = 2.5
"""From asking to answering. Later the caller has been bridged long enough: the bot asks again instead."""

WAITING = 2
"""Utterances that may wait. At a third of a second each the last is answered after a second."""

_QUIET = 0.1
"""Of the loudness (RMS) of what was heard early: what follows and is no louder, 20 dB down, adds no speech to it."""


class SecondListener(Protocol):
    """Reads a whole utterance. Its method may be called from any thread."""

    def second_opinion(
        self, pcm: bytes, domain: Domain, cancelled: threading.Event | None = None
    ) -> Recognition | None:
        """What was said in `pcm` (16-bit 8 kHz mono), however long that takes; None soon after `cancelled` is set."""
        ...


class _Request:
    """An utterance that is to be read."""

    def __init__(self, pcm: bytes, domain: Domain, until: float, *, early: bool) -> None:
        self.pcm = pcm
        self.domain = domain
        self.until = until
        self.early = early
        self.cancelled = threading.Event()
        self.done = threading.Event()
        self.answer: Recognition | None = None

    def finish(self, answer: Recognition | None) -> None:
        self.answer = None if self.cancelled.is_set() else answer
        self.done.set()

    def withdraw(self) -> None:
        self.cancelled.set()
        self.done.set()


class BoundedListener:
    """A second listener that refuses rather than making anyone wait. Its methods may be called from any thread."""

    def __init__(
        self,
        listener: SecondListener,
        *,
        running: int = 1,
        waiting: int = WAITING,
        deadline: float = DEADLINE_SECONDS,
        niceness: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """At most `running` utterances at once and `waiting` more; answers within `deadline` seconds, or none."""
        self._listener = listener
        self._most_waiting = waiting
        self._deadline = deadline
        self._niceness = niceness
        self._clock = clock
        self._queue: deque[_Request] = deque()
        self._busy = 0
        self._most_running = running
        self._changed = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []

    @property
    def running(self) -> int:
        """Utterances being read now."""
        return self._busy

    @property
    def waiting(self) -> int:
        """Utterances that wait now."""
        return len(self._queue)

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        """What was said, when it is known; None where too many wait or the deadline passes. Blocking."""
        request = self._ask(pcm, domain, early=False)
        return self.answer(request) if request else None

    def begin(self, pcm: bytes, domain: Domain) -> EarlyHearing | None:
        """Start on an utterance that has probably ended, while its closing silence is still being waited for.

        None where anybody waits already: guesses come last. Complete or cancel what is returned.
        """
        request = self._ask(pcm, domain, early=True)
        return EarlyHearing(self, request) if request else None

    def close(self) -> None:
        """Answer None to all who wait, and stop the threads when they have done what they are at."""
        with self._changed:
            self._closed = True
            for request in self._queue:
                request.withdraw()
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _ask(self, pcm: bytes, domain: Domain, *, early: bool) -> _Request | None:
        request = _Request(pcm, domain, self._clock() + self._deadline, early=early)
        with self._changed:
            self._drop_cancelled()
            idle = self._most_running - self._busy
            if not early and len(self._queue) >= idle + self._most_waiting:
                self._drop_early()
            if self._closed or len(self._queue) >= idle + (0 if early else self._most_waiting):
                _log.info("second listener refused", waiting=len(self._queue), early=early)
                return None
            if len(self._threads) < self._most_running:
                self._start()
            self._queue.append(request)
            self._changed.notify()
        return request

    def claim(self, request: _Request) -> bool:
        """Make a guess as good as an utterance that did end; False where it was given up already."""
        with self._changed:
            if request.cancelled.is_set():
                return False
            request.early = False
            request.until = self._clock() + self._deadline
            return True

    def answer(self, request: _Request) -> Recognition | None:
        """Wait for a request until its deadline."""
        if not request.done.wait(max(0.0, request.until - self._clock())):
            request.withdraw()
            _log.warning("second listener too late", deadline=self._deadline)
            return None
        return request.answer

    def _drop_cancelled(self) -> None:
        for request in [one for one in self._queue if one.cancelled.is_set()]:
            self._queue.remove(request)

    def _drop_early(self) -> None:
        """Give up a guess that waits, for the sake of an utterance that did end."""
        for request in self._queue:
            if request.early:
                request.withdraw()
                self._queue.remove(request)
                return

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"second-listener-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        lower_priority(self._niceness, threading.get_native_id())
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                request = self._queue.popleft()
                self._busy += 1
            answer = None
            try:
                if not request.cancelled.is_set() and self._clock() < request.until:
                    answer = self._listener.second_opinion(request.pcm, request.domain, request.cancelled)
            except Exception as error:  # a listener that fails must cost its caller one answer, not the thread
                _log.error("second listener failed", error=type(error).__name__, place=place(error))
            finally:
                with self._changed:
                    self._busy -= 1
                request.finish(answer)


class EarlyHearing:
    """An utterance being read before it is certain that it has ended."""

    def __init__(self, pool: BoundedListener, request: _Request) -> None:
        self._pool = pool
        self._request = request

    def cancel(self) -> None:
        """The caller went on, or nobody wants to know any more. May be called at any time, repeatedly."""
        self._request.withdraw()

    def complete(self, pcm: bytes) -> Recognition | None:
        """The caller did stop: the reading of `pcm`, the whole utterance from its beginning. Blocking.

        Where only quiet followed what was begun with, that was read already or nearly so; otherwise all is read anew.
        None as from `second_opinion`.
        """
        if _quiet_after(self._request.pcm, pcm) and self._pool.claim(self._request):
            return self._pool.answer(self._request)
        self.cancel()
        return self._pool.second_opinion(pcm, self._request.domain)


def _quiet_after(begun: bytes, whole: bytes) -> bool:
    """Whether `whole` is `begun` with nothing but quiet behind it."""
    if not whole.startswith(begun):
        return False
    rest = whole[len(begun) :]
    return len(rest) < 2 or _loudness(rest) <= _QUIET * _loudness(begun)


def _loudness(pcm: bytes) -> float:
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16).astype(np.float64)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
