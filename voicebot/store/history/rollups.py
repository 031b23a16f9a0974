"""The history counted by the hour, so that a page need not look at a million turns.

A call counts in the hour in which it began, once it is over. Whatever changes a call marks its hour as stale; stale
hours are counted anew, whole, from the calls themselves: a count can be late, but it can't be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    delete,
    distinct,
    func,
    select,
)

from voicebot.store.history.database import Database
from voicebot.store.history.decisions import IGNORED, SATISFIED, UPSET
from voicebot.store.history.rows import HOUR_MS
from voicebot.store.history.tables import (
    WAIT_EDGES,
    Key,
    call_flows,
    calls,
    flow_steps,
    hand_overs,
    hourly_calls,
    hourly_feelings,
    hourly_flows,
    hourly_intents,
    hourly_leaving,
    hourly_steps,
    hourly_waits,
    stale_hours,
    turns,
)

HOURLY = (
    hourly_calls,
    hourly_waits,
    hourly_intents,
    hourly_flows,
    hourly_steps,
    hourly_leaving,
    hourly_feelings,
)
DOUBTFUL_MARGIN = 0.2
"""An intent whose score leads the next one's by less was a close decision."""
_AT_ONCE = 168
"""Hours counted in one transaction: a week."""


def count_stale(database: Database, *, most: int | None = None) -> int:
    """Count stale hours anew, `most` of them at most, the newest first; returns how many. Raises DatabaseError."""
    counted = 0
    while most is None or counted < most:
        with database.writing() as connection:
            at_once = _AT_ONCE if most is None else min(_AT_ONCE, most - counted)
            newest = select(stale_hours.c.hour).order_by(stale_hours.c.hour.desc()).limit(at_once)
            hours = [*connection.execute(newest).scalars()]
            taken = [
                *connection.execute(
                    delete(stale_hours).where(stale_hours.c.hour.in_(hours)).returning(stale_hours.c.hour)
                ).scalars()
            ]
            if taken:
                _count(connection, sorted(taken))
        counted += len(taken)
        if len(hours) < at_once:
            break
    return counted


def _count(connection: Connection, hours: Sequence[int]) -> None:
    for table in HOURLY:
        connection.execute(delete(table).where(table.c.hour.in_(hours)))
    these = and_(
        calls.c.began >= hours[0] * HOUR_MS,
        calls.c.began < (hours[-1] + 1) * HOUR_MS,
        _HOUR.in_(hours),
        calls.c.ended.is_not(None),
    )
    for table, query in _queries(these):
        connection.execute(table.insert().from_select([column.name for column in query.selected_columns], query))


_HOUR: ColumnElement[int] = cast(calls.c.began, Key) // HOUR_MS
_GROUP = (_HOUR, calls.c.pack, calls.c.version, calls.c.language, calls.c.channel)


def _queries(these: ColumnElement[bool]) -> list[tuple[Table, Select[Any]]]:
    return [
        (hourly_calls, _calls(these)),
        (hourly_waits, _waits(these)),
        (hourly_intents, _intents(these)),
        (hourly_flows, _flows(these)),
        (hourly_steps, _steps(these)),
        (hourly_leaving, _leaving(these)),
        (hourly_feelings, _feelings(these)),
    ]


def _calls(these: ColumnElement[bool]) -> Select[Any]:
    c = calls.c
    engaged = c.caller_turns > 0
    given = (
        select(
            hand_overs.c.call_key,
            func.count(hand_overs.c.accepted).label("answered"),
            func.sum(case((hand_overs.c.accepted.is_not(None), hand_overs.c.waited_ms), else_=0)).label("waited"),
        )
        .join(calls, c.key == hand_overs.c.call_key)
        .where(these)
        .group_by(hand_overs.c.call_key)
        .subquery()
    )
    return (
        select(
            *_dimensions(),
            func.count().label("calls"),
            _times(engaged).label("engaged"),
            _times(engaged & c.resolved.is_(True)).label("resolved"),
            _times(engaged & c.contained.is_(True)).label("contained"),
            _times(c.outcome == "hand_over").label("handed_over"),
            _times(c.outcome == "caller_left").label("caller_left"),
            _times(c.outcome.in_(("failed", "lost"))).label("failed"),
            _times(engaged & c.caller.is_not(None)).label("callers_known"),
            _times(engaged & c.caller.is_not(None) & c.resolved.is_(True) & c.called_again.is_(None)).label(
                "first_call_resolved"
            ),
            func.count(c.csat).label("rated"),
            _sum(c.csat).label("csat_points"),
            _times(c.csat >= SATISFIED).label("satisfied"),
            _sum(c.caller_turns).label("caller_turns"),
            _sum(c.understood_turns).label("understood_turns"),
            _sum(c.unmatched_turns).label("unmatched_turns"),
            _sum(c.silent_turns).label("silent_turns"),
            _sum(c.corrections).label("corrections"),
            _sum(c.interruptions).label("interruptions"),
            func.count(c.valence).label("felt"),
            _times(c.feeling.in_(UPSET)).label("upset"),
            _sum(given.c.answered).label("people_answered"),
            _sum(c.duration_ms).label("duration_ms"),
            _sum(given.c.waited).label("people_waited_ms"),
            _sum(c.valence).label("valence_sum"),
        )
        .select_from(calls.outerjoin(given, given.c.call_key == c.key))
        .where(these)
        .group_by(*_GROUP)
    )


