"""`voicebot callbacks`: who waits to be called back, and what callers left on tape."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.callbacks import Callbacks

callbacks = typer.Typer(no_args_is_help=True, help="Call-backs that callers asked for: list, run, cancel; voicemails.")
app.add_typer(callbacks, name="callbacks")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@callbacks.command("list")
def list_callbacks(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False, as_json: AsJson = False
) -> None:
    """List who waits to be called back."""
    from voicebot import config

    found = _open(config.load()).all(*(() if every else ("waiting", "dialling")))
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    for one in found:
        tried = f"{one.attempts} tried, last {one.result or 'unknown'}" if one.attempts else "not tried"
        number = one.number or "(number withheld)"
        sys.stdout.write(f"{one.id}  {number}  {one.state}  due {one.due_at}  {tried}  {one.summary}\n")


@callbacks.command()
def run(as_json: AsJson = False) -> None:
    """Dial the call-backs that are due, in opening hours; exit status 1 where it is no time to call.

    Twilio connects those who answer to the running service.
    """
    from telephony.callbacks import CallbackRounds
    from telephony.twilio_rest import open_calls
    from voicebot import config
    from voicebot.hours import OpeningHours
    from voicebot.loading import open_pack
    from voicebot.logs import set_up
    from voicebot.office import Office
    from voicebot.sharing import open_voicemails
    from voicebot.store.hand_overs import LocalHandOvers

    configuration = config.load()
    set_up(configuration)
    pack = open_pack(configuration)
    hours = OpeningHours(configuration.hours or pack.hours)
    office = Office(
        hours=lambda: hours,
        name=lambda language: pack.languages[language].name,
        hand_overs=LocalHandOvers(),
        callbacks=_open(configuration),
        voicemails=open_voicemails(configuration),
    )
    rounds = CallbackRounds(configuration, office, open_calls(configuration))
    open_now = rounds.may_call(office.now())
    dialled = rounds.run()
    if as_json:
        _print_json({"open": open_now, "dialled": [asdict(one) for one in dialled]})
    elif not open_now:
        sys.stdout.write("nobody is called at this time\n")
    else:
        for one in dialled:
            sys.stdout.write(f"{one.id}  {one.number}  attempt {one.attempts}\n")
    if not open_now:
        raise typer.Exit(1)


@callbacks.command()
def cancel(
    callback: Annotated[str, typer.Argument(help="Its id, as `list` shows it.", metavar="ID")], as_json: AsJson = False
) -> None:
    """Call somebody back no more; exit status 1 where nobody of that id waits."""
    from voicebot import config

    cancelled = _open(config.load()).cancel(callback)
    if as_json:
        _print_json({"id": callback, "cancelled": cancelled})
    elif not cancelled:
        sys.stdout.write(f"no call-back {callback} is waiting\n")
    if not cancelled:
        raise typer.Exit(1)


@callbacks.command()
def voicemails(as_json: AsJson = False) -> None:
    """List the messages that callers left; their sound stands with Twilio."""
    from voicebot import config
    from voicebot.sharing import open_voicemails

    found = open_voicemails(config.load()).all()
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    for one in found:
        sys.stdout.write(f"{one.at}  {one.number or '(withheld)'}  {one.seconds} s  {one.url}  {one.summary}\n")


def _open(configuration: Configuration) -> Callbacks:
    from voicebot.sharing import open_callbacks

    return open_callbacks(configuration)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
