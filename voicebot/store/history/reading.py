"""What pages ask of the history. Every list goes page by page, newest first."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, Select, select, tuple_

from voicebot.store.history.database import Database
from voicebot.store.history.filters import MOST_ROWS, CallFilter, conditions, older, position, turns_with
from voicebot.store.history.found import (
    AuditFound,
    CallDetail,
    CallFound,
    FlowFound,
    HandOverFound,
    Page,
    RatingFound,
    T,
    TurnFound,
    TurnMatch,
)
from voicebot.store.history.tables import (
    audit,
    call_flows,
    calls,
    flow_steps,
    hand_overs,
    milliseconds,
    ratings,
    turn_words,
    turns,
)

_CALL = [calls.c[field.name] for field in fields(CallFound)]
_HAND_OVER = [
    calls.c.id.label("call_id") if field.name == "call_id" else hand_overs.c[field.name]
    for field in fields(HandOverFound)
]
_WORDS = (turn_words.c.text, turn_words.c.hypothesis, turn_words.c.alternatives, turn_words.c.slots)


class History:
    """Blocking, callable from any thread. Every method raises DatabaseError where the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_calls(self, wanted: CallFilter | None = None, *, after: str = "", limit: int = 50) -> Page[CallFound]:
        """Calls that fit, the newest first. Raises CursorError for an `after` that no page gave."""
        query = select(*_CALL, calls.c.key).where(*conditions(wanted or CallFilter(), self._database))
        if after:
            query = query.where(older(after))
        query = query.order_by(calls.c.began.desc(), calls.c.key.desc())
        with self._database.reading() as connection:
            rows, more = _some(connection, query, limit)
        last = f"{milliseconds(rows[-1].began)}.{rows[-1].key}" if more else ""
        return Page(tuple(made(CallFound, row) for row in rows), last)

    def each_call(self, wanted: CallFilter | None = None) -> Iterator[CallFound]:
        """All calls that fit, the newest first, a page in memory at a time."""
        after = ""
        while True:
            page = self.list_calls(wanted, after=after, limit=MOST_ROWS)
            yield from page.items
            if not (after := page.after):
                return

    def call(self, call_id: str) -> CallDetail | None:
        """Everything about a call; None where it is not known."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_CALL, calls.c.key).where(calls.c.id == call_id)).one_or_none()
            if row is None:
                return None
            key = row.key
            rating = connection.execute(
                select(ratings.c.score, ratings.c.how, ratings.c.at, ratings.c.comment).where(ratings.c.call_key == key)
            ).one_or_none()
            return CallDetail(
                made(CallFound, row),
                self._turns(connection, key),
                self._flows(connection, key),
                tuple(
                    made(HandOverFound, found)
                    for found in connection.execute(
                        select(*_HAND_OVER)
                        .join(calls, calls.c.key == hand_overs.c.call_key)
                        .where(hand_overs.c.call_key == key)
                        .order_by(hand_overs.c.requested)
                    )
                ),
                made(RatingFound, rating) if rating else None,
            )

    def search(
        self, words: str, wanted: CallFilter | None = None, *, after: str = "", limit: int = 50
    ) -> Page[TurnMatch]:
        """The turns in which all these words stand, of calls that fit, the newest first."""
        query = (
            select(
                calls.c.id.label("call_id"),
                calls.c.began,
                turns.c.id.label("turn_id"),
                turns.c.at_ms,
                turns.c.who,
                turn_words.c.text,
                turns.c.decision,
                turns.c.intent,
            )
            .select_from(turns)
            .join(calls, calls.c.key == turns.c.call_key)
            .join(turn_words, turn_words.c.turn_id == turns.c.id)
            .where(turns.c.id.in_(turns_with(words, self._database)))
            .order_by(turns.c.id.desc())
        )
        if wanted is not None:
            query = query.where(*conditions(wanted, self._database))
        if after:
            query = query.where(turns.c.id < position(after, 1)[0])
        with self._database.reading() as connection:
            rows, more = _some(connection, query, limit)
        return Page(tuple(made(TurnMatch, row) for row in rows), str(rows[-1].turn_id) if more else "")

    def hand_overs(
        self, *, waiting: bool | None = None, agent: str = "", after: str = "", limit: int = 50
    ) -> Page[HandOverFound]:
        """Hand-overs, the newest first; `waiting`: only those that nobody took yet; or the rest."""
        h = hand_overs.c
        query = select(*_HAND_OVER).join(calls, calls.c.key == h.call_key).order_by(h.requested.desc(), h.id.desc())
        if waiting is not None:
            open_still = h.accepted.is_(None) & h.result.is_(None)
            query = query.where(open_still if waiting else ~open_still)
        if agent:
            query = query.where(h.accepted_by == agent)
        if after:
            query = query.where(tuple_(h.requested, h.id) < tuple_(*position(after, 2)))
        with self._database.reading() as connection:
            rows, more = _some(connection, query, limit)
        last = f"{milliseconds(rows[-1].requested)}.{rows[-1].id}" if more else ""
        return Page(tuple(made(HandOverFound, row) for row in rows), last)

    def audit_trail(
        self, *, who: str = "", action: str = "", call_id: str = "", after: str = "", limit: int = 50
    ) -> Page[AuditFound]:
        """Who did what, the newest first."""
        a = audit.c
        query = select(*(a[field.name] for field in fields(AuditFound))).order_by(a.at.desc(), a.id.desc())
        for column, value in ((a.who, who), (a.action, action), (a.call_id, call_id)):
            if value:
                query = query.where(column == value)
        if after:
            query = query.where(tuple_(a.at, a.id) < tuple_(*position(after, 2)))
        with self._database.reading() as connection:
            rows, more = _some(connection, query, limit)
        last = f"{milliseconds(rows[-1].at)}.{rows[-1].id}" if more else ""
        return Page(tuple(made(AuditFound, row) for row in rows), last)

    def _turns(self, connection: Connection, key: int) -> tuple[TurnFound, ...]:
        rows = connection.execute(
            select(turns, *_WORDS)
            .outerjoin(turn_words, turn_words.c.turn_id == turns.c.id)
            .where(turns.c.call_key == key)
            .order_by(turns.c.part, turns.c.number)
        )
        return tuple(turn_found(row, number) for number, row in enumerate(rows, 1))

    def _flows(self, connection: Connection, key: int) -> tuple[FlowFound, ...]:
        steps: dict[str, list[str]] = {}
        for flow, step in connection.execute(
            select(flow_steps.c.flow, flow_steps.c.step)
            .where(flow_steps.c.call_key == key)
            .order_by(flow_steps.c.at_ms, flow_steps.c.place)
        ):
            steps.setdefault(flow, []).append(step)
        f = call_flows.c
        rows = connection.execute(
            select(f.flow, f.began_ms, f.ended_ms, f.result, f.step, f.reason)
            .where(f.call_key == key)
            .order_by(f.began_ms)
        )
        return tuple(FlowFound(*row, steps=tuple(steps.get(row.flow, ()))) for row in rows)


_OF_THE_ROW = [field.name for field in fields(TurnFound) if field.name not in ("number", "alternatives")]


def turn_found(row: Row[Any], number: int) -> TurnFound:
    """A row of `turns` with its words."""
    values = {name: getattr(row, name) for name in _OF_THE_ROW}
    return TurnFound(number=number, alternatives=tuple(row.alternatives or ()), **values)


def made(kind: type[T], row: Any) -> T:
    """A `kind` of a row that has its fields among its columns."""
    names: tuple[str, ...] = _names(kind)  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names})


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _some(connection: Connection, query: Select[Any], limit: int) -> tuple[Sequence[Row[Any]], bool]:
    """The first rows, at most `limit` of them, and whether there are more."""
    limit = max(1, min(limit, MOST_ROWS))
    rows = connection.execute(query.limit(limit + 1)).all()
    return rows[:limit], len(rows) > limit
