"""The shadow: a version that understands what callers say beside the active one, unheard, and is compared with it.

It runs on a thread of its own that gives way to calls, and passes over what there is no time for. A turn of a dialogue
is a pure function: it says nothing, and asks no back end.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from voicebot.call.redacting import asked_of, redact_known
from voicebot.dialogue.actions import Action, Note
from voicebot.dialogue.events import Heard
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.record import is_secret
from voicebot.dialogue.state import State
from voicebot.editions.edition import Edition
from voicebot.editions.in_service import InService
from voicebot.failure import place
from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.history.preparing import Words
from voicebot.store.versions.shadows import ShadowBook, ShadowTurn

_log = structlog.get_logger(__name__)

_MOST_WAITING = 64
"""Turns that wait to be understood once more; what comes while so many wait is passed over."""
_KEPT_EVERY_S = 2.0
"""Between two looks at whether what was found is to be written."""


@dataclass(frozen=True)
class _Overheard:
    call_id: str
    before: State
    event: Heard
    actions: Sequence[Action]


class Shadowing:
    """`overhear` is called on the event loop; everything else happens on the thread of `run`."""

    def __init__(
        self, database: Database, words: Words, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`words`: what is kept of what was said, as in the history."""
        self._book, self._words, self._now = ShadowBook(database), words, now
        self._queue: queue.Queue[_Overheard] = queue.Queue(_MOST_WAITING)
        self._wanted = False
        self._skipped: Counter[str] = Counter()
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._turns: list[ShadowTurn] = []

    def overhear(self, call_id: str, before: State, event: Heard, actions: Sequence[Action]) -> None:
        """See `voicebot.call.conversation.Overheard`."""
        if not self._wanted:
            return
        try:
            self._queue.put_nowait(_Overheard(call_id, before, event, actions))
        except queue.Full:
            self._skipped[before.language] += 1

    def run(self, editions: InService, closed: threading.Event) -> None:
        """Until it is closed."""
        while not closed.is_set():
            active, shadow = editions.active, editions.shadow
            self._wanted = shadow is not None
            try:
                heard = self._queue.get(timeout=_KEPT_EVERY_S)
            except queue.Empty:
                self.keep(shadow)
                continue
            if shadow is not None and heard.before.version == active.pack.version:
                self.compare(active.pack, shadow, heard.call_id, heard.before, heard.event, heard.actions)
            if self._queue.empty() or len(self._turns) >= _MOST_WAITING:
                self.keep(shadow)
        self.keep(editions.shadow)

    def compare(
        self, pack: Pack, shadow: Edition, call_id: str, before: State, event: Heard, actions: Sequence[Action]
    ) -> None:
        """One turn: what the active version, whose `pack` it is, made of it, and what the shadow makes of it."""
        assert shadow.version is not None
        counts = self._counts.setdefault((shadow.version, before.language), Counter())
        if any(pack.flows.get(frame.flow) != shadow.pack.flows.get(frame.flow) for frame in before.stack):
            counts["skipped"] += 1  # where the call stands means something else in the shadow
            return
        counts["turns"] += 1
        found = _decision(actions)
        crashed = False
        try:
            _, does = shadow.dialogue.turn(replace(before, version=shadow.pack.version), event)
            other = _decision(does)
        except Exception as error:
            _log.error("the shadow crashed", version=shadow.version, error=type(error).__name__, place=place(error))
            crashed, other = True, {}
            counts["crashed"] += 1
        if not crashed and _meaning(found) == _meaning(other):
            counts["agreed"] += 1
            return
        words = self._fit(pack, before, event)
        self._turns.append(
            ShadowTurn(shadow.version, self._now(), call_id, before.language, words, found, other, crashed)
        )

    def _fit(self, pack: Pack, before: State, event: Heard) -> str | None:
        """The words as they may be kept."""
        if self._words == "none" or is_secret(pack, before):
            return None
        if self._words == "full":
            return event.text
        return redact_known(event.text, before.language, before, asked_of(pack, before))

    def keep(self, shadow: Edition | None) -> None:
        """Write down what was found so far. A database that is away is no reason to stop."""
        if shadow is not None and shadow.version is not None:
            for language, skipped in list(self._skipped.items()):
                self._counts.setdefault((shadow.version, language), Counter())["skipped"] += skipped
        self._skipped.clear()
        if not self._counts and not self._turns:
            return
        counts, turns = self._counts, self._turns
        self._counts, self._turns = {}, []
        try:
            self._book.add(counts, turns)
        except DatabaseError as error:  # calls don't depend on it
            _log.warning("what the shadow understood can't be kept", reason=str(error))


def _decision(actions: Sequence[Action]) -> dict[str, Any]:
    note = next((action for action in actions if isinstance(action, Note)), Note(""))
    return {"decision": note.decision, "intent": note.intent, "score": round(note.score, 3)}


def _meaning(decision: dict[str, Any]) -> tuple[Any, Any]:
    return decision.get("decision"), decision.get("intent")
