"""How soon callers hear the bot while fifty speak at once: known phrases and new sentences, each engine in turn.

    python benchmarks/voices_first_sound.py [--calls 50] [--seconds 12] [--engine pyttsx3 --engine piper] [--json]

Every call is a Playback with a line that plays at the rate of speech, on one event loop as in the service, with the
service's voice, its pool and its cache on disk. From a call's `say` to the first speech that its channel gets counts.
Half the calls say phrases that were made before, without rest; the other half say sentences that nobody said before, so
that every engine is overloaded all the time; pyttsx3 stands behind it, as in the service. `single` is one caller's new
sentence with nobody else on the line and no other engine.

2026-11-22, two cores shared with other work (load 7), ms:

    engine   language  what                          n  median  95 %  most
    piper    en        single, new sentence          8     317   412   468
    piper    en        50 calls, known phrases     213       3    19    41
    piper    en        50 calls, new sentences      51     641  2585  2603
    pyttsx3  en        single, new sentence          8      20    41    42
    pyttsx3  en        50 calls, known phrases     181       1     7    23
    pyttsx3  en        50 calls, new sentences      71      25    71   111
    pyttsx3  ko        single, new sentence          8      35    41    47
    pyttsx3  ko        50 calls, known phrases     128       2    24    48

A new sentence of 4 s takes Piper 0.21 s of a core; 25 callers with nothing but new ones are more than two cores can do.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import random
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import structlog

from voicebot import config
from voicebot.audio.format import FRAME_MS, Pcm, milliseconds
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.call.open_line import MARK
from voicebot.call.playback import Playback
from voicebot.dialogue.actions import Say
from voicebot.tts.cache import SoundCache
from voicebot.tts.engines import installed
from voicebot.tts.port import Engine
from voicebot.tts.voice import AHEAD_S, Phrase, TelephoneVoice

PHRASES = {
    "ko": (
        "안녕하세요. 무엇을 도와드릴까요?",
        "네, 확인했습니다.",
        "주문번호를 말씀해 주세요.",
        "다시 한번 말씀해 주시겠어요?",
        "상담원을 연결해 드리겠습니다.",
        "더 필요하신 것이 있으세요?",
    ),
    "en": (
        "Hello, how may I help you?",
        "All right, I have found it.",
        "What is your order number?",
        "Could you say that once more?",
        "I am connecting you to one of our agents.",
        "Is there anything else?",
    ),
}
NEW = {
    "ko": (
        "주문번호 {}번 상품은 십일월 {}일에 도착합니다.",
        "고객님의 포인트는 {}점이고, 이 중 {}점이 이달 말에 사라집니다.",
    ),
    "en": ("Order {} will arrive on November {}.", "You have {} points, and {} of them expire this month."),
}


@dataclass
class Line:
    """A channel that plays at the rate of speech."""

    now_ms: Callable[[], int]
    played: Callable[[str], None] = lambda _mark: None
    first_speech: Callable[[], None] = lambda: None
    _queue: deque[tuple[int, str]] = field(default_factory=deque)
    _free_at: int = 0

    def play(self, pcm: Pcm, mark: str) -> None:
        if mark != MARK and len(pcm):
            self.first_speech()
        self._free_at = max(self._free_at, self.now_ms()) + milliseconds(pcm)
        self._queue.append((self._free_at, mark))

    def clear(self) -> None:
        self._free_at = self.now_ms()
        while self._queue:
            self.played(self._queue.popleft()[1])

    def tick(self) -> None:
        while self._queue and self._queue[0][0] <= self.now_ms():
            self.played(self._queue.popleft()[1])


class Caller:
    """Says one thing after the other, and measures how long each takes to begin."""

    def __init__(
        self, voice: TelephoneVoice, pool: ThreadPoolExecutor, texts: Callable[[], str], language: str
    ) -> None:
        began = time.monotonic()
        self._now: Callable[[], int] = lambda: int((time.monotonic() - began) * 1000)
        self.waits_ms: list[float] = []
        self._texts, self._language, self._pool = texts, language, pool
        self._said_at: float | None = None
        self._line = Line(self._now)
        self._playback = Playback(self._line, voice, TurnKnobs(), self._run_off)
        self._line.played = self._playback.played
        self._line.first_speech = self._spoke

    def _run_off(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(lambda done: then(done.result()) if not done.cancelled() else None)

    def _spoke(self) -> None:
        if self._said_at is not None:
            self.waits_ms.append((time.monotonic() - self._said_at) * 1000)
            self._said_at = None

    async def talk(self, until: float, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while time.monotonic() < until:
            if not self._playback.busy:
                self._said_at = time.monotonic()
                self._playback.say([Say(self._texts(), self._language, 1)], lambda _at: None)
            await asyncio.sleep(FRAME_MS / 1000)
            self._line.tick()
            self._playback.tick(self._now())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--engine", action="append", help="only these; all that are installed by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    rows = []
    here = installed(config.load())
    behind = [engine for engine in here if engine.name == "pyttsx3"]
    for engine in here:
        for language in sorted(engine.languages & PHRASES.keys()):
            if not options.engine or engine.name in options.engine:
                rows += _measure(dict.fromkeys([engine, *behind]), language, options.calls, options.seconds)
    for engine in here:
        engine.close()
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    print(f"{'engine':12} {'language':9} {'what':34} {'n':>5} {'median':>7} {'95 %':>7} {'most':>7}  ms")
    for row in rows:
        print(
            f"{row['engine']:12} {row['language']:9} {row['what']:34} {row['n']:5} "
            f"{row['median_ms']:7} {row['p95_ms']:7} {row['most_ms']:7}"
        )
    return 0


def _measure(engines: Iterable[Engine], language: str, calls: int, seconds: float) -> list[dict[str, Any]]:
    numbers = random.Random(20261122)
    engines = tuple(engines)
    engine = engines[0]

    def new() -> str:
        return numbers.choice(NEW[language]).format(numbers.randint(1000, 99_999), numbers.randint(1, 30))

    known = functools.partial(numbers.choice, PHRASES[language])
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2 * calls + 16) as pool:
        TelephoneVoice([engine], SoundCache(Path(folder))).prepare(Phrase(text, language) for text in PHRASES[language])
        alone = TelephoneVoice([engine], SoundCache(Path(folder)))
        voice = TelephoneVoice(engines, SoundCache(Path(folder)))  # knows nothing yet: phrases come from the disk once

        voice.speak(new(), language, within_s=AHEAD_S)  # its pace is known, as it is in a service that runs

        async def single() -> list[float]:
            waits = []
            for _ in range(8):
                caller = Caller(alone, pool, new, language)
                talking = asyncio.ensure_future(caller.talk(time.monotonic() + 60, 0))
                while not caller.waits_ms:
                    await asyncio.sleep(0.002)
                talking.cancel()
                waits += caller.waits_ms
            return waits

        async def together() -> tuple[list[float], list[float]]:
            callers = [Caller(voice, pool, known if n % 2 else new, language) for n in range(calls)]
            until = time.monotonic() + seconds
            await asyncio.gather(*(caller.talk(until, numbers.uniform(0, 0.5)) for caller in callers))
            waits: tuple[list[float], list[float]] = ([], [])
            for number, caller in enumerate(callers):
                waits[number % 2].extend(caller.waits_ms)
            return waits

        one = asyncio.run(single())
        fresh, phrases = asyncio.run(together())
    return [
        _row(engine, language, "single, new sentence", one),
        _row(engine, language, f"{calls} calls, known phrases", phrases),
        _row(engine, language, f"{calls} calls, new sentences", fresh),
    ]


def _row(engine: Engine, language: str, what: str, waits: list[float]) -> dict[str, Any]:
    waits = sorted(waits)
    return {
        "engine": engine.name,
        "language": language,
        "what": what,
        "n": len(waits),
        "median_ms": round(statistics.median(waits)) if waits else None,
        "p95_ms": round(waits[int(0.95 * (len(waits) - 1))]) if waits else None,
        "most_ms": round(waits[-1]) if waits else None,
    }


if __name__ == "__main__":
    raise SystemExit(main())
