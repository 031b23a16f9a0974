"""`voicebot export`: the history as Parquet, CSV or JSON lines."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli import app
from voicebot.cli.periods import Since, Until


class _Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


@app.command("export")
def export_history(
    out: Annotated[Path, typer.Option(help="The folder to write to: one file a table.")],
    form: Annotated[_Format, typer.Option("--format", help="Of the files.")] = _Format.PARQUET,
    since: Since = "",
    until: Until = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the files and their rows as JSON.")] = False,
) -> None:
    """Write calls, turns, flows, hand-overs and ratings to files; words as far as they are kept."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.cli import periods
    from voicebot.cli.database import opened
    from voicebot.store.audit import AuditTrail
    from voicebot.store.history.export import export

    configuration = config.load()
    zone = ZoneInfo(configuration.time_zone)
    first, last = periods.since(since, zone, datetime.now(UTC)), periods.until(until, zone)
    database = opened(configuration)
    AuditTrail(database).put("command line", "export", details={"format": form.value, "since": since, "until": until})
    files = export(database, out, form.value, since=first, until=last)
    if as_json:
        sys.stdout.write(json.dumps({str(path): rows for path, rows in files.items()}, indent=2) + "\n")
        return
    for path, rows in files.items():
        sys.stdout.write(f"{path}  {rows} rows\n")
