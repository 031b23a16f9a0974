"""Worker processes that answer JSON lines, each within a time limit: one that hangs or dies is killed and replaced."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any


class WorkerError(Exception):
    """A worker gave no answer: it hung, died, wrote rubbish, could not be started, or all stayed busy."""


class WorkersBusyError(WorkerError):
    """All workers stayed busy with other requests; none of them need be ill."""


_LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; beyond them it is no answer but a worker gone wild."""


class _Worker:
    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.fresh = True
        """Whether it has answered nothing yet, so that it may still be loading."""

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
    ) -> None:
        """A worker gets `time_limit_s` for an answer, and at least `start_limit_s` for its first."""
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._start_limit_s = start_limit_s or time_limit_s
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        """A worker at rest, or None for one that is not running yet."""
        self._size = size
        self._closed = False
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
            self._places.put(worker)
        return answer

    def warm_up(self) -> None:
        """Start the workers that are not running; returns before they are loaded. Never raises."""
        taken: list[_Worker | None] = []
        with contextlib.suppress(queue.Empty):
            while not self._closed and len(taken) < self._size:
                taken.append(self._places.get_nowait())
        for worker in taken:
            if worker is None:
                with contextlib.suppress(OSError):
                    worker = _Worker(self._command)
            self._places.put(worker)

    def close(self) -> None:
        """Stop all workers; those at work are stopped when they answered, or at their time limit."""
        self._closed = True
        for _ in range(self._size):
            try:
                worker = self._places.get(timeout=self._time_limit_s)
            except queue.Empty:
                return
            if worker is not None:
                worker.stop()
