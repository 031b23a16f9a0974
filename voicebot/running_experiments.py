"""The experiments that run, as a service knows them: looked up every few seconds, and stopped where one does harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import structlog

from voicebot.analytics.experiments.outcomes import assessed
from voicebot.analytics.experiments.runs import GUARD, Run, Runs
from voicebot.dialogue.assigning import assign
from voicebot.dialogue.pack import Pack
from voicebot.store.history.database import Database, DatabaseError

_log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
"""So long a start or a stop may take to reach callers."""

GUARD_EVERY_S = 60.0
"""Between two looks at what the variants do: a query over the run's calls."""


class RunningExperiments:
    """Callable from any thread; `assign` never waits for the database."""

    def __init__(self, database: Database | None) -> None:
        """None: without a history there is nothing to learn from, and no experiment runs."""
        self._database = database
        self._running: tuple[Run, ...] = ()
        self._closed = threading.Event()
        self._guarded_at = time.monotonic()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from now on. Not before a fork: threads don't survive it."""
        if self._database is not None and self._thread is None:
            self._thread = threading.Thread(target=self._keep_looking, name="experiments", daemon=True)
            self._thread.start()

    def assign(self, pack: Pack, caller: str, *, language: str, channel: str) -> Mapping[str, str]:
        """The variants of a call that begins now; see `voicebot.dialogue.assigning`."""
        known = language if language in pack.languages else next(iter(pack.languages))
        return assign(pack, self._running, caller, language=known, channel=channel)

    def look(self) -> None:
        """What runs now. Raises DatabaseError."""
        if self._database is not None:
            self._running = Runs(self._database).running()

    def guard(self) -> None:
        """Stop what does harm, and what does not split its callers as promised. Raises DatabaseError."""
        if self._database is None:
            return
        for run in self._running:
            found = assessed(self._database, run)
            if found.verdict in ("harm", "split"):
                reason = f"harm: {found.variant}, {found.metric}" if found.verdict == "harm" else "split"
                if Runs(self._database).stop(run, GUARD, reason):
                    _log.warning("an experiment was stopped", pack=run.design.pack, name=run.design.name, reason=reason)
                self.look()

    def _keep_looking(self) -> None:
        while True:
            try:
                self.look()
                if self._running and time.monotonic() - self._guarded_at >= GUARD_EVERY_S:
                    self._guarded_at = time.monotonic()
                    self.guard()
            except DatabaseError as error:  # what is known stays; the tables may not be there yet
                _log.debug("experiments can't be looked up", reason=str(error))
            if self._closed.wait(LOOK_EVERY_S):
                return

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(LOOK_EVERY_S)
