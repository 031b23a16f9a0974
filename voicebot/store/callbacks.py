"""Call-backs that callers asked for: put down, claimed by one worker at a time, tried until somebody was reached.

An attempt is counted before anybody is dialled. So a worker that dies in the middle of it costs the caller one attempt
and some minutes, and never a second call at the same time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine, Row, func, select, text

from voicebot.privacy.redactor import redact, redact_data
from voicebot.store.private_database import private_database
from voicebot.store.shared_tables import callbacks as _callbacks

State = Literal["waiting", "dialling", "reached", "given_up", "cancelled"]
"""`reached`: a person took the call; `given_up`: as many attempts as allowed."""

Result = Literal["human", "machine", "fax", "busy", "no-answer", "failed", "canceled", "lost", "barred"]
"""What came of an attempt; `lost`: nothing was heard of it any more; `barred`: such numbers are not called."""

LEASE = timedelta(minutes=10)
"""After which an attempt that nothing was heard of counts as lost: ringing takes 1 minute, a status seconds."""

_CLAIMING = 0x63616C6C
"""The advisory lock on PostgreSQL under which call-backs are claimed; any number that others don't use."""

_FINAL: Mapping[Result, State] = {"human": "reached", "fax": "given_up", "barred": "given_up"}


@dataclass(frozen=True)
class Callback:
    """One call-back."""

    id: str
    number: str
    """E.164; empty where the caller withheld it: nobody can be called back then."""
    language: str
    reason: str
    summary: str
    """One or two sentences."""
    asked_at: str
    due_at: str
    """Not to be dialled before; UTC, ISO 8601, as all times here."""
    attempts: int = 0
    state: State = "waiting"
    call_sid: str = ""
    """Of the last attempt, once Twilio has taken it."""
    result: str = ""
    """Of the last attempt."""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Persistence:
    """How often, and after how long, somebody who wasn't reached is called again."""

    attempts: int = 3
    first_gap: timedelta = timedelta(minutes=15)
    growth: int = 4
    """Each gap is so many times the one before: 15 minutes, 1 hour, 4 hours."""

    def gap(self, attempts: int) -> timedelta:
        """The pause after that many attempts, from 1."""
        return self.first_gap * int(self.growth ** (attempts - 1))


