"""The jobs that there are. To add one, add a line; its work is a function of a `Workplace` that returns what to tell.

KPI alerts are no job: they are looked at every minute (`voicebot.analytics.alerts`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from voicebot.config import Configuration
from voicebot.errors import VoicebotError
from voicebot.learning.jobs.schedule import Schedule
from voicebot.store.history.database import Database


class JobError(VoicebotError):
    """A job that there is not, or that can't be done now."""


@dataclass(frozen=True)
class Workplace:
    """What a job works on."""

    configuration: Configuration
    database: Database
    due: datetime
    """The moment that the work is for; aware."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.configuration.time_zone)


Work = Callable[[Workplace], Mapping[str, Any]]
"""Returns what it did, as JSON; raises VoicebotError for what people must see to."""


@dataclass(frozen=True)
class Job:
    """Something that is done by itself."""

    name: str
    titles: Mapping[str, str]
    """By language."""
    schedule: Schedule
    work: str
    """Module and function, loaded by the process that does the work: models are in no process that takes calls."""

    def load(self) -> Work:
        module, _, function = self.work.partition(":")
        return cast(Work, getattr(importlib.import_module(module), function))


_WORK = "voicebot.learning.jobs.work"

JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        Job(
            "expire",
            {"ko": "오래된 기록 삭제", "en": "Delete old records"},
            Schedule(2, 40),
            f"{_WORK}:expire",
        ),
        Job("mine", {"ko": "실패 사례 찾기", "en": "Find what goes wrong"}, Schedule(3, 10), f"{_WORK}:mine"),
        Job("train", {"ko": "새 버전 제안", "en": "Propose a version"}, Schedule(4, 10), f"{_WORK}:propose_version"),
        Job("report", {"ko": "주간 리포트", "en": "Weekly report"}, Schedule(7, weekday=0), f"{_WORK}:weekly_report"),
    )
}
"""By name."""


def job_called(name: str) -> Job:
    """Raises JobError where there is none."""
    if name not in JOBS:
        raise JobError(f"there is no job called {name}; there are: {', '.join(JOBS)}.")
    return JOBS[name]
