"""What is remembered of callers, in the database that several hosts share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import structlog
from sqlalchemy import Connection, delete, select

from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.number_hash import NumberHash
from voicebot.store.profile import Facts, Profile, days_before
from voicebot.store.profiles import profile_key
from voicebot.store.shared_tables import profiles as table

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

_AGAIN_S = 15.0
"""While the database is away, one call in so many seconds waits for it."""


class SharedProfiles:
    """Implements `CallerProfiles`; the tables are made by the database's migrations."""

    def __init__(
        self, database: Database, key: str, *, keep_days: int = 365, today: Callable[[], date] = date.today
    ) -> None:
        """`key`: the same on all hosts. Raises ProfilesError for one that is too short."""
        self._database = database
        self._keep_days, self._today = keep_days, today
        self._numbers = NumberHash(profile_key(key))
        self._again = 0.0
        self._failing = False

    def pseudonym(self, number: str) -> str:
        """See `CallerProfiles`."""
        return self._numbers.pseudonym(number)

    def find(self, number: str) -> Profile | None:
        """See `CallerProfiles`."""
        caller = self._numbers.of(number)
        if caller is None:
            return None
        return self._do("read", lambda: self._read(caller.hex()), None)

    def remember(self, number: str, facts: Facts) -> bool:
        """See `CallerProfiles`."""
        caller = self._numbers.of(number)
        if caller is None:
            return False

        def add() -> bool:
            with self._database.writing() as connection:
                # Of two calls that end at once the second waits for the first, also where there was no row.
                blank = {"caller": caller.hex(), "last_day": "", "data": ""}
                connection.execute(self._database.insert_new(table).values(blank))
                known = _select(connection, caller.hex(), self._oldest, lock=True) or Profile()
                profile = known.after(facts, self._keep_days)
                values = {"last_day": profile.last_day, "data": json.dumps(profile.to_json())}
                connection.execute(table.update().where(table.c.caller == caller.hex()).values(values))
            return True

        return self._do("write", add, False)

    def forget(self, number: str) -> bool:
        """See `CallerProfiles`."""
        caller = self._numbers.of(number)
        if caller is None:
            return True

        def remove() -> bool:
            with self._database.writing() as connection:
                connection.execute(delete(table).where(table.c.caller == caller.hex()))
            return True

        return self._do("erase", remove, False, patient=True)

    def expire(self) -> int:
        """See `CallerProfiles`."""

        def remove() -> int:
            with self._database.writing() as connection:
                return connection.execute(delete(table).where(table.c.last_day < self._oldest)).rowcount

        return self._do("expire", remove, 0)

    @property
    def _oldest(self) -> str:
        return days_before(self._today().isoformat(), self._keep_days)

    def _read(self, caller: str) -> Profile | None:
        with self._database.reading() as connection:
            return _select(connection, caller, self._oldest)

    def _do(self, what: str, work: Callable[[], _T], otherwise: _T, *, patient: bool = False) -> _T:
        """`patient`: also where the database was away a moment ago."""
        if time.monotonic() < self._again and not patient:
            return otherwise
        try:
            result = work()
        except DatabaseError as error:
            self._again = time.monotonic() + _AGAIN_S
            if not self._failing:
                _log.warning("profiles can't be used", action=what, reason=str(error))
            self._failing = True
            return otherwise
        self._failing = False
        return result


def _select(connection: Connection, caller: str, oldest: str, *, lock: bool = False) -> Profile | None:
    query = select(table.c.data).where((table.c.caller == caller) & (table.c.last_day >= oldest))
    if lock:
        # The row itself is locked, also one that is past its time.
        connection.execute(select(table.c.caller).where(table.c.caller == caller).with_for_update())
    found = connection.execute(query).scalar()
    if not found:
        return None
    try:
        return Profile.from_json(json.loads(found))
    except (ValueError, TypeError):
        return None  # as another version wrote it: the next call replaces it
