"""Scheduled work: when it is due, who does it, and what stays on record."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from voicebot.config import Configuration, ConfigurationError
from voicebot.learning.jobs.declared import JOBS, Job, JobError, job_called
from voicebot.learning.jobs.running import run_job
from voicebot.learning.jobs.schedule import Schedule
from voicebot.learning.jobs.scheduler import LATEST, Scheduler
from voicebot.store.history.database import Database
from voicebot.store.jobs.runs import LEASE, MOST_ATTEMPTS, JobRuns

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
"""Monday, 05:00 in Seoul."""


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from([None, *range(7)]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York"]),
)
def test_a_moment_lies_between_the_latest_and_the_next(
    hour: int, minute: int, weekday: int | None, at: datetime, zone: str
) -> None:
    schedule, place = Schedule(hour, minute, weekday), ZoneInfo(zone)
    now = at.replace(tzinfo=UTC)
    latest, following = schedule.latest(now, place), schedule.next(now, place)
    assert latest <= now < following
    longest = timedelta(days=1 if weekday is None else 7, hours=2)
    assert following.astimezone(UTC) - latest.astimezone(UTC) <= longest
    assert weekday in (None, latest.weekday())


def test_every_job_can_be_loaded_and_has_a_title_in_both_languages() -> None:
    for job in JOBS.values():
        assert callable(job.load())
        assert set(job.titles) == {"ko", "en"}
    with pytest.raises(JobError, match="there is no job called nope"):
        job_called("nope")


def test_of_many_who_try_at_once_one_does_it(database: Database) -> None:
    claims = []
    begin = threading.Barrier(6)

    def attempt() -> None:
        begin.wait()
        claims.append(JobRuns(database).claim("mine", NOW))

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in claims) == 1


def test_a_moment_that_was_done_is_not_done_again(database: Database) -> None:
    runs = JobRuns(database, now=Clock())
    claim = runs.claim("mine", NOW)
    assert claim is not None
    assert runs.finish(claim, {"clusters": 3})
    assert runs.claim("mine", NOW) is None
    assert runs.claim("mine", NOW + timedelta(days=1)) is not None
    assert runs.last_due("mine") == NOW


def test_the_run_of_a_process_that_died_is_taken_up_again_a_few_times(database: Database) -> None:
    clock = Clock()
    runs = JobRuns(database, now=clock)
    first = runs.claim("mine", NOW)
    assert first is not None
    for _ in range(MOST_ATTEMPTS - 1):
        assert runs.claim("mine", NOW) is None
        clock.now += LEASE + timedelta(seconds=1)
        assert runs.claim("mine", NOW) is not None
    clock.now += LEASE + timedelta(seconds=1)
    assert runs.claim("mine", NOW) is None
    (run,) = runs.latest()
    assert (run.state, run.attempts) == ("lost", MOST_ATTEMPTS)
    assert runs.last_due("mine") == NOW
    # Who comes back from the dead has no say any more.
    assert not runs.renew(first)
    assert not runs.finish(first, {})


def test_a_lock_that_is_renewed_holds(database: Database) -> None:
    clock = Clock()
    runs = JobRuns(database, now=clock)
    claim = runs.claim("mine", NOW)
    assert claim is not None
    for _ in range(5):
        clock.now += LEASE * 0.9
        assert runs.renew(claim)
    assert runs.claim("mine", NOW) is None


def good(place: object) -> dict[str, int]:
    return {"done": 1}


def bad(place: object) -> dict[str, int]:
    raise ZeroDivisionError


def test_what_a_job_did_and_what_went_wrong_is_on_record(database: Database, tmp_path: Path) -> None:
    configuration = Configuration(var=tmp_path)

    def job(name: str) -> Job:
        return Job(name, {}, Schedule(3), f"{__name__}:{name}")

    done = run_job(_here(job("good"), good), configuration, database, NOW)
    assert done is not None
    assert (done.state, done.result, done.error) == ("done", {"done": 1}, "")
    failed = run_job(_here(job("bad"), bad), configuration, database, NOW)
    assert failed is not None
    assert failed.state == "failed"
    assert "ZeroDivisionError" in failed.error
    assert {run.name for run in JobRuns(database).latest()} == {"good", "bad"}


def _here(job: Job, work: object) -> Job:
    """The job with this function as its work."""
    object.__setattr__(job, "load", lambda: work)
    return job


def test_what_is_due_is_done_once_and_not_long_after_its_time(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    scheduler = Scheduler(Configuration(var=tmp_path), database, now=clock)
    # 05:00: the night's work is due; the report of the week comes at seven.
    assert {job.name for job, _ in scheduler.due()} == {"expire", "mine", "train"} & set(JOBS)
    runs = JobRuns(database, now=clock)
    for job, at in scheduler.due():
        claim = runs.claim(job.name, at)
        assert claim is not None
        runs.finish(claim)
    assert scheduler.due() == []
    clock.now += timedelta(hours=3)
    assert [job.name for job, _ in scheduler.due()] == ["report"]
    clock.now += LATEST
    assert scheduler.due() == []


def test_celery_does_the_same_jobs_at_the_same_times_and_each_once(database: Database, tmp_path: Path) -> None:
    pytest.importorskip("celery")
    from voicebot.learning.jobs.celery_app import TASK, celery_app

    with pytest.raises(ConfigurationError, match="celery_broker_url"):
        celery_app(Configuration(var=tmp_path))
    url = f"sqlite:///{tmp_path}/history.db"
    configuration = Configuration(var=tmp_path, celery_broker_url=SecretStr("memory://"), database_url=SecretStr(url))
    app = celery_app(configuration)
    schedule = app.conf.beat_schedule
    assert set(schedule) == set(JOBS)
    assert schedule["report"]["schedule"].day_of_week == {1}
    app.conf.task_always_eager = True
    first = app.tasks[TASK].delay("expire").get()
    assert first["state"] == "done"
    assert app.tasks[TASK].delay("expire").get() is None
