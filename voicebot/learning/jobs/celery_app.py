"""The same jobs done by Celery: `celery -A voicebot.learning.jobs.celery_app worker --beat`.

Beat sends what is due, by the same declarations; workers do it. A task that is delivered twice, or sent by two beats,
is done once: the database says who does it. Needs `pip install 'voicebot[celery]'` and the setting celery_broker_url.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab

from voicebot.config import Configuration, ConfigurationError, load
from voicebot.learning.jobs.declared import JOBS, job_called
from voicebot.learning.jobs.running import run_job
from voicebot.store.history.database import open_database

TASK = "voicebot.job"


def celery_app(configuration: Configuration) -> Celery:
    """The application for this configuration. Raises ConfigurationError where no broker is named."""
    broker = configuration.celery_broker_url.get_secret_value()
    if not broker:
        raise ConfigurationError("Celery needs a broker; set celery_broker_url, such as redis://127.0.0.1:6379/1.")
    app = Celery("voicebot", broker=broker)
    app.conf.update(
        timezone=configuration.time_zone,
        # A worker that is lost gives its task back; what was done already is not done again.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": 6 * 3600},
        beat_schedule_filename=str(configuration.var / "celerybeat-schedule"),
        beat_schedule={
            job.name: {"task": TASK, "schedule": crontab(**job.schedule.cron), "args": (job.name,)}
            for job in JOBS.values()
        },
    )

    def do(name: str) -> dict[str, Any] | None:
        """The job's latest due moment; nothing where that was done."""
        job = job_called(name)
        database = open_database(configuration.database_url.get_secret_value(), configuration.var)
        try:
            database.migrate()
            due = job.schedule.latest(datetime.now(UTC), ZoneInfo(configuration.time_zone))
            run = run_job(job, configuration, database, due)
            return run.to_json() if run is not None else None
        finally:
            database.close()

    app.task(name=TASK, shared=False)(do)
    return app


def __getattr__(name: str) -> Celery:
    """`app`, which the command `celery` asks for, is made of this process's configuration."""
    if name in ("app", "celery"):
        return celery_app(load())
    raise AttributeError(name)
