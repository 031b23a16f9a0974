"""What a weekly report is about, gathered from the history and from what learning found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce

from voicebot.analytics.experiments.runs import Runs
from voicebot.analytics.figures import Analytics, Figures, FlowFigures, IntentFigures
from voicebot.analytics.leaving import ReasonLeaving, StepLeaving, by_reason, by_step
from voicebot.analytics.scope import Scope
from voicebot.dialogue.pack import Pack
from voicebot.learning.reporting.week import Week
from voicebot.privacy.redactor import redact
from voicebot.store.history.database import Database
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.tables import calls, hand_overs, milliseconds, ratings
from voicebot.store.mining.clusters import Clusters
from voicebot.store.mining.suggestions import Suggestions
from voicebot.store.versions.tables import version_changes

LOW_RATING = 2
_NOT_UNDERSTOOD = ("no_match", "stuck")
"""Reasons of hand-overs."""
_REMARKS = 3
_LONGEST_REMARK = 120
"""Characters: longer ones are told in full on the page of their call."""
_CHANGES = 6
_PROPOSALS = 4


@dataclass(frozen=True)
class Day:
    """One day of the week, and the same one a week before."""

    day: date
    calls: int
    contained: float
    """Share of its engaged calls; 0 where there were none."""
    calls_before: int


@dataclass(frozen=True)
class Effort:
    """What hand-overs cost people."""

    handed_over: int
    not_understood: int
    """Of these, because the bot did not understand."""
    answered: int
    agent_s: float | None
    """Seconds that agents talked, in all; None where none was measured."""
    waited_s: float | None
    """Mean wait of callers."""


@dataclass(frozen=True)
class Change:
    """Something that was changed: a version's state, or an experiment."""

    at: datetime
    kind: str
    """`version_STATE`, `experiment_started`, `experiment_stopped` or `experiment_decided`."""
    name: str
    share: float | None = None


