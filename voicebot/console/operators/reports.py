"""The weekly reports, to read and to take along; and the work that is done by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, abort, g, render_template

from voicebot.console.access.guard import needs
from voicebot.console.operators.scene import Scene
from voicebot.learning.jobs.declared import JOBS
from voicebot.learning.reporting.making import TYPES
from voicebot.learning.reporting.week import Week, WeekError
from voicebot.store.history.database import Database
from voicebot.store.jobs.runs import JobRun, JobRuns
from voicebot.store.jobs.shelf import Report, Reports

_RUNS = 20
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Of a report: it has a style of its own, and nothing else."""


@dataclass(frozen=True)
class _Week:
    """What there is of one week and pack."""

    week: str
    begin: date
    end: date
    pack: str
    reports: tuple[Report, ...]


def add_reports(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages under /console/reports."""
    shelf, runs = Reports(database, now=scene.now), JobRuns(database, now=scene.now)

    @blueprint.get("/reports")
    @needs("numbers")
    def reports() -> str:
        now = scene.now()
        jobs = [
            (job.titles[g.interface_language], job.schedule.next(now, scene.zone), _last(runs.latest(1, job.name)))
            for job in sorted(JOBS.values(), key=lambda job: job.schedule.next(now, scene.zone))
        ]
        return render_template("operators/reports.html", weeks=_weeks(shelf.kept()), jobs=jobs)

    @blueprint.get("/reports/<week>/<pack>/<language>.<form>")
    @needs("calls")
    def report(week: str, pack: str, language: str, form: str) -> Response:
        document = shelf.document(week, pack, language, form) if form in TYPES else None
        if document is None:
            abort(404)
        scene.access.put("read report", subject=f"{week} {pack} {language} {form}")
        response = Response(document, mimetype=TYPES[form])
        response.headers["Content-Security-Policy"] = _CSP
        name = f"voicebot-{week}-{pack}-{language}.{form}"
        response.headers["Content-Disposition"] = f'{"inline" if form == "html" else "attachment"}; filename="{name}"'
        return response


def _last(latest: list[JobRun]) -> JobRun | None:
    return latest[0] if latest else None


def _weeks(kept: Iterable[Report]) -> list[_Week]:
    """The latest first, with what there is of each."""
    groups: dict[tuple[str, str], list[Report]] = {}
    for report in kept:
        groups.setdefault((report.week, report.pack), []).append(report)
    found = []
    for (week, pack), ones in groups.items():
        try:
            monday = Week.read(week).monday
        except WeekError:
            continue
        ordered = sorted(ones, key=lambda one: (one.language != g.interface_language, one.language, one.format))
        found.append(_Week(week, monday, monday + timedelta(days=6), pack, tuple(ordered)))
    return found
