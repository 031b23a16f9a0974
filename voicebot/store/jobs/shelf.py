"""The weekly reports that were made: in the database, so that every host has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select

from voicebot.store.history.database import Database
from voicebot.store.history.tables import milliseconds
from voicebot.store.jobs.tables import reports


@dataclass(frozen=True)
class Report:
    """One document."""

    week: str
    """ISO week, such as 2026-W47."""
    pack: str
    language: str
    format: str
    """`html` or `pdf`."""
    made: datetime
    size: int
    """Bytes."""


class Reports:
    """Blocking, callable from any thread. All raise DatabaseError."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def put(self, week: str, pack: str, language: str, file_format: str, document: bytes) -> None:
        """Keep a report, in place of an earlier one of the same week."""
        made = {"made": self._now(), "document": document}
        key = {"week": week, "pack": pack, "language": language, "format": file_format}
        upsert = self._database.insert(reports).values(**key, **made)
        with self._database.writing() as connection:
            connection.execute(upsert.on_conflict_do_update(index_elements=list(key), set_=made))

    def kept(self, limit: int = 200) -> list[Report]:
        """The latest weeks first."""
        r = reports.c
        query = select(r.week, r.pack, r.language, r.format, r.made, func.length(r.document).label("size"))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(r.week.desc(), r.pack, r.language, r.format).limit(limit))
            return [Report(row.week, row.pack, row.language, row.format, row.made, row.size) for row in rows]

    def document(self, week: str, pack: str, language: str, file_format: str) -> bytes | None:
        """The report; None where there is none."""
        r = reports.c
        where = (r.week == week, r.pack == pack, r.language == language, r.format == file_format)
        with self._database.reading() as connection:
            found: bytes | None = connection.execute(select(r.document).where(*where)).scalar()
            return found

    def expire(self, before: datetime) -> int:
        """Delete reports that were made earlier; returns how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(reports).where(reports.c.made < milliseconds(before))).rowcount