def _waits(these: ColumnElement[bool]) -> Select[Any]:
    wait = turns.c.wait_ms
    ends = (*WAIT_EDGES[1:], None)
    buckets = (
        _times(wait.between(begin, end - 1) if end else wait >= begin).label(f"w{number:02}")
        for number, (begin, end) in enumerate(zip(WAIT_EDGES, ends, strict=True))
    )
    return _of_turns(these, *buckets).where(turns.c.who == "bot", wait.is_not(None)).group_by(*_GROUP)


def _intents(these: ColumnElement[bool]) -> Select[Any]:
    query = _of_turns(
        these,
        turns.c.intent.label("intent"),
        func.count().label("turns"),
        func.count(distinct(calls.c.key)).label("calls"),
        _times(turns.c.margin < DOUBTFUL_MARGIN).label("doubtful"),
        func.count(distinct(case((calls.c.contained.is_(True), calls.c.key)))).label("contained"),
    )
    taken = func.coalesce(turns.c.decision, "").not_in(IGNORED)
    return query.where(turns.c.who == "caller", turns.c.intent.is_not(None), taken).group_by(*_GROUP, turns.c.intent)


def _feelings(these: ColumnElement[bool]) -> Select[Any]:
    query = _of_turns(these, turns.c.feeling.label("feeling"), func.count().label("turns"))
    return query.where(turns.c.feeling.is_not(None)).group_by(*_GROUP, turns.c.feeling)


def _flows(these: ColumnElement[bool]) -> Select[Any]:
    f = call_flows.c
    results = ("completed", "hand_over", "caller_left", "dropped", "failed")
    names = {"hand_over": "handed_over"}
    lasted = case((f.result == "completed", f.ended_ms - f.began_ms), else_=0)
    return (
        select(
            *_dimensions(),
            f.flow,
            func.count().label("began"),
            *(_times(f.result == result).label(names.get(result, result)) for result in results),
            _sum(lasted).label("duration_ms"),
        )
        .select_from(calls.join(call_flows, f.call_key == calls.c.key))
        .where(these)
        .group_by(*_GROUP, f.flow)
    )


def _steps(these: ColumnElement[bool]) -> Select[Any]:
    s, f = flow_steps.c, call_flows.c
    same = and_(f.call_key == s.call_key, f.flow == s.flow)
    return (
        select(
            *_dimensions(),
            s.flow,
            s.step,
            func.min(s.place).label("place"),
            func.count().label("reached"),
            _times((f.step == s.step) & (f.result != "completed")).label("left"),
        )
        .select_from(calls.join(flow_steps, s.call_key == calls.c.key).join(call_flows, same))
        .where(these)
        .group_by(*_GROUP, s.flow, s.step)
    )


def _leaving(these: ColumnElement[bool]) -> Select[Any]:
    f = call_flows.c
    step, why = func.coalesce(f.step, ""), func.coalesce(f.reason, "")
    return (
        select(*_dimensions(), f.flow, step.label("step"), why.label("reason"), func.count().label("calls"))
        .select_from(calls.join(call_flows, f.call_key == calls.c.key))
        .where(these, f.result != "completed")
        .group_by(*_GROUP, f.flow, step, why)
    )


def _of_turns(these: ColumnElement[bool], *columns: ColumnElement[Any]) -> Select[Any]:
    joined = calls.join(turns, turns.c.call_key == calls.c.key)
    return select(*_dimensions(), *columns).select_from(joined).where(these)


def _dimensions() -> list[ColumnElement[Any]]:
    return [_HOUR.label("hour"), calls.c.pack, calls.c.version, calls.c.language, calls.c.channel]


def _times(condition: Any) -> ColumnElement[int]:
    return cast(_sum(case((condition, 1), else_=0)), Integer)


def _sum(column: Any) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)
