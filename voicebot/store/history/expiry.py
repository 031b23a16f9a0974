"""What is deleted by age: words first, then whole calls. In small transactions, so that calls go on being written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, update

from voicebot.store.history.database import Database
from voicebot.store.history.rollups import HOURLY
from voicebot.store.history.rows import forget_words, hour_of, mark_stale
from voicebot.store.history.tables import audit, calls, hand_overs, ratings, stale_hours, turn_words, turns
from voicebot.store.labels.forgetting import expire_words, unlink_callers
from voicebot.store.versions.shadows import expire_shadow_words

_AT_ONCE = 500
"""Calls of one transaction."""
_LOST_AFTER = timedelta(hours=6)
"""A call that was not ended by then has lost its worker: Twilio's longest call lasts four hours."""


@dataclass(frozen=True)
class Expired:
    """How many calls lost what."""

    words: int
    """Calls whose words were deleted."""
    calls: int
    """Calls that were deleted whole."""
    audit: int
    """Entries of the trail that were deleted."""
    lost: int
    """Calls that never ended and are now marked so."""


def expire(database: Database, now: datetime, *, words_days: int, calls_days: int, audit_days: int) -> Expired:
    """Delete words, calls and the trail that are older than so many days. Raises DatabaseError.

    Counts by the hour go with the calls.
    """
    lost = _end_lost(database, now)
    words = _in_batches(database, now - timedelta(days=words_days), _words)
    gone = _in_batches(database, now - timedelta(days=calls_days), _calls)
    with database.writing() as connection:
        expire_words(connection.execute, now - timedelta(days=words_days))
        unlink_callers(connection.execute, now - timedelta(days=calls_days))
        expire_shadow_words(connection.execute, now - timedelta(days=words_days))
    with database.writing() as connection:
        first = hour_of(now - timedelta(days=calls_days))
        for table in (*HOURLY, stale_hours):
            connection.execute(delete(table).where(table.c.hour < first))
        trail = connection.execute(delete(audit).where(audit.c.at < now - timedelta(days=audit_days))).rowcount
    return Expired(words, gone, trail, lost)


def _in_batches(database: Database, before: datetime, work: Callable[[Connection, datetime], int]) -> int:
    done = 0
    while True:
        with database.writing() as connection:
            number = work(connection, before)
        done += number
        if number < _AT_ONCE:
            return done


def _words(connection: Connection, before: datetime) -> int:
    c = calls.c
    spoken = exists().where(turns.c.call_key == c.key, turn_words.c.turn_id == turns.c.id)
    rated = exists().where(ratings.c.call_key == c.key, ratings.c.comment.is_not(None))
    h = hand_overs.c
    told = or_(h.summary.is_not(None), h.context.is_not(None), h.note.is_not(None))
    has_words: ColumnElement[bool] = or_(spoken, rated, exists().where(h.call_key == c.key, told))
    # Not a call that lasts: its next turn would bring new words.
    found = select(c.key).where(c.began < before, c.ended.is_not(None), has_words).order_by(c.began).limit(_AT_ONCE)
    keys = [*connection.execute(found).scalars()]
    forget_words(connection.execute, keys)
    return len(keys)


def _calls(connection: Connection, before: datetime) -> int:
    oldest = select(calls.c.key).where(calls.c.began < before).order_by(calls.c.began).limit(_AT_ONCE)
    keys = [*connection.execute(oldest).scalars()]
    if keys:
        connection.execute(delete(calls).where(calls.c.key.in_(keys)))
    return len(keys)


def _end_lost(database: Database, now: datetime) -> int:
    """Calls whose worker died and that nobody resumed."""
    c = calls.c
    with database.writing() as connection:
        ended = connection.execute(
            update(calls)
            .where(c.ended.is_(None), c.began < now - _LOST_AFTER)
            .values(ended=now, outcome="lost", resolved=False, contained=False)
            .returning(c.began)
        ).scalars()
        hours = [hour_of(began) for began in ended]
        for hour in sorted(set(hours)):
            mark_stale(database, connection.execute, hour)
    return len(hours)
