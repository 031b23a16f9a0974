"""An event loop whose clock jumps: calls of minutes are simulated in milliseconds, and come out the same every time.

`loop.time()` only moves when nothing is left to do at the present moment; it moves straight to the next timer then, so
`asyncio.sleep`, timeouts and everything built on them work as ever and cost nothing. Work given to an executor takes no
virtual time: the loop waits for it in place, one job after another, so the order of events doesn't depend on threads. A
job that calls back into the loop while it runs (as WSGI bridges do) is served; the clock stands still meanwhile.

Real sockets don't go together with a virtual clock: put a service into the same loop with `transport.InProcess`.
The idea is that of the virtual-time tests of livekit/agents.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

STUCK_S = 60.0
"""Real seconds to wait for a thread that is still at work before the loop gives up."""

IDLE_S = 2.0
"""Real seconds to wait for a sign from an unknown thread when there is neither a timer nor a job."""


class VirtualTimeError(RuntimeError):
    """Nothing can happen any more, and the program still waits."""


class SlowExecutor(Executor):
    """Jobs given to it take virtual time: what a caller meets while something is slow can be simulated."""

    def __init__(self, takes_s: float) -> None:
        """`takes_s`: virtual seconds from a job's beginning to its result."""
        self.takes_s = takes_s

    def run(self, loop: asyncio.AbstractEventLoop, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """What the loop calls in place of `submit`."""

        async def slow() -> T:
            await asyncio.sleep(self.takes_s)
            return func(*args)

        return loop.create_task(slow())


class _JumpingSelector(selectors.DefaultSelector):
    """Looks for input without waiting, and moves the loop's clock by the time it would have waited."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self._loop.jobs:
            limit = STUCK_S if self._loop.jobs else IDLE_S
            ready = super().select(limit)
            if not ready:
                raise VirtualTimeError(
                    f"at virtual second {self._loop.time():.3f} everything waits and nothing is scheduled "
                    f"({len(self._loop.jobs)} jobs in threads)."
                )
            return ready
        self._loop.advance(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop. Its clock starts at `start` seconds."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self.jobs: set[asyncio.Future[Any]] = set()
        """Jobs in threads whose results the loop has not seen: the clock stands still while there are any."""
        self._sign = threading.Event()
        self._own_executor: ThreadPoolExecutor | None = None
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._now += seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As ever; but where the job needs nothing of this loop, it is done when this returns."""
        if isinstance(executor, SlowExecutor):
            return executor.run(self, func, *args)
        if executor is None:
            if self._own_executor is None:
                self._own_executor = ThreadPoolExecutor(thread_name_prefix="virtual-time")
            executor = self._own_executor
        self._sign.clear()
        future: asyncio.Future[T] = asyncio.wrap_future(executor.submit(func, *args), loop=self)
        if not self.jobs:
            # With another job underway, waiting here could be for ever: this one may stand behind it.
            self._sign.wait(STUCK_S)
        self.jobs.add(future)
        future.add_done_callback(self.jobs.discard)
        return future

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As ever. A call from another thread is the sign that a job is done, or needs the loop."""
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._sign.set()
        return handle

    def close(self) -> None:
        """As ever; the loop's own threads are waited for."""
        if self._own_executor is not None:
            self._own_executor.shutdown(wait=True)
            self._own_executor = None
        super().close()


def run(main: Coroutine[Any, Any, T], *, limit_s: float = 4 * 3600.0) -> T:
    """Run `main` in virtual time on a loop of its own.

    Raises TimeoutError after `limit_s` virtual seconds, and VirtualTimeError where everything waits for ever.
    """

    async def limited() -> T:
        async with asyncio.timeout(limit_s):
            return await main

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(limited())
