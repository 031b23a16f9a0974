"""Work that is done time and again beside the calls."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from voicebot.errors import VoicebotError
from voicebot.failure import place

_log = structlog.get_logger(__name__)


class Repeated:
    """Calls `work` on a thread of its own, from `start` to `close`. What it raises ends nothing: the database may come
    back. Each trouble is one log line, until something else happens."""

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        every_s: float,
        *,
        trouble: str,
        first_s: float | None = None,
        ends_s: float = 1.0,
    ) -> None:
        """`trouble`: the log line. `first_s`: before the first time, by default `every_s`. `ends_s`: the longest wait
        of `close` for work that is under way."""
        self._name, self._work, self._every_s, self._told_as = name, work, every_s, trouble
        self._first_s = every_s if first_s is None else first_s
        self._ends_s = ends_s
        self.closed = threading.Event()
        """Set by `close`: long work looks at it."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Not before a fork: threads don't survive it."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End soon."""
        self.closed.set()
        if self._thread is not None:
            self._thread.join(self._ends_s)

    def _run(self) -> None:
        trouble, wait_s = "", self._first_s
        while not self.closed.wait(wait_s):
            wait_s = self._every_s
            try:
                self._work()
                trouble = ""
            except Exception as error:  # whatever it is, the next time may go well
                told = str(error) if isinstance(error, VoicebotError) else f"{type(error).__name__} in {place(error)}"
                if told != trouble:
                    _log.warning(self._told_as, reason=told)
                trouble = told
