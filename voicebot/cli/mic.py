"""`voicebot mic`: talk to the bot through the local microphone."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.channel import LiveCall

KEYS = "0123456789*#ABCD"
HANG_UP = "qQ\x04"
"""What is typed to hang up: q, or Ctrl-D."""


@app.command()
def mic(
    microphone: Annotated[str, typer.Option("--input", help="The microphone: its number or part of its name.")] = "",
    loudspeaker: Annotated[str, typer.Option("--output", help="The loudspeaker: its number or part of its name.")] = "",
    headphones: Annotated[
        bool, typer.Option(help="The microphone can't hear the bot: talk while it talks, and interrupt it.")
    ] = False,
    devices: Annotated[bool, typer.Option("--list", help="List the sound devices and end.")] = False,
    language: Annotated[str, typer.Option(help="ko or en; by default the configuration's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Talk to the bot through the local microphone; typed digits are keys, q hangs up."""
    if devices:
        _print_devices(as_json=as_json)
        return
    if language not in ("", "ko", "en"):
        raise typer.BadParameter("write ko or en", param_hint="--language")
    import asyncio

    from rich.console import Console

    from voicebot import service
    from voicebot.channel import Caller
    from voicebot.cli.follow import follower
    from voicebot.config import load
    from voicebot.logs import set_up
    from voicebot.microphone import find_sound_card, talk

    configuration = load()
    card = find_sound_card(microphone, loudspeaker)  # what is missing is said before the models are loaded
    set_up(configuration)

    caller = Caller(call_id=f"mic-{uuid.uuid4().hex[:12]}", language=language, channel="mic")
    answering = service.build(configuration, followers=(follower(Console(stderr=as_json)),))

    async def hold() -> None:
        with _typed_keys() as listen_to_keys:
            sys.stderr.write("Speak after the greeting; digits, * and # are keys, q hangs up.\n")
            outcome = await talk(answering, caller, card, headphones=headphones, on_call=listen_to_keys.connect)
        if as_json:
            sys.stdout.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        elif outcome.summary:
            sys.stdout.write(f"For the agent: {outcome.summary}\n")

    try:
        asyncio.run(hold())
    finally:
        answering.close()


class TypedKeys:
    """Presses the keys that are typed. On the event loop."""

    def __init__(self) -> None:
        self._call: LiveCall | None = None

    def connect(self, call: LiveCall) -> None:
        """Whose keys these are."""
        self._call = call

    def typed(self, text: str) -> None:
        """Press every key in `text`; what is no key is ignored."""
        for letter in text:
            if self._call is None:
                return
            if letter in HANG_UP:
                self._call.hung_up()
            elif letter.upper() in KEYS:
                self._call.key(letter.upper())


@contextmanager
def _typed_keys() -> Iterator[TypedKeys]:
    """Keys from the terminal, one by one without Enter; where there is no terminal, none."""
    import asyncio
    import termios
    import tty

    keys = TypedKeys()
    if not sys.stdin.isatty():
        yield keys
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()
    try:
        tty.setcbreak(terminal)
        loop.add_reader(terminal, lambda: keys.typed(os.read(terminal, 64).decode("ascii", "ignore") or "\x04"))
        yield keys
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _print_devices(*, as_json: bool) -> None:
    from voicebot.microphone import list_devices

    found = list_devices()
    if as_json:
        sys.stdout.write(json.dumps([asdict(device) for device in found], ensure_ascii=False, indent=2) + "\n")
        return
    if not found:
        sys.stdout.write("There is no sound device.\n")
    for device in found:
        uses = [
            *(["microphone"] if device.inputs else []),
            *(["loudspeaker"] if device.outputs else []),
            *(["default microphone"] if device.is_default_input else []),
            *(["default loudspeaker"] if device.is_default_output else []),
        ]
        sys.stdout.write(f"{device.number:3}  {device.name}  ({', '.join(uses)})\n")
