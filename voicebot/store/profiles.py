"""What is remembered of a caller from call to call, by number; of the number only a keyed hash is kept.

HMAC-SHA256 with a key that stands outside the database: who has the database alone can't try all phone numbers, as he
could against a bare hash. With the key he can, so the key is to be kept as the numbers themselves would be.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from voicebot.errors import VoicebotError
from voicebot.store.key_file import SHORTEST_KEY, key_from
from voicebot.store.number_hash import NumberHash
from voicebot.store.profile import Facts, Profile, days_before

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

_WAIT_S = 0.5
"""How long another process may hold the database before a call goes on without the profile."""
_SCHEMA = 1
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class ProfilesError(VoicebotError):
    """Profiles can't be kept as configured; raised when they are opened, never during a call."""


class CallerProfiles(Protocol):
    """What is remembered of callers. Every method blocks, and none raises: what goes wrong costs the profile and one
    log line, never the call."""

    def pseudonym(self, number: str) -> str:
        """What the history knows a number by; empty for a withheld one and for what is none."""
        ...

    def find(self, number: str) -> Profile | None:
        """The profile of a caller's number (E.164 or as dialled in Korea); None where nothing is kept of it."""
        ...

    def remember(self, number: str, facts: Facts) -> bool:
        """Add one call to a caller's profile. False where nothing was kept."""
        ...

    def forget(self, number: str) -> bool:
        """Remove all that is kept of a caller. True where nothing of it is left."""
        ...

    def expire(self) -> int:
        """Remove the profiles that are past their time; returns how many."""
        ...


