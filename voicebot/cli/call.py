"""`voicebot call`: call the service as Twilio and a caller would, and tell what happens."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from typer.core import TyperCommand

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from telephony.phone.line import Line
    from telephony.phone.result import CallResult
    from telephony.phone.scenario import Play, Press, Scenario
    from telephony.phone.settings import CallSettings
    from telephony.phone.telling import Telling
    from telephony.phone.transport import Transport
    from voicebot.audio.format import Pcm
    from voicebot.config import Configuration

_VOICE_PATH = "/twilio/voice"
_ARGUMENTS = "voicebot.call.arguments"


class CallUsageError(VoicebotError):
    """Options that make no call."""


class _OrderedCommand(TyperCommand):
    """Remembers the arguments as written: the order among --play and --keys matters."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class _Target:
    """Which service to call."""

    public: str
    """Base URL as Twilio knows it: what is signed."""
    actual: str
    """Base URL where it listens."""


@app.command(cls=_OrderedCommand)
def call(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The service, or its Voice URL. By default the one of the configuration.")
    ] = None,
    play: Annotated[
        list[Path] | None, typer.Option(help="A WAV file that the caller plays when the bot has finished.")
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Option(help="Keys that the caller presses when the bot has finished.")
    ] = None,
    scenario: Annotated[Path | None, typer.Option(help="A call as a file; see docs/testers.md.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write a stereo WAV: left the caller, right the bot.")] = None,
    transcript: Annotated[Path | None, typer.Option(help="Write what was said and done, as text.")] = None,
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "+821012345678",
    virtual_time: Annotated[
        bool, typer.Option("--virtual-time", help="Run service and call in this process, without waiting.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, nothing else.")] = False,
) -> None:
    """Call the service: play files and keys, or a scenario, and show the conversation."""
    from rich.console import Console

    from telephony.phone.telling import Telling
    from voicebot.config import load

    configuration = load()
    if scenario is not None and (play or keys):
        raise CallUsageError("--scenario says all that the caller does; leave --play and --keys away.")
    target = _target(url, configuration, virtual_time=virtual_time)
    plan, sounds = _plan(scenario, context.meta[_ARGUMENTS])
    voice = _Synthesiser()
    settings = _settings(configuration, target, plan, caller, voice, virtual_time=virtual_time)
    telling = Telling(None if as_json else Console(highlight=False))
    try:
        if virtual_time:
            result, line = _in_process(configuration, target, settings, plan, sounds, telling)
        else:
            result, line = _over_network(target, settings, plan, sounds, telling)
    finally:
        voice.close()
    telling.result(result)
    if record is not None:
        from voicebot.audio.wav import write_wav

        write_wav(record, line.recording())
    if transcript is not None:
        _write(transcript, "\n".join(telling.lines) + "\n")
    if as_json:
        sys.stdout.write(json.dumps(result.to_json(), ensure_ascii=False, indent=2) + "\n")
    raise typer.Exit(0 if result.passed else 1)


def _over_network(
    target: _Target, settings: CallSettings, plan: Scenario, sounds: Mapping[str, Pcm], telling: Telling
) -> tuple[CallResult, Line]:
    from telephony.phone.network import Network
    from telephony.phone.transport import Route

    async def run() -> tuple[CallResult, Line]:
        network = Network(Route(target.public, target.actual))
        try:
            return await _place(network, target, settings, plan, sounds, telling)
        finally:
            await network.aclose()

    return asyncio.run(run())


def _in_process(
    configuration: Configuration,
    target: _Target,
    settings: CallSettings,
    plan: Scenario,
    sounds: Mapping[str, Pcm],
    telling: Telling,
) -> tuple[CallResult, Line]:
    from telephony.calls_api import calls_blueprint
    from telephony.phone import virtual_time
    from telephony.phone.transport import InProcess
    from telephony.server import create_app
    from voicebot.logs import set_up
    from voicebot.service import build

    set_up(configuration)
    service = build(configuration)
    application = create_app(
        configuration,
        service,
        blueprints=[calls_blueprint(service.journal)],
        office=service.office,
        keyed=service.keyed,
    )

    async def run() -> tuple[CallResult, Line]:
        async with InProcess(application) as transport:
            return await _place(transport, target, settings, plan, sounds, telling)

    try:
        return virtual_time.run(run())
    finally:
        service.close()


