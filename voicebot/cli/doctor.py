"""`voicebot doctor`: what is missing, and the command that mends it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from voicebot.cli import app


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Tell what is missing and the command that mends it; exit status 1 if calls can't be answered."""
    from voicebot.config import ConfigurationError, load
    from voicebot.doctor import Finding, Level, examine

    try:
        configuration = load()
        findings = [Finding("configuration", Level.OK, "valid"), *examine(configuration)]
    except ConfigurationError as error:
        # The other checks would look at settings that nobody chose.
        findings = [Finding("configuration", Level.ERROR, str(error), "change that setting")]
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2) + "\n")
    else:
        for finding in findings:
            remedy = f" -> {finding.remedy}" if finding.remedy else ""
            sys.stdout.write(f"{finding.level.value:8} {finding.name:16} {finding.what}{remedy}\n")
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)
