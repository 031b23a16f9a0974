"""Live state in an SQLite file, for several processes of one machine.

With a write-ahead log and `synchronous=NORMAL` a write is a system call and no wait for the disk (50 to 100 µs): what
is written survives the death of every process, and only the loss of power can take the last moments, with which the
telephone calls themselves are gone.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from voicebot.store.live import Change, LiveStoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS live (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, ends REAL NOT NULL, PRIMARY KEY (kind, key)
);
CREATE INDEX IF NOT EXISTS live_ends ON live (ends);
"""
_SWEEP_S = 30.0
"""Seconds between two removals of what is over."""


class SqliteStore:
    """Implements `LiveStore`. The file is opened when first used, so that a process may be forked before that."""

    def __init__(self, path: Path, *, within_s: float = 0.2, clock: Callable[[], float] = time.time) -> None:
        """`within_s`: seconds to wait for another process that writes."""
        self._path = path
        self._within_s = within_s
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = 0
        """Number of the file that is open."""
        self._swept = 0.0

    def get(self, kind: str, key: str) -> str | None:
        with self._connected() as db:
            return self._get(db, kind, key)

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        with self._writing() as db:
            self._put(db, kind, key, value, keep_s)

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        with self._writing() as db:
            if self._get(db, kind, key) is not None or (most is not None and self._count(db, kind, None) >= most):
                return False
            self._put(db, kind, key, value, keep_s)
            return True

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        with self._writing() as db:
            value = change(self._get(db, kind, key))
            if value is None:
                db.execute("DELETE FROM live WHERE kind = ? AND key = ?", (kind, key))
            else:
                self._put(db, kind, key, value, keep_s)
            return value

    def remove(self, kind: str, key: str) -> None:
        with self._writing() as db:
            db.execute("DELETE FROM live WHERE kind = ? AND key = ?", (kind, key))

    def count(self, kind: str, value: str | None = None) -> int:
        with self._connected() as db:
            return self._count(db, kind, value)

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _get(self, db: sqlite3.Connection, kind: str, key: str) -> str | None:
        row = db.execute(
            "SELECT value FROM live WHERE kind = ? AND key = ? AND ends > ?", (kind, key, self._clock())
        ).fetchone()
        return None if row is None else str(row[0])

    def _put(self, db: sqlite3.Connection, kind: str, key: str, value: str, keep_s: float) -> None:
        db.execute("INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?)", (kind, key, value, self._clock() + keep_s))

    def _count(self, db: sqlite3.Connection, kind: str, value: str | None) -> int:
        row = db.execute(
            "SELECT count(*) FROM live WHERE kind = ? AND ends > ? AND (? IS NULL OR value = ?)",
            (kind, self._clock(), value, value),
        ).fetchone()
        return int(row[0])

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield from self._opened()

    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is not None and self._file != _file(self._path):
                self.close()  # removed or replaced under our hands: what the others use stands there now
            if self._connection is None:
                self._connection = self._open()
            yield self._connection
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self._give_up_file()
            raise LiveStoreError(f"{self._path.name}: {error}") from error

    def _give_up_file(self) -> None:
        """It is damaged: put it aside, unless another process did so already."""
        damaged = self._file
        self.close()
        if damaged == _file(self._path):
            _put_aside(self._path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                now = self._clock()
                if now - self._swept > _SWEEP_S:
                    db.execute("DELETE FROM live WHERE ends <= ?", (now,))
                    self._swept = now
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600, exist_ok=True)
        self._file = _file(self._path)
        # One thread at a time uses it, though not always the same one.
        db = sqlite3.connect(self._path, timeout=self._within_s, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            # Callers' words do not stay behind in free pages.
            db.execute("PRAGMA secure_delete = ON")
            db.executescript(_SCHEMA)
        except BaseException:
            db.close()
            raise
        return db


def make_sound(path: Path) -> None:
    """Put a damaged file aside, so that a new one takes its place. For one process, before the others use it."""
    if not path.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            sound = db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    except sqlite3.OperationalError:
        return  # locked or unreadable: that may pass
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        _put_aside(path)


def _put_aside(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            part = path.with_name(path.name + ending)
            part.replace(part.with_name(part.name + ".damaged"))


def _file(path: Path) -> int:
    """Its number on the disk; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
