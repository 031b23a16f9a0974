"""`voicebot chat`: the dialogue in text, from the terminal or a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from voicebot.cli import app

HINT = "Type what the caller says. Digits alone are keys (1234#), an empty line is silence, Ctrl-D hangs up."


@app.command()
def chat(
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")] = False,
) -> None:
    """Talk to the bot in text. Reads lines from a pipe too, and ends with them."""
    from voicebot import config
    from voicebot.loading import open_answers, open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    encoder = load_encoder(configuration.encoder) if configuration.encoder and content.knowledge else None
    dialogue = open_dialogue(content, configuration.var)
    backend = open_answers(content, configuration, encoder)
    today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
    state = dialogue.begin(configuration.language)

    from voicebot.dialogue.events import CallStarted
    from voicebot.dialogue.text_session import TextSession, event_of_line

    session = TextSession(dialogue, backend, state)
    interactive = sys.stdin.isatty()
    if interactive and not as_json:
        typer.echo(HINT, err=True)
    _show(session.post(CallStarted(state.language, today)), as_json)
    for line in _lines(interactive and not as_json):
        if not interactive and not as_json:
            typer.echo(f"> {line}")
        _show(session.post(event_of_line(line)), as_json)
        if session.state.ended:
            break


def _lines(prompt: bool) -> Iterator[str]:
    while True:
        if prompt:
            typer.echo("> ", nl=False)
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            line = "\n"  # bytes that are no text count as something that nobody understood
        if not line:
            return
        yield line.rstrip("\r\n")


def _show(actions: Iterable[Any], as_json: bool) -> None:
    from voicebot.dialogue.actions import HandOver, HangUp, Say
    from voicebot.dialogue.wire import to_json
    from voicebot.tts.markup import plain

    for action in actions:
        if as_json:
            typer.echo(json.dumps(to_json(action), ensure_ascii=False))
            continue
        match action:
            case Say():
                typer.echo(f"bot: {plain(action.text)}")
            case HandOver():
                typer.echo(f"[handed over to {action.queue}: {action.reason}. {action.summary}]")
            case HangUp():
                typer.echo(f"[call ends: {action.reason}]")
