"""Writes the history while calls go on, and never lets a call wait.

A call appends its records to a queue in memory. One thread makes them fit and appends them to the spool, every 100 ms:
so much is lost when the process is killed. Another thread takes them from the spool to the database, in their order;
while the database is away they stay there. Where the disk is full too they wait in memory, as many as `most_held`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.store.history.database import reason
from voicebot.store.history.records import Record
from voicebot.store.history.rows import Rows
from voicebot.store.history.spool import Spool

_log = structlog.get_logger(__name__)

FLUSH_S = 0.1
"""How long a record is in memory only."""
_BATCH = 500
"""Records of one transaction at most."""
_RETRY_S = (0.5, 1.0, 2.0, 5.0)
"""Waits between attempts while the database is away; the last one from then on."""
_ADOPT_S = 30.0
"""How often the files of processes that died are looked for."""
_TELL_S = 60.0
"""A trouble that lasts is told again after so long."""

Prepared = dict[str, Any]


@dataclass(frozen=True)
class WriterState:
    """How the writing goes."""

    waiting: int
    """Records in memory."""
    database_away: bool
    lost: int
    """Records that were given up since the start: memory was full, or they can't be stored."""


class HistoryWriter:
    """`keep` is called on the event loop, everything else may take a while. Its threads start with the first record."""

    def __init__(
        self,
        rows: Rows,
        spool: Spool,
        prepare: Callable[[Record], Prepared],
        *,
        most_held: int = 50_000,
        flush_s: float = FLUSH_S,
        retry_s: Sequence[float] = _RETRY_S,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`after` runs in the writing thread when a batch was written and nothing waits."""
        self._rows, self._spool, self._prepare = rows, spool, prepare
        self._most_held, self._flush_s, self._retry_s, self._after = most_held, flush_s, retry_s, after
        self._queue: deque[Record] = deque()
        self._held: deque[Prepared] = deque()
        """What the disk did not take; all of it newer than what is in the spool."""
        self._writing_held = False
        self._lock = threading.Lock()
        """Of the spool and of what is held."""
        self._arrived = threading.Event()
        self._spooled = threading.Event()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lost = 0
        self._taking = False
        """Whether records are between the queue and the spool."""
        self._away_since: float | None = None
        self._told_at: dict[str, float] = {}

    # The call's side

    def keep(self, record: Record) -> None:
        """Take a record. Returns at once and never raises."""
        if len(self._queue) >= self._most_held:
            self._lost += 1
            return
        self._queue.append(record)
        if not self._arrived.is_set():
            if not self._threads:
                self.start()
            self._arrived.set()

    def start(self) -> None:
        """Begin writing, first of all what was left by processes that died."""
        with self._lock:
            if self._threads or self._closing.is_set():
                return
            self._threads = [
                threading.Thread(target=self._spool_all, name="history spool", daemon=True),
                threading.Thread(target=self._write_all, name="history", daemon=True),
            ]
        for thread in self._threads:
            thread.start()

    @property
    def state(self) -> WriterState:
        return WriterState(len(self._queue) + len(self._held), self._away_since is not None, self._lost)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until all that was kept so far is in the database; False where it is not in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not self._threads or self._is_done():
                return True
            self._arrived.set()
            time.sleep(0.005)
        return False

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what still waits, for so long at most; the rest stays in the spool for the next start."""
        self.flush(timeout_s)
        self._closing.set()
        self._arrived.set()
        self._spooled.set()
        for thread in self._threads:
            thread.join(timeout_s)
        with self._lock:
            if self._held:
                _log.error(
                    "turns of calls are lost: neither the database nor the disk takes them", lost=len(self._held)
                )
            if not any(thread.is_alive() for thread in self._threads):
                self._spool.close()

    def _is_done(self) -> bool:
        with self._lock:
            return not self._queue and not self._held and self._spool.is_empty and not self._taking

    # From memory to the spool

    def _spool_all(self) -> None:
        while True:
            self._arrived.wait()
            self._arrived.clear()
            self._take()
            if self._closing.is_set():
                return
            self._closing.wait(self._flush_s)

    def _take(self) -> None:
        with self._lock:
            self._taking = True
        prepared = []
        try:
            for _ in range(len(self._queue)):
                record = self._queue.popleft()
                try:
                    prepared.append(self._prepare(record))
                except Exception as error:  # one record's mistake must not cost the others
                    self._lose(1, f"a record can't be prepared ({type(error).__name__}, {place(error)})")
            with self._lock:
                self._put_by(prepared)
        finally:
            with self._lock:
                self._taking = False
        self._spooled.set()

    def _put_by(self, prepared: list[Prepared]) -> None:
        """Under the lock: to the spool, or where the disk does not take it, into memory."""
        if self._held and not self._writing_held:
            prepared = [*self._held, *prepared]
            self._held.clear()
        if not prepared:
            return
        if not self._held:
            try:
                self._spool.append(prepared)
                return
            except OSError as error:
                self._tell("the disk takes no turns of calls; they wait in memory", error.strerror or "unknown")
        room = self._most_held - len(self._held)
        self._held.extend(prepared[:room])
        if len(prepared) > room:
            self._lose(len(prepared) - room, "neither the database nor the disk takes them, and memory is full")

    # From the spool to the database

    def _write_all(self) -> None:
        attempt = 0
        adopted_at = -_ADOPT_S
        while not self._closing.is_set():
            if time.monotonic() - adopted_at >= _ADOPT_S:
                adopted_at = time.monotonic()
                with self._lock:
                    self._spool.adopt()
            try:
                wrote = self._write_some()
            except Exception as error:  # whatever it is, the records stay where they are
                self._away(error)
                self._closing.wait(self._retry_s[min(attempt, len(self._retry_s) - 1)])
                attempt += 1
                continue
            attempt = 0
            if wrote:
                self._back()
                continue
            self._safely_after()
            self._spooled.wait(_ADOPT_S)
            self._spooled.clear()

    def _write_some(self) -> bool:
        """One batch; False where nothing waits."""
        with self._lock:
            records, ticket = self._spool.read(_BATCH)
            from_memory = not records and self._spool.is_empty and bool(self._held)
            if from_memory:
                records = [self._held[n] for n in range(min(_BATCH, len(self._held)))]
                self._writing_held = True
            nothing = not records and self._spool.is_empty
        if nothing:
            return False
        try:
            self._write(records)
        except BaseException:
            with self._lock:
                self._writing_held = False
            raise
        with self._lock:
            if from_memory:
                for _ in records:
                    self._held.popleft()
                self._writing_held = False
            else:
                self._spool.done(ticket)
        return True

    def _write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Raises what tells that the database is at fault. A record that is at fault itself is given up."""
        try:
            self._rows.write(records)
        except Exception as error:  # whatever a record can bring about must not keep the others waiting
            if not _is_unfit(error):
                raise
            if len(records) == 1:
                self._lose(1, f"a record can't be stored ({type(error).__name__})")
                return
            half = len(records) // 2
            self._write(records[:half])
            self._write(records[half:])

    def _safely_after(self) -> None:
        try:
            self._after()
        except Exception as error:  # counting can wait; writing must go on
            self._tell("the history could not be counted", f"{type(error).__name__} in {place(error)}")

    # What is told

    def _away(self, error: Exception) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
        known = isinstance(error, OSError | VoicebotError)
        words = reason(error) if isinstance(error, SQLAlchemyError) else str(error) if known else place(error)
        self._tell("the database takes no turns of calls; they wait on disk", words)

    def _back(self) -> None:
        if self._away_since is not None:
            away_s, self._away_since = time.monotonic() - self._away_since, None
            _log.info("the database takes turns of calls again", away_s=round(away_s, 1), lost=self._lost)
        self._told_at.clear()

    def _lose(self, count: int, why: str) -> None:
        self._lost += count
        self._tell("turns of calls are lost", why)

    def _tell(self, what: str, why: str) -> None:
        """A trouble, once a minute at most: a full disk must not fill the log too."""
        now = time.monotonic()
        if now - self._told_at.get(what, -_TELL_S) >= _TELL_S:
            self._told_at[what] = now
            _log.warning(what, reason=why, waiting=len(self._held), lost=self._lost)


def _is_unfit(error: Exception) -> bool:
    """Whether it is a value that is at fault, not the database or the way there."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, StatementError)
    return not isinstance(error, OSError | VoicebotError | MemoryError)
