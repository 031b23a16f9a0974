"""`voicebot jobs list|run`: work that is done by itself."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from voicebot.cli import app

jobs = typer.Typer(no_args_is_help=True, help="Scheduled work: list, run.")
app.add_typer(jobs, name="jobs")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@jobs.command("list")
def list_jobs(
    runs: Annotated[int, typer.Option(help="Show so many of the latest runs.", min=0, max=1000)] = 10,
    as_json: AsJson = False,
) -> None:
    """List the jobs, when each is due next, and the latest runs."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.learning.jobs.declared import JOBS
    from voicebot.store.jobs.runs import JobRuns

    configuration = config.load()
    zone, now = ZoneInfo(configuration.time_zone), datetime.now(UTC)
    by = "service" if configuration.jobs else "nobody"
    if configuration.celery_broker_url.get_secret_value():
        by = "celery"
    declared = [
        {"name": job.name, "schedule": str(job.schedule), "next": job.schedule.next(now, zone).isoformat()}
        for job in JOBS.values()
    ]
    latest = JobRuns(opened(configuration)).latest(runs) if runs else []
    if as_json:
        _json({"by": by, "time_zone": configuration.time_zone, "jobs": declared, "runs": [r.to_json() for r in latest]})
        return
    told = {"celery": "Celery", "service": "voicebot serve", "nobody": "nobody: the setting jobs is off"}[by]
    sys.stdout.write(f"done by {told}, times of {configuration.time_zone}\n")
    for job in declared:
        sys.stdout.write(f"{job['name']:<8} {job['schedule']:<12} next {job['next'][:16].replace('T', ' ')}\n")
    for run in latest:
        began = run.began.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        sys.stdout.write(f"{began} {run.name:<8} {run.state:<8} {run.error or json.dumps(dict(run.result))}\n")


@jobs.command("run")
def run_now(
    name: Annotated[str, typer.Argument(help="Name of the job; `voicebot jobs list` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Do a job here and now; exit status 1 where it fails, or is being done elsewhere."""
    from datetime import UTC, datetime

    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.errors import VoicebotError
    from voicebot.learning.jobs.declared import job_called
    from voicebot.learning.jobs.running import run_job
    from voicebot.logs import set_up

    job = job_called(name)
    configuration = config.load()
    set_up(configuration)
    run = run_job(job, configuration, opened(configuration), datetime.now(UTC), "command line")
    if run is None:
        sys.stderr.write(f"voicebot: the job {name} is being done by another process; wait until it is over.\n")
        raise typer.Exit(1)
    if as_json:
        _json(run.to_json())
    elif run.error:
        sys.stderr.write(f"voicebot: {VoicebotError(run.error)}\n")
    else:
        sys.stdout.write(f"{name}: {json.dumps(dict(run.result), ensure_ascii=False)}\n")
    raise typer.Exit(1 if run.error else 0)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
