"""What the jobs do. Each takes its workplace and returns what it did, as JSON."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from voicebot.learning.jobs.declared import Workplace
from voicebot.store.jobs.runs import JobRuns
from voicebot.store.jobs.shelf import Reports

_log = structlog.get_logger(__name__)

MINED = timedelta(days=7)
"""How far back mining looks: rare failures need a week to come together."""

NEW_LABELS, NEW_SUGGESTIONS = 20, 3
"""Approved labels, or accepted suggestions, since the latest version was made, that are worth a new one."""
AUTHOR = "scheduled training"
"""So that any person may approve what no person made."""


def expire(place: Workplace) -> Mapping[str, Any]:
    """What learning and its jobs keep, by age; the service itself tidies the history, profiles and recordings."""
    from voicebot.learning.mining.opening import forget_old_drafts

    configuration = place.configuration
    old = place.due - timedelta(days=configuration.history_days)
    return {
        "runs": JobRuns(place.database).expire(place.due - timedelta(days=configuration.audit_days)),
        "reports": Reports(place.database).expire(old),
        "drafts": forget_old_drafts(configuration, place.database, place.due),
    }


def mine(place: Workplace) -> Mapping[str, Any]:
    """The last week's failures: clusters and suggestions."""
    from voicebot.learning.mining.opening import open_miner

    found = open_miner(place.configuration, place.database).run(place.due - MINED, place.due)
    return {
        "clusters": sum(len(one.clusters) for one in found),
        "drafts": sum(len(one.drafts) for one in found),
        "packs": sorted({one.run.pack for one in found}),
    }


def propose_version(place: Workplace) -> Mapping[str, Any]:
    """A draft version with its evaluation, once people have said enough that is new. Nobody but people approves it."""
    from voicebot.learning.reporting.making import pack_of
    from voicebot.learning.training.gathering import gather
    from voicebot.learning.training.training import Running, register, train
    from voicebot.loading import content_folder, open_encoder
    from voicebot.store.versions.registry import Versions

    configuration, database = place.configuration, place.database
    pack = pack_of(configuration).name
    versions = Versions(database, configuration.var)
    latest = max((version.made for version in versions.all(pack)), default=None)
    material = gather(database, pack)
    labels = [label for label in material.labels if label.state == "approved" and _is_new(label.at, latest)]
    suggestions = [one for one in material.suggestions if one.at is None or _is_new(one.at, latest)]
    new = {"new_labels": len(labels), "new_suggestions": len(suggestions)}
    if len(labels) < NEW_LABELS and len(suggestions) < NEW_SUGGESTIONS:
        return {"proposed": None, **new}
    active = versions.serving(pack).active
    result = train(
        content_folder(configuration),
        pack,
        material,
        into=configuration.var / "training",
        var=configuration.var,
        author=AUTHOR,
        reason=f"{len(labels)} new labels, {len(suggestions)} new suggestions",
        running=Running(active, versions.folder(active)) if active else None,
        encoder=open_encoder(configuration),
    )
    try:
        if versions.find(result.id) is None:
            register(result, versions, AUTHOR)
    finally:
        shutil.rmtree(result.folder, ignore_errors=True)
    gate = result.evaluation["gate"]
    return {"proposed": result.id, "passed": result.passed, "reasons": list(gate["reasons"]), **new}


def _is_new(at: datetime, latest: datetime | None) -> bool:
    return latest is None or at > latest


def weekly_report(place: Workplace) -> Mapping[str, Any]:
    """The week that is over, in both languages; mailed where that is configured.

    Where no PDF can be made here, the HTML is made all the same.
    """
    from voicebot.learning.reporting import making
    from voicebot.learning.reporting.document import PdfError
    from voicebot.learning.reporting.week import Week

    configuration = place.configuration
    week, pack = Week.last_before(place.due, place.zone), making.pack_of(configuration)
    trouble = ""
    try:
        made = making.make(place.database, configuration, pack, week)
    except PdfError as error:
        trouble = str(error)
        _log.warning("the weekly report has no PDF", reason=trouble)
        made = making.make(place.database, configuration, pack, week, formats=("html",))
    language = configuration.alert_language or configuration.language
    told = making.send(configuration, [one for one in made if one.language == language])
    found = {"week": str(week), "reports": [one.file for one in made], "mailed_to": told}
    return found | ({"trouble": trouble} if trouble else {})
