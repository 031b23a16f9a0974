"""`voicebot understand`: what a text means to a pack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from voicebot.dialogue.pack import Pack


@app.command()
def understand(
    text: Annotated[str, typer.Argument(help="What the caller says; - reads one text a line from standard input.")],
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    state: Annotated[str, typer.Option(help="What was asked: open, yes_no, or slot:NAME.")] = "open",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a text.")] = False,
) -> None:
    """Tell the intent, the values and the alternatives of a text."""
    from voicebot import config
    from voicebot.loading import open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    check_state(content, state)
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    understander = open_dialogue(content, configuration.var, encoder).understander(configuration.language)
    today = datetime.now(ZoneInfo("Asia/Seoul")).date()
    for line in _texts(text):
        result = meaning(understander, content, line, state, configuration.language, today.isoformat())
        typer.echo(json.dumps(result, ensure_ascii=False) if as_json else _in_words(result))


def check_state(pack: Pack, state: str) -> None:
    """Raises VoicebotError for a state that the pack doesn't have."""
    known = ["open", "yes_no", *(f"slot:{name}" for name in pack.slots)]
    if state not in known:
        raise VoicebotError(f"--state {state}: the pack {pack.name} has no such state; it has: {', '.join(known)}.")


def meaning(understander: Any, pack: Pack, text: str, state: str, language: str, today: str) -> dict[str, Any]:
    """What `text` means in `state`: intent, slots and everything else that was found in it, as JSON data."""
    from datetime import date

    from voicebot.nlu.entities import find_entities

    asked = [state.removeprefix("slot:")] if state.startswith("slot:") else []
    found = understander.understand(text, expected=("yes", "no") if state == "yes_no" else ())
    slots = understander.entities(text, asked or list(pack.slots), today)
    entities = find_entities(text, language, today=date.fromisoformat(today))
    return {
        "text": text,
        "intent": found.intent,
        "score": round(found.score, 4),
        "alternatives": [{"intent": other.name, "score": round(other.score, 4)} for other in found.alternatives],
        "further_intents": list(found.further_intents),
        "slots": {name: entity.value for name, entity in slots.items()},
        "entities": [asdict(entity) for entity in entities],
    }


def _texts(text: str) -> Iterator[str]:
    if text != "-":
        yield text
        return
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", errors="replace").rstrip("\r\n")


def _in_words(result: dict[str, Any]) -> str:
    lines = [f"{result['text']}", f"  intent  {result['intent'] or '(none known)'}  {result['score']:.2f}"]
    others = [f"{o['intent']} {o['score']:.2f}" for o in result["alternatives"] if o["intent"] != result["intent"]]
    if others:
        lines.append(f"  else    {', '.join(others)}")
    if result["further_intents"]:
        lines.append(f"  also    {', '.join(result['further_intents'])}")
    lines += [f"  slot    {name} = {value}" for name, value in result["slots"].items()]
    lines += [f"  value   {e['type']} = {e['value']}  ({e['text']})" for e in result["entities"]]
    return "\n".join(lines)
