"""`voicebot train`: from content, labels and suggestions to a new version, evaluated beside the one that runs."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.learning.training import Result


@app.command()
def train(
    pack: Annotated[str, typer.Option(help="Name or folder of the pack; the configured one by default.")] = "",
    since: Annotated[
        str, typer.Option(help="Learn only from labels given from then on: 2026-11-01, or 30d for days ago.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why: whoever approves the version reads it.")] = "",
    author: Annotated[str, typer.Option("--as", help="Who makes it, and so may not approve it.")] = "",
    seed: Annotated[int, typer.Option(help="The same inputs and seed give the same version.")] = 0,
    encoder: Annotated[
        str, typer.Option(help="Encoder to train with; the configured one by default, `none` for n-grams alone.")
    ] = "",
    fine_tune: Annotated[
        str, typer.Option(help="Fine-tune this encoder of transformers, a folder or a name in the local cache.")
    ] = "",
    epochs: Annotated[int, typer.Option(help="Epochs of fine-tuning at most.", min=1, max=100)] = 5,
    calls: Annotated[int, typer.Option(help="Simulated calls a language in the evaluation.", min=20)] = 300,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train and evaluate; keep nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a version out of content, approved labels and accepted suggestions; tell how good it is."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.cli import periods
    from voicebot.cli.database import opened
    from voicebot.learning.training import FineTuning, Running, gather, register
    from voicebot.learning.training import train as make
    from voicebot.loading import open_encoder, open_pack
    from voicebot.store.versions.registry import Versions

    configuration = config.load(pack=pack or None, encoder={"": None, "none": ""}.get(encoder, encoder))
    from_then = periods.since(since, ZoneInfo(configuration.time_zone), datetime.now(UTC))
    content = open_pack(configuration)
    database = opened(configuration)
    versions = Versions(database, configuration.var)
    active = versions.serving(content.name).active
    running = Running(active, versions.folder(active)) if active else None
    by = author or getuser()
    with _progress(quiet=as_json) as progress, tempfile.TemporaryDirectory(dir=_scratch(configuration.var)) as into:
        result = make(
            content.folder.parent,
            content.name,
            gather(database, content.name),
            into=Path(into),
            var=configuration.var,
            author=by,
            reason=reason,
            seed=seed,
            running=running,
            encoder=open_encoder(configuration),
            fine_tuning=FineTuning(fine_tune, epochs) if fine_tune else None,
            since=from_then,
            calls=calls,
            progress=progress,
        )
        known = versions.find(result.id)
        if not dry_run and known is None:
            register(result, versions, by)
    state = f"{known.state} already" if known is not None else "dry run" if dry_run else "evaluated"
    if as_json:
        found = {"version": result.id, "state": state, "evaluation": result.evaluation, "measured": result.measured}
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_in_words(result, state))


def _scratch(var: Path) -> Path:
    """On the same file system as what is kept: a version may be large."""
    folder = var / "training"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """What is being done and for how long, on standard error where somebody watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda _what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("beginning", total=None)
        yield lambda what: shown.update(task, description=what)


def _in_words(result: Result, state: str) -> str:
    evaluation = result.evaluation
    counts, gate = evaluation["data"]["counts"], evaluation["gate"]
    lines = [
        f"version {result.id} ({state}): {counts['new_sentences_of_labels']} new sentences of {counts['labels']} "
        f"labels, {counts['suggestions']} suggestions; {counts['held_out']} labels held out"
    ]
    lines += [f"  set aside: {count} {why}" for why, count in counts["set_aside"].items()]
    lines.append(f"  held-out labels: {_difference(evaluation['labels'])}")
    for language, one in evaluation["simulated"]["languages"].items():
        lines.append(f"  simulated callers, {language}: {_difference(one)}")
    tests = evaluation["tests"]
    lines.append(f"  test dialogues: {tests['after']}, newly failing: {len(tests['newly_failing'])}")
    lines.append(f"  gate: {'passed' if gate['passed'] else 'not passed'}")
    lines += [f"    {one}" for one in gate["reasons"]]
    lines += [f"  can't be told: {one}" for one in gate["unknown"]]
    return "\n".join(lines) + "\n"


def _difference(one: dict[str, Any]) -> str:
    if not one["after"]["of"]:
        return "none"
    low, high = one["interval"]
    return (
        f"{one['before']['value']:.1%} -> {one['after']['value']:.1%} of {one['after']['of']}, "
        f"difference {100 * one['difference']:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    )
