"""The calls of one caller, known by the keyed hash of the number; and what is deleted where the caller asks for it."""

from __future__ import annotations

from sqlalchemy import select, update

from voicebot.store.history.database import Database
from voicebot.store.history.rows import forget_words
from voicebot.store.history.tables import calls
from voicebot.store.labels.forgetting import forget_labels
from voicebot.store.versions.shadows import forget_shadow_words


def calls_of(database: Database, caller: str) -> list[str]:
    """Ids of the calls, the oldest first. Raises DatabaseError."""
    if not caller:
        return []
    with database.reading() as connection:
        return [
            *connection.execute(select(calls.c.id).where(calls.c.caller == caller).order_by(calls.c.began)).scalars()
        ]


def forget_caller(database: Database, caller: str) -> int:
    """Delete the words and labels of these calls, and the hash; returns how many calls that were. Raises DatabaseError.

    The numbers of the calls stay, and nobody can tell any more whose they were.
    """
    if not caller:
        return 0
    with database.writing() as connection:
        keys = [*connection.execute(select(calls.c.key).where(calls.c.caller == caller)).scalars()]
        forget_words(connection.execute, keys)
        forget_labels(connection.execute, keys)
        forget_shadow_words(connection.execute, keys)
        if keys:
            connection.execute(update(calls).where(calls.c.key.in_(keys)).values(caller=None))
    return len(keys)
