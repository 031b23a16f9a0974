"""Doing one job: claimed, so that no other process does it as well, and put on record."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from voicebot.config import Configuration
from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.learning.jobs.declared import Job, Workplace
from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.jobs.runs import LEASE, SCHEDULE, Claim, JobRun, JobRuns

_log = structlog.get_logger(__name__)


def run_job(
    job: Job, configuration: Configuration, database: Database, due: datetime, by: str = SCHEDULE
) -> JobRun | None:
    """Do the job here and now; what came of it. None where another process does it, or did.

    What goes wrong with the work is put on record, not raised. Raises DatabaseError where nothing can be recorded.
    """
    runs = JobRuns(database)
    claim = runs.claim(job.name, due, by)
    if claim is None:
        return None
    began = time.monotonic()
    error, result = "", None
    with _held(runs, claim):
        try:
            result = job.load()(Workplace(configuration, database, due))
        except VoicebotError as failure:
            error = str(failure)
        except Exception as failure:  # on record, for who looks at the jobs; the next day is another try
            error = f"a mistake of ours ({type(failure).__name__} in {place(failure)})."
    runs.finish(claim, result, error)
    took = round(time.monotonic() - began, 1)
    if error:
        _log.error("a job failed", job=job.name, reason=error, seconds=took)
    else:
        _log.info("a job is done", job=job.name, seconds=took)
    return next((run for run in runs.latest(name=job.name) if run.id == claim.run), None)


@contextmanager
def _held(runs: JobRuns, claim: Claim) -> Iterator[None]:
    """The lock is renewed while the block lasts."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE.total_seconds() / 4):
            try:
                runs.renew(claim)
            except DatabaseError as error:  # it may be back before the lease ends
                _log.warning("a job's lock could not be renewed", job=claim.name, reason=str(error))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
