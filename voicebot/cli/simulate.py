"""`voicebot simulate`: hold simulated calls and tell what came of them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from voicebot.simulation.calls import SimulatedCall


@app.command()
def simulate(
    pack: Annotated[
        str | None, typer.Argument(help="Name or folder of the pack; the configured one by default.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    calls: Annotated[int, typer.Option(help="How many calls.", min=1, max=1_000_000)] = 200,
    cer: Annotated[float, typer.Option(help="Share of characters that are misheard.", min=0.0, max=1.0)] = 0.1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same calls.")] = 0,
    held_out: Annotated[
        float,
        typer.Option(help="Share of the templates that the bot is not taught, and callers use.", min=0.0, max=0.9),
    ] = 0.25,
    one_listener: Annotated[bool, typer.Option(help="Without a second listener.")] = False,
    failures: Annotated[int, typer.Option(help="Show so many calls that failed.", min=0)] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, with the calls that failed.")
    ] = False,
) -> None:
    """Let simulated callers, misheard as on the telephone, talk to a pack; tell how many got what they wanted."""
    from voicebot import config
    from voicebot.backends.registry import open_backend
    from voicebot.cli.progress import over
    from voicebot.loading import open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder
    from voicebot.simulation.calls import TODAY, Figures, Simulator
    from voicebot.simulation.truth import NoTruthError
    from voicebot.simulation.wording import part

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    if configuration.language not in content.languages:
        raise VoicebotError(
            f"--language {configuration.language}: the pack {content.name} has only {', '.join(content.languages)}."
        )
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    simulator = Simulator(
        content,
        open_dialogue(part(content, seed, held_out), configuration.var, encoder),
        configuration.language,
        lambda: open_backend(content.backend, content.folder, today=lambda: TODAY),
        cer=cer,
        second_listener=not one_listener,
    )
    began = time.process_time()
    try:
        held = [simulator.call(number, seed) for number in over(range(calls), "calling", quiet=as_json)]
    except NoTruthError as error:
        raise VoicebotError(f"nobody can be simulated: {error}; name people whom its back end knows.") from None
    figures = Figures.of(held)
    failed = [call for call in held if not call.success]
    if as_json:
        result: dict[str, Any] = {
            "pack": content.name,
            "language": configuration.language,
            "cer": cer,
            "seed": seed,
            "calls": calls,
            "success": figures.success.value,
            "success_interval": figures.success.interval,
            "containment": figures.containment.value,
            "containment_interval": figures.containment.interval,
            "turns": round(figures.turns, 2),
            "failed": [asdict(call) for call in failed],
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for call in failed[:failures]:
        typer.echo(_in_words(call))
    seconds = time.process_time() - began
    typer.echo(
        f"{calls} calls to {content.name} in {configuration.language}, {100 * cer:g} % misheard: "
        f"success {figures.success}, containment {figures.containment}, {figures.turns:.1f} turns a call; "
        f"{60 * calls / max(seconds, 1e-9):.0f} calls a minute"
    )


def _in_words(call: SimulatedCall) -> str:
    lines = [
        f"call {call.number}, wanted {', '.join(call.intents)}, missed {call.missed}: {call.ended} {call.handed_over}"
    ]
    for turn in call.turns:
        lines.append(f"    caller: {turn.did}" + (f"   heard as: {turn.heard}" if turn.heard else ""))
        lines.append(f"    bot ({turn.decision}): {turn.bot}")
    return "\n".join(lines) + "\n"
