"""What became of the calls of an experiment, by variant, from the history.

A caller counts once in each metric: with the first call in the run of which the metric is known. So callers are
independent of one another, as the tests want it, and nobody weighs more by calling often. Callers whose number is
withheld can't be told apart: of their calls 20 an hour count, whichever variants they had.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from voicebot.analytics.experiments.assessment import Assessment, VariantFigures, assess, planned
from voicebot.analytics.experiments.design import METRICS, Design, Metric
from voicebot.analytics.experiments.runs import Run, Runs
from voicebot.analytics.experiments.sequential import Sample
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, milliseconds

UNKNOWN_AN_HOUR = 20
"""Calls from withheld numbers that count, each as a caller."""
_HOUR_MS = 3_600_000
_LONGEST_S = 1800.0
"""What a duration counts at most: one call that was left open must not decide."""


def assessed(database: Database, run: Run) -> Assessment:
    """What is known of a run. Raises DatabaseError."""
    return assess(run.design, figures(database, run.design, run.started, run.ended), run.planned)


def figures(database: Database, design: Design, since: datetime, until: datetime | None) -> dict[str, VariantFigures]:
    """Of the calls that began in the run and are over, by variant. Raises DatabaseError."""
    c = calls.c
    variant = c.variants[design.name].as_string()
    query = (
        select(
            variant.label("variant"),
            c.caller,
            c.began,
            (c.caller_turns > 0).label("engaged"),
            c.contained,
            c.csat,
            c.duration_ms,
        )
        .where(c.pack == design.pack, c.began >= since, c.ended.is_not(None), variant.in_(list(design.weights)))
        .order_by(c.began, c.key)
    )
    if until is not None:
        query = query.where(c.began < until)
    counted = {name: _Counted() for name in design.weights}
    seen: dict[Metric | None, set[str]] = {metric: set() for metric in (None, *METRICS)}
    unknown: Counter[int] = Counter()
    with database.reading() as connection:
        for row in connection.execute(query):
            of_variant = counted[row.variant]
            of_variant.calls += 1
            if row.caller is None:
                hour = milliseconds(row.began) // _HOUR_MS
                unknown[hour] += 1
                if unknown[hour] > UNKNOWN_AN_HOUR:
                    continue
            for metric, value in ((None, 1.0), *_values(row).items()):
                if row.caller is not None and row.caller in seen[metric]:
                    continue
                if row.caller is not None:
                    seen[metric].add(row.caller)
                of_variant.values[metric].append(value)
    return {name: found.figures(name) for name, found in counted.items()}


def spread(database: Database, design: Design, since: datetime, until: datetime) -> float | None:
    """The variance of the deciding metric in the pack's calls of a period, None with fewer than 100 of them.

    Raises DatabaseError.
    """
    c = calls.c
    query = select(c.caller, c.began, (c.caller_turns > 0).label("engaged"), c.contained, c.csat, c.duration_ms).where(
        c.pack == design.pack, c.began >= since, c.began < until, c.ended.is_not(None)
    )
    if design.languages:
        query = query.where(c.language.in_(design.languages))
    if design.channels:
        query = query.where(c.channel.in_(design.channels))
    with database.reading() as connection:
        rows = [_values(row) for row in connection.execute(query.order_by(c.began.desc()).limit(_MOST_LOOKED_AT))]
    sample = Sample.of(
        (values[design.metric] for values in rows if design.metric in values), shares=design.metric == "containment"
    )
    return sample.variance if sample.number >= _FEWEST_KNOWN and sample.variance > 0 else None


_MOST_LOOKED_AT = 20_000
_FEWEST_KNOWN = 100


class _Counted:
    def __init__(self) -> None:
        self.calls = 0
        self.values: dict[Metric | None, list[float]] = {metric: [] for metric in (None, *METRICS)}

    def figures(self, variant: str) -> VariantFigures:
        samples = {metric: Sample.of(self.values[metric], shares=metric == "containment") for metric in METRICS}
        return VariantFigures(variant, self.calls, len(self.values[None]), samples)


def _values(row: Row[Any]) -> dict[Metric, float]:
    """Containment as docs/kpis.md has it: of calls in which the caller said something; a rating where there is one."""
    values: dict[Metric, float] = {}
    if row.engaged:
        values["containment"] = float(bool(row.contained))
    if row.csat is not None:
        values["csat"] = float(row.csat)
    if row.duration_ms is not None:
        values["duration"] = min(row.duration_ms / 1000, _LONGEST_S)
    return values


def start(database: Database, design: Design, by: str, now: datetime) -> Run:
    """Start a run, planned by how the metric varied in the last 30 days.

    Raises ExperimentError where it runs already, and DatabaseError.
    """
    varied = spread(database, design, now - _LOOKED_BACK, now)
    return Runs(database, lambda: now).start(design, by, planned(design, varied))


_LOOKED_BACK = timedelta(days=30)
