"""Tells on the bus what happens in this process's calls."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from voicebot.live import topics
from voicebot.store.bus import Bus, Message
from voicebot.store.journal import Entry, Journal

_MOST_CALLS = 2000


@dataclass(frozen=True)
class CallCard:
    """What is known of a call when it begins."""

    call: str
    pack: str
    language: str
    channel: str
    """`twilio`, `browser`, `mic`, `keypad`."""
    began: str
    """ISO 8601, UTC."""
    holder: str = ""
    """Who holds it: what another one says of its end, who held it before, is of the past."""


class Announcer:
    """A follower of journals (see `voicebot.store.journal`), and an answer to those who come later."""

    def __init__(self, bus: Bus, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._bus = bus
        self._now = now
        self._lock = threading.Lock()
        self._name = secrets.token_hex(8)
        self._running: dict[str, tuple[CallCard, Journal]] = {}
        self._stop = bus.subscribe(topics.ASKED, self._asked)

    def begin(self, journal: Journal, *, pack: str, language: str, channel: str) -> None:
        """A call is held here from now on."""
        card = CallCard(journal.call_id, pack, language, channel, self._now().isoformat(), self._name)
        with self._lock:
            self._running[journal.call_id] = (card, journal)
            while len(self._running) > _MOST_CALLS:
                self._running.pop(next(iter(self._running)))
        self._bus.publish(topics.BEGAN, asdict(card))

    def __call__(self, call_id: str, entry: Entry) -> None:
        """An entry is complete."""
        self._bus.publish(topics.ENTRY, {"call": call_id, "entry": entry.to_json()})
        if entry.who == "call":
            with self._lock:
                self._running.pop(call_id, None)
            self._bus.publish(topics.ENDED, {"call": call_id, "outcome": entry.facts, "holder": self._name})

    def close(self) -> None:
        """Answer nobody any more."""
        self._stop()

    def _asked(self, _message: Message) -> None:
        with self._lock:
            running = list(self._running.values())
        for card, journal in running:
            told: dict[str, Any] = {**asdict(card), "entries": [entry.to_json() for entry in journal.entries]}
            self._bus.publish(topics.HERE, told)
