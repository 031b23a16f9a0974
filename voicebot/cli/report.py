"""`voicebot report`: the weekly report, as a file."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError


class _Format(StrEnum):
    HTML = "html"
    PDF = "pdf"


class _Language(StrEnum):
    KO = "ko"
    EN = "en"


@app.command()
def report(
    week: Annotated[str, typer.Option(help="ISO week, such as 2026-W47; by default the last that is over.")] = "",
    pack: Annotated[str, typer.Option(help="Calls of this pack; by default the configured one.")] = "",
    language: Annotated[_Language | None, typer.Option(help="Language; by default the configured one.")] = None,
    file_format: Annotated[_Format, typer.Option("--format", help="What to make.")] = _Format.HTML,
    out: Annotated[Path | None, typer.Option(help="File to write, or the folder for it; by default here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the report of a week, and keep it for the page Reports too: docs/reports.md."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.learning.reporting import making
    from voicebot.learning.reporting.week import Week

    configuration = config.load()
    zone = ZoneInfo(configuration.time_zone)
    wanted = Week.read(week) if week else Week.last_before(datetime.now(UTC), zone)
    spoken = language.value if language else configuration.language
    of = making.pack_of(configuration, pack)
    (made,) = making.make(opened(configuration), configuration, of, wanted, (spoken,), (file_format.value,))
    path = out / made.file if out is not None and out.is_dir() else out or Path(made.file)
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise VoicebotError(f"{path}: can't be written ({error.strerror}); choose another file with --out.") from None
    if as_json:
        told = {"week": str(wanted), "pack": of.name, "language": spoken, "format": made.format, "file": str(path)}
        sys.stdout.write(json.dumps(told | {"headline": made.headline}, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(f"{made.headline}\n{path}\n")
