"""What the desk puts into the history: who took a caller, what came of it, and which answers helped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog
from sqlalchemy import select, update

from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.history.desk import Desk
from voicebot.store.history.tables import calls, hand_overs

_log = structlog.get_logger(__name__)

_TRIES = 6
_TRY_EVERY_S = 1.0
"""The history is written beside calls: an agent may be quicker."""

Result = Literal["answered", "abandoned", "call_back", "voicemail"]
Fit = Callable[[str, str], str]
"""Words and their language to what of them may be kept: without personal data, or nothing."""


@dataclass(frozen=True)
class GivenAnswer:
    """An answer that an agent gave, for learning: it stands in `hand_overs.context` under `answers`."""

    question: str
    """The caller's words before it; empty where they are not known."""
    answer: str
    kind: Literal["faq", "knowledge", "typed"]
    source: str = ""
    """The FAQ entry or the document it came from."""
    how: Literal["copied", "said"] = "said"


class DeskRecords:
    """Callable from any thread. Nothing here raises: a caller is served, whether or not that can be put down."""

    def __init__(
        self,
        database: Database | None,
        fit: Fit,
        *,
        tries: int = _TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`database`: None where no history is kept."""
        self._database, self._fit, self._tries, self._sleep = database, fit, tries, sleep

    def accept(self, call: str, agent: str) -> None:
        """The agent took the caller."""
        self._later(call, lambda desk, row: desk.accept(row, agent))

    def close(
        self,
        call: str,
        result: Result,
        *,
        language: str = "ko",
        after_call: str = "",
        note: str = "",
        resolved: bool | None = None,
        answers: Sequence[GivenAnswer] = (),
    ) -> None:
        """What became of the caller. `after_call`: what it was about, an intent of the pack, or `other`."""

        def closed(desk: Desk, row: int) -> None:
            desk.close(row, result, after_call=after_call, note=self._fit(note, language), resolved=resolved)
            if answers:
                self._keep(row, [self._fitted(one, language) for one in answers])

        self._later(call, closed)

    def _later(self, call: str, work: Callable[[Desk, int], object]) -> None:
        """At once, or, where the history has not written the hand-over yet, a little later."""
        if self._database is None or self._done(self._database, call, work):
            return

        def try_again() -> None:
            assert self._database is not None
            for _ in range(self._tries):
                self._sleep(_TRY_EVERY_S)
                if self._done(self._database, call, work):
                    return
            _log.warning("what became of a hand-over could not be put down", call=call)

        threading.Thread(target=try_again, name="desk records", daemon=True).start()

    def _done(self, database: Database, call: str, work: Callable[[Desk, int], object]) -> bool:
        try:
            row = self._row(database, call)
            if row is not None:
                work(Desk(database), row)
        except DatabaseError as error:
            _log.warning("the history can't be reached", reason=str(error))
            return False
        return row is not None

    @staticmethod
    def _row(database: Database, call: str) -> int | None:
        """The call's latest hand-over."""
        query = (
            select(hand_overs.c.id)
            .join(calls, calls.c.key == hand_overs.c.call_key)
            .where(calls.c.id == call)
            .order_by(hand_overs.c.requested.desc())
            .limit(1)
        )
        with database.reading() as connection:
            found: int | None = connection.execute(query).scalar()
            return found

    def _keep(self, row: int, answers: list[Mapping[str, Any]]) -> None:
        assert self._database is not None
        h = hand_overs.c
        with self._database.writing() as connection:
            context = connection.execute(select(h.context).where(h.id == row)).scalar() or {}
            known = context.get("answers", [])
            values = {"context": {**context, "answers": [*known, *answers]}}
            connection.execute(update(hand_overs).where(h.id == row).values(values))

    def _fitted(self, answer: GivenAnswer, language: str) -> Mapping[str, Any]:
        return {
            **asdict(answer),
            "question": self._fit(answer.question, language),
            "answer": self._fit(answer.answer, language) if answer.kind == "typed" else answer.answer,
        }
