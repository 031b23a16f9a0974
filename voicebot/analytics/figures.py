"""What is asked of the history's counts: KPIs, their course, flows and funnels, intents, feelings."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, literal, select

from voicebot.analytics.definitions import KPIS, PERCENTILES, RESPONSE_TIMES, Sums
from voicebot.analytics.scope import Scope, first_moment
from voicebot.store.history.database import Database
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.tables import (
    WAIT_EDGES,
    hourly_calls,
    hourly_feelings,
    hourly_flows,
    hourly_intents,
    hourly_leaving,
    hourly_steps,
    hourly_waits,
    stale_hours,
)

Figures = Mapping[str, float | None]
"""KPIs by name; None where there is nothing to divide by."""
Dimension = Literal["pack", "version", "language", "channel"]

_RECOUNT_S = 5.0
"""Stale hours are counted anew at most so often for those who look."""
_RECOUNTED = 24
"""Hours counted anew before a page is answered; older ones are left to the writer."""
RISING_Z = 2.0
"""Standard errors by which an intent's calls must have grown to count as rising."""
RISING_CALLS = 5


@dataclass(frozen=True)
class Compared:
    """A period's KPIs and those of the one of the same length before it."""

    now: Figures
    before: Figures


@dataclass(frozen=True)
class Interval:
    """The KPIs of one day or hour."""

    begins: datetime
    """In the zone that was asked for."""
    figures: Figures


@dataclass(frozen=True)
class FlowFigures:
    """What became of a flow. Shares are of the calls in which it began."""

    flow: str
    began: int
    """Calls in which it did."""
    completed: int
    handed_over: int
    caller_left: int
    dropped: int
    failed: int
    completion: float | None
    seconds: float | None
    """Mean time to completion."""


@dataclass(frozen=True)
class FunnelStep:
    """One step of a flow."""

    step: str
    reached: int
    """Calls that came to it."""
    left: int
    """Of those, the ones in which the flow ended here without being completed."""
    drop_off: float | None
    """left / reached."""


@dataclass(frozen=True)
class Leaving:
    """Why a flow was left at a step."""

    flow: str
    step: str
    reason: str
    calls: int


@dataclass(frozen=True)
class IntentFigures:
    """What callers asked for."""

    intent: str
    calls: int
    turns: int
    doubtful: float | None
    """Share of its turns with a close second."""
    contained: float | None
    """Share of its calls."""
    calls_before: int
    """In the period before."""
    rising: bool
    """Whether its calls grew by more than chance does: the difference is 2 standard errors of a Poisson count."""


