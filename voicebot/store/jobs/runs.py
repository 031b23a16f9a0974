"""Runs of scheduled work: each moment of a schedule is run once, by one process of all.

A run is claimed in one transaction: the lock of its job, which a process holds for `LEASE` and renews while it works,
and the row of the moment it is due, of which there can be one only. A process that dies leaves a lock that ends by
itself; the run is taken up again by another, `MOST_ATTEMPTS` times in all.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update

from voicebot.store.history.database import Database
from voicebot.store.history.tables import milliseconds
from voicebot.store.jobs.tables import job_locks, job_runs

LEASE = timedelta(minutes=2)
"""For which a lock holds without being renewed."""
MOST_ATTEMPTS = 3
SCHEDULE = "schedule"
"""Who runs what is due."""

State = Literal["running", "done", "failed", "lost"]


@dataclass(frozen=True)
class JobRun:
    """One run of a job."""

    id: int
    name: str
    due: datetime
    by: str
    began: datetime
    ended: datetime | None
    state: State
    attempts: int
    result: Mapping[str, Any]
    error: str

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "due": self.due.isoformat(),
            "by": self.by,
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "state": self.state,
            "attempts": self.attempts,
            "result": dict(self.result),
            "error": self.error,
        }


@dataclass(frozen=True)
class Claim:
    """A run that this process may do now, and nobody else."""

    run: int
    name: str
    due: datetime
    holder: str


class JobRuns:
    """Blocking, callable from any thread; each method is one transaction. All raise DatabaseError."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def claim(self, name: str, due: datetime, by: str = SCHEDULE) -> Claim | None:
        """The right to run what is due; None where it was run, is being run, or failed too often."""
        now = self._now()
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        with self._database.writing() as connection:
            free = self._database.insert(job_locks).values(name=name, holder="", until=0).on_conflict_do_nothing()
            connection.execute(free)
            until = milliseconds(now + LEASE)
            taken = connection.execute(
                update(job_locks)
                .where(job_locks.c.name == name, job_locks.c.until <= milliseconds(now))
                .values(holder=holder, until=until)
            ).rowcount
            if not taken:
                return None
            self._lose(connection, name)
            run = self._begin(connection, name, due, by, now)
            if run is None:
                self._free(connection, name, holder)
                return None
            return Claim(run, name, due, holder)

    def _lose(self, connection: Connection, name: str) -> None:
        """The lock was free: what still counts as running was left by a process that is gone."""
        of = (job_runs.c.name == name, job_runs.c.state == "running")
        connection.execute(update(job_runs).where(*of).values(state="lost", error="its process was lost."))

    def _begin(self, connection: Connection, name: str, due: datetime, by: str, now: datetime) -> int | None:
        r = job_runs.c
        found = connection.execute(
            select(r.id, r.state, r.attempts).where(r.name == name, r.due == milliseconds(due))
        ).one_or_none()
        if found is None:
            row = {"name": name, "due": due, "by": by, "began": now, "state": "running"}
            made: int = connection.execute(job_runs.insert().values(row).returning(r.id)).scalar_one()
            return made
        if found.state not in ("lost", "failed") or found.attempts >= MOST_ATTEMPTS:
            return None
        again = {"state": "running", "began": now, "ended": None, "error": None, "attempts": found.attempts + 1}
        connection.execute(update(job_runs).where(r.id == found.id).values(again))
        return int(found.id)

    def renew(self, claim: Claim) -> bool:
        """Hold the lock on; False where another process has it by now."""
        until = milliseconds(self._now() + LEASE)
        of = (job_locks.c.name == claim.name, job_locks.c.holder == claim.holder)
        with self._database.writing() as connection:
            return bool(connection.execute(update(job_locks).where(*of).values(until=until)).rowcount)

    def finish(self, claim: Claim, result: Mapping[str, Any] | None = None, error: str = "") -> bool:
        """The run is over; False, and nothing written, where another process has it by now."""
        with self._database.writing() as connection:
            if not self._free(connection, claim.name, claim.holder):
                return False
            told = {"ended": self._now(), "state": "failed" if error else "done"}
            values = {**told, "result": dict(result or {}) or None, "error": error or None}
            connection.execute(update(job_runs).where(job_runs.c.id == claim.run).values(values))
            return True

    def _free(self, connection: Connection, name: str, holder: str) -> bool:
        of = (job_locks.c.name == name, job_locks.c.holder == holder)
        return bool(connection.execute(update(job_locks).where(*of).values(holder="", until=0)).rowcount)

    def latest(self, limit: int = 50, name: str = "") -> list[JobRun]:
        """The latest runs first."""
        query = select(job_runs).order_by(job_runs.c.began.desc(), job_runs.c.id.desc()).limit(limit)
        if name:
            query = query.where(job_runs.c.name == name)
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(query)]

    def last_due(self, name: str) -> datetime | None:
        """The latest scheduled moment that was settled: done, or failed as often as it may."""
        r = job_runs.c
        settled = (r.state == "done") | (r.attempts >= MOST_ATTEMPTS)
        query = select(r.due).where(r.name == name, r.by == SCHEDULE, settled).order_by(r.due.desc()).limit(1)
        with self._database.reading() as connection:
            found: datetime | None = connection.execute(query).scalar()
            return found

    def expire(self, before: datetime) -> int:
        """Delete runs that began earlier; returns how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(job_runs).where(job_runs.c.began < milliseconds(before))).rowcount


def _run(row: Row[Any]) -> JobRun:
    return JobRun(
        id=row.id,
        name=row.name,
        due=row.due,
        by=row.by,
        began=row.began,
        ended=row.ended,
        state=row.state,
        attempts=row.attempts,
        result=row.result or {},
        error=row.error or "",
    )
