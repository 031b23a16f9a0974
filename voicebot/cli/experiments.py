"""`voicebot experiments list|show|start|stop|decide`: variants of what the bot says, and which is best."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.analytics.experiments.assessment import Assessment
    from voicebot.analytics.experiments.runs import Run
    from voicebot.dialogue.pack import Pack
    from voicebot.store.history.database import Database

experiments = typer.Typer(no_args_is_help=True, help="Experiments: list, show, start, stop, decide.")
app.add_typer(experiments, name="experiments")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="As experiments.yaml calls it.", metavar="NAME")]
PackName = Annotated[str, typer.Option("--pack", help="By default the configured one.")]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.")]
_WHO = "command line"


class _Decision(StrEnum):
    ADOPT = "adopt"
    KEEP = "keep"
    GO_ON = "go-on"


@experiments.command("list")
def list_experiments(pack: PackName = "", as_json: AsJson = False) -> None:
    """List the pack's experiments, and how each stands."""
    from voicebot.analytics.experiments.runs import Runs

    database, content = _opened(pack)
    latest: dict[str, Run] = {}
    for run in Runs(database).all(content.name):
        latest.setdefault(run.design.name, run)
    found = []
    for name in dict.fromkeys([*content.experiments, *latest]):
        known = content.experiments.get(name)
        design = known.design if known else latest[name].design
        state = latest[name].state if name in latest else "not started"
        found.append({"name": name, "state": state, "metric": design.metric, "variants": list(design.weights)})
    if as_json:
        _json(found)
        return
    for one in found:
        sys.stdout.write(f"{one['state']:<11} {one['name']}: {one['metric']}; {', '.join(one['variants'])}\n")
    if not found:
        sys.stdout.write(f"no experiments; {content.folder / 'experiments.yaml'} defines them (docs/experiments.md)\n")


@experiments.command()
def show(name: Name, pack: PackName = "", as_json: AsJson = False) -> None:
    """Show what an experiment found so far, with intervals that hold whenever they are looked at."""
    from voicebot.analytics.experiments.outcomes import assessed

    database, content = _opened(pack)
    run = _latest(database, content, name)
    found = assessed(database, run)
    if as_json:
        _json(as_data(run, found))
    else:
        _print(run, found)


@experiments.command()
def start(name: Name, pack: PackName = "", as_json: AsJson = False) -> None:
    """Give callers its variants, from now on; services do so within seconds."""
    from datetime import UTC, datetime

    from voicebot.analytics.experiments import outcomes
    from voicebot.analytics.experiments.runs import ExperimentError

    database, content = _opened(pack)
    if name not in content.experiments:
        known = ", ".join(content.experiments) or "none"
        raise ExperimentError(f"{content.name} has no experiment {name}; experiments.yaml has: {known}.")
    run = outcomes.start(database, content.experiments[name].design, _WHO, datetime.now(UTC))
    if as_json:
        _json({"name": name, "state": run.state, "planned": run.planned})
    else:
        sys.stdout.write(f"{name} is running; {run.planned:,} callers at most are needed\n")


@experiments.command()
def stop(name: Name, pack: PackName = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Give all callers the content as it is again; exit status 1 where it does not run."""
    from voicebot.analytics.experiments.runs import Runs

    database, content = _opened(pack)
    stopped = Runs(database).stop(_latest(database, content, name), _WHO, reason)
    if as_json:
        _json({"name": name, "stopped": stopped})
    else:
        sys.stdout.write(f"{name} {'is stopped' if stopped else 'is not running'}\n")
    if not stopped:
        raise typer.Exit(1)


@experiments.command()
def decide(
    name: Name,
    decision: Annotated[_Decision, typer.Argument(help="Adopt a variant, keep the content as it is, or go on.")],
    variant: Annotated[str, typer.Option(help="Which is adopted.")] = "",
    pack: PackName = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Put down what becomes of it, and tell what an editor is to change."""
    from voicebot.analytics.experiments.runs import Runs

    database, content = _opened(pack)
    chosen = {"adopt": "adopt", "keep": "keep", "go-on": "go_on"}[decision.value]
    Runs(database).decide(_latest(database, content, name), _WHO, chosen, variant, reason)  # type: ignore[arg-type]
    known = content.experiments.get(name)
    changes = known.overrides[variant].summary if chosen == "adopt" and known and variant in known.overrides else ()
    if as_json:
        _json({"name": name, "decision": chosen, "variant": variant, "changes": [list(change) for change in changes]})
        return
    sys.stdout.write(f"{name}: {decision.value} {variant}".rstrip() + "\n")
    for file, what, *wordings in changes:
        sys.stdout.write(f"  in {content.folder / file}, {what}:\n")
        sys.stdout.writelines(f"    - {wording}\n" for wording in wordings or ["as the variant's flows has it"])
    if changes:
        sys.stdout.write(f"  then take {name} out of {content.folder / 'experiments.yaml'}\n")


def as_data(run: Run, found: Assessment) -> dict[str, Any]:
    """A run and what it found, as JSON has it."""
    from dataclasses import asdict

    from voicebot.analytics.experiments.wording import status

    return {
        "name": run.design.name,
        "pack": run.design.pack,
        "state": run.state,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "decision": run.decision,
        "chosen": run.chosen,
        "status": {"ko": status(found, run, "ko"), "en": status(found, run, "en")},
        **asdict(found),
    }


def _opened(pack: str) -> tuple[Database, Pack]:
    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.dialogue.pack import load_pack
    from voicebot.loading import content_folder

    configuration = config.load()
    content = load_pack(content_folder(configuration), pack or configuration.pack)
    return opened(configuration), content


def _latest(database: Database, content: Pack, name: str) -> Run:
    from voicebot.analytics.experiments.runs import ExperimentError, Runs

    run = Runs(database).latest(content.name, name)
    if run is None:
        raise ExperimentError(f"{name} was never started; `voicebot experiments list` tells what there is.")
    return run


def _print(run: Run, found: Assessment) -> None:
    from rich.console import Console
    from rich.table import Table

    from voicebot.analytics.experiments.design import METRICS
    from voicebot.analytics.experiments.wording import interval, metric_title, status, value

    sys.stdout.write(f"{run.design.name} ({run.state}): {run.design.hypothesis.get('en', '')}\n")
    sys.stdout.write(status(found, run, "en") + "\n")
    table = Table(box=None, pad_edge=False)
    for column in ("variant", "calls", "callers", *(metric_title(metric, "en") for metric in METRICS)):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for name, figures in found.figures.items():
        shown = []
        for metric in METRICS:
            sample, effect = figures.samples[metric], found.effects.get(name, {}).get(metric)
            mean = value(metric, sample.mean, "en") if sample.number else "-"
            shown.append(f"{mean} ({interval(metric, effect, 'en')})" if effect else mean)
        table.add_row(name, f"{figures.calls:,}", f"{figures.callers:,}", *shown)
    Console(width=max(Console().width, 120)).print(table)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
