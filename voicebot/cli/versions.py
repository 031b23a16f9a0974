"""`voicebot versions`: what callers get, since when and who said so; make, approve, share, activate, roll back."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.history.database import Database
    from voicebot.store.versions import Version, Versions

versions = typer.Typer(
    no_args_is_help=True,
    help="Versions of content and models: list, show, make, add, evaluate, approve, shadow, share, activate, withdraw, "
    "rollback, retire, diff.",
)
app.add_typer(versions, name="versions")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Id = Annotated[str, typer.Argument(help="The version's id, or its first four digits or more.", metavar="VERSION")]
PackName = Annotated[str, typer.Option("--pack", help="By default the configured one.")]
By = Annotated[str, typer.Option("--by", help="Who does it; by default the user of the operating system.")]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.")]


@versions.command("list")
def list_versions(
    every: Annotated[bool, typer.Option("--all", help="Of all packs.")] = False,
    pack: PackName = "",
    as_json: AsJson = False,
) -> None:
    """List versions, the newest first."""
    configuration, _, registry = _opened()
    found = registry.all("" if every else pack or _pack(configuration))
    if as_json:
        _json([_row(one) for one in found])
        return
    for one in found:
        gate = "" if one.evaluation is None else "  gate passed" if one.gate_passed else "  gate failed"
        share = f" {one.share:.0%}" if one.share is not None else ""
        sys.stdout.write(f"{one.id}  {one.pack:<6} {one.state + share:<11} {one.author:<12} {one.reason}{gate}\n")
    if not any(one.state == "active" for one in found):
        sys.stdout.write("callers get the content as installed\n")


@versions.command()
def show(version: Id, as_json: AsJson = False) -> None:
    """Show one version: where it comes from, how good it is, and what was done to it."""
    from voicebot.store.versions.shadows import ShadowBook

    _, database, registry = _opened()
    one = registry.get(version)
    changes, agreement = registry.changes(one.id), ShadowBook(database).agreement(one.id)
    guard = registry.guard(one.id)
    if as_json:
        told = {"manifest": dict(one.manifest), "evaluation": one.evaluation, "guard": guard}
        history = [{**asdict(change), "at": change.at.isoformat()} for change in changes]
        _json({**_row(one), **told, "changes": history, "shadow": [asdict(found) for found in agreement]})
        return
    lines = [
        f"{one.id} of {one.pack}: {one.state}{f' {one.share:.0%}' if one.share is not None else ''}",
        f"made by {one.author} on {one.made:%Y-%m-%d %H:%M}: {one.reason}",
        f"from {one.parent or 'the content as installed'}; {len(one.manifest['files'])} files, {one.size / 1e6:.1f} MB",
        f"approved by {one.approved_by}" if one.approved_by else "not approved",
    ]
    if one.evaluation is not None:
        lines.append("gate: passed" if one.gate_passed else "gate: failed")
        lines += [f"  {reason}" for reason in one.gate_reasons]
    for found in agreement:
        rate = f"{found.rate:.1%}" if found.rate is not None else "nothing yet"
        lines.append(f"shadow, {found.language}: agrees in {rate} of {found.turns} turns, {found.crashed} crashes")
    if guard:
        lines.append(f"guard: evidence {guard['evidence']:.2f} after {guard['shared_calls']} calls; it acts at 20")
    for change in changes:
        why = f": {change.reason}" if change.reason else ""
        lines.append(f"{change.at:%Y-%m-%d %H:%M} {change.by}: {change.action} -> {change.after}{why}")
    sys.stdout.write("\n".join(lines) + "\n")


@versions.command()
def make(
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")],
    reason: Annotated[str, typer.Option(help="Why it is made.")],
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; the configured one by default.")] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make a bundle of the content as it stands, without anything learnt. `voicebot train` makes one that learnt."""
    from voicebot import config
    from voicebot.editions.plain import make_plain

    found = make_plain(config.load(pack=pack), folder, author=_who(by), reason=reason)
    if as_json:
        _json({"id": found.id, "folder": str(folder), "files": len(found.manifest.files), "size": found.size})
    else:
        sys.stdout.write(f"{found.id} in {folder}; `voicebot versions add {folder}` takes it in\n")


