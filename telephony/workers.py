"""Several processes that take calls on one port: forked, watched, replaced, and ended together.

They share the listening socket and not `SO_REUSEPORT`: a connection that no process has accepted yet is then anybody's,
so the death of one loses none. A WebSocket goes to whichever worker accepts it, the call's state being shared.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

_log = structlog.get_logger(__name__)

Work = Callable[[Callable[[], None], bool], int]
"""What a worker does: is told what to call once it takes calls, and whether callers wait for it because others died;
returns the process's exit status."""

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_LOOKS_UP_S = 0.25
_SOON_S = 10.0
"""A worker that lived shorter was stillborn: the next one waits."""
_LONGEST_WAIT_S = 30.0
_KILLED_AFTER_S = 10.0
"""From the second SIGTERM to SIGKILL."""
USAGE = 2
"""Exit status of a worker whose configuration or content can't be used: another one would fare no better."""
_PR_SET_PDEATHSIG = 1


@dataclass
class _Worker:
    pid: int
    began: float
    ready: int
    """Reads a byte when it takes calls."""


class Workers:
    """The parent's side. Runs in a process without threads, because it forks."""

    def __init__(
        self,
        number: int,
        work: Work,
        *,
        ready: Callable[[], None] = lambda: None,
        ended: Callable[[int], None] = lambda _pid: None,
    ) -> None:
        """`ready` is called once all take calls for the first time; `ended` with the process id of each that ended."""
        self._number, self._work, self._on_ready, self._on_end = number, work, ready, ended
        self._workers: dict[int, _Worker] = {}
        self._stillborn = 0
        self._next_at = 0.0
        self._ever_ready = 0
        self._signals = 0
        self._kill_at: float | None = None
        self._status = 0

    def run(self) -> int:
        """Until all have ended, after SIGTERM or SIGINT, or because none can begin; returns the exit status."""
        if threading.active_count() > 1:
            names = [thread.name for thread in threading.enumerate()]
            _log.warning("threads run before workers are forked: what they hold stays locked", threads=names)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        while True:
            if not self._signals:
                self._fill()
            taken = signal.sigtimedwait(_SIGNALS, _LOOKS_UP_S)
            if taken is not None and taken.si_signo != signal.SIGCHLD:
                self._stop()
            self._reap()
            self._look_for_ready()
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._send(signal.SIGKILL)
            if self._signals and not self._workers:
                return self._status

    def _fill(self) -> None:
        while len(self._workers) < self._number and time.monotonic() >= self._next_at:
            reads, writes = os.pipe()
            os.set_blocking(reads, False)
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
            if pid == 0:
                os.close(reads)
                self._be_worker(writes)
            os.close(writes)
            self._workers[pid] = _Worker(pid, time.monotonic(), reads)
            _log.info("worker began", worker=pid)

    def _be_worker(self, writes: int) -> None:
        """In the child: never returns."""
        status = 1
        try:
            for worker in self._workers.values():
                os.close(worker.ready)
            # Without its parent nobody would end it.
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            status = self._work(lambda: self._tell_ready(writes), self._ever_ready > 0)
        except KeyboardInterrupt:
            status = 0
        except BaseException as error:
            _log.error("worker failed", error=type(error).__name__, exc_info=error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    @staticmethod
    def _tell_ready(writes: int) -> None:
        with contextlib.suppress(OSError):
            os.write(writes, b"r")
            os.close(writes)

    def _stop(self) -> None:
        self._signals += 1
        self._send(signal.SIGTERM)
        if self._signals > 1:
            self._kill_at = time.monotonic() + _KILLED_AFTER_S

    def _send(self, number: signal.Signals) -> None:
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            worker = self._workers.pop(pid, None)
            if worker is None:
                continue
            with contextlib.suppress(BlockingIOError):
                self._ever_ready += bool(os.read(worker.ready, 1))
            os.close(worker.ready)
            self._on_end(pid)
            self._ended(pid, os.waitstatus_to_exitcode(status), time.monotonic() - worker.began)

    def _ended(self, pid: int, code: int, lived_s: float) -> None:
        if self._signals:
            self._status = self._status or max(code, 0)
            return
        if code == USAGE and not self._ever_ready:
            self._status = code
            self._stop()
            return
        _log.error("worker ended, another takes its place", worker=pid, exit_status=code, lived_s=round(lived_s, 1))
        self._stillborn = self._stillborn + 1 if lived_s < _SOON_S else 0
        # The first is replaced at once: callers wait.
        wait_s = min(2.0 ** (self._stillborn - 2), _LONGEST_WAIT_S) if self._stillborn > self._number else 0.0
        self._next_at = time.monotonic() + wait_s

    def _look_for_ready(self) -> None:
        for worker in self._workers.values():
            with contextlib.suppress(BlockingIOError, OSError):
                if os.read(worker.ready, 1):
                    self._ever_ready += 1
                    if self._ever_ready == self._number:
                        self._on_ready()
