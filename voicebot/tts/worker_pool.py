"""Worker processes that answer JSON lines, each within a time limit: one that hangs or dies is killed and replaced.

Workers beyond the first end when they had nothing to do for a minute: a neural voice takes 200 MB a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any


class WorkerError(Exception):
    """A worker gave no answer: it hung, died, wrote rubbish, could not be started, or all stayed busy."""


class WorkersBusyError(WorkerError):
    """All workers stayed busy with other requests; none of them need be ill."""


_LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; beyond them it is no answer but a worker gone wild."""
_IDLE_S = 60.0
"""Seconds without work after which a worker beyond the first ends."""


class _Worker:
    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.fresh = True
        """Whether it has answered nothing yet, so that it may still be loading."""
        self.rests_since = time.monotonic()

    def ask(self, line: bytes, until: float) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        os.set_blocking(stdin.fileno(), False)
        left = memoryview(line)
        answer = bytearray()
        while not answer.endswith(b"\n"):
            remaining = until - time.monotonic()
            if remaining <= 0:
                raise WorkerError("no answer within the time limit")
            readable, writable, _ = select.select([stdout], [stdin] if left else [], [], remaining)
            if writable:
                left = left[os.write(stdin.fileno(), left) :]
            if readable:
                chunk = os.read(stdout.fileno(), 1 << 20)
                if not chunk:
                    raise WorkerError(f"it ended with status {self._process.wait()}")
                answer += chunk
                if len(answer) > _LONGEST_ANSWER:
                    raise WorkerError("its answer has no end")
        self.fresh = False
        return bytes(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class WorkerPool:
    """Up to `size` workers of one command, started when first needed. Callable from any thread."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: int = 2,
        time_limit_s: float = 5.0,
        start_limit_s: float | None = None,
        idle_s: float = _IDLE_S,
    ) -> None:
        """A worker gets `time_limit_s` for an answer, and at least `start_limit_s` for its first.

        Those beyond the first end after `idle_s` seconds without work.
        """
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._start_limit_s = start_limit_s or time_limit_s
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        """A worker at rest, or None for one that is not running yet."""
        self._size = size
        self._closed = False
        self._idle_s = idle_s
        self._looking = threading.Lock()
        self._timer: threading.Timer | None = None
        for _ in range(size):
            self._places.put(None)

    def ask(self, request: Mapping[str, Any], time_limit_s: float | None = None) -> dict[str, Any]:
        """The answer to one request, for which `time_limit_s` may allow more time than is usual.

        Raises WorkerError after at most the time limit and what waiting for a worker takes, which is no longer; raises
        WorkersBusyError where all were at work that long.
        """
        time_limit_s = time_limit_s or self._time_limit_s
        line = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        if self._closed:
            raise WorkerError("it was closed")
        try:
            worker = self._places.get(timeout=time_limit_s)
        except queue.Empty:
            raise WorkersBusyError("all workers are busy") from None
        try:
            worker = worker or _Worker(self._command)
            if worker.fresh:
                time_limit_s = max(time_limit_s, self._start_limit_s)
            answer = json.loads(worker.ask(line, time.monotonic() + time_limit_s))
            if not isinstance(answer, dict):
                raise WorkerError("its answer is no JSON object")
        except (OSError, ValueError, WorkerError) as error:
            if worker is not None:
                worker.stop()
            worker = None
            raise WorkerError(str(error)) from error
        finally:
            if self._closed and worker is not None:
                worker.stop()
                worker = None
            if worker is not None:
                worker.rests_since = time.monotonic()
            self._places.put(worker)
            self._look_later()
        return answer

    def warm_up(self) -> None:
        """Start the first worker where none is running; returns before it is loaded. Never raises."""
        taken = self._at_rest()
        if not self._closed and len(taken) == self._size and not any(taken):
            with contextlib.suppress(OSError):
                taken[0] = _Worker(self._command)
        self._put_back(taken)

    def end_idle(self, idle_s: float) -> int:
        """End the workers that had nothing to do for `idle_s` seconds, but one; how many are at rest then."""
        taken = self._at_rest()
        resting = sorted((worker for worker in taken if worker is not None), key=lambda worker: worker.rests_since)
        until = time.monotonic() - idle_s
        idle = [worker for worker in resting[:-1] if worker.rests_since <= until]
        for worker in idle:
            worker.stop()
        self._put_back([None if worker in idle else worker for worker in taken])
        return len(resting) - len(idle)

    def _at_rest(self) -> list[_Worker | None]:
        """All places at which nobody works, taken."""
        taken: list[_Worker | None] = []
        with contextlib.suppress(queue.Empty):
            while len(taken) < self._size:
                taken.append(self._places.get_nowait())
        return taken

    def _put_back(self, taken: Sequence[_Worker | None]) -> None:
        # Who worked last is taken first, and none is started while one is at rest.
        for worker in sorted(taken, key=lambda worker: worker.rests_since if worker else 0.0):
            self._places.put(worker)

    def _look_later(self) -> None:
        if self._size == 1:
            return
        with self._looking:
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(self._idle_s, self._look)
                self._timer.daemon = True
                self._timer.start()

    def _look(self) -> None:
        with self._looking:
            self._timer = None
        if not self._closed and self.end_idle(self._idle_s) > 1:
            self._look_later()

    def close(self) -> None:
        """Stop all workers; those at work are stopped when they answered, or at their time limit."""
        self._closed = True
        with self._looking:
            if self._timer is not None:
                self._timer.cancel()
        for _ in range(self._size):
            try:
                worker = self._places.get(timeout=self._time_limit_s)
            except queue.Empty:
                return
            if worker is not None:
                worker.stop()
