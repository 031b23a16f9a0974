"""The audit trail: who saw or did what, when, and from where. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from voicebot.store.history.database import Database
from voicebot.store.history.tables import audit


class AuditTrail:
    """Writes the trail; `voicebot.store.history.reading` reads it."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def put(
        self,
        who: str,
        action: str,
        *,
        call_id: str | None = None,
        subject: str | None = None,
        address: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """One line. Raises DatabaseError: what can't be put down must not be shown or done."""
        with self._database.writing() as connection:
            put_down(
                connection,
                self._now(),
                who,
                action,
                call_id=call_id,
                subject=subject,
                address=address,
                details=details,
            )


def put_down(
    connection: Connection,
    at: datetime,
    who: str,
    action: str,
    *,
    call_id: str | None = None,
    subject: str | None = None,
    address: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """One line, within a transaction that does what the line tells: both are kept, or neither."""
    connection.execute(
        audit.insert().values(
            at=at,
            who=who,
            action=action,
            call_id=call_id,
            subject=subject,
            address=address,
            details=dict(details) if details else None,
        )
    )
