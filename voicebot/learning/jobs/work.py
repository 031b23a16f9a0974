"""What the jobs do. Each takes its workplace and returns what it did, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from voicebot.learning.jobs.declared import Workplace
from voicebot.store.jobs.runs import JobRuns
from voicebot.store.jobs.shelf import Reports

_log = structlog.get_logger(__name__)

MINED = timedelta(days=7)
"""How far back mining looks: rare failures need a week to come together."""


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