@dataclass(frozen=True)
class Proposal:
    """Something that people may do about what went wrong."""

    kind: str
    """`cluster`, `faq`, `wording` or `step`."""
    text: str
    """What callers say, a suggestion's title, or a step."""
    calls: int = 0
    cost_s: float = 0.0
    flow: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that a report tells."""

    week: Week
    pack: str
    now: Figures
    before: Figures
    days: Sequence[Day]
    intents: Sequence[IntentFigures]
    rising: Sequence[IntentFigures]
    flows: Sequence[FlowFigures]
    steps: Sequence[StepLeaving]
    reasons: Sequence[ReasonLeaving]
    effort: Effort
    remarks: Sequence[str]
    rated: int
    changes: Sequence[Change]
    versions: Mapping[str, Figures]
    """The content and models that took calls."""
    proposals: Sequence[Proposal]


def gather(database: Database, pack: Pack, week: Week, zone: ZoneInfo) -> Facts:
    """Raises DatabaseError."""
    count_stale(database)
    analytics = Analytics(database, zone)
    begin, end = week.moments(zone)
    scope = Scope(begin, end, pack=pack.name)
    # Weeks in which clocks change are not equally long.
    before = replace(scope, since=Week(week.monday - timedelta(days=7)).moments(zone)[0], until=begin)
    steps = by_step(analytics, database, scope)
    intents = analytics.intents(scope, limit=1000)
    wanted = [intent for intent in intents if intent.intent in _subjects(pack)]
    rated, remarks = _ratings(database, scope)
    return Facts(
        week=week,
        pack=pack.name,
        now=analytics.kpis(scope),
        before=analytics.kpis(before),
        days=_days(analytics, scope, before, week),
        intents=wanted[:6],
        rising=[intent for intent in wanted if intent.rising and intent.calls_before][:2],
        flows=analytics.flows(scope),
        steps=steps,
        reasons=by_reason(database, scope),
        effort=_effort(database, scope),
        remarks=remarks,
        rated=rated,
        changes=_changes(database, scope),
        versions=analytics.by(scope, "version"),
        proposals=_proposals(database, pack, steps),
    )


def _subjects(pack: Pack) -> frozenset[str]:
    """Intents that are about something: a wish for a person or a yes is none."""
    return frozenset(pack.flows) - pack.internal | pack.faq


def _days(analytics: Analytics, scope: Scope, before: Scope, week: Week) -> list[Day]:
    now = {one.begins.date(): one.figures for one in analytics.course(scope)}
    then = {one.begins.date(): one.figures for one in analytics.course(before)}
    found = []
    for number in range(7):
        day = week.monday + timedelta(days=number)
        figures, earlier = now.get(day, {}), then.get(day - timedelta(days=7), {})
        contained = figures.get("containment") or 0.0
        found.append(Day(day, int(figures.get("calls") or 0), contained, int(earlier.get("calls") or 0)))
    return found


def _effort(database: Database, scope: Scope) -> Effort:
    h = hand_overs.c
    talking = type_coerce(h.ended, BigInteger) - type_coerce(h.accepted, BigInteger)
    talked = func.sum(talking).filter(h.accepted.is_not(None), h.ended.is_not(None))
    query = (
        select(
            func.count(),
            func.count().filter(h.reason.in_(_NOT_UNDERSTOOD)),
            func.count(h.accepted),
            talked,
            func.avg(h.waited_ms),
        )
        .select_from(hand_overs.join(calls, calls.c.key == h.call_key))
        .where(*_of(scope))
    )
    with database.reading() as connection:
        handed_over, not_understood, answered, talked_ms, waited_ms = connection.execute(query).one()
    return Effort(
        handed_over,
        not_understood,
        answered,
        float(talked_ms) / 1000 if talked_ms else None,
        float(waited_ms) / 1000 if waited_ms is not None else None,
    )


def _ratings(database: Database, scope: Scope) -> tuple[int, list[str]]:
    """How many there were, and what callers said who gave few points, the latest first.

    Redacted whatever `keep_words` says: reports outlive the words and are mailed.
    """
    r = ratings.c
    joined = ratings.join(calls, calls.c.key == r.call_key)
    said = (
        select(r.comment, calls.c.language)
        .select_from(joined)
        .where(*_of(scope), r.score <= LOW_RATING, r.comment.is_not(None), func.length(r.comment) <= _LONGEST_REMARK)
        .order_by(r.at.desc())
        .limit(_REMARKS)
    )
    with database.reading() as connection:
        number = connection.execute(select(func.count()).select_from(joined).where(*_of(scope))).scalar_one()
        found = [redact(row.comment, row.language) for row in connection.execute(said)]
        return number, list(dict.fromkeys(found))


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    c = calls.c
    return [
        c.pack == scope.pack,
        c.began >= milliseconds(scope.since),
        c.began < milliseconds(scope.until),
    ]


def _changes(database: Database, scope: Scope) -> list[Change]:
    found: list[Change] = []
    c = version_changes.c
    told = ("shared", "active", "retired")
    where = (c.pack == scope.pack, c.at >= milliseconds(scope.since), c.at < milliseconds(scope.until))
    with database.reading() as connection:
        for row in connection.execute(select(version_changes).where(*where, c.after.in_(told))):
            found.append(Change(row.at, f"version_{row.after}", row.version, (row.details or {}).get("share")))
    for run in Runs(database).all(scope.pack):
        for at, kind in (
            (run.started, "experiment_started"),
            (run.ended, "experiment_stopped"),
            (run.decided, "experiment_decided"),
        ):
            if at is not None and scope.since <= at < scope.until:
                found.append(Change(at, kind, run.design.name))
    return sorted(found, key=lambda change: change.at)[-_CHANGES:]


def _proposals(database: Database, pack: Pack, steps: Sequence[StepLeaving]) -> list[Proposal]:
    """What mining found, drafts that wait for an editor, and else the step that loses most callers."""
    found = [
        Proposal("cluster", redact(cluster.typical, cluster.language), cluster.calls, cluster.cost_s)
        for cluster in Clusters(database).ranked(pack=pack.name, state="open")
        if cluster.typical
    ][: _PROPOSALS - 1]
    drafts = [draft for draft in Suggestions(database).find_all(pack=pack.name, state="draft") if draft.question]
    found += [Proposal(draft.kind, draft.title or draft.entry) for draft in drafts][: _PROPOSALS - len(found)]
    if len(found) < _PROPOSALS:
        found += [Proposal("step", one.step, one.left, flow=one.flow) for one in steps[:1] if one.left >= _WORTH_IT]
    return found


_WORTH_IT = 3
"""Callers that a step must have lost before something is proposed for it."""