class Callbacks:
    """The call-backs of one database. Callable from any thread, by any number of processes; every method blocks.

    All raise SQLAlchemyError where the database is away.
    """

    def __init__(self, engine: Engine, persistence: Persistence | None = None, *, migrated: bool = False) -> None:
        """`migrated`: the database's migrations make the table; else it is made here."""
        self._engine = engine
        self._persistence = persistence or Persistence()
        if not migrated:
            _callbacks.create(engine, checkfirst=True)

    def add(
        self,
        number: str,
        reason: str,
        summary: str,
        at: datetime,
        *,
        language: str = "ko",
        context: Mapping[str, Any] | None = None,
    ) -> str:
        """Put down a call-back that is due at once, its summary without personal data; returns its id.

        Who waits for one already gets no second one: the newer request takes the older one's place.
        """
        new = {
            "language": language,
            "reason": reason,
            "summary": redact(summary, language),
            "context": redact_data(dict(context or {}), language),
            "asked_at": _iso(at),
            "due_at": _iso(at),
        }
        with self._engine.begin() as connection:
            if number:
                waiting = (_callbacks.c.number == number) & (_callbacks.c.state == "waiting")
                connection.execute(_callbacks.update().where(waiting).values(new))
                known = connection.execute(select(_callbacks.c.id).where(waiting)).scalar()
                if known is not None:
                    return str(known)
            callback_id = secrets.token_hex(6)
            blank = {"attempts": 0, "state": "waiting", "lease_until": "", "call_sid": "", "result": ""}
            connection.execute(_callbacks.insert().values(id=callback_id, number=number, **new, **blank))
            return callback_id

    def is_last(self, attempt: int) -> bool:
        """Whether no attempt follows that one, from 1."""
        return attempt >= self._persistence.attempts

    def all(self, *states: State) -> list[Callback]:
        """Those in these states, by default in any, the oldest first."""
        query = select(_callbacks).order_by(_callbacks.c.asked_at, _callbacks.c.id)
        if states:
            query = query.where(_callbacks.c.state.in_(states))
        with self._engine.connect() as connection:
            return [_callback(row) for row in connection.execute(query)]

    def of(self, number: str) -> list[Callback]:
        """Those to a number, the oldest first."""
        return [one for one in self.all() if one.number == number]

    def forget(self, number: str) -> int:
        """Delete those to a number, whatever their state; returns how many."""
        with self._engine.begin() as connection:
            return connection.execute(_callbacks.delete().where(_callbacks.c.number == number)).rowcount

    def find(self, callback_id: str) -> Callback | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_callbacks).where(_callbacks.c.id == callback_id)).first()
        return _callback(row) if row is not None else None

    def cancel(self, callback_id: str) -> bool:
        """Call nobody back any more; False where it is over already, or being dialled."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                _callbacks.update()
                .where((_callbacks.c.id == callback_id) & (_callbacks.c.state == "waiting"))
                .values(state="cancelled")
            )
            return changed.rowcount == 1

    def expire(self, before: datetime) -> int:
        """Delete those that are over and were asked for before that moment; returns how many."""
        over = _callbacks.c.state.in_(("reached", "given_up", "cancelled")) & (_callbacks.c.asked_at < _iso(before))
        with self._engine.begin() as connection:
            return connection.execute(_callbacks.delete().where(over)).rowcount

    def claim(self, now: datetime, *, most: int) -> Callback | None:
        """Take the next one that is due, with its attempt counted; None where none is, or `most` are being dialled."""
        self._recover(now)
        others = _callbacks.alias("others")
        dialling = select(func.count()).select_from(others).where(others.c.state == "dialling")
        due = (
            select(_callbacks.c.id, _callbacks.c.attempts)
            .where(
                (_callbacks.c.state == "waiting") & (_callbacks.c.due_at <= _iso(now)) & (_callbacks.c.number != ""),
            )
            .order_by(_callbacks.c.due_at, _callbacks.c.id)
            .limit(most)
        )
        with self._engine.begin() as connection:
            candidates = [tuple(row) for row in connection.execute(due)]
        for callback_id, attempts in candidates:
            # Whoever else saw the same row changed its state or its attempts: one update of all succeeds.
            mine = (
                (_callbacks.c.id == callback_id)
                & (_callbacks.c.state == "waiting")
                & (_callbacks.c.attempts == attempts)
                & (dialling.scalar_subquery() < most)
            )
            taken = {
                "state": "dialling",
                "attempts": attempts + 1,
                "lease_until": _iso(now + LEASE),
                "call_sid": "",
                "result": "",
            }
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    # Else two that claim at once would not count each other's.
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIMING})
                if connection.execute(_callbacks.update().where(mine).values(taken)).rowcount == 1:
                    row = connection.execute(select(_callbacks).where(_callbacks.c.id == callback_id)).one()
                    return _callback(row)
        return None

    def dialled(self, callback_id: str, attempt: int, call_sid: str) -> None:
        """Twilio has taken the call of that attempt."""
        with self._engine.begin() as connection:
            connection.execute(
                _callbacks.update()
                .where((_callbacks.c.id == callback_id) & (_callbacks.c.attempts == attempt))
                .values(call_sid=call_sid)
            )

    def settle(self, callback_id: str, attempt: int, result: Result, now: datetime) -> bool:
        """What came of an attempt; the first thing that is heard of it counts, and a person always does.

        Otherwise it waits for its next attempt, or is given up. False where this changed nothing.
        """
        final = _FINAL.get(result) or ("given_up" if attempt >= self._persistence.attempts else "waiting")
        open_states = ("dialling", "waiting", "given_up") if result == "human" else ("dialling",)
        values: dict[str, Any] = {"state": final, "result": result, "lease_until": ""}
        if final == "waiting":
            values["due_at"] = _iso(now + self._persistence.gap(attempt))
        with self._engine.begin() as connection:
            changed = connection.execute(
                _callbacks.update()
                .where(
                    (_callbacks.c.id == callback_id)
                    & (_callbacks.c.attempts == attempt)
                    & _callbacks.c.state.in_(open_states)
                )
                .values(values)
            )
            return changed.rowcount == 1

    def _recover(self, now: datetime) -> None:
        """Attempts whose worker died, or whose status never came."""
        lost = (_callbacks.c.state == "dialling") & (_callbacks.c.lease_until < _iso(now))
        with self._engine.connect() as connection:
            rows = connection.execute(select(_callbacks.c.id, _callbacks.c.attempts).where(lost)).all()
        for callback_id, attempt in rows:
            self.settle(callback_id, attempt, "lost", now)


def open_callbacks(path: Path, persistence: Persistence | None = None) -> Callbacks:
    """Call-backs in an SQLite file that only its owner may read. Raises PrivateDatabaseError."""
    return Callbacks(private_database(path), persistence)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _callback(row: Row[Any]) -> Callback:
    values = dict(row._mapping)
    del values["lease_until"]
    return Callback(**values)