async def _place(
    transport: Transport,
    target: _Target,
    settings: CallSettings,
    plan: Scenario,
    sounds: Mapping[str, Pcm],
    telling: Telling,
) -> tuple[CallResult, Line]:
    from telephony.phone.play import place_call
    from telephony.phone.turn_log import ServiceTurnLog

    result, placed = await place_call(
        transport,
        settings,
        plan,
        sounds,
        turn_log=ServiceTurnLog(transport, target.actual),
        on_event=telling.event,
        on_turn=telling.turn,
    )
    return result, placed.line


def _target(url: str | None, configuration: Configuration, *, virtual_time: bool) -> _Target:
    """Where to call. A service on this machine is called as Twilio would call it, by its public URL."""
    from telephony.phone.network import is_loopback

    port = configuration.port or 8080
    actual = (url or f"http://127.0.0.1:{port}").rstrip("/").removesuffix(_VOICE_PATH)
    parts = urlsplit(actual)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise CallUsageError(f"--url {url}: write the service's address, such as http://127.0.0.1:8080.")
    if virtual_time and url is not None:
        raise CallUsageError("--virtual-time calls a service inside this process; leave --url away.")
    return _Target(configuration.public_url if configuration.public_url and is_loopback(actual) else actual, actual)


def _settings(
    configuration: Configuration,
    target: _Target,
    plan: Scenario,
    caller: str,
    voice: _Synthesiser,
    *,
    virtual_time: bool,
) -> CallSettings:
    from telephony.phone.settings import CallSettings

    return CallSettings(
        voice_url=target.public + _VOICE_PATH,
        status_url=target.public + "/twilio/status",
        account_sid=configuration.twilio_account_sid or "AC" + "0" * 32,
        auth_token=configuration.twilio_auth_token.get_secret_value(),
        caller=plan.caller or caller,
        language=plan.language,
        dial=plan.dial.outcome(),
        dials=tuple(one.outcome() for one in plan.dials),
        queue=plan.queue.outcome(),
        synthesise=voice,
        seed=1 if virtual_time else None,
    )


class _Synthesiser:
    """The bot's own engine as the voice of callers and of <Say>; started when it is needed."""

    def __init__(self) -> None:
        self._engine: Any = None

    def __call__(self, text: str, language: str) -> Pcm:
        from voicebot.audio.resample import resample
        from voicebot.tts.port import Style
        from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
        from voicebot.tts.speech_text import spoken

        if self._engine is None:
            self._engine = Pyttsx3Engine(workers=1)
        sound = self._engine.synthesise(spoken(text, language), language, Style())
        return resample(sound.pcm, sound.rate, 8000)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


def _plan(scenario: Path | None, arguments: Sequence[str]) -> tuple[Scenario, Mapping[str, Pcm]]:
    """The scenario, or the one that --play and --keys make in their order; and its sounds."""
    if scenario is not None:
        from telephony.phone.scenario_file import load

        return load(scenario)
    from telephony.phone.scenario import turn_by_turn
    from voicebot.audio.wav import read_wav

    acts = list(_acts(arguments))
    plan = turn_by_turn(acts)
    return plan, {file: read_wav(Path(file)) for file in plan.files}


def _acts(arguments: Sequence[str]) -> Sequence[Play | Press]:
    from telephony.phone.scenario import Play, Press

    found: list[Play | Press] = []
    rest = iter(arguments)
    for argument in rest:
        name, joined, value = argument.partition("=")
        if name not in ("--play", "--keys"):
            continue
        value = value if joined else next(rest, "")
        if name == "--play":
            found.append(Play(play=value))
        elif re.fullmatch(r"[0-9A-D*#]{1,100}", value, re.ASCII):
            found.append(Press(keys=value))
        else:
            raise CallUsageError(f"--keys {value}: keys are 0-9, *, # and A-D, such as 1234#.")
    return found


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CallUsageError(f"{path}: can't be written ({error.strerror}); choose another place.") from None
