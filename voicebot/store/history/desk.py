"""What people add to a call: ratings, and what became of a hand-over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from voicebot.store.history.database import Database
from voicebot.store.history.rows import hour_of, mark_stale, put_rating
from voicebot.store.history.tables import calls, hand_overs, milliseconds


class Desk:
    """Blocking, callable from any thread; each method is one transaction. All raise DatabaseError."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def rate(self, call_id: str, score: int, how: Literal["voice", "keys", "page"], comment: str = "") -> bool:
        """A caller's rating, 1 to 5, in place of an earlier one. `comment` must be redacted. False for no such call."""
        if not 1 <= score <= 5:
            raise ValueError("a rating is from 1 to 5")
        with self._database.writing() as connection:
            call = self._call(connection, call_id)
            if call is None:
                return False
            given = {"score": score, "how": how, "at": self._now(), "comment": comment or None}
            began = put_rating(self._database, connection.execute, call, given)
            mark_stale(self._database, connection.execute, hour_of(began))
            return True

    def accept(self, hand_over: int, agent: str) -> bool:
        """An agent takes the caller; False where another one was quicker or the caller is gone."""
        now = self._now()
        with self._database.writing() as connection:
            h = hand_overs.c
            taken = connection.execute(
                update(hand_overs)
                .where(h.id == hand_over, h.accepted.is_(None), h.result.is_(None))
                .values(accepted=now, accepted_by=agent, waited_ms=milliseconds(now) - h.requested)
                .returning(h.call_key)
            ).scalar()
            if taken is not None:
                self._change(connection, taken, {})
            return taken is not None

    def close(
        self,
        hand_over: int,
        result: Literal["answered", "abandoned", "call_back", "voicemail"],
        *,
        after_call: str = "",
        note: str = "",
        resolved: bool | None = None,
    ) -> bool:
        """What became of a hand-over; `note` must be redacted. `resolved`: whether the agent solved what it was about.

        False where there is no such hand-over.
        """
        ended = {"ended": self._now(), "result": result, "after_call": after_call or None, "note": note or None}
        with self._database.writing() as connection:
            h = hand_overs.c
            call = connection.execute(
                update(hand_overs).where(h.id == hand_over).values(ended).returning(h.call_key)
            ).scalar()
            if call is None:
                return False
            self._change(connection, call, {} if resolved is None else {"resolved": resolved})
            return True

    def _call(self, connection: Connection, call_id: str) -> int | None:
        found: int | None = connection.execute(select(calls.c.key).where(calls.c.id == call_id)).scalar()
        return found

    def _change(self, connection: Connection, key: int, values: Mapping[str, Any]) -> None:
        """Change a call, and have its hour counted anew."""
        if values:
            connection.execute(update(calls).where(calls.c.key == key).values(dict(values)))
        began = connection.execute(select(func.min(calls.c.began)).where(calls.c.key == key)).scalar_one()
        mark_stale(self._database, connection.execute, hour_of(began))
