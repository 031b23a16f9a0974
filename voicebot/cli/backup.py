"""`voicebot backup` and `voicebot restore`: what the service keeps, as one file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli import app

_File = Annotated[Path, typer.Argument(help="The backup, such as /srv/backups/voicebot-2026-11-22.tar.gz.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def backup(
    file: _File,
    keys: Annotated[bool, typer.Option(help="Whether the keys under var are in it.")] = True,
    as_json: _AsJson = False,
) -> None:
    """Back up calls, accounts, profiles, recordings and keys into one file, while the service runs."""
    from voicebot import config
    from voicebot.store.backup import make

    configuration = config.load()
    contents = make(configuration.var, file, configuration.database_url.get_secret_value(), keys=keys)
    state = {"file": str(file), "files": len(contents.files), "bytes": contents.bytes, "made": contents.made}
    text = f"{file}: {len(contents.files)} files, {contents.bytes / 1e6:.1f} MB before packing"
    sys.stdout.write((json.dumps(state, ensure_ascii=False) if as_json else text) + "\n")


@app.command()
def restore(
    file: _File,
    check_only: Annotated[bool, typer.Option("--check", help="Only verify the backup, file by file.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Put aside what is there now.")] = False,
    as_json: _AsJson = False,
) -> None:
    """Put a backup back. The service must be stopped. A damaged backup changes nothing."""
    from voicebot import config
    from voicebot.store import backup as backups

    aside = None
    contents = backups.check(file)
    if not check_only:
        configuration = config.load()
        url = configuration.database_url.get_secret_value()
        aside = backups.restore(file, configuration.var, url, replace=replace)
    done = "is sound" if check_only else "restored"
    state = {"file": str(file), "made": contents.made, "files": len(contents.files), "aside": str(aside or "")}
    text = f"{file}: {done}; made {contents.made}, {len(contents.files)} files"
    if aside:
        text += f"\nwhat was there before is in {aside}"
    sys.stdout.write((json.dumps(state, ensure_ascii=False) if as_json else text) + "\n")