@versions.command()
def add(
    folder: Annotated[Path, typer.Argument(help="A bundle, as `voicebot train` and `voicebot versions make` write.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take in a bundle, so that every host has it. It is a draft then."""
    _, _, registry = _opened()
    _tell(registry.add(folder, _who(by)), as_json)


@versions.command()
def evaluate(
    version: Id,
    file: Annotated[Path | None, typer.Option(help="An evaluation.json; by default the bundle's own.")] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Put down how good it is; exit status 1 where the gate does not let it pass."""
    from voicebot.store.versions import bundle

    _, _, registry = _opened()
    found = None
    if file is not None:
        found = bundle.read_json(file.parent, file.name)
        if found is None:
            raise bundle.BundleError(f"there is no file {file}; name an evaluation.json.")
    one = registry.evaluate(registry.get(version).id, _who(by), found)
    _tell(one, as_json)
    raise typer.Exit(0 if one.gate_passed else 1)


@versions.command()
def approve(version: Id, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Let it serve callers. Another person than its author must do it."""
    _, _, registry = _opened()
    _tell(registry.approve(version, _who(by), reason), as_json)


@versions.command()
def shadow(version: Id, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Let it understand beside the active version, unheard."""
    _, _, registry = _opened()
    _tell(registry.shadow(version, _who(by), reason), as_json)


@versions.command()
def share(
    version: Id,
    of_callers: Annotated[float, typer.Argument(help="Share of callers, such as 0.1.", metavar="SHARE")],
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Give it to a share of callers. Its guard rolls it back where their calls go worse."""
    _, _, registry = _opened()
    _tell(registry.share(version, of_callers, _who(by), reason), as_json)


@versions.command()
def activate(version: Id, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Give it to all callers, from their next call on."""
    _, _, registry = _opened()
    _tell(registry.activate(version, _who(by), reason), as_json)


@versions.command()
def withdraw(version: Id, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Let it run as shadow or for a share of callers no more; it stays approved."""
    _, _, registry = _opened()
    _tell(registry.withdraw(version, _who(by), reason), as_json)


@versions.command()
def rollback(
    version: Annotated[
        str, typer.Argument(help="By default the shared version where there is one, else the active one.")
    ] = "",
    pack: PackName = "",
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Take a version out of service; what served before it serves again within seconds. No call is dropped."""
    configuration, _, registry = _opened()
    one = registry.get(version) if version else None
    of = one.pack if one else pack or _pack(configuration)
    _tell(registry.roll_back(of, _who(by), reason, version=one.id if one else ""), as_json)


@versions.command()
def retire(version: Id, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Use it no more."""
    _, _, registry = _opened()
    _tell(registry.retire(version, _who(by), reason), as_json)


@versions.command()
def diff(
    version: Id,
    other: Annotated[
        str, typer.Argument(help="An older version, or `installed`; by default what it was made from.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what is new in a version: lines of content, and figures of its evaluation."""
    from voicebot.editions.differences import differences

    configuration, _, registry = _opened()
    one = registry.get(version)
    named = other or one.parent or "installed"
    before = None if named == "installed" else registry.get(named)
    found = differences(registry, configuration, one, before)
    if as_json:
        _json(asdict(found))
        return
    for file in found.files:
        sys.stdout.write(f"{file.path}: {file.added} lines added, {file.removed} removed\n")
        sys.stdout.write("".join(f"    {line}\n" for line in file.lines))
    for figure in found.figures:
        sys.stdout.write(f"{figure.name}: {_number(figure.before)} -> {_number(figure.after)}\n")
    if not found.files and not found.figures:
        sys.stdout.write(f"{found.after} is the same as {found.before}\n")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _opened() -> tuple[Configuration, Database, Versions]:
    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.store.versions import Versions

    configuration = config.load()
    database = opened(configuration)
    return configuration, database, Versions(database, configuration.var)


def _pack(configuration: Configuration) -> str:
    return Path(configuration.pack).name


def _who(by: str) -> str:
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return ""


def _row(one: Version) -> dict[str, Any]:
    return {
        "id": one.id,
        "pack": one.pack,
        "state": one.state,
        "share": one.share,
        "parent": one.parent,
        "author": one.author,
        "reason": one.reason,
        "made": one.made.isoformat(),
        "added_by": one.added_by,
        "approved_by": one.approved_by,
        "changed": one.changed.isoformat(),
        "changed_by": one.changed_by,
        "gate": None if one.evaluation is None else {"passed": one.gate_passed, "reasons": list(one.gate_reasons)},
        "size": one.size,
    }


def _tell(one: Version, as_json: bool) -> None:
    if as_json:
        _json(_row(one))
        return
    share = f" for {one.share:.0%} of callers" if one.share is not None else ""
    sys.stdout.write(f"{one.id} of {one.pack} is {one.state}{share}\n")
    for reason in () if one.gate_passed else one.gate_reasons:
        sys.stdout.write(f"gate: {reason}\n")


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
