"""Which calls a page asks for, and where its list goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select, text, tuple_

from voicebot.errors import VoicebotError
from voicebot.store.history.database import Database
from voicebot.store.history.grams import postgresql_query, sqlite_match
from voicebot.store.history.tables import Key, call_flows, calls, hand_overs, turn_words, turns

MOST_ROWS = 1000
"""Rows of a page at most."""


class CursorError(VoicebotError):
    """An `after` that no page gave."""


@dataclass(frozen=True)
class CallFilter:
    """Which calls; what is None or empty does not matter."""

    since: datetime | None = None
    """Those that began then or later; aware."""
    until: datetime | None = None
    """Those that began earlier; aware."""
    pack: str = ""
    version: str = ""
    language: str = ""
    channel: str = ""
    caller: str = ""
    """The keyed hash."""
    outcome: str = ""
    """As `CallFound.outcome`, or `live` for calls that are not over."""
    reason: str = ""
    flow: str = ""
    """Calls in which this flow began."""
    intent: str = ""
    """Calls in which the caller meant this."""
    feeling: str = ""
    """Calls with a turn of this feeling: `angry`, `displeased`, `neutral`, `glad`."""
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    min_csat: int | None = None
    max_csat: int | None = None
    resolved: bool | None = None
    contained: bool | None = None
    agent: str = ""
    """Calls that this person accepted."""
    words: str = ""
    """Words that all stand in one turn, of either side: whole syllables of Korean words, beginnings of others."""


def conditions(wanted: CallFilter, database: Database) -> list[ColumnElement[bool]]:
    """What must hold for a row of `calls`."""
    c = calls.c
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (c.pack, wanted.pack),
        (c.version, wanted.version),
        (c.language, wanted.language),
        (c.channel, wanted.channel),
        (c.caller, wanted.caller),
        (c.reason, wanted.reason),
    ):
        if value:
            found.append(column == value)
    if wanted.outcome:
        found.append(c.ended.is_(None) if wanted.outcome == "live" else c.outcome == wanted.outcome)
    if wanted.since is not None:
        found.append(c.began >= wanted.since)
    if wanted.until is not None:
        found.append(c.began < wanted.until)
    if wanted.min_duration_s is not None:
        found.append(c.duration_ms >= round(wanted.min_duration_s * 1000))
    if wanted.max_duration_s is not None:
        found.append(c.duration_ms <= round(wanted.max_duration_s * 1000))
    if wanted.min_csat is not None:
        found.append(c.csat >= wanted.min_csat)
    if wanted.max_csat is not None:
        found.append(c.csat <= wanted.max_csat)
    if wanted.resolved is not None:
        found.append(c.resolved.is_(wanted.resolved))
    if wanted.contained is not None:
        found.append(c.contained.is_(wanted.contained))
    # Any turn of the call, whichever turn a search is about.
    any_turn = turns.alias("any_turn").c
    for column, value, of in (
        (call_flows.c.flow, wanted.flow, call_flows.c.call_key),
        (any_turn.intent, wanted.intent, any_turn.call_key),
        (any_turn.feeling, wanted.feeling, any_turn.call_key),
        (hand_overs.c.accepted_by, wanted.agent, hand_overs.c.call_key),
    ):
        if value:
            found.append(exists().where(of == c.key, column == value))
    if wanted.words:
        found.append(c.key.in_(select(turns.c.call_key).where(turns.c.id.in_(turns_with(wanted.words, database)))))
    return found


def turns_with(words: str, database: Database) -> Select[Any]:
    """The ids of the turns in which these words stand; none where nothing is left to look for."""
    if database.is_sqlite:
        match = sqlite_match(words)
        rows: Select[Any] = select(literal_column("rowid", Key)).select_from(text("turn_search"))
        return rows.where(text("turn_search MATCH :match").bindparams(match=match) if match else text("0 = 1"))
    query = postgresql_query(words)
    if not query:
        return select(turn_words.c.turn_id).where(text("false"))
    matches = literal_column("turn_words.vector").op("@@")(func.to_tsquery(literal_column("'simple'"), query))
    return select(turn_words.c.turn_id).where(matches)


def position(after: str, numbers: int) -> tuple[int, ...]:
    """The numbers in an `after`. Raises CursorError."""
    if not re.fullmatch(rf"-?\d{{1,18}}(\.\d{{1,18}}){{{numbers - 1}}}", after, re.ASCII):
        raise CursorError("this place in a list is not one that a page gave; begin at the first page.")
    return tuple(int(number) for number in after.split("."))


def older(after: str) -> ColumnElement[bool]:
    """Calls behind the place `after` in a list with the newest first."""
    began, key = position(after, 2)
    return tuple_(calls.c.began, calls.c.key) < tuple_(began, key)