class Analytics:
    """Blocking, callable from any thread. Every method raises DatabaseError where the database fails."""

    def __init__(self, database: Database, zone: tzinfo | None = None) -> None:
        """`zone`: where days begin and end; by default Korea's."""
        self._database, self._zone = database, zone or ZoneInfo("Asia/Seoul")
        self._lock = threading.Lock()
        self._counted_at = -_RECOUNT_S

    def kpis(self, scope: Scope) -> Figures:
        """Every KPI over the scope."""
        self._count()
        with self._database.reading() as connection:
            return _figures(_sums(connection, scope), _waits(connection, scope))

    def compared(self, scope: Scope) -> Compared:
        """The KPIs beside those of the period before."""
        return Compared(self.kpis(scope), self.kpis(scope.before))

    def course(self, scope: Scope, by: Literal["day", "hour"] = "day") -> list[Interval]:
        """The KPIs of each day or hour with calls, in order."""
        self._count()
        with self._database.reading() as connection:
            if by == "hour":
                hours = _course(connection, scope, hourly_calls.c.hour, hourly_waits.c.hour)
                return [
                    Interval(first_moment(hour).astimezone(self._zone), _figures(*counted))
                    for hour, counted in hours.items()
                ]
            days: dict[int, tuple[Sums, Sequence[int]]] = {}
            for part, offset in scope.of_one_offset(self._zone):
                columns = (_day(table.c.hour, offset) for table in (hourly_calls, hourly_waits))
                for day, counted in _course(connection, part, *columns).items():
                    # The day on which clocks change lies in two parts.
                    days[day] = _added(days[day], counted) if day in days else counted
        return [Interval(self._midnight(day), _figures(*counted)) for day, counted in sorted(days.items())]

    def by(self, scope: Scope, dimension: Dimension) -> dict[str, Figures]:
        """The KPIs of each pack, version, language or channel."""
        self._count()
        with self._database.reading() as connection:
            column = hourly_waits.c[dimension]
            waits = _waits_by(connection, scope, column)
            column = hourly_calls.c[dimension]
            rows = connection.execute(
                select(column.label("name"), *_SUMMED)
                .where(*scope.conditions(hourly_calls))
                .group_by(column)
                .order_by(column)
            ).mappings()
            return {row["name"]: _figures(_numbers(row), waits.get(row["name"], ())) for row in rows}

    def flows(self, scope: Scope) -> list[FlowFigures]:
        """Every flow, the most frequent first."""
        self._count()
        c = hourly_flows.c
        names = ("began", "completed", "handed_over", "caller_left", "dropped", "failed", "duration_ms")
        query = select(c.flow, *(func.sum(c[name]).label(name) for name in names)).where(
            *scope.conditions(hourly_flows)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(c.flow)).mappings().all()
        found = [
            FlowFigures(
                flow=row["flow"],
                began=int(row["began"]),
                completed=int(row["completed"]),
                handed_over=int(row["handed_over"]),
                caller_left=int(row["caller_left"]),
                dropped=int(row["dropped"]),
                failed=int(row["failed"]),
                completion=_ratio(row["completed"], row["began"]),
                seconds=_ratio(float(row["duration_ms"]) / 1000, row["completed"]),
            )
            for row in rows
        ]
        return sorted(found, key=lambda flow: (-flow.began, flow.flow))

    def funnel(self, scope: Scope, flow: str) -> list[FunnelStep]:
        """A flow's steps in their order; the first one, without a name, is its beginning."""
        self._count()
        c, f = hourly_steps.c, hourly_flows.c
        with self._database.reading() as connection:
            began = connection.execute(
                select(func.sum(f.began)).where(*scope.conditions(hourly_flows), f.flow == flow)
            ).scalar()
            left = connection.execute(
                select(func.sum(hourly_leaving.c.calls)).where(
                    *scope.conditions(hourly_leaving), hourly_leaving.c.flow == flow, hourly_leaving.c.step == ""
                )
            ).scalar()
            rows = connection.execute(
                select(c.step, func.min(c.place).label("place"), func.sum(c.reached), func.sum(c.left))
                .where(*scope.conditions(hourly_steps), c.flow == flow)
                .group_by(c.step)
                .order_by("place", c.step)
            ).all()
        if not began:
            return []
        steps = [
            ("", int(began), int(left or 0)),
            *((step, int(reached), int(gone)) for step, _, reached, gone in rows),
        ]
        return [FunnelStep(step, reached, gone, _ratio(gone, reached)) for step, reached, gone in steps]

    def leaving(self, scope: Scope, flow: str = "", *, limit: int = 20) -> list[Leaving]:
        """Where and why flows were left, the most frequent first."""
        self._count()
        c = hourly_leaving.c
        number = func.sum(c.calls)
        query = select(c.flow, c.step, c.reason, number).where(*scope.conditions(hourly_leaving))
        if flow:
            query = query.where(c.flow == flow)
        query = query.group_by(c.flow, c.step, c.reason).order_by(number.desc(), c.flow, c.step, c.reason).limit(limit)
        with self._database.reading() as connection:
            return [Leaving(*row[:3], calls=int(row[3])) for row in connection.execute(query)]

    def intents(self, scope: Scope, *, limit: int = 50) -> list[IntentFigures]:
        """What callers asked for, the most frequent first."""
        self._count()
        with self._database.reading() as connection:
            now, before = (_intents(connection, part) for part in (scope, scope.before))
        found = []
        for intent, row in now.items():
            calls, earlier = int(row["calls"]), int(before[intent]["calls"]) if intent in before else 0
            rising = calls >= RISING_CALLS and calls - earlier > RISING_Z * math.sqrt(calls + earlier)
            doubtful, contained = _ratio(row["doubtful"], row["turns"]), _ratio(row["contained"], calls)
            found.append(IntentFigures(intent, calls, int(row["turns"]), doubtful, contained, earlier, rising))
        return sorted(found, key=lambda figures: (-figures.calls, figures.intent))[:limit]

    def rising(self, scope: Scope, *, limit: int = 10) -> list[IntentFigures]:
        """Intents that are asked for more than in the period before, those that grew most first."""
        found = [figures for figures in self.intents(scope, limit=10_000) if figures.rising]
        return sorted(found, key=lambda figures: figures.calls_before - figures.calls)[:limit]

    def feelings(self, scope: Scope) -> dict[str, int]:
        """How many turns of callers had which feeling."""
        self._count()
        c = hourly_feelings.c
        query = select(c.feeling, func.sum(c.turns)).where(*scope.conditions(hourly_feelings)).group_by(c.feeling)
        with self._database.reading() as connection:
            return {feeling: int(turns) for feeling, turns in connection.execute(query.order_by(c.feeling))}

    def _midnight(self, day: int) -> datetime:
        """When a day since 1970 begins here."""
        return datetime.combine(date(1970, 1, 1) + timedelta(days=day), datetime.min.time(), self._zone)

    def _count(self) -> None:
        """What became stale since somebody looked last."""
        now = time.monotonic()
        with self._lock:
            if now - self._counted_at < _RECOUNT_S:
                return
            self._counted_at = now
        with self._database.reading() as connection:
            stale = connection.execute(select(stale_hours.c.hour).limit(1)).first()
        if stale:
            count_stale(self._database, most=_RECOUNTED)


