"""`voicebot loadtest`: hold many calls at once, and tell how callers fared and what it cost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from rich.console import Console

    from telephony.phone.load.figures import Figures, Spread
    from telephony.phone.load.service import UnderLoad
    from telephony.phone.load.stage import Stage
    from telephony.phone.load.trial import Result
    from voicebot.audio.format import Pcm
    from voicebot.config import Configuration


class LoadtestUsageError(VoicebotError):
    """Options that make no load."""


@app.command()
def loadtest(
    calls: Annotated[int, typer.Option(help="Calls at once.", min=1, max=10_000)] = 20,
    minutes: Annotated[float, typer.Option(help="How long each stage lasts.", min=0.05, max=24 * 60)] = 2.0,
    scenario: Annotated[
        list[Path] | None, typer.Option(help="What callers do, as for `voicebot call`; may be repeated.")
    ] = None,
    rate: Annotated[float, typer.Option(help="New calls a second at the beginning.", min=0.01, max=1000)] = 2.0,
    share: Annotated[float, typer.Option(help="Of a call that its caller talks.", min=0.05, max=0.9)] = 0.35,
    sweep: Annotated[str, typer.Option(help="Calls at once, stage after stage, such as 10,20,40,80.")] = "",
    total: Annotated[int, typer.Option(help="End after so many calls; 0: after --minutes.", min=0)] = 0,
    url: Annotated[
        str | None, typer.Option(help="A service that runs; by default one is started on this machine.")
    ] = None,
    admit: Annotated[
        int, typer.Option(help="Calls that the started service admits; 0: as many as it measures.", min=-1)
    ] = -1,
    workers: Annotated[int, typer.Option(help="Processes of the started service.", min=1, max=64)] = 1,
    reference: Annotated[bool, typer.Option(help="Compare answers with those of an unloaded run.")] = True,
    seed: Annotated[int, typer.Option(help="The same seed gives the same callers.")] = 0,
    median_ms: Annotated[float, typer.Option(help="Longest median response.")] = 500.0,
    p95_ms: Annotated[float, typer.Option(help="Longest 95th percentile of responses.")] = 900.0,
    plot: Annotated[Path | None, typer.Option(help="Write response time against calls, as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, nothing else.")] = False,
) -> None:
    """Many simulated phones in real time: response times, lost sound, wrong answers, processor time and memory."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rich.console import Console

    from telephony.phone.load.script import CALLERS, cast
    from telephony.phone.load.stage import Plan
    from telephony.phone.load.trial import trial
    from telephony.server import loop_factory
    from voicebot import config

    configuration = config.load()
    numbers = _numbers(sweep) if sweep else [calls]
    plans = [Plan(number, minutes * 60, rate=rate, total=total, share=share) for number in numbers]
    most = max(numbers)
    console = Console(stderr=True, highlight=False)
    callers = cast(scenario or sorted(CALLERS.glob("*.yaml")), _synthesise)
    with (
        _service(configuration, url, most if admit < 0 else admit, workers, console) as service,
        _shown(console, quiet=as_json) as (begins, told),
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        result = runner.run(
            trial(
                service,
                callers,
                plans,
                account_sid=configuration.twilio_account_sid or "AC" + "0" * 32,
                seed=seed,
                reference=reference,
                told=told,
                begins=begins,
            )
        )
    met = all(_meets(stage, median_ms, p95_ms) for stage in result.stages)
    if plot is not None:
        _draw(plot, result.stages, median_ms, p95_ms)
    if as_json:
        sys.stdout.write(json.dumps(_json(service, result, met), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(Console(highlight=False), service, result, met)
    raise typer.Exit(0 if met else 1)


def _numbers(sweep: str) -> list[int]:
    numbers = [int(part) for part in sweep.split(",") if part.strip().isdecimal() and 0 < int(part) <= 10_000]
    if not numbers or len(numbers) != len(sweep.split(",")):
        raise LoadtestUsageError(f"--sweep {sweep}: write numbers of calls, such as 10,20,40,80.")
    return numbers


@contextlib.contextmanager
def _service(
    configuration: Configuration, url: str | None, admit: int, workers: int, console: Console
) -> Iterator[UnderLoad]:
    from telephony.phone.load.service import running, started
    from telephony.phone.network import is_loopback

    if url is not None:
        actual = url.rstrip("/").removesuffix("/twilio/voice")
        if not actual.startswith(("http://", "https://")):
            raise LoadtestUsageError(f"--url {url}: write the service's address, such as http://127.0.0.1:8080.")
        public = configuration.public_url if configuration.public_url and is_loopback(actual) else actual
        yield running(public, actual, configuration.twilio_auth_token.get_secret_value())
        return
    settings = {"VOICEBOT_MOST_CALLS": str(admit), "VOICEBOT_WORKERS": str(workers)}
    with console.status("starting the service"), contextlib.ExitStack() as starting:
        service = starting.enter_context(started(configuration.var / "loadtest", settings))
        ending = starting.pop_all()
    with ending:
        yield service


@contextlib.contextmanager
def _shown(console: Console, *, quiet: bool) -> Iterator[tuple[Any, Any]]:
    """What is told of the stages as they go on: where somebody watches."""
    if quiet or not console.is_terminal:
        yield (lambda _what: None), (lambda _stage, _running: None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[so_far]}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None, so_far="")

        def begins(what: str) -> None:
            progress.reset(task, description=what, so_far="")

        def told(stage: Stage, running: int) -> None:
            heard = sorted(
                wait.response_ms
                for report in stage.reports
                for wait in report.waits
                if wait.speech and wait.response_ms is not None
            )
            median = f", median {heard[len(heard) // 2]:.0f} ms" if heard else ""
            progress.update(task, so_far=f"{running} calls running, {len(stage.reports)} over{median}")

        yield begins, told


def _meets(stage: Figures, median_ms: float, p95_ms: float) -> bool:
    """Whether nobody who was admitted suffered: quick answers, no sound lost, nothing decided otherwise; and nobody was
    left without anything."""
    response = stage.response_ms
    quick = response is None or (response.median <= median_ms and response.p95 <= p95_ms)
    return quick and not (stage.lost_frames or stage.late_frames or stage.wrong or stage.mistakes or stage.failures)


def _json(service: UnderLoad, result: Result, met: bool) -> dict[str, Any]:
    return {
        "ready_s": round(service.ready_s, 2) if service.ready_s is not None else None,
        "reference": result.reference.to_json() if result.reference else None,
        "stages": [stage.to_json() for stage in result.stages],
        "met": met,
    }


def _print(console: Console, service: UnderLoad, result: Result, met: bool) -> None:
    from rich.table import Table

    if service.ready_s is not None:
        console.print(f"ready {service.ready_s:.1f} s after its start")
    for stage in result.stages:
        table = Table(title=f"{stage.calls_at_once} calls at once, {stage.seconds:.0f} s", show_header=False)
        for name, value in _rows(stage):
            table.add_row(name, value)
        console.print(table)
    console.print("all targets met" if met else "targets missed")


def _rows(stage: Figures) -> Iterator[tuple[str, str]]:
    yield "calls", ", ".join(f"{number} {where}" for where, number in stage.where.items())
    yield "callers talk", f"{100 * stage.share_talked:.1f} % of the time"
    yield "response", _in_words(stage.response_ms) + (f"; {stage.unanswered} unanswered" if stage.unanswered else "")
    yield "barge-in to silence", _in_words(stage.barge_in_ms)
    yield "call to first document", _in_words(stage.answered_ms)
    yield "call to first sound", _in_words(stage.first_sound_ms)
    yield "frames sent, lost", f"{stage.frames}, {stage.lost_frames:g}"
    yield "late frames heard", str(stage.late_frames)
    yield "answers compared, wrong", f"{stage.checked}, {stage.wrong}"
    for turn, number in stage.wrong_turns.items():
        yield "", f"{number} x {turn}"
    for what in (stage.mistakes, stage.failures):
        for sentence, number in what.items():
            yield "", f"{number} x {sentence}"
    if stage.goals is not None:
        yield "errands done", f"{100 * stage.goals:.1f} %"
    yield "service, core a call", f"{stage.cpu_a_call:.4f}"
    for name, value in stage.stages_a_call.items():
        yield f"  {name}", f"{value:.4f}"
    late = f"; {stage.phone_late} frames sent late by this machine" if stage.phone_late else ""
    yield "phones, core a call", f"{stage.phone_cpu_a_call:.4f}{late}"
    grown = f"; grew by {100 * stage.memory_growth:.1f} % from call 200" if stage.memory_growth is not None else ""
    yield "memory", f"{stage.pss_mb:.0f} MB ({stage.rss_mb:.0f} MB with what is shared){grown}"


def _in_words(found: Spread | None) -> str:
    if found is None:
        return "none"
    return (
        f"median {found.median:.0f} ms, 95 % {found.p95:.0f} ms, 99 % {found.p99:.0f} ms, "
        f"most {found.most:.0f} ms of {found.number}"
    )


def _draw(path: Path, stages: Sequence[Figures], median_ms: float, p95_ms: float) -> None:
    from telephony.phone.load.plot import plot

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plot(stages, median_ms=median_ms, p95_ms=p95_ms), encoding="utf-8")
    except OSError as error:
        raise LoadtestUsageError(f"{path}: can't be written ({error.strerror}); choose another place.") from None


def _synthesise(text: str, language: str) -> Pcm:
    """The voice of callers whose words are only written: the best one that is installed."""
    from voicebot import config
    from voicebot.tts.cache import SoundCache
    from voicebot.tts.engines import engines
    from voicebot.tts.voice import TelephoneVoice

    configuration = config.load()
    voice = TelephoneVoice(engines(configuration), SoundCache(configuration.var / "voices"))
    try:
        return voice.speak(text, language)
    finally:
        voice.close()
