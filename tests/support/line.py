"""A telephone line in virtual time: frames go in every 20 ms, what is played comes out at the rate of speech."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from telephony.phone.virtual_time import run
from voicebot.asr.port import Domain, Partial, Recognition, Verdict
from voicebot.audio.format import FRAME_BYTES, FRAME_MS, Pcm, milliseconds
from voicebot.call import Call, Conversation, Pools
from voicebot.call.continuing import KeptCalls
from voicebot.call.open_line import MARK as QUIET
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.engine import Dialogue
from voicebot.store.journal import Journal
from voicebot.store.live import LiveStore, MemoryStore
from voicebot.tts.port import NORMAL, Style

SILENCE = bytes(FRAME_BYTES)
MS_A_CHARACTER = 100
"""How long the stand-in voice takes for a character."""


class PlainVoice:
    """Stands in for an engine at its port: a tone whose length depends on the text."""

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        return np.full(len(text) * MS_A_CHARACTER * 8, 1000, np.int16)

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        return True


@dataclass
class ToldRecogniser:
    """Stands in for a listener at its port: hears what the test says that it will hear, one a time."""

    will_hear: list[Recognition] = field(default_factory=list)
    hears_twice: bool = False
    second: Recognition | None = None

    def prepare(self, domain: Domain) -> None:
        pass

    def listen(self, domain: Domain) -> _ToldUtterance:
        return _ToldUtterance(self.will_hear.pop(0))

    def streams(self, domain: Domain) -> bool:
        return True

    def begin(self, pcm: bytes, domain: Domain) -> None:
        return None

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        return self.second


@dataclass
class _ToldUtterance:
    recognition: Recognition
    partial: Partial = field(default_factory=lambda: Partial("", complete=False))

    def take(self, pcm: bytes) -> None:
        pass

    def feed(self, pcm: bytes) -> Partial:
        return Partial("", complete=False)

    def peek(self) -> Partial:
        return Partial("", complete=False)

    def finish(self) -> Recognition:
        return self.recognition


def heard(text: str, verdict: Verdict = Verdict.ACCEPT) -> Recognition:
    return Recognition(text, text, verdict, 0.9, "told", "ko")


def voice_frames(ms: int) -> list[bytes]:
    """Something that the VAD takes for speech."""
    n = ms * 8
    pulses = np.zeros(n)
    pulses[::64] = 1.0
    t = np.arange(200) / 8000
    ring = np.exp(-t * 300) * (np.sin(2 * np.pi * 700 * t) + 0.6 * np.sin(2 * np.pi * 1200 * t))
    sound = np.convolve(pulses, ring)[:n] * 9000 + np.random.default_rng(1).normal(0, 30, n)
    raw = sound.astype(np.int16).tobytes()
    return [raw[i : i + FRAME_BYTES] for i in range(0, len(raw), FRAME_BYTES)]


@dataclass
class Line:
    """The channel, and the caller's hand on the telephone. Its clock counts the frames sent."""

    call: Call | None = None
    journal: Journal = field(default_factory=lambda: Journal("CA1"))
    outcome: Outcome | None = None
    now_ms: int = 0
    sounded: list[tuple[int, int]] = field(default_factory=list)
    """When speech was to be heard: from, to. The quiet noise of an open line is none."""
    clears: list[int] = field(default_factory=list)
    marks_work: bool = True
    live: LiveStore = field(default_factory=MemoryStore)
    """Where the call is kept."""
    _queue: list[tuple[int, str]] = field(default_factory=list)
    _free_at: int = 0

    def play(self, pcm: Pcm, mark: str) -> None:
        begins_at = max(self._free_at, self.now_ms)
        self._free_at = begins_at + milliseconds(pcm)
        if mark != QUIET:
            self.sounded.append((begins_at, self._free_at))
        self._queue.append((self._free_at, mark))

    def clear(self) -> None:
        self.clears.append(self.now_ms)
        self._free_at = self.now_ms
        outstanding, self._queue = self._queue, []
        for _, mark in outstanding:
            asyncio.get_running_loop().call_soon(self._played, mark)

    def _played(self, mark: str) -> None:
        if self.marks_work and self.call is not None:
            self.call.played(mark)

    @property
    def playing(self) -> bool:
        return self.now_ms < self._free_at

    @property
    def said(self) -> list[str]:
        return [entry.text for entry in self.journal.entries if entry.who == "bot"]

    @property
    def decisions(self) -> list[str]:
        return [entry.decision for entry in self.journal.entries if entry.who == "caller"]

    async def frame(self, frame: bytes = SILENCE) -> None:
        assert self.call is not None
        self.now_ms += FRAME_MS
        while self._queue and self._queue[0][0] <= self.now_ms:
            self._played(self._queue.pop(0)[1])
        self.call.audio(frame)
        await asyncio.sleep(FRAME_MS / 1000)

    async def silence(self, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            await self.frame()

    async def speak(self, ms: int) -> None:
        for frame in voice_frames(ms):
            await self.frame(frame)

    async def until(self, what: Callable[[], bool], limit_ms: int = 60_000) -> None:
        began = self.now_ms
        while not what():
            assert self.now_ms - began < limit_ms, f"not within {limit_ms} ms; said so far: {self.said}"
            await self.frame()

    async def until_quiet(self) -> None:
        """Until the bot began to speak and has finished."""
        await self.until(lambda: self.playing)
        await self.until(lambda: not self.playing)

    def keys(self, digits: str) -> None:
        assert self.call is not None
        for digit in digits:
            self.call.key(digit)


def hold(
    dialogue: Dialogue,
    backend: Any,
    script: Callable[[Line], Awaitable[None]],
    recogniser: ToldRecogniser | None = None,
    options: Mapping[str, Any] | None = None,
    resumes: Line | None = None,
) -> Line:
    """A call of the caller's `script` against the dialogue; the line afterwards. Leaves no task behind, or fails.

    `resumes`: a call whose connection was lost, to go on with.
    """

    async def main() -> Line:
        line = Line(live=resumes.live if resumes else MemoryStore())
        shared = Conversation(
            dialogue=dialogue,
            domains=PackDomains(dialogue.pack),
            recogniser=recogniser or ToldRecogniser(),
            backend=backend,
            bridge=lambda reply, language, number: f"{reply} {number}",
            kept=KeptCalls(line.live),
            **({"voice": PlainVoice(), "pools": Pools()} | dict(options or {})),
        )
        line.call = Call(
            Caller("CA1"),
            line,
            shared,
            line.journal,
            today="2026-11-22",
            state=dialogue.begin("ko"),
        )
        running = asyncio.ensure_future(line.call.run())
        await asyncio.sleep(0)
        await script(line)
        if not running.done():
            line.call.hung_up()
        line.outcome = await running
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return line

    return run(main())
