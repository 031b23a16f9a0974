"""The people behind the bot: when they answer, what they are told, and what waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from voicebot.hours import OpeningHours
from voicebot.store.callbacks import Callbacks
from voicebot.store.hand_overs import HandOvers, LocalHandOvers
from voicebot.store.voicemails import Voicemails


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """What the ways to people need to know of them."""

    hours: Callable[[], OpeningHours]
    """As the configuration has them, or the pack once it is loaded."""
    name: Callable[[str], str]
    """What the organisation is called in a language; empty while that is not known."""
    hand_overs: HandOvers
    callbacks: Callbacks
    voicemails: Voicemails
    now: Callable[[], datetime] = _now
    """The present moment, aware."""


def local_office(
    *,
    hours: OpeningHours | None = None,
    name: Callable[[str], str] = lambda _language: "",
    now: Callable[[], datetime] = _now,
) -> Office:
    """An office whose people always answer unless `hours` say otherwise; everything is in this process's memory."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    always = hours or OpeningHours(None)
    return Office(lambda: always, name, LocalHandOvers(), Callbacks(engine), Voicemails(engine), now)
