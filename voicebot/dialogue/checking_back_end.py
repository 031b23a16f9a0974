"""Checks of what a pack's flows ask of the back end that its backend.yaml declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from voicebot.backends.declared import FILE, read_declaration
from voicebot.backends.rest_declaration import RestDeclaration
from voicebot.backends.sql_declaration import SqlDeclaration
from voicebot.dialogue import content
from voicebot.dialogue.checking_sources import Finding, Part, Place, Placed, as_finding
from voicebot.yaml_file import ContentError


def check_look_ups(folder: Path, flows: Part[content.FlowsFile], steps: Sequence[Placed]) -> Iterator[Finding]:
    """Requests that the declared back end doesn't know, or not like this."""
    path = folder / FILE
    if not path.is_file():
        return
    try:
        declaration = read_declaration(path)
    except ContentError as error:
        yield as_finding(error)
        return
    for location, step in steps:
        if isinstance(step, content.LookUp):
            yield from _look_up(flows, location, step, declaration)


def _look_up(
    flows: Part[content.FlowsFile],
    location: Place,
    step: content.LookUp,
    declaration: RestDeclaration | SqlDeclaration,
) -> Iterator[Finding]:
    operation = declaration.operations.get(step.look_up)
    if operation is None:
        yield flows.error(
            "unknown-look-up",
            location,
            f"{FILE} declares no operation {step.look_up}",
            f"write one of: {', '.join(sorted(declaration.operations))}; or declare it",
        )
        return
    given, wanted = set(step.with_), set(operation.arguments)
    for name in sorted(given - wanted):
        yield flows.error(
            "unknown-look-up",
            (*location, "with", name),
            f"the operation {step.look_up} has no argument {name}",
            f"write one of: {', '.join(sorted(wanted)) or 'none'}",
        )
    for name in sorted(wanted - given - set(operation.optional)):
        yield flows.error(
            "unknown-look-up",
            location,
            f"the operation {step.look_up} needs the argument {name}",
            f"add it under `with`, for example {{{name}: a_slot}}",
        )
