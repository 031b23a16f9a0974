"""Messages that callers left: where the sound is, whose it is, what it is about. The sound itself stays with Twilio."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select
from sqlalchemy.exc import IntegrityError

from voicebot.privacy.redactor import redact
from voicebot.store.private_database import private_database
from voicebot.store.shared_tables import voicemails as _voicemails


@dataclass(frozen=True)
class Voicemail:
    """One message."""

    recording_sid: str
    call_id: str
    number: str
    """E.164; empty where withheld."""
    language: str
    at: str
    """UTC, ISO 8601."""
    seconds: int
    url: str
    """Twilio's, which asks for the account's credentials."""
    summary: str = ""
    """What the caller had wanted of the bot."""


class Voicemails:
    """The messages of one database. Callable from any thread; every method blocks, and may raise SQLAlchemyError."""

    def __init__(self, engine: Engine, *, migrated: bool = False) -> None:
        """`migrated`: the database's migrations make the table; else it is made here."""
        self._engine = engine
        if not migrated:
            _voicemails.create(engine, checkfirst=True)

    def add(self, voicemail: Voicemail) -> bool:
        """Keep a message, its summary without personal data; False where it is known: Twilio tells of each twice."""
        voicemail = replace(voicemail, summary=redact(voicemail.summary, voicemail.language))
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    _voicemails.insert().values(
                        {field.name: getattr(voicemail, field.name) for field in fields(voicemail)}
                    )
                )
        except IntegrityError:
            return False
        return True

    def expire(self, before: datetime) -> int:
        """Delete what is known of messages that are older; returns how many. Their sound stays with Twilio."""
        old = _voicemails.c.at < before.astimezone(UTC).isoformat(timespec="seconds")
        with self._engine.begin() as connection:
            return connection.execute(_voicemails.delete().where(old)).rowcount

    def remove(self, recording_sid: str) -> bool:
        """A person has dealt with the message; whether there was one."""
        with self._engine.begin() as connection:
            known = _voicemails.c.recording_sid == recording_sid
            return connection.execute(_voicemails.delete().where(known)).rowcount == 1

    def of(self, number: str) -> list[Voicemail]:
        """Those that were left from a number."""
        return [one for one in self.all() if one.number == number]

    def forget(self, number: str) -> int:
        """Delete what is known of messages from a number; returns how many. Their sound stays with Twilio."""
        with self._engine.begin() as connection:
            return connection.execute(_voicemails.delete().where(_voicemails.c.number == number)).rowcount

    def all(self) -> list[Voicemail]:
        """The oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_voicemails).order_by(_voicemails.c.at))
            return [_voicemail(row) for row in rows]


def open_voicemails(path: Path) -> Voicemails:
    """Messages in an SQLite file that only its owner may read. Raises PrivateDatabaseError."""
    return Voicemails(private_database(path))


def _voicemail(row: Row[Any]) -> Voicemail:
    return Voicemail(**row._mapping)