class Profiles:
    """The profiles under one folder, for any number of threads and processes.

    Every method touches the disk: some ten milliseconds, or half a second where another process is writing. None
    raises: what goes wrong costs the profile and one log line, never the call.
    """

    def __init__(
        self, folder: Path, key: str = "", *, keep_days: int = 365, today: Callable[[], date] = date.today
    ) -> None:
        """`folder` (made where it is missing) holds `profiles.db` and, where `key` is empty, `profiles.key`.

        A profile is forgotten when its caller has not called for `keep_days` days. Raises ProfilesError for a key that
        is too short, and KeyFileError for a folder or key file that can't be used.
        """
        self._path = folder / "profiles.db"
        self._keep_days = keep_days
        self._today = today
        self._numbers = NumberHash(profile_key(key) if key else key_from(folder / "profiles.key"))
        self._failing = False

    def pseudonym(self, number: str) -> str:
        """What the history knows a number by: another keyed hash than the profiles', so that the two can't be joined.

        Empty for a withheld number and for what is none.
        """
        return self._numbers.pseudonym(number)

    def find(self, number: str) -> Profile | None:
        """The profile of a caller's number (E.164 or as dialled in Korea); None where nothing is kept of it."""
        caller = self._numbers.of(number)
        if caller is None:
            return None
        oldest = days_before(self._today().isoformat(), self._keep_days)

        def select(database: sqlite3.Connection) -> Profile | None:
            return _select(database, caller, oldest)

        return self._do("read", select, None)

    def remember(self, number: str, facts: Facts) -> bool:
        """Add one call to a caller's profile, and drop what is past its time. False where nothing was kept."""
        caller = self._numbers.of(number)
        if caller is None:
            return False
        oldest = days_before(self._today().isoformat(), self._keep_days)

        def insert(database: sqlite3.Connection) -> bool:
            database.execute("BEGIN IMMEDIATE")
            known = _select(database, caller, oldest) or Profile()
            profile = known.after(facts, self._keep_days)
            database.execute("DELETE FROM profiles WHERE last_day < ?", (oldest,))
            database.execute(
                "INSERT OR REPLACE INTO profiles VALUES (?, ?, ?)",
                (caller, profile.last_day, json.dumps(profile.to_json())),
            )
            database.execute("COMMIT")
            return True

        return self._do("write", insert, False)

    def forget(self, number: str) -> bool:
        """Remove all that is kept of a caller, from the files too. True where nothing of it is left.

        A database that was moved aside as damaged goes as well: nothing can be removed from it singly.
        """
        caller = self._numbers.of(number)
        if caller is None:
            return True

        def delete(database: sqlite3.Connection) -> bool:
            database.execute("DELETE FROM profiles WHERE caller = ?", (caller,))
            return _empty_log(database)

        return self._do("erase", delete, False) and self._remove_aside()

    def expire(self) -> int:
        """Remove the profiles that are past their time, from the files too; returns how many."""
        oldest = days_before(self._today().isoformat(), self._keep_days)

        def delete(database: sqlite3.Connection) -> int:
            gone = database.execute("DELETE FROM profiles WHERE last_day < ?", (oldest,)).rowcount
            _empty_log(database)
            return gone

        with contextlib.suppress(OSError):
            aside = _aside(self._path)
            if date.fromtimestamp(aside.stat().st_mtime).isoformat() < oldest:
                aside.unlink()
        return self._do("expire", delete, 0)

    def _do(self, what: str, work: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """Run `work` on an open database, once more on a fresh one if the file turns out damaged."""
        try:
            try:
                with _open(self._path) as database:
                    result = work(database)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                _move_aside(self._path)
                with _open(self._path) as database:
                    result = work(database)
        except (sqlite3.Error, OSError, ValueError) as error:
            if not self._failing:
                _log.warning("profiles can't be used", action=what, file=str(self._path), reason=_reason(error))
            self._failing = True
            return otherwise
        self._failing = False
        return result

    def _remove_aside(self) -> bool:
        try:
            _aside(self._path).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("damaged profiles can't be removed", file=str(_aside(self._path)), reason=error.strerror)
            return False
        return True


def profile_key(key: str) -> bytes:
    """The key as configured. Raises ProfilesError for one that is too short."""
    if len(key) < SHORTEST_KEY:
        raise ProfilesError(
            f"the key of the profiles has {len(key)} characters; write at least {SHORTEST_KEY}, for example what "
            "`openssl rand -hex 32` prints, or none to have one made."
        )
    return key.encode()


def _select(database: sqlite3.Connection, caller: bytes, oldest: str) -> Profile | None:
    row = database.execute("SELECT data FROM profiles WHERE caller = ? AND last_day >= ?", (caller, oldest)).fetchone()
    if row is None:
        return None
    try:
        return Profile.from_json(json.loads(row[0]))
    except (ValueError, TypeError):
        return None  # as another version wrote it: the next call replaces it


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, made where it is missing. One connection an operation: the file may be moved aside at any time."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        # Deleted content is overwritten with zeros at once.
        database.execute("PRAGMA secure_delete = ON")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA:
            raise ValueError(f"the file is of version {version}, made by a later voicebot; use that one")
        if version < _SCHEMA:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("BEGIN IMMEDIATE")
            database.execute(
                "CREATE TABLE IF NOT EXISTS profiles"
                " (caller BLOB PRIMARY KEY, last_day TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID"
            )
            database.execute("CREATE INDEX IF NOT EXISTS profiles_by_last_day ON profiles (last_day)")
            database.execute(f"PRAGMA user_version = {_SCHEMA}")
            database.execute("COMMIT")
        yield database
    finally:
        database.close()


def _empty_log(database: sqlite3.Connection) -> bool:
    """Carry the write-ahead log into the database and cut it to nothing: old content stands in it."""
    busy: int = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def _reason(error: Exception) -> str:
    """Why, without any value: SQLite's messages and ours name files, tables and settings only."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _move_aside(path: Path) -> None:
    """Make room for a fresh database, unless another process already did."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_sound(path):
            return
        path.replace(_aside(path))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    _log.warning("the profiles were damaged and are begun anew; callers are unknown again", moved_to=str(_aside(path)))


def _is_sound(path: Path) -> bool:
    try:
        with _open(path) as database:
            found: str = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            return found == "ok"
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return False
        raise
