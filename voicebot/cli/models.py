"""`voicebot models`: which speech models are here, fetching them, checking them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from asr_models.catalogue import Model
    from asr_models.resolver import Found
    from voicebot.config import Configuration

models = typer.Typer(no_args_is_help=True, help="The speech models: list, install, verify.")
app.add_typer(models, name="models")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the known speech models and where they are on this machine."""
    from asr_models.catalogue import catalogue
    from voicebot.config import load

    configuration = load()
    rows = [_row(model, _find(model, configuration)) for model in catalogue().values()]
    if as_json:
        _print_json(rows)
        return
    _print_table(
        ["model", "for", "MB", "licence", "where"],
        [
            [
                row["name"],
                row["purpose"],
                str(row["bytes"] // 1_000_000),
                row["licence"],
                f"{row['source']}: {row['folder']}" if row["folder"] else row["install"],
            ]
            for row in rows
        ],
    )


@models.command()
def install(
    name: Annotated[str, typer.Argument(help="The model's name, as in `voicebot models list`.")],
    mirror: Annotated[
        str, typer.Option("--from", metavar="URL", help="Fetch the same file names from this address instead.")
    ] = "",
    sha256: Annotated[str, typer.Option(help="SHA-256 of the archive, for a model whose hash is not known.")] = "",
    trust_first_use: Annotated[
        bool, typer.Option(help="Accept what comes this once where no hash is known, and record its hashes.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Fetch it even if it is here already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a speech model from upstream; it goes on where a broken-off one stopped."""
    from asr_models.catalogue import model
    from asr_models.installation import Trust
    from asr_models.installation import install as install_model
    from asr_models.resolver import caches
    from voicebot.config import load

    if sha256 and (len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256.lower())):
        raise typer.BadParameter("a SHA-256 is 64 hexadecimal digits, as sha256sum prints it", param_hint="--sha256")
    wanted = model(name)
    if sha256 and len(wanted.downloads) > 1:
        raise typer.BadParameter(f"{name} comes as several files whose hashes are known", param_hint="--sha256")
    configuration = load()
    found = None if again else _find(wanted, configuration)
    if found is None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        ) as bar:
            task = bar.add_task(name, total=sum(download.size for download in wanted.downloads))
            found = install_model(
                wanted,
                caches(configuration.var)[0],
                trust=Trust(sha256.lower(), trust_first_use),
                mirror=mirror,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    if as_json:
        _print_json(_row(wanted, found))
    else:
        sys.stdout.write(f"{name} is in {found.folder}\n")


@models.command()
def verify(
    name: Annotated[str, typer.Argument(help="The model's name; without it, all that are here.")] = "",
    as_json: AsJson = False,
) -> None:
    """Compare the files of the models that are here with their recorded hashes; exit status 1 if any differ."""
    from asr_models.catalogue import catalogue, model
    from asr_models.installation import verify as verify_model
    from asr_models.resolver import resolve
    from voicebot.config import load

    configuration = load()
    if name:
        resolve(name, configuration.model_paths, configuration.var)
    wanted = [model(name)] if name else list(catalogue().values())
    rows: list[dict[str, Any]] = []
    for found in filter(None, (_find(one, configuration) for one in wanted)):
        result = verify_model(found)
        rows.append(
            _row(found.model, found)
            | {"ok": not result.wrong, "wrong": result.wrong, "basis": result.basis, "files": result.files}
        )
    if as_json:
        _print_json(rows)
    else:
        _print_table(
            ["model", "result", "compared with", "where"],
            [[row["name"], row["wrong"] or _well(row), row["basis"] or "nothing", row["folder"]] for row in rows],
        )
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


def _well(row: dict[str, Any]) -> str:
    return f"{row['files']} files are right" if row["files"] else "no hashes are known"


def _find(wanted: Model, configuration: Configuration) -> Found | None:
    from asr_models.resolver import find

    return find(wanted, configuration.model_paths, configuration.var)


def _row(model: Model, found: Found | None) -> dict[str, Any]:
    from asr_models.resolver import how_to_install

    return {
        "name": model.name,
        "purpose": model.purpose,
        "languages": list(model.languages),
        "licence": model.licence,
        "bytes": model.size,
        "source": found.source.value if found else None,
        "folder": str(found.folder) if found else None,
        "install": how_to_install(model).removeprefix("install it with: "),
    }


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print_table(heads: list[str], rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
