"""`voicebot replay`: hold a stored call again, and tell where it would go another way now."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from voicebot.cli import app


@app.command()
def replay(
    call: Annotated[str, typer.Argument(help="The call's id, or the path of its file.")],
    pack: Annotated[
        str | None, typer.Option(help="Hold it with this pack instead of the one that it was held with.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Reproduce every decision of a stored call; exit status 1 where one differs."""
    from voicebot import config
    from voicebot.dialogue.record import replay as held_again
    from voicebot.loading import open_dialogue, open_pack, open_sealer
    from voicebot.nlu.encoder import load_encoder
    from voicebot.store.call_log import CallLogError, find, read

    configuration = config.load()
    stored = read(find(configuration.var / "calls", call), open_sealer(configuration))
    content = open_pack(configuration.model_copy(update={"pack": pack or stored.pack}))
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    try:
        found = list(held_again(stored, open_dialogue(content, configuration.var, encoder)))
    except ValueError as error:
        raise CallLogError(f"the call {stored.call_id} can't be held again: {error}; choose another call.") from None
    changed = content.version != stored.version
    if as_json:
        differences = [{"turn": d.turn, "event": d.event, "then": d.then, "now": d.now} for d in found]
        result = {"call": stored.call_id, "turns": len(stored.turns), "pack_changed": changed}
        typer.echo(json.dumps({**result, "differences": differences}, ensure_ascii=False))
    else:
        if changed:
            typer.echo(f"The pack {content.name} has changed since ({stored.version} then, {content.version} now).")
        for difference in found:
            typer.echo(f"turn {difference.turn}: {difference.event.get('kind')}")
            typer.echo(f"  then: {_said(difference.then)}")
            typer.echo(f"  now:  {_said(difference.now)}")
        typer.echo(f"{len(stored.turns)} turns, {len(found)} of them differ")
    if found:
        raise typer.Exit(1)


def _said(actions: list[Any]) -> str:
    parts = []
    for action in actions:
        if action["kind"] == "Say":
            parts.append(action["text"])
        elif action["kind"] == "Note":
            parts.append(f"[{action['decision']} {action['intent']} {action['score']}]")
        else:
            parts.append(f"[{action['kind']}]")
    return " ".join(parts)
