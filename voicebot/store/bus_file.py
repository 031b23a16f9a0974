"""A bus for several processes of one machine: a table in a file, which those who listen look at five times a second."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import sqlite3
import threading
import time
from pathlib import Path

import structlog

from voicebot.store.bus import Listener, LocalBus, Message, Stop

_log = structlog.get_logger(__name__)

_LOOK_S = 0.2
_KEPT_S = 60.0
"""A process that stood still for longer has missed messages."""
_WAITING = 4096
"""Messages that wait to be written at most: the bus never makes a call wait."""
_BUSY_S = 2.0


class FileBus:
    """Implements `Bus`. Messages within the process arrive at once, others' within a quarter of a second."""

    def __init__(self, path: Path) -> None:
        """`path` is made where it is missing."""
        self._path = path
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._local = LocalBus()
        self._waiting: queue.Queue[tuple[str, Message]] = queue.Queue(_WAITING)
        self._closed = threading.Event()
        self._failing = False
        self._last: int | None = None
        """The newest message that was read, or that was there before this process listened."""
        with contextlib.suppress(sqlite3.Error, OSError), contextlib.closing(self._open()):
            pass  # from now on nothing is missed; where it fails, the thread tries again and tells
        self._thread = threading.Thread(target=self._carry, name="bus", daemon=True)
        self._thread.start()

    def publish(self, topic: str, message: Message) -> None:
        self._local.publish(topic, message)
        try:
            self._waiting.put_nowait((topic, message))
        except queue.Full:
            self._fail("too many messages wait to be written")

    def subscribe(self, topic: str, listener: Listener) -> Stop:
        return self._local.subscribe(topic, listener)

    def close(self) -> None:
        """Write what still waits, and stop."""
        self._closed.set()
        self._thread.join(_BUSY_S * 2)

    def _carry(self) -> None:
        database: sqlite3.Connection | None = None
        while True:
            ends = self._closed.wait(_LOOK_S)
            try:
                if database is None:
                    database = self._open()
                self._write(database)
                self._read(database)
                self._failing = False
            except (sqlite3.Error, OSError) as error:
                self._fail(str(error))
                if database is not None:
                    database.close()
                database = None
            if ends:
                break
        if database is not None:
            database.close()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        database = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        # The file is worthless after a crash of the machine.
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,"
            " sender TEXT NOT NULL, topic TEXT NOT NULL, body TEXT NOT NULL)",
        ):
            database.execute(statement)
        if self._last is None:
            self._last = database.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0]
        return database

    def _write(self, database: sqlite3.Connection) -> None:
        now = time.time()
        rows = []
        while not self._waiting.empty():
            topic, message = self._waiting.get_nowait()
            rows.append((now, self._name, topic, json.dumps(message, ensure_ascii=True)))
        if not rows:
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany("INSERT INTO messages (at, sender, topic, body) VALUES (?, ?, ?, ?)", rows)
            database.execute("DELETE FROM messages WHERE at < ?", (now - _KEPT_S,))
            database.execute("COMMIT")
        except sqlite3.Error:
            database.rollback()
            raise

    def _read(self, database: sqlite3.Connection) -> None:
        rows = database.execute(
            "SELECT id, sender, topic, body FROM messages WHERE id > ? ORDER BY id", (self._last,)
        ).fetchall()
        for number, sender, topic, body in rows:
            self._last = number
            if sender != self._name:
                self._local.publish(topic, json.loads(body))

    def _fail(self, reason: str) -> None:
        if not self._failing:
            _log.warning("watching calls of other processes fails", file=str(self._path), reason=reason)
        self._failing = True
