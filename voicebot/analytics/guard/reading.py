"""How calls went, as the guard sees them: read from the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, exists, func, literal, select
from sqlalchemy.engine import Row

from voicebot.analytics.guard.evidence import Metric, Outcome
from voicebot.store.history.database import Database
from voicebot.store.history.tables import call_flows, calls, turns

MOST_OF_ONE_CALLER = 3
"""Calls of one caller that count: who calls a hundred times decides nothing. Callers who withhold their numbers fall to
both versions by chance, call by call, and so favour neither."""
WEEKS = 4
"""Earlier calls are those of the same hours of so many weeks before. Of each hour of the share's first week only: so
no earlier call counts twice."""
_WEEK = timedelta(weeks=1)
_MISUNDERSTOOD_TURNS = 2
_MOST_CALLS = 20_000
_MOST_EARLIER = 1_000
"""Of each week: four thousand calls tell a rate to within half a point."""


def outcomes(database: Database, pack: str, shared: str, since: datetime) -> Iterator[Outcome]:
    """How calls went that began since then, in the order in which they ended; and those of the same hours of the
    `WEEKS` before, of the version that others get now, each where it belongs by the time of the week.

    Raises DatabaseError.
    """
    with database.reading() as connection:
        now = _ended(connection, pack, since, None, "", _MOST_CALLS)
        control = next((row.version for row in now if row.version != shared), "")
        dated = [(row.ended, Outcome("shared" if row.version == shared else "active", _bad(row))) for row in now]
        for weeks in range(1, WEEKS + 1) if control else ():
            back = weeks * _WEEK
            until = min(now[-1].ended, since + _WEEK) - back
            earlier = _ended(connection, pack, since - back, until, control, _MOST_EARLIER)
            dated += [(row.ended + back, Outcome("earlier", _bad(row))) for row in earlier]
    for _, outcome in sorted(dated, key=itemgetter(0)):
        yield outcome


def _ended(
    connection: Connection, pack: str, since: datetime, until: datetime | None, version: str, most: int
) -> list[Row[Any]]:
    """Calls that began since then and ended before `until`, a few of each caller, in the order in which they ended; of
    one version, or of all."""
    c = calls.c
    of_call = (turns.c.call_key == c.key, turns.c.who == "caller", turns.c.decision == "new_subject")
    subjects = select(literal(1)).where(*of_call, turns.c.intent.is_not(None)).group_by(turns.c.intent)
    left = exists().where(call_flows.c.call_key == c.key, call_flows.c.result.in_(("dropped", "caller_left")))
    wanted = (
        select(
            c.version,
            c.caller,
            c.ended,
            c.outcome,
            c.contained,
            c.caller_turns,
            c.unmatched_turns,
            subjects.having(func.count() >= 2).correlate(calls).exists().label("asked_again"),
            left.label("left_flow"),
        )
        .where(c.pack == pack, c.began >= since, c.ended.is_not(None))
        .order_by(c.ended, c.key)
        .limit(most)
    )
    if until is not None:
        wanted = wanted.where(c.ended < until, c.began < until, c.version == version)
    seen: Counter[str] = Counter()
    found = []
    for row in connection.execute(wanted):
        if row.caller:
            seen[row.caller] += 1
            if seen[row.caller] > MOST_OF_ONE_CALLER:
                continue
        found.append(row)
    return found


def _bad(row: Row[Any]) -> dict[Metric, bool]:
    bad: dict[Metric, bool] = {"failed": row.outcome in ("failed", "lost")}
    if row.caller_turns:
        bad["not_contained"] = not row.contained
        bad["handed_over"] = row.outcome == "hand_over"
        bad["misunderstood"] = row.unmatched_turns >= _MISUNDERSTOOD_TURNS or row.unmatched_turns == row.caller_turns
        bad["asked_again"] = bool(row.asked_again)
        bad["left_flow"] = bool(row.left_flow)
    return bad
