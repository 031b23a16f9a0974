"""The history of a running service: written beside its calls, counted, and deleted by age."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from voicebot.store.history.database import Database
from voicebot.store.history.expiry import expire
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.rows import Rows
from voicebot.store.history.spool import Spool
from voicebot.store.history.writer import HistoryWriter, WriterState

_log = structlog.get_logger(__name__)

_COUNT_S = 5.0
"""Stale hours are counted anew at most so often."""
_COUNTED = 24
"""Hours that are counted at a time, so that records don't wait for long."""
_EXPIRE_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class Ages:
    """Days after which something is deleted."""

    words: int
    calls: int
    """And with them all numbers."""
    audit: int


class CallHistory:
    """Opens at once, whether or not the database can be reached; `keep` takes records from then on."""

    def __init__(
        self,
        database: Database,
        spool: Path,
        prepare: Preparation,
        ages: Ages,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`spool`: a folder for what waits for the database, made when first needed."""
        self.database, self._ages, self._now = database, ages, now
        self._counted_at = 0.0
        self._expired: datetime | None = None
        self._rows = _MigratedRows(database)
        self._writer = HistoryWriter(self._rows, Spool(spool), prepare, after=self._tidy)
        self.keep = self._writer.keep

    def start(self) -> None:
        """Begin with what the last process left. Not before a fork: threads don't survive it."""
        self._writer.start()

    @property
    def prepared(self) -> bool:
        """Whether the tables are there: soon after `start`, unless the database is away."""
        return self._rows.current

    @property
    def state(self) -> WriterState:
        return self._writer.state

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until all that was kept so far is in the database; False where it is not in time."""
        return self._writer.flush(timeout_s)

    def close(self) -> None:
        """Write what waits, for 5 s at most; the rest stays in the spool."""
        self._writer.close()
        self.database.close()

    def _tidy(self) -> None:
        """When nothing waits to be written."""
        self._rows.migrate()
        if time.monotonic() - self._counted_at >= _COUNT_S:
            count_stale(self.database, most=_COUNTED)
            self._counted_at = time.monotonic()
        now = self._now()
        if self._expired is None or now - self._expired >= _EXPIRE_EVERY:
            self._expired = now
            ages = self._ages
            gone = expire(self.database, now, words_days=ages.words, calls_days=ages.calls, audit_days=ages.audit)
            if gone.words or gone.calls or gone.lost:
                _log.info("the history was tidied", words=gone.words, calls=gone.calls, lost=gone.lost)


class _MigratedRows(Rows):
    """Rows whose tables are made, or brought up to date, before the first is written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.current = False
        """Whether they are."""

    def migrate(self) -> None:
        """Raises DatabaseError."""
        if not self.current:
            self._database.migrate()
            self.current = True

    def write(self, prepared: Sequence[Mapping[str, Any]]) -> None:
        self.migrate()
        super().write(prepared)
