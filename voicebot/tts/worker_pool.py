"""Worker processes that answer JSON lines, each within a time limit: one that hangs or dies is killed and replaced."""

from __future__ import annotations

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


_LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; beyond them it is no answer but a worker gone wild."""


class _Worker:
    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )

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
        return bytes(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class WorkerPool:
    """Up to `size` workers of one command, started when first needed. Callable from any thread."""

    def __init__(self, command: Sequence[str], *, size: int = 2, time_limit_s: float = 5.0) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        """A worker at rest, or None for one that is not running yet."""
        self._size = size
        self._closed = False
        for _ in range(size):
            self._places.put(None)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises WorkerError after at most twice the time limit."""
        line = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        if self._closed:
            raise WorkerError("it was closed")
        try:
            worker = self._places.get(timeout=self._time_limit_s)
        except queue.Empty:
            raise WorkerError("all workers are busy") from None
        try:
            worker = worker or _Worker(self._command)
            answer = json.loads(worker.ask(line, time.monotonic() + self._time_limit_s))
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
