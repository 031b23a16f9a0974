"""`voicebot database upgrade|status|expire`: the history's database."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.history.database import Database

database = typer.Typer(no_args_is_help=True, help="The database of calls: upgrade, status, expire.")
app.add_typer(database, name="database")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def opened(configuration: Configuration) -> Database:
    """The configured database, up to date. Raises DatabaseError."""
    from voicebot.store.history.database import open_database

    found = open_database(configuration.database_url.get_secret_value(), configuration.var)
    found.migrate()
    return found


@database.command("upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Make the tables, or bring them up to date. The service does so itself when it starts."""
    from voicebot import config

    found = opened(config.load())
    revision, _ = found.revisions()
    _tell({"database": found.shown, "revision": revision}, f"{found.shown} is up to date ({revision})", as_json)


@database.command("status")
def status(as_json: AsJson = False) -> None:
    """Where the database is, its schema, how much is in it, and what waits on disk for it."""
    from sqlalchemy import func, select

    from voicebot import config
    from voicebot.store.history.database import open_database
    from voicebot.store.history.tables import calls, stale_hours, turn_words, turns

    configuration = config.load()
    found = open_database(configuration.database_url.get_secret_value(), configuration.var)
    current, newest = found.revisions()
    state: dict[str, object] = {"database": found.shown, "revision": current, "newest": newest}
    if current:
        with found.reading() as connection:
            for table in (calls, turns, turn_words, stale_hours):
                state[table.name] = connection.execute(select(func.count()).select_from(table)).scalar_one()
    spool = configuration.var / "spool"
    state["spool_bytes"] = sum(path.stat().st_size for path in spool.glob("*.jsonl")) if spool.is_dir() else 0
    _tell(state, "\n".join(f"{name:<12} {value}" for name, value in state.items()), as_json)
    if current != newest:
        raise typer.Exit(1)


@database.command("expire")
def expire_now(as_json: AsJson = False) -> None:
    """Delete what is past its time now: words, calls, and the audit trail. The service does so daily."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from voicebot import config
    from voicebot.store.history.expiry import expire

    configuration = config.load()
    gone = expire(
        opened(configuration),
        datetime.now(UTC),
        words_days=configuration.transcript_days,
        calls_days=configuration.history_days,
        audit_days=configuration.audit_days,
    )
    text = f"words of {gone.words} calls, {gone.calls} calls and {gone.audit} audit entries deleted"
    _tell(asdict(gone), text, as_json)


def _tell(state: dict[str, object], text: str, as_json: bool) -> None:
    sys.stdout.write((json.dumps(state, ensure_ascii=False, indent=2) if as_json else text) + "\n")
