"""One engine's work: what is needed soonest is made first, a few at a time, everything once."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from voicebot.audio.format import Pcm
from voicebot.tts.port import EngineError

MOST_WAITING = 500
"""Pieces of speech that wait for one engine; further ones are refused, for they would come too late anyway."""
MOST_HANGING = 4
"""Threads that may be lost in an engine that hangs; it is asked for nothing more then."""
_SMALL = 8
"""Characters: shorter texts take as long as these."""
_PACE_HOLDS_S = 600.0
"""Seconds for which a pace counts: an engine that was slow gets another chance."""


@dataclass(eq=False)
class _Job:
    name: str
    make: Callable[[], Pcm]
    size: int
    """Characters."""
    due: float
    began: float | None = None
    """When a thread took it, on the clock."""
    future: Future[Pcm] = field(default_factory=Future)


@dataclass(order=True)
class _Place:
    """In the queue. A piece that is wanted sooner than before gets a second place; the first to come counts."""

    due: float
    number: int
    job: _Job = field(compare=False)


class Synthesis:
    """Makes speech in `places` threads of its own, so that callers wait for what they asked, never for a lock.

    More places than cores would make everybody's first sound later. Callable from any thread.
    """

    def __init__(
        self, name: str, *, places: int, hangs_after_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """A thread whose work takes longer than `hangs_after_s` is given up for lost, and another takes its place."""
        self._name, self._places, self._hangs_after_s, self._clock = name, places, hangs_after_s, clock
        self._queue: list[_Place] = []
        self._jobs: dict[str, _Job] = {}
        """Waiting and under way, by name."""
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._threads = self._idle = 0
        self._paces: deque[tuple[float, float]] = deque(maxlen=15)
        """When something was made, and its seconds a character."""
        self._closed = False

    def expected_s(self, size: int, within_s: float) -> float:
        """Seconds until `size` characters would be made; 0 as long as nothing is known of the engine's pace.

        By its best pace of late: what a moment of load or the loading of a model cost is not held against it for long.
        """
        now = self._clock()
        with self._changed:
            paces = [pace for at, pace in self._paces if now - at < _PACE_HOLDS_S]
            before = sum(job.size for job in self._jobs.values() if job.due <= now + within_s)
            return min(paces, default=0.0) * (size + before / self._places)

    def ask(self, name: str, make: Callable[[], Pcm], size: int, within_s: float) -> Future[Pcm]:
        """What `make` returns, or raises; asked for again under the same `name` meanwhile, it is the same one.

        `size` is its characters, `within_s` the seconds until the sound is needed. The future fails with EngineError
        where too much is waiting, or the engine hangs. It is shared: don't cancel it.
        """
        now = self._clock()
        due = now + within_s
        with self._changed:
            job = self._jobs.get(name)
            if job is not None and (due >= job.due or job.began is not None):
                return job.future
            if job is None:
                job = _Job(name, make, size, due)
                lost = sum(self._is_lost(other, now) for other in self._jobs.values())
                if self._closed or len(self._jobs) >= MOST_WAITING or lost >= MOST_HANGING:
                    why = "hangs" if lost >= MOST_HANGING else "has too much to say at once"
                    job.future.set_exception(
                        EngineError(f"{self._name} {why}; restart the service, or use less of it.")
                    )
                    return job.future
                self._jobs[name] = job
            else:
                lost = 0
            job.due = due
            heapq.heappush(self._queue, _Place(due, next(self._numbers), job))
            if not self._idle and self._threads - lost < self._places:
                self._threads += 1
                # A daemon: an engine that hangs must not keep the process from ending.
                threading.Thread(target=self._work, name=f"speaking {self._name}", daemon=True).start()
            self._changed.notify()
        return job.future

    def give_up(self) -> None:
        """Everything that waits fails: the engine does not work at present."""
        with self._changed:
            self._queue.clear()
            waiting = [job for job in self._jobs.values() if job.began is None]
            for job in waiting:
                del self._jobs[job.name]
        for job in waiting:
            job.future.set_exception(EngineError(f"{self._name} does not work at present."))

    def close(self) -> None:
        """Nothing is begun any more; what waits fails."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.give_up()

    def _is_lost(self, job: _Job, now: float) -> bool:
        return job.began is not None and now - job.began > self._hangs_after_s

    def _work(self) -> None:
        while (job := self._next()) is not None:
            pcm: Pcm | None = None
            failure: BaseException | None = None
            try:
                pcm = job.make()
            except BaseException as error:  # whatever it is, it belongs to those who wait
                failure = error
            with self._changed:
                if self._jobs.get(job.name) is job:
                    del self._jobs[job.name]
                if pcm is not None and job.began is not None:
                    now = self._clock()
                    self._paces.append((now, (now - job.began) / max(job.size, _SMALL)))
            if failure is not None:
                job.future.set_exception(failure)
            elif pcm is not None:
                job.future.set_result(pcm)

    def _next(self) -> _Job | None:
        """The piece that is needed soonest; waits for one. None when this thread is needed no longer."""
        with self._changed:
            while not self._closed:
                while self._queue:
                    job = heapq.heappop(self._queue).job
                    if job.began is None:
                        job.began = self._clock()
                        return job
                now = self._clock()
                lost = sum(self._is_lost(other, now) for other in self._jobs.values())
                if self._threads - lost > self._places:
                    break  # it came back after another thread had taken its place
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            self._threads -= 1
            return None
