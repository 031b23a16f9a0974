"""`voicebot privacy find|forget|expire|redact`: what is kept of a person, and what is deleted."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.data_subject import DataSubjects, Kept

privacy = typer.Typer(no_args_is_help=True, help="Personal data: find, forget, expire, redact.")
app.add_typer(privacy, name="privacy")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[str, typer.Argument(help="A telephone number, as +821012345678 or 010-1234-5678.")]


@privacy.command()
def find(number: Number, as_json: AsJson = False) -> None:
    """Tell what is kept of a number; exit status 1 where that is nothing."""
    from voicebot import config

    kept = _subjects(config.load()).find(_full(number))
    _tell(kept, "kept", as_json)


@privacy.command()
def forget(number: Number, as_json: AsJson = False) -> None:
    """Delete what is kept of a number; exit status 1 where that is nothing."""
    from voicebot import config

    kept = _subjects(config.load()).forget(_full(number))
    _tell(kept, "deleted", as_json)


@privacy.command()
def expire(as_json: AsJson = False) -> None:
    """Delete what is past its time now: words, calls, recordings, messages, profiles, drafts, reports.

    The service does so daily.
    """
    from datetime import UTC, datetime, timedelta

    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.learning.jobs import work
    from voicebot.learning.jobs.declared import Workplace
    from voicebot.store import call_log, mined_embeddings
    from voicebot.store.history.expiry import expire as expire_history

    configuration = config.load()
    subjects = _subjects(configuration)
    now = datetime.now(UTC)
    words = now - timedelta(days=configuration.transcript_days)
    database = opened(configuration)
    history = expire_history(
        database,
        now,
        words_days=configuration.transcript_days,
        calls_days=configuration.history_days,
        audit_days=configuration.audit_days,
    )
    gone = {
        "recordings": subjects.recordings.expire((now - timedelta(days=configuration.recording_days)).date()),
        "stored_call_days": call_log.expire(subjects.calls, words.date()),
        "voicemails": subjects.voicemails.expire(words),
        "callbacks": subjects.callbacks.expire(words),
        "profiles": subjects.profiles.expire(),
        "history_words": history.words,
        "history_calls": history.calls,
        "audit": history.audit,
        "mined_embeddings": int(mined_embeddings.expire(configuration.var, words)),
        **{f"old_{what}": count for what, count in work.expire(Workplace(configuration, database, now)).items()},
    }
    text = "\n".join(f"{name:<17} {count} deleted" for name, count in gone.items())
    sys.stdout.write((json.dumps(gone) if as_json else text) + "\n")


@privacy.command()
def redact(
    text: Annotated[str, typer.Argument(help="What somebody says.")],
    language: Annotated[str, typer.Option(help="Language: ko or en.")] = "ko",
    as_json: AsJson = False,
) -> None:
    """Show a text as it would be stored."""
    from voicebot.privacy.redactor import find as found_in
    from voicebot.privacy.redactor import redact as redacted

    kept = redacted(text, language)
    result = {"text": kept, "found": [asdict(one) for one in found_in(text, language)]}
    sys.stdout.write((json.dumps(result, ensure_ascii=False) if as_json else kept) + "\n")


def _full(number: str) -> str:
    import re

    from voicebot.errors import VoicebotError
    from voicebot.nlu.entities.phones import phone_number

    full = phone_number(re.sub(r"[\s().-]", "", number))
    if full is None:
        raise VoicebotError(f"{number!r} is no telephone number; write it as +821012345678 or 010-1234-5678.")
    return full


def _subjects(configuration: Configuration) -> DataSubjects:
    from voicebot.cli.database import opened
    from voicebot.loading import open_sealer
    from voicebot.sharing import open_callbacks, open_profiles, open_voicemails
    from voicebot.store.call_recordings import CallRecordings
    from voicebot.store.data_subject import DataSubjects

    var, database = configuration.var, opened(configuration)
    return DataSubjects(
        open_profiles(configuration, database),
        database,
        var / "calls",
        CallRecordings(var / "recordings", open_sealer(configuration)),
        open_voicemails(configuration, database),
        open_callbacks(configuration, database),
        var,
    )


def _tell(kept: Kept, what: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({what: asdict(kept)}, ensure_ascii=False, indent=2) + "\n")
    elif kept.is_nothing:
        sys.stdout.write("nothing is kept of that number\n")
    else:
        sys.stdout.write(f"profile       {what if kept.profile is not None else 'none'}\n")
        for name in ("calls", "stored_calls", "recordings", "callbacks", "voicemails"):
            found = getattr(kept, name)
            sys.stdout.write(f"{name:<13} {len(found)} {what}{': ' + ', '.join(found) if found else ''}\n")
        if kept.voicemails:
            sys.stdout.write("The sound of voicemails stands with Twilio: delete those recordings there.\n")
    if kept.is_nothing:
        raise typer.Exit(1)