_NAMES = [column.name for column in hourly_calls.c if not column.primary_key]
_SUMMED = [func.coalesce(func.sum(hourly_calls.c[name]), 0).label(name) for name in _NAMES]


_WAITED = [func.sum(hourly_waits.c[f"w{number:02}"]) for number in range(len(WAIT_EDGES))]


def _sums(connection: Connection, scope: Scope) -> Sums:
    return _numbers(connection.execute(select(*_SUMMED).where(*scope.conditions(hourly_calls))).mappings().one())


def _numbers(row: Mapping[Any, Any]) -> Sums:
    """PostgreSQL adds up to Decimal."""
    return {name: float(row[name]) for name in _NAMES}


def _waits(connection: Connection, scope: Scope) -> Sequence[int]:
    """How many answers came within each of `WAIT_EDGES`."""
    row = connection.execute(select(*_WAITED).where(*scope.conditions(hourly_waits))).one()
    return [int(turns or 0) for turns in row]


def _waits_by(connection: Connection, scope: Scope, column: ColumnElement[Any]) -> dict[Any, Sequence[int]]:
    query = select(column, *_WAITED).where(*scope.conditions(hourly_waits)).group_by(column)
    return {row[0]: [int(turns) for turns in row[1:]] for row in connection.execute(query)}


def _day(hour: ColumnElement[int], offset: int) -> ColumnElement[int]:
    """The local day since 1970 of an hour, with clocks so many hours ahead of UTC."""
    return (hour + literal(offset, literal_execute=True)) // literal(24, literal_execute=True)


def _course(
    connection: Connection, scope: Scope, calls: ColumnElement[int], waits: ColumnElement[int]
) -> dict[int, tuple[Sums, Sequence[int]]]:
    """What is counted by these columns of `hourly_calls` and `hourly_waits`, in their order."""
    query = select(calls.label("name"), *_SUMMED).where(*scope.conditions(hourly_calls))
    waited = _waits_by(connection, scope, waits)
    rows = connection.execute(query.group_by(calls).order_by(calls)).mappings()
    return {int(row["name"]): (_numbers(row), waited.get(row["name"], ())) for row in rows}


def _added(one: tuple[Sums, Sequence[int]], other: tuple[Sums, Sequence[int]]) -> tuple[Sums, Sequence[int]]:
    sums = {name: one[0][name] + other[0][name] for name in _NAMES}
    if not (one[1] and other[1]):
        return sums, one[1] or other[1]
    return sums, [a + b for a, b in zip(one[1], other[1], strict=True)]


def _intents(connection: Connection, scope: Scope) -> dict[str, Mapping[Any, Any]]:
    c = hourly_intents.c
    query = select(c.intent, *(func.sum(c[name]).label(name) for name in ("turns", "calls", "doubtful", "contained")))
    rows = connection.execute(query.where(*scope.conditions(hourly_intents)).group_by(c.intent)).mappings()
    return {row["intent"]: row for row in rows}


def _figures(sums: Sums, waits: Sequence[int]) -> Figures:
    figures = {kpi.name: kpi.of(sums) for kpi in KPIS}
    return figures | dict(zip(RESPONSE_TIMES, percentiles(waits, PERCENTILES), strict=True))


def percentiles(waits: Sequence[int], wanted: Sequence[int]) -> list[float | None]:
    """Of response times counted by `WAIT_EDGES`, in milliseconds: what so many percent don't exceed.

    Within a bucket times are taken to lie evenly, as Prometheus' histogram_quantile does; the open last one counts as
    its beginning.
    """
    total = sum(waits)
    if not total:
        return [None] * len(wanted)
    found: list[float | None] = []
    for percent in wanted:
        needed, seen = total * percent / 100, 0
        for number, turns in enumerate(waits):
            if turns and seen + turns >= needed:
                begin = WAIT_EDGES[number]
                end = WAIT_EDGES[number + 1] if number + 1 < len(WAIT_EDGES) else begin
                found.append(round(begin + (end - begin) * (needed - seen) / turns, 1))
                break
            seen += turns
    return found


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None
