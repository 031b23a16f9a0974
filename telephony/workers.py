"""Several processes that take calls on one port: forked, watched, replaced, and ended together.

They share the listening socket and not `SO_REUSEPORT`: a connection that no process has accepted yet is then anybody's,
so the death of one loses none. A WebSocket goes to whichever worker accepts it, the call's state being shared. Workers
show signs of life; one that shows none is frozen, and killed: its callers go on with another one.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

_log = structlog.get_logger(__name__)

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_LOOKS_UP_S = 0.25
_FROZEN_LOOKS = 8
"""Looks at a worker with calls without a sign of life until it is killed: two seconds of silence, on top of the second
of sound that was sent ahead, are as much as callers bear."""
_IDLE_FROZEN_LOOKS = 40
"""The same for one without calls: nobody waits for it."""
_BEAT = struct.Struct("<q?")
_SOON_S = 10.0
"""A worker that lived shorter was stillborn: the next one waits."""
_LONGEST_WAIT_S = 30.0
_KILLED_AFTER_S = 10.0
"""From the second SIGTERM to SIGKILL."""
USAGE = 2
"""Exit status of a worker whose configuration or content can't be used: another one would fare no better."""
_PR_SET_PDEATHSIG = 1


class Signs:
    """What a worker tells its parent. Made before the fork, of memory that both share."""

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._reads, False)
        self._memory = mmap.mmap(-1, _BEAT.size)
        self._beats = 0
        self._unchanged = 0
        self._seen = (0, False)

    # The worker

    def ready(self) -> None:
        """It takes calls."""
        with contextlib.suppress(OSError):
            os.write(self._writes, b"r")
            os.close(self._writes)

    def alive(self, *, busy: bool) -> None:
        """To be told every 0.25 s, from the first time on. `busy`: it holds calls, and a stop would be noticed."""
        self._beats += 1
        self._memory[:] = _BEAT.pack(self._beats, busy)

    def leaves(self) -> None:
        """It shows no more signs of life, and that is in order."""
        self._memory[:] = _BEAT.pack(0, False)

    # The parent

    def heard_ready(self) -> bool:
        """Whether it just said that it takes calls."""
        with contextlib.suppress(OSError):
            return bool(os.read(self._reads, 1))
        return False

    def looks_frozen(self) -> bool:
        """To be asked every 0.25 s: counting looks, not seconds, asks no more of it than its parent gets to do."""
        beats, busy = _BEAT.unpack(self._memory[:])
        self._unchanged = self._unchanged + 1 if beats and (beats, busy) == self._seen else 0
        self._seen = beats, busy
        return self._unchanged >= (_FROZEN_LOOKS if busy else _IDLE_FROZEN_LOOKS)

    def close(self, *, in_worker: bool) -> None:
        """Give back the end of the pipe that this process does not need; the parent's when the worker has ended."""
        os.close(self._reads if in_worker else self._writes)

    def forget(self) -> None:
        """The worker ended, or is another's."""
        os.close(self._reads)
        self._memory.close()


Work = Callable[[Signs, bool], int]
"""What a worker does: is told how to tell its parent, and whether callers wait for it because others died; returns the
process's exit status."""


@dataclass
class _Worker:
    pid: int
    began: float
    signs: Signs


def end_with_parent() -> None:
    """In a child: have SIGTERM sent when its parent dies, because nobody else would end it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


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
        self._looked_at = 0.0
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
            self._look_for_life()
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._send(signal.SIGKILL)
            if self._signals and not self._workers:
                return self._status

    def _fill(self) -> None:
        while len(self._workers) < self._number and time.monotonic() >= self._next_at:
            signs = Signs()
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
            if pid == 0:
                self._be_worker(signs)
            signs.close(in_worker=False)
            self._workers[pid] = _Worker(pid, time.monotonic(), signs)
            _log.info("worker began", worker=pid)

    def _be_worker(self, signs: Signs) -> None:
        """In the child: never returns."""
        status = 1
        try:
            signs.close(in_worker=True)
            for worker in self._workers.values():
                worker.signs.forget()
            end_with_parent()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            status = self._work(signs, self._ever_ready > 0)
        except KeyboardInterrupt:
            status = 0
        except BaseException as error:
            _log.error("worker failed", error=type(error).__name__, exc_info=error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

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
            self._ever_ready += worker.signs.heard_ready()
            worker.signs.forget()
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
            if worker.signs.heard_ready():
                _log.info("worker takes calls", worker=worker.pid)
                self._ever_ready += 1
                if self._ever_ready == self._number:
                    self._on_ready()

    def _look_for_life(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < _LOOKS_UP_S:
            return
        self._looked_at = now
        for worker in self._workers.values():
            if worker.signs.looks_frozen():
                _log.error("worker is frozen, killed", worker=worker.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
