"""Versions that a share of callers gets are watched, and rolled back where their calls go worse.

Every process tries; the database says whose turn it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog

from voicebot.analytics.alerts.book import AlertBook
from voicebot.analytics.alerts.rules import AlertRule
from voicebot.analytics.guard.evidence import ALPHA, Finding, Metric, compare
from voicebot.analytics.guard.reading import outcomes
from voicebot.config import Configuration
from voicebot.notify.configured import configured
from voicebot.repeated import Repeated
from voicebot.store.history.database import Database
from voicebot.store.history.tables import milliseconds
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.states import VersionError
from voicebot.store.versions.version import Version

_log = structlog.get_logger(__name__)

GUARD = "guard"
"""Who rolls back, in the audit trail."""
EVERY = timedelta(seconds=5)
"""How often a share's calls are looked at."""
_FIGURES: Mapping[Metric, str] = {
    "not_contained": "containment",
    "handed_over": "hand_over_rate",
    "misunderstood": "no_match_rate",
    "failed": "failed_share",
}
"""The KPI under which people know the metric. Of others they are told the containment; the audit trail has all."""


class VersionGuard:
    """Watches on a thread of its own, from `start` to `close`."""

    def __init__(self, versions: Versions, database: Database, book: AlertBook, channels: Sequence[str] = ()) -> None:
        """`channels`: the ways in which people are told of a roll back."""
        self._versions, self._database, self._book, self._channels = versions, database, book, tuple(channels)
        self._repeated = Repeated(
            "version guard",
            self.turn,
            EVERY.total_seconds(),
            trouble="a shared version could not be guarded",
            ends_s=EVERY.total_seconds(),
        )

    def turn(self) -> None:
        """Look at what is due. Raises DatabaseError."""
        for version, since in self._versions.claim(EVERY):
            finding = self.look(version, since)
            self._versions.guarded(version.id, {**asdict(finding), "at": milliseconds(self._book.now())})
            if finding.worse:
                self._roll_back(version, finding)

    def look(self, version: Version, since: datetime) -> Finding:
        """What the calls say since then, or since another version became the active one. Raises DatabaseError."""
        active = self._versions.serving(version.pack).active
        if active is not None:
            since = max(since, self._versions.get(active).changed)
        return compare(outcomes(self._database, version.pack, version.id, since))

    def _roll_back(self, version: Version, finding: Finding) -> None:
        worst = finding.telling
        reason = (
            f"{worst.metric} {_percent(worst.shared)} in {finding.shared_calls} calls, "
            f"with the active version {_percent(worst.active)} in {finding.active_calls}"
        )
        details: dict[str, Any] = {"evidence": round(finding.evidence, 2), "alpha": ALPHA}
        details |= {one.metric: [one.shared, one.active] for one in finding.comparisons}
        try:
            self._versions.roll_back(
                version.pack, GUARD, reason, version=version.id, expected=version.revision, details=details
            )
        except VersionError as error:  # a person was quicker
            _log.info("the guard found a version changed", version=version.id, reason=str(error))
            return
        _log.error("a version was rolled back by its guard", version=version.id, pack=version.pack, reason=reason)
        told = worst if worst.metric in _FIGURES else finding.of("not_contained")
        good = told.metric == "not_contained"
        shared, active = told.shared or 0.0, told.active or 0.0
        rule = AlertRule.model_validate(
            {
                "name": f"{version.pack} {version.id}: 자동 되돌림 / rolled back",
                "figure": _FIGURES[told.metric],
                "direction": "below" if good else "above",
                "threshold": 1 - active if good else active,
                "pack": version.pack,
            }
        )
        self._book.happened(rule, 1 - shared if good else shared, finding.shared_calls, self._channels)

    def start(self) -> None:
        """Begin. Not before a fork: threads don't survive it."""
        self._repeated.start()

    def close(self) -> None:
        """End soon."""
        self._repeated.close()


@contextmanager
def watching_versions(configuration: Configuration, database: Database | None) -> Iterator[None]:
    """Shared versions are guarded while the block lasts; without a history there is nothing to go by.

    Raises ConfigurationError.
    """
    if database is None:
        yield
        return
    channels = [notifier.name for notifier in configured(configuration)]
    guard = VersionGuard(Versions(database, configuration.var), database, AlertBook(database), channels)
    guard.start()
    try:
        yield
    finally:
        guard.close()


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"
