"""`voicebot check`: what is wrong with packs before anyone calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from voicebot.asr.segmentation import Segmenter
    from voicebot.config import Configuration
    from voicebot.nlu.encoder import Encoder


@app.command("check")
def check_packs(
    packs: Annotated[
        list[str] | None, typer.Argument(help="Packs by name or folder, or a folder of packs; all packs by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    schema: Annotated[
        Path | None, typer.Option(help="Write the JSON Schemas for editors into this folder, and check nothing.")
    ] = None,
) -> None:
    """Say what is wrong in the packs, by file and line; exit status 1 where anything is an error."""
    from voicebot import config
    from voicebot.cli.progress import over
    from voicebot.dialogue.checking import Finding, check_pack

    if schema is not None:
        from voicebot.dialogue.checking_schema import write_schemas

        for written in write_schemas(schema):
            typer.echo(str(written))
        return
    configuration = config.load()
    encoder, segmenters = _encoder(configuration), _segmenters(configuration)
    findings: list[Finding] = []
    chosen = _chosen(packs or [], configuration)
    for folder, name in over(chosen, "checking", quiet=as_json):
        findings += check_pack(folder, name, encoder=encoder, segmenters=segmenters)
    findings = sorted(set(findings))  # what is wrong in prompts/common is found with every pack
    errors = sum(found.level == "error" for found in findings)
    if as_json:
        listed = [asdict(found) for found in findings]
        totals = {"packs": [name for _, name in chosen], "errors": errors, "warnings": len(findings) - errors}
        typer.echo(json.dumps({**totals, "findings": listed}, ensure_ascii=False))
    else:
        for found in findings:
            place = f"{found.path}:{found.line}" if found.line else found.path
            remedy = f"; {found.remedy}" if found.remedy else ""
            typer.echo(f"{place}: {found.level}: {found.what}{remedy}. [{found.check}]")
        if not segmenters:
            typer.echo("Not checked: which sentences the recogniser can't hear (voicebot models install vosk-ko).")
        if encoder is None:
            typer.echo("Intents were compared by their wording only: no encoder is installed.")
        typer.echo(f"{len(chosen)} packs checked: {errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def _chosen(packs: list[str], configuration: Configuration) -> list[tuple[Path, str]]:
    """The content folder and the name of each pack that is meant."""
    from voicebot.dialogue.pack import find_packs
    from voicebot.loading import content_folder

    if not packs:
        folder = content_folder(configuration)
        return [(folder, name) for name in find_packs(folder)]
    chosen: list[tuple[Path, str]] = []
    for named in packs:
        path = Path(named)
        inside = find_packs(path) if path.is_dir() else []
        if inside:
            chosen += [(path, name) for name in inside]
        elif (path / "pack.yaml").is_file():
            chosen.append((path.resolve().parent if path.name in ("", "..") else path.parent, path.name))
        elif (content_folder(configuration) / named / "pack.yaml").is_file():
            chosen.append((content_folder(configuration), named))
        else:
            known = ", ".join(find_packs(content_folder(configuration)))
            raise VoicebotError(f"{named} is no pack and no folder of packs; packs are: {known}.")
    return chosen


def _encoder(configuration: Configuration) -> Encoder | None:
    from voicebot.nlu.encoder import CachedEncoder, EncoderError, load_encoder

    try:
        encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    except EncoderError:
        return None
    return CachedEncoder(encoder, configuration.var / "embeddings") if encoder else None


def _segmenters(configuration: Configuration) -> dict[str, Segmenter]:
    """One a language whose Vosk model is on this machine."""
    from asr_models import catalogue, resolver
    from voicebot.asr.segmentation import Segmenter
    from voicebot.asr.vosk_model import VoskModel

    made: dict[str, Segmenter] = {}
    for language, name in (("ko", "vosk-ko"), ("en", "vosk-en-small")):
        if found := resolver.find(catalogue.model(name), configuration.model_paths, configuration.var):
            made[language] = Segmenter(VoskModel(found.folder, language).words, language)
    return made
