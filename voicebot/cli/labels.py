"""`voicebot labels list|export|import|agreement`: what people say that callers said and meant."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.history.database import Database

labels = typer.Typer(no_args_is_help=True, help="Labels of callers' turns: list, export, import, agreement.")
app.add_typer(labels, name="labels")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Pack = Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")]
OfState = Annotated[Literal["proposed", "approved", "refused"] | None, typer.Option(help="Only these.")]
_TOLD = 50
"""Lines with mistakes that are told at once."""


class LabelFileError(VoicebotError):
    """A file of labels that can't be taken."""


@labels.command("list")
def list_labels(pack: Pack = None, state: OfState = None, as_json: AsJson = False) -> None:
    """How many labels there are, what is learnt from and what is left out; with --json each of them too."""
    from voicebot.learning.labelling.accuracy import understood_rightly
    from voicebot.learning.labelling.checking import intents_of
    from voicebot.learning.labelling.lines import line_of
    from voicebot.loading import open_pack
    from voicebot.store.labels import Labels

    configuration, database = _opened(pack)
    content, kept = open_pack(configuration), Labels(database)
    found = kept.find(content.name, state=state)
    training = kept.approved(content.name, intents=intents_of(content))
    conflicts, right = kept.conflicts(content.name), understood_rightly(kept.find(content.name))
    summary = {
        **asdict(kept.counts(content.name)),
        "for_training": len(training),
        "left_out": training.reasons(),
        "conflicts": len(conflicts),
        "understood_rightly": {
            "value": round(right.value, 4) if right.total else None,
            "interval": [round(end, 4) for end in right.interval],
            "of": right.total,
        },
    }
    if as_json:
        _json({**summary, "items": [json.loads(line_of(label)) for label in found]})
        return
    lines = [
        f"{summary['labels']} labels of {summary['turns']} turns of {content.name}: {summary['approved']} approved, "
        f"{summary['proposed']} waiting, {summary['refused']} refused",
        f"for training: {len(training)}",
        *(f"  left out, {why}: {count}" for why, count in training.reasons().items()),
        f"contradictions to be decided: {len(conflicts)}",
        f"understood rightly, of {right.total} random turns: {right}" if right.total else "no random turn labelled yet",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


@labels.command("export")
def export_labels(
    pack: Pack = None,
    state: OfState = None,
    random_only: Annotated[bool, typer.Option("--random", help="Only of turns that chance chose.")] = False,
    to: Annotated[Path | None, typer.Option(help="Write here; by default to standard output.")] = None,
    as_json: AsJson = False,  # noqa: ARG001 - the lines are JSON anyway
) -> None:
    """Write labels as lines of JSON, with callers' words. That they were taken is put down."""
    from voicebot.learning.labelling.lines import line_of
    from voicebot.loading import open_pack
    from voicebot.store.audit import AuditTrail
    from voicebot.store.labels import Labels

    configuration, database = _opened(pack)
    name = open_pack(configuration).name
    found = Labels(database).find(name, state=state)
    lines = [line_of(label) for label in found if label.sample == "random" or not random_only]
    AuditTrail(database).put("command line", "export labels", subject=name, details={"labels": len(lines)})
    text = "".join(line + "\n" for line in lines)
    if to is None:
        sys.stdout.write(text)
        return
    try:
        with os.fdopen(os.open(to, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise LabelFileError(f"{to}: can't be written ({error.strerror}); choose another place.") from None


@labels.command("import")
def import_labels(
    file: Annotated[Path, typer.Argument(help="Lines of JSON, as `voicebot labels export` writes them.")],
    by: Annotated[str, typer.Option(help="Whose labels these are, where a line does not say `by`.")],
    pack: Pack = None,
    approved: Annotated[bool, typer.Option("--approved", help="They need nobody to agree.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take labels in: all of them, or none where a line is wrong; every wrong line is told."""
    from zoneinfo import ZoneInfo

    from voicebot.learning.labelling.checking import values_only
    from voicebot.learning.labelling.lines import read_lines
    from voicebot.loading import open_pack
    from voicebot.store.audit import AuditTrail
    from voicebot.store.labels import LabelError, Labels

    configuration, database = _opened(pack)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelFileError(f"{file}: can't be read as UTF-8 text ({type(error).__name__}); check the path.") from None
    dialogue = values_only(open_pack(configuration))
    read = read_lines(text, str(file), dialogue, database, ZoneInfo(configuration.time_zone))
    added = []
    problems = [*read.problems]
    if not problems:
        try:
            added = Labels(database).add_all(read.new, by=by, entitled=approved)
        except LabelError as error:
            problems.append(f"{file}, label {error.place + 1}: {error}")
    if problems:
        for problem in problems[:_TOLD]:
            sys.stderr.write(problem + "\n")
        more = f" ({len(problems) - _TOLD} more)" if len(problems) > _TOLD else ""
        raise LabelFileError(
            f"nothing was imported: {len(problems)} lines are wrong{more}; correct them and try again."
        )
    AuditTrail(database).put(
        "command line", "import labels", subject=dialogue.pack.name, details={"labels": len(added)}
    )
    states = {state: sum(label.state == state for label in added) for state in ("approved", "proposed")}
    if as_json:
        _json({"labels": len(added), **states})
    else:
        sys.stdout.write(f"{len(added)} labels: {states['approved']} approved, {states['proposed']} waiting\n")


@labels.command("agreement")
def agreement(pack: Pack = None, as_json: AsJson = False) -> None:
    """How far labellers agree: Krippendorff's alpha of all, Cohen's kappa of each pair, with 95 % intervals."""
    from voicebot.loading import open_pack
    from voicebot.store.labels import Labels

    configuration, database = _opened(pack)
    found = Labels(database).agreement(open_pack(configuration).name)
    if as_json:
        _json(asdict(found))
        return
    if found.alpha is None:
        sys.stdout.write(f"{found.turns} turns labelled by two people: too few, or all of one meaning\n")
        return
    alpha = found.alpha
    sys.stdout.write(
        f"alpha {alpha.value:.3f} ({alpha.low:.3f} to {alpha.high:.3f}), "
        f"{found.turns} turns labelled by two people, {found.same} alike\n"
    )
    for pair in found.pairs:
        kappa = pair.kappa
        told = f"{kappa.value:.3f} ({kappa.low:.3f} to {kappa.high:.3f})" if kappa else "not defined"
        sys.stdout.write(f"{pair.first}, {pair.second}: kappa {told}, {pair.turns} turns\n")


def _opened(pack: str | None) -> tuple[Configuration, Database]:
    from voicebot import config
    from voicebot.cli.database import opened

    configuration = config.load(pack=pack)
    return configuration, opened(configuration)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
