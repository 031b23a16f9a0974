"""For benchmarks that break things: the service as a process of its own, and callers who want something of it.

The phone is the independent one of `tests/peers`, written from Twilio's documentation; here it also tries a webhook
again, as Twilio does where a connection fails, and holds <Gather>.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import httpx
import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from peers.callers import ASKS_FOR_PARCEL  # noqa: E402
from peers.independent_phone import Behaviour, CallReport, IndependentPhone, new_sid, webhook_parameters  # noqa: E402
from peers.line_sound import FRAME_S  # noqa: E402
from peers.media_line import LineClosedError, MediaLine  # noqa: E402

TOKEN = "a token of this benchmark"
PUBLIC_URL = "https://bot.example.com"
ORDER = "12345678"

_WAIT = ("확인할게요", "조회하고 있", "잠시만", "더 걸리네요")
_NO_MORE = "상담원과 통화하시겠어요"
"""What it offers where it can't be found out: 1 is the person."""
_SURELY_SILENT_S = 0.8
"""What the bot says while it looks something up: nobody presses a key then."""

_BEGAN = re.compile(r'"worker": (\d+), "event": "worker began"')
_TAKES_CALLS = re.compile(r'"worker": (\d+), "event": "worker takes calls"')
_LISTENING = re.compile(r"listening on http://[\d.]+:(\d+)")


@dataclass
class ServiceUnderTest:
    """A running `voicebot serve`."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What is to be mended after a call that broke something."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text(errors="replace")

    def workers(self) -> list[int]:
        """Process ids of the workers; of the service itself where it has none."""
        began = {int(pid) for pid in _BEGAN.findall(self.log)}
        workers = [child.pid for child in psutil.Process(self.process.pid).children() if child.pid in began]
        return workers or [self.process.pid]

    def holder(self, local_port: int) -> int | None:
        """The worker at the other end of a connection from that port."""
        for pid in self.workers():
            with contextlib.suppress(psutil.Error):
                if any(c.raddr and c.raddr.port == local_port for c in psutil.Process(pid).net_connections("tcp")):
                    return pid
        return None

    def readyz(self) -> dict[str, Any]:
        reply: dict[str, Any] = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=15).json()
        return reply

    async def all_there(self, number: int, within_s: float = 30) -> None:
        """Waits until so many workers take calls, those that take a killed one's place included."""
        until = time.monotonic() + within_s
        while self.process.poll() is None and time.monotonic() < until:
            ready = {int(pid) for pid in _TAKES_CALLS.findall(self.log)}
            there = await asyncio.to_thread(self.workers)
            if len(there) == number and ready.issuperset(there):
                return
            await asyncio.sleep(0.2)

    def phone(self) -> PatientPhone:
        return PatientPhone(self.url, PUBLIC_URL, TOKEN)

    async def bot_said(self, call_sid: str) -> list[str]:
        """What the bot said in a call so far."""
        async with httpx.AsyncClient(trust_env=False, timeout=15) as client:
            for _ in range(5):
                with contextlib.suppress(httpx.TransportError):
                    reply = await client.get(f"{self.url}/api/v1/calls/{call_sid}/turns")
                    if reply.status_code != 200:
                        return []
                    return [turn.get("text", "") for turn in reply.json() if turn["who"] == "bot"]
                await asyncio.sleep(0.2)
        return []


