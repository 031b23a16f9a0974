"""Turns that may be labelled: what callers said where an intent was at stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, turn_words, turns
from voicebot.store.labels.label import Turn
from voicebot.store.labels.tables import labels

AT_STAKE = ("urgent", "command", "new_subject", "look_up", "no_match")
"""Decisions on words that were taken for a wish, or for nothing. Answers to a question and corrections of values have
no intent of their own."""
MOST_CANDIDATES = 3000
"""The newest turns that are looked at: older ones say less about what callers ask now."""


@dataclass(frozen=True)
class Candidate:
    """A turn that may be labelled."""

    turn: Turn
    pack: str
    language: str
    caller: str
    """Pseudonym; empty where the number was withheld."""
    began: datetime
    at_ms: int
    """On the call's clock: when the caller's speech ended."""
    heard: str
    alternatives: tuple[Mapping[str, Any], ...]
    """Other readings of the sound: `text`, `meaning`, `score`."""
    listener: str
    score: float | None
    """How likely the listener is right."""
    decision: str
    intent: str
    """What the bot took it for; empty: nothing."""
    margin: float | None
    """Of the intent over the next one."""
    step: str
    """What was asked after the turn."""
    voiced_ms: int | None
    """How much of the sound was voice."""


@dataclass(frozen=True)
class Context:
    """What stands around a turn."""

    before: str
    """What the bot said last before it; empty: nothing, or not known any more."""
    before_ms: int | None
    """When that began, on the call's clock."""
    asked: str
    """The step that the turn answers: `ask SLOT`, ...; empty: none."""
    after: str
    """What the bot answered."""


def candidates(database: Database, pack: str, *, limit: int = MOST_CANDIDATES) -> list[Candidate]:
    """The newest turns of a pack that may be labelled, the newest first. Raises DatabaseError."""
    query = (
        _query()
        .where(calls.c.pack == pack, turns.c.decision.in_(AT_STAKE), func.coalesce(turns.c.listener, "") != "keys")
        .order_by(turns.c.id.desc())
        .limit(limit)
    )
    with database.reading() as connection:
        return [_candidate(row) for row in connection.execute(query)]


def candidate(database: Database, turn: Turn) -> Candidate | None:
    """A caller's turn, whatever was decided on it; None where there is none, or its words are gone."""
    query = _query().where(calls.c.id == turn.call, turns.c.part == turn.part, turns.c.number == turn.number)
    with database.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _candidate(row)


def context(database: Database, turn: Turn) -> Context:
    """What the bot said before and after a turn. Raises DatabaseError."""
    query = (
        select(turns.c.part, turns.c.number, turns.c.at_ms, turns.c.who, turns.c.step, turn_words.c.text)
        .join(calls, calls.c.key == turns.c.call_key)
        .outerjoin(turn_words, turn_words.c.turn_id == turns.c.id)
        .where(calls.c.id == turn.call)
        .order_by(turns.c.part, turns.c.number)
    )
    before, before_ms, asked, after = "", None, "", ""
    with database.reading() as connection:
        for row in connection.execute(query):
            place = (row.part, row.number)
            if place < (turn.part, turn.number):
                asked = row.step or ""
                if row.who == "bot" and row.text:
                    before, before_ms = row.text, row.at_ms
            elif place > (turn.part, turn.number) and row.who == "bot" and row.text:
                after = row.text
                break
    return Context(before, before_ms, asked, after)


def labellers(database: Database, pack: str) -> dict[Turn, tuple[str, ...]]:
    """Who labelled each turn of a pack that is labelled at all."""
    found: dict[Turn, tuple[str, ...]] = {}
    c = labels.c
    with database.reading() as connection:
        for row in connection.execute(
            select(c.call_id, c.turn_part, c.turn_number, c.labelled_by).where(c.pack == pack).order_by(c.id)
        ):
            turn = Turn(row.call_id, row.turn_part, row.turn_number)
            found[turn] = (*found.get(turn, ()), row.labelled_by)
    return found


def sampled(database: Database, pack: str) -> tuple[int, int]:
    """How many labels of a pack are of turns that came in their order: all, and those of random turns."""
    c = labels.c
    query = select(c.sample, func.count().label("number"))
    with database.reading() as connection:
        rows = connection.execute(
            query.where(c.pack == pack, c.sample.in_(("random", "informative"))).group_by(c.sample)
        ).all()
    counts: dict[str, int] = {row.sample: row.number for row in rows}
    return sum(counts.values()), counts.get("random", 0)


def _query() -> Select[Any]:
    return (
        select(
            calls.c.id.label("call_id"), calls.c.pack, calls.c.language, calls.c.caller, calls.c.began,
            turns.c.part, turns.c.number, turns.c.at_ms, turns.c.listener, turns.c.score, turns.c.decision,
            turns.c.intent, turns.c.margin, turns.c.step, turns.c.evidence,
            turn_words.c.text, turn_words.c.alternatives,
        )
        .join(calls, calls.c.key == turns.c.call_key)
        .join(turn_words, turn_words.c.turn_id == turns.c.id)
        .where(turns.c.who == "caller")
    )  # fmt: skip


def _candidate(row: Row[Any]) -> Candidate:
    voiced = (row.evidence or {}).get("voiced_ms")
    return Candidate(
        turn=Turn(row.call_id, row.part, row.number),
        pack=row.pack,
        language=row.language,
        caller=row.caller or "",
        began=row.began,
        at_ms=row.at_ms,
        heard=row.text,
        alternatives=tuple(row.alternatives or ()),
        listener=row.listener or "",
        score=row.score,
        decision=row.decision or "",
        intent=row.intent or "",
        margin=row.margin,
        step=row.step or "",
        voiced_ms=int(voiced) if isinstance(voiced, int | float) else None,
    )
