"""What callers leave while the shared database is away: put into this host's own file, and carried over afterwards.

A caller who was promised a call-back gets one, whatever was away at that moment.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from voicebot.store.callbacks import Callback, Callbacks, Persistence, State, open_callbacks
from voicebot.store.voicemails import Voicemail, Voicemails, open_voicemails

_log = structlog.get_logger(__name__)


class CarriedCallbacks(Callbacks):
    """Call-backs in a shared database; `add` does not depend on it."""

    def __init__(self, engine: Engine, aside: Path, persistence: Persistence | None = None) -> None:
        """`aside`: the file for what waits, made when first needed."""
        super().__init__(engine, persistence, migrated=True)
        self._aside = aside
        self._lock = threading.Lock()

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
        """See `Callbacks`. Raises nothing as long as this host's disk can be written."""
        try:
            added = super().add(number, reason, summary, at, language=language, context=context)
        except SQLAlchemyError as error:
            _log.warning("a call-back is put aside: the database is away", error=type(error).__name__)
            with self._lock:
                return open_callbacks(self._aside).add(number, reason, summary, at, language=language, context=context)
        self.carry()
        return added

    def all(self, *states: State) -> list[Callback]:
        """See `Callbacks`."""
        self.carry()
        return super().all(*states)

    def claim(self, now: datetime, *, most: int) -> Callback | None:
        """See `Callbacks`."""
        self.carry()
        return super().claim(now, most=most)

    def carry(self) -> None:
        """Move what was put aside. Raises SQLAlchemyError where the database is away still."""
        if not self._aside.exists():
            return
        with self._lock:
            aside = open_callbacks(self._aside)
            for one in aside.all("waiting"):
                at = datetime.fromisoformat(one.asked_at)
                super().add(one.number, one.reason, one.summary, at, language=one.language, context=one.context)
                aside.cancel(one.id)
            self._aside.unlink(missing_ok=True)


class CarriedVoicemails(Voicemails):
    """Voicemails in a shared database; `add` does not depend on it."""

    def __init__(self, engine: Engine, aside: Path) -> None:
        """`aside`: the file for what waits, made when first needed."""
        super().__init__(engine, migrated=True)
        self._aside = aside
        self._lock = threading.Lock()

    def add(self, voicemail: Voicemail) -> bool:
        """See `Voicemails`. Raises nothing as long as this host's disk can be written."""
        try:
            added = super().add(voicemail)
        except SQLAlchemyError as error:
            _log.warning("a voicemail is put aside: the database is away", error=type(error).__name__)
            with self._lock:
                return open_voicemails(self._aside).add(voicemail)
        self.carry()
        return added

    def all(self) -> list[Voicemail]:
        """See `Voicemails`."""
        self.carry()
        return super().all()

    def carry(self) -> None:
        """Move what was put aside. Raises SQLAlchemyError where the database is away still."""
        if not self._aside.exists():
            return
        with self._lock:
            aside = open_voicemails(self._aside)
            for one in aside.all():
                super().add(one)
                aside.remove(one.recording_sid)
            self._aside.unlink(missing_ok=True)