@contextlib.contextmanager
def serving(
    folder: Path, *, workers: int = 1, command: list[str] | None = None, limit_s: float = 300, **settings: str
) -> Iterator[ServiceUnderTest]:
    """The service with its files in `folder`, ready. `settings`: environment."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "VOICEBOT_PUBLIC_URL": PUBLIC_URL,
        "VOICEBOT_VAR": str(folder / "var"),
        "VOICEBOT_WORKERS": str(workers),
        "VOICEBOT_ENCODER": "",
        "VOICEBOT_REMEMBER_CALLERS": "false",
        # The quickest voice: what is measured here is not how it sounds.
        "VOICEBOT_VOICES": '{"ko": "pyttsx3", "en": "pyttsx3"}',
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    log = folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command or [sys.executable, "-m", "voicebot", "serve", "--port", "0"],
            cwd=ROOT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until = time.monotonic() + limit_s
        while not ((found := _LISTENING.search(log.read_text())) and _is_loaded(log.read_text())):
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit(f"the service is not ready:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield ServiceUnderTest(process, int(found[1]), folder)
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
        if process.poll() is None:
            process.kill()
            process.wait()


def _is_loaded(log: str) -> bool:
    return "voicebot: ready" in log or "served by keys only" in log


class PatientPhone(IndependentPhone):
    """Tries a webhook once more where the connection fails, and hears <Gather> out."""

    on_document: Callable[[str, list[Element]], None] = staticmethod(lambda _call_sid, _verbs: None)
    """Is told of every document as it comes."""
    keys: Callable[[CallReport], Awaitable[str]] | None = None
    """What the caller presses at a <Gather>; empty for nothing."""

    async def post(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        for attempt in range(2):
            try:
                return await super().post(url, parameters, headers)
            except httpx.TransportError:
                if attempt:
                    raise
        raise AssertionError

    async def _run(
        self, verbs: list[Element], url: str, report: CallReport, behave: Behaviour
    ) -> tuple[str, dict[str, str]] | None:
        self.on_document(report.call_sid, verbs)
        for verb in verbs:
            if verb.tag == "Gather" and self.keys is not None:
                report.verbs.append("Gather")
                await asyncio.sleep(0.2)
                digits = await self.keys(report)
                parameters = {**webhook_parameters(report.call_sid, "in-progress"), "Digits": digits}
                if digits or verb.get("actionOnEmptyResult") == "true":
                    return urljoin(url, verb.get("action", "")), parameters
        return await super()._run(verbs, url, report, behave)


@dataclass
class GoalCaller:
    """Wants to know when a parcel comes, then a person. Goes by what the bot says, as people do; keys only."""

    service: ServiceUnderTest
    call_sid: str = field(default_factory=lambda: new_sid("CA"))
    streams: int = 0
    told: bool = False
    """Whether the caller was told when the parcel comes."""
    heard_again_s: list[float] = field(default_factory=list)
    """After each loss: seconds until something was heard."""
    waits_s: list[float] = field(default_factory=list)
    """After each act of the caller's: seconds until something was heard."""
    lost_at: float | None = None
    acted_at: float | None = None
    last_act: float = 0.0
    line: MediaLine | None = None
    trouble: Callable[[MediaLine], Awaitable[None]] | None = None
    """Done once, in the middle of the call, with its line."""
    trouble_after: str = "question"
    """`question`, `digits`, `answer` or `told`: when."""
    patient: bool = True
    """Whether the caller hears the bot out."""
    spoken: bool = False
    """Whether the caller asks in words first."""
    trouble_times: int = 1
    """How often it is done, at the same moment of the call's streams."""

    async def call(self, phone: PatientPhone | None = None) -> CallReport:
        phone = phone or self.service.phone()
        phone.keys = self._keys
        phone.on_document = self._document
        return await phone.call(self.behave, self.call_sid)

    def lost(self) -> None:
        """The stream is gone, for whatever reason: nothing is heard since it last sounded, or since the last act."""
        now = time.monotonic()
        silent = itertools.takewhile(lambda voiced: not voiced, reversed(self.line._heard)) if self.line else ()
        self.lost_at = max(now - sum(1 for _ in silent) * FRAME_S, min(self.last_act, now))

    def _heard(self) -> None:
        if self.lost_at is not None:
            self.heard_again_s.append(time.monotonic() - self.lost_at)
        elif self.acted_at is not None:
            self.waits_s.append(time.monotonic() - self.acted_at)
        self.lost_at = self.acted_at = None

    def _document(self, _call_sid: str, verbs: list[Element]) -> None:
        if any(found.tag in ("Say", "Play") for verb in verbs for found in verb.iter()):
            self._heard()

    async def _maybe(self, moment: str, line: MediaLine) -> None:
        if self.trouble is not None and self.trouble_after == moment:
            trouble = self.trouble
            self.trouble_times -= 1
            if not self.trouble_times:
                self.trouble = None
            await trouble(line)

    async def behave(self, line: MediaLine) -> None:
        self.line = line
        self.streams += 1
        try:
            for _ in range(16):
                await line.bot_talks("speaks", voice_s=0.04, within_s=40)
                self._heard()
                if self.patient or self.spoken:
                    await line.bot_turn("has its say", within_s=30)
                else:
                    # Who knows the bot presses a key before it has finished.
                    await line.bot_talks("has begun", voice_s=1.0, within_s=30)
                await self._answer(line)
                self.acted_at = self.acted_at or time.monotonic()
                self.last_act = time.monotonic()
        except LineClosedError:
            self.lost()

    async def _said(self) -> tuple[str, str]:
        """The bot's newest turns, and the newest."""
        turns = (await self.service.bot_said(self.call_sid))[-3:]
        said, last = " ".join(turns), turns[-1] if turns else ""
        self.told = self.told or "도착할 예정" in said
        return said, last

    async def _answer(self, line: MediaLine) -> None:
        said, last = await self._said()
        while not self.told and any(words in last for words in _WAIT):
            # While something is looked up the caller waits, and counts every silence.
            await line.bot_turn("asks for patience", within_s=30, quiet_s=_SURELY_SILENT_S)
            silent_at = time.monotonic() - _SURELY_SILENT_S
            said, last = await self._said()
            if any(words in last for words in _WAIT) and not self.told:
                self.acted_at = silent_at
                await line.bot_talks("speaks again", voice_s=0.04, within_s=40)
                self._heard()
                await line.bot_talks("goes on", voice_s=0.5, within_s=40)
                said, last = await self._said()
        if self.told:
            await self._maybe("told", line)
            await line.press("0")
            self.last_act = time.monotonic()
            await line.closed_by_server(30, "0 is a person")
            raise LineClosedError("handed over")
        if _NO_MORE in last:
            await line.press("1")
            self.last_act = time.monotonic()
            await line.closed_by_server(30, "1 is a person")
            raise LineClosedError("handed over")
        if "주문번호" in said:
            await self._maybe("question", line)
            await line.press(ORDER[:4], gap_s=0.1)
            await self._maybe("digits", line)
            await line.press(ORDER[4:], gap_s=0.1)
            self.acted_at = self.last_act = time.monotonic()
            await self._maybe("answer", line)
        elif self.spoken:
            self.spoken = False
            await self._maybe("words", line)
            await line.say(ASKS_FOR_PARCEL)
        else:
            await line.press("1")

    async def _keys(self, _report: CallReport) -> str:
        self.acted_at = self.last_act = time.monotonic()
        said = " ".join((await self.service.bot_said(self.call_sid))[-3:])
        self.told = self.told or "도착할 예정" in said
        return "0" if self.told else ORDER if "주문번호" in said else "1"
