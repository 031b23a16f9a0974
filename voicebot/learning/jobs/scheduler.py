"""Jobs beside the calls: a thread looks what is due, and has it done by a process of its own at low priority.

Every worker and every host looks; the database says who does it. The work is not done in a process that takes calls: it
would cost them memory and turns of the interpreter.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from zoneinfo import ZoneInfo

import structlog

from voicebot.config import Configuration
from voicebot.errors import VoicebotError
from voicebot.learning.jobs.declared import JOBS, Job
from voicebot.learning.jobs.running import run_job
from voicebot.logs import set_up
from voicebot.repeated import Repeated
from voicebot.store.history.database import Database, open_database
from voicebot.store.jobs.runs import JobRuns

_log = structlog.get_logger(__name__)

_FIRST_LOOK_S = 120.0
"""After the start: calls come first."""
_LOOK_S = 30.0
_NICENESS = 15
"""Of the working process: with all cores busy it gets a thirtieth of what calls get."""
LATEST = timedelta(hours=12)
"""So long after its time a job is still done, when nobody was there at it, or the machine was full."""
_ENDS_S = 5.0


class Scheduler:
    """Looks and has done, on a thread of its own, from `start` to `close`."""

    def __init__(
        self,
        configuration: Configuration,
        database: Database,
        *,
        full: Callable[[], bool] = lambda: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`full`: whether the machine has calls enough; then work waits."""
        self._configuration, self._database, self._full, self._now = configuration, database, full, now
        self._zone = ZoneInfo(configuration.time_zone)
        self._runs = JobRuns(database, now=now)
        self._repeated = Repeated(
            "jobs",
            self.turn,
            _LOOK_S,
            trouble="scheduled work could not be looked at",
            first_s=_FIRST_LOOK_S,
            ends_s=2 * _ENDS_S,
        )

    def start(self) -> None:
        """Not before a fork: threads don't survive it."""
        self._repeated.start()

    def close(self) -> None:
        """Ends soon; a job under way is broken off, and another process may do it."""
        self._repeated.close()

    def due(self) -> list[tuple[Job, datetime]]:
        """What is to be done now, with the moment that it was due. Raises DatabaseError."""
        now = self._now()
        found = []
        for job in JOBS.values():
            at = job.schedule.latest(now, self._zone)
            if now - at <= LATEST and ((done := self._runs.last_due(job.name)) is None or done < at):
                found.append((job, at))
        return found

    def turn(self) -> None:
        """Have done what is due. Raises DatabaseError."""
        for job, at in self.due():
            if self._repeated.closed.is_set() or self._full():
                break
            self._have_done(job, at)

    def _have_done(self, job: Job, at: datetime) -> None:
        """By another process, which claims it first; until it is over, or this one is to end."""
        process: BaseProcess = multiprocessing.get_context("spawn").Process(
            target=work_apart, args=(self._configuration, job.name, at), name=f"job {job.name}", daemon=True
        )
        process.start()
        while process.is_alive():
            if self._repeated.closed.wait(0.5):
                process.terminate()
                process.join(_ENDS_S)
                return
            process.join(0.5)
        if process.exitcode:
            _log.error("the process of a job was lost", job=job.name, status=process.exitcode)


def work_apart(configuration: Configuration, name: str, at: datetime) -> None:
    """What the working process does."""
    os.nice(_NICENESS)
    set_up(configuration)
    database = open_database(configuration.database_url.get_secret_value(), configuration.var)
    try:
        run_job(JOBS[name], configuration, database, at)
    except VoicebotError as error:
        _log.error("a job could not be done", job=name, reason=str(error))
    finally:
        database.close()


@contextmanager
def scheduled_work(
    configuration: Configuration, database: Database | None, full: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Jobs are done beside the calls while the block lasts: unless they are switched off, or Celery does them."""
    if database is None or not configuration.jobs or configuration.celery_broker_url.get_secret_value():
        yield
        return
    scheduler = Scheduler(configuration, database, full=full)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.close()
