"""So many calls at once, for so long: each line calls again when its call is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from telephony.phone.load.beat import Beat
from telephony.phone.load.call import CallReport, LoadCall
from telephony.phone.load.resources import Usage, Watched
from telephony.phone.load.script import Cast, Habits
from telephony.phone.load.sounds import Voice
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Route, Transport
from telephony.phone.turn_log import ServiceTurnLog

_LOOKS_EVERY_S = 2.0


@dataclass(frozen=True)
class Plan:
    """What is offered to the service."""

    calls: int
    """At once."""
    seconds: float
    """For which calls are placed and held; who still talks then hangs up."""
    rate: float = 2.0
    """New calls a second at the beginning, at most; later a line calls again at once."""
    total: int = 0
    """Calls after which no more are placed; 0: as many as fit in."""
    share: float = 0.35
    """Of a call that its caller talks."""


@dataclass
class Stage:
    """What came of a plan."""

    plan: Plan
    reports: list[CallReport] = field(default_factory=list)
    before: Usage = field(default_factory=Usage)
    after: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    call_seconds: float = 0.0
    """Of all streams together."""
    most_at_once: int = 0
    """Streams."""
    phone_cpu_s: float = 0.0
    phone_ticks: int = 0
    phone_late: int = 0
    phone_latest_ms: float = 0.0
    memory: list[tuple[int, Usage]] = field(default_factory=list)
    """What the service used, by how many calls were over."""


Told = Callable[[Stage, int], None]
"""Is told of the stage so far and how many calls are running, now and then."""


@dataclass
class Exchange:
    """The lines of a stage."""

    transport: Transport
    settings: CallSettings
    route: Route
    turn_log: ServiceTurnLog
    watched: Watched
    cast: Cast
    voices: Sequence[Voice]
    told: Told = lambda _stage, _running: None

    async def hold(self, plan: Plan, *, seed: int = 0) -> Stage:
        """The whole plan. The same seed gives the same callers."""
        loop = asyncio.get_running_loop()
        stage, beat = Stage(plan), Beat()
        stage.before = await asyncio.to_thread(self.watched.usage, memory=True)
        beat.start()
        began, cpu = loop.time(), time.process_time()
        until = began + plan.seconds
        running = 0
        placed = 0

        async def line(number: int) -> None:
            nonlocal running, placed
            await asyncio.sleep(number / plan.rate if plan.rate else 0)
            while loop.time() < until and (not plan.total or placed < plan.total):
                place, placed = placed, placed + 1
                running += 1
                stage.most_at_once = max(stage.most_at_once, running)
                try:
                    report = await self._call(place, seed, beat, until, plan.share).run()
                finally:
                    running -= 1
                stage.reports.append(report)
                stage.call_seconds += report.seconds

        async def look() -> None:
            while True:
                await asyncio.sleep(_LOOKS_EVERY_S)
                stage.memory.append((len(stage.reports), await asyncio.to_thread(self.watched.usage)))
                self.told(stage, running)

        looking = asyncio.create_task(look(), name="looking")
        try:
            await asyncio.gather(*(line(number) for number in range(plan.calls)))
        finally:
            looking.cancel()
            await beat.stop()
        stage.phone_cpu_s = time.process_time() - cpu
        stage.seconds = loop.time() - began
        stage.phone_ticks, stage.phone_late, stage.phone_latest_ms = beat.ticks, beat.late, beat.latest_ms
        stage.after = await asyncio.to_thread(self.watched.usage, memory=True)
        self.told(stage, 0)
        return stage

    def _call(self, place: int, seed: int, beat: Beat, until: float, share: float) -> LoadCall:
        script = self.cast.scripts[place % len(self.cast.scripts)]
        return LoadCall(
            transport=self.transport,
            settings=replace(self.settings, caller=f"+8210{place % 100_000_000:08d}"),
            route=self.route,
            turn_log=self.turn_log,
            beat=beat,
            script=script,
            voice=self.voices[place % len(self.voices)],
            habits=Habits(seed * 1_000_003 + place, share),
            until=until,
        )
