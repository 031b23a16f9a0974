"""One clock for all phones of a process: every phone is told every 20 ms, a fifth of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voicebot.audio.format import FRAME_MS

GROUPS = 5
"""So that one wake-up serves many phones, and yet not all of them send at the same moment."""

Tick = Callable[[float], None]
"""Is told the loop's time."""


class Beat:
    """Runs from `start` to `stop`. A tick that comes late is made up for: no phone loses one."""

    def __init__(self) -> None:
        self._groups: tuple[list[Tick], ...] = tuple([] for _ in range(GROUPS))
        self._task: asyncio.Task[None] | None = None
        self.ticks = 0
        """Given so far, to all groups together."""
        self.late = 0
        """How many of them were more than a frame late: sound that a busy machine held up here, not in the service."""
        self.latest_ms = 0.0

    def start(self) -> None:
        """In the running loop."""
        self._task = asyncio.create_task(self._run(), name="beat")

    async def stop(self) -> None:
        """Nobody is told any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def join(self, tick: Tick) -> Callable[[], None]:
        """Be told from now on; what it returns ends that."""
        group = min(self._groups, key=len)
        group.append(tick)
        return lambda: group.remove(tick)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        step = FRAME_MS / 1000 / GROUPS
        due = loop.time()
        while True:
            now = loop.time()
            while due <= now:
                late_ms = (now - due) * 1000
                self.latest_ms = max(self.latest_ms, late_ms)
                self.late += late_ms > FRAME_MS
                group = self._groups[self.ticks % GROUPS]
                self.ticks += 1
                due += step
                for tick in tuple(group):
                    tick(now)
            await asyncio.sleep(due - loop.time())
