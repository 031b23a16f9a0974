"""Who waits for a person at this moment, as the history has it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from voicebot.store.history.database import Database
from voicebot.store.history.tables import hand_overs, milliseconds

_GONE = timedelta(hours=2)
"""Who asked for a person longer ago and was neither taken nor closed, is not on the line any more."""


def waiting_now(database: Database, now: datetime) -> tuple[float, float]:
    """How many callers, and for how many seconds the first of them. Raises DatabaseError."""
    h = hand_overs.c
    open_still = (h.accepted.is_(None), h.result.is_(None), h.requested >= now - _GONE)
    with database.reading() as connection:
        waiting, first = connection.execute(select(func.count(), func.min(h.requested)).where(*open_still)).one()
    if first is None:
        return 0.0, 0.0
    return float(waiting), max(0.0, (milliseconds(now) - milliseconds(first)) / 1000)
