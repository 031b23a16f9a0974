"""Everything that is kept of one person, by telephone number: to be told to them, or deleted, as the law lets them ask.

Calls are found by the keyed hash that the history has of a number: of callers who were not to be remembered
(`remember_callers`), or who withheld their numbers, no call can be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.store import call_log, mined_embeddings
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.callbacks import Callbacks
from voicebot.store.history.callers import calls_of, forget_caller
from voicebot.store.history.database import Database
from voicebot.store.profiles import CallerProfiles
from voicebot.store.voicemails import Voicemails


@dataclass(frozen=True)
class Kept:
    """What there is of a number."""

    profile: Mapping[str, Any] | None
    calls: tuple[str, ...]
    """Ids of calls in the history."""
    stored_calls: tuple[str, ...]
    """Those of them that are stored turn by turn."""
    recordings: tuple[str, ...]
    """Those of them that are recorded."""
    voicemails: tuple[str, ...]
    """Twilio's SIDs of the messages: their sound stands with Twilio, and is to be deleted there."""
    callbacks: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        return self.profile is None and not (self.calls or self.voicemails or self.callbacks)


@dataclass(frozen=True)
class DataSubjects:
    """Where to look. Every method blocks, and may raise DatabaseError, SQLAlchemyError and OSError."""

    profiles: CallerProfiles
    database: Database
    calls: Path
    """Folder of the stored calls."""
    recordings: CallRecordings
    voicemails: Voicemails
    callbacks: Callbacks
    var: Path
    """Where mining keeps embeddings."""

    def find(self, number: str) -> Kept:
        """What is kept of an E.164 number."""
        calls = tuple(calls_of(self.database, self.profiles.pseudonym(number)))
        profile = self.profiles.find(number)
        return Kept(
            profile.to_json() if profile is not None else None,
            calls,
            tuple(call for call in calls if call_log.stored(self.calls, call)),
            tuple(call for call in calls if self.recordings.has(call)),
            tuple(one.recording_sid for one in self.voicemails.of(number)),
            tuple(one.id for one in self.callbacks.of(number)),
        )

    def forget(self, number: str) -> Kept:
        """Delete it; returns what there was. A call that lasts goes on, and is found afterwards."""
        kept = self.find(number)
        # The hash that calls are found by goes last: what was interrupted is found again.
        for call in kept.calls:
            call_log.forget(self.calls, call)
            self.recordings.forget(call)
        self.voicemails.forget(number)
        self.callbacks.forget(number)
        self.profiles.forget(number)
        mined_embeddings.forget(self.var)
        forget_caller(self.database, self.profiles.pseudonym(number))
        return kept
