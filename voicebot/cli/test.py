"""`voicebot test`: run the packs' test dialogues."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from voicebot.dialogue.pack_tests import Result


@app.command("test")
def run_tests(
    packs: Annotated[list[str] | None, typer.Argument(help="Names or folders of packs; all packs by default.")] = None,
    match: Annotated[str, typer.Option("-k", help="Only test dialogues with this in their name.")] = "",
    junit: Annotated[Path | None, typer.Option(help="Write the results here as JUnit XML.")] = None,
    verbose: Annotated[bool, typer.Option("-v", help="Show the conversations that fail.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Hold every test dialogue of the packs; exit status 1 where one does not go as written."""
    from voicebot import config
    from voicebot.backends.registry import open_backend
    from voicebot.cli.progress import over
    from voicebot.dialogue.pack import find_packs
    from voicebot.dialogue.pack_tests import TODAY, find_cases, run_case
    from voicebot.loading import content_folder, open_dialogue, open_pack

    configuration = config.load()
    results: list[tuple[str, Result, float]] = []
    for name in packs or find_packs(content_folder(configuration)):
        pack = open_pack(configuration.model_copy(update={"pack": name}))
        dialogue = open_dialogue(pack, configuration.var)
        cases = [case for case in find_cases(pack) if match in case.dialogue.name]
        for case in over(cases, f"testing {pack.name}", quiet=as_json):
            began = time.perf_counter()
            backend = open_backend(pack.backend, pack.folder, today=lambda: TODAY)
            result = run_case(case, dialogue, backend)
            results.append((f"{pack.name}.{case.language}", result, time.perf_counter() - began))
    failed = [result for _, result, _ in results if result.failure]
    if junit is not None:
        _write_junit(junit, results)
    if as_json:
        listed = [{"name": r.case.dialogue.name, "place": r.case.place, "failure": r.failure} for _, r, _ in results]
        typer.echo(json.dumps({"passed": len(results) - len(failed), "failed": len(failed), "tests": listed}))
    else:
        for result in failed:
            typer.echo(f"FAILED {result.case.dialogue.name}: {result.failure}")
            if verbose:
                typer.echo("".join(f"    {line}\n" for line in result.transcript))
        typer.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


def _write_junit(path: Path, results: list[tuple[str, Result, float]]) -> None:
    failures = sum(bool(result.failure) for _, result, _ in results)
    root = ElementTree.Element("testsuite", name="voicebot", tests=str(len(results)), failures=str(failures))
    for suite, result, seconds in results:
        case = ElementTree.SubElement(
            root, "testcase", classname=suite, name=result.case.dialogue.name, time=f"{seconds:.3f}"
        )
        if result.failure:
            failure = ElementTree.SubElement(case, "failure", message=result.failure)
            failure.text = "\n".join(result.transcript)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise VoicebotError(f"{path}: can't be written ({error.strerror}); choose another place.") from None
