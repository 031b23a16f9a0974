"""The loop whose clock jumps."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from telephony.phone import virtual_time
from telephony.phone.virtual_time import VirtualTimeError


def test_an_hour_passes_at_once_and_exactly() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - begin

    before = time.monotonic()
    assert virtual_time.run(main()) == 3600
    assert time.monotonic() - before < 60


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def main() -> list[str]:
        woken: list[str] = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append(name)

        await asyncio.gather(sleeper("c", 3), sleeper("a", 1), sleeper("b", 2))
        return woken

    assert virtual_time.run(main()) == ["a", "b", "c"]


def test_work_in_an_executor_takes_no_virtual_time() -> None:
    async def main() -> tuple[int, float]:
        begin = asyncio.get_running_loop().time()
        ticker = asyncio.create_task(asyncio.sleep(0.001))
        answer = await asyncio.get_running_loop().run_in_executor(None, lambda: time.sleep(0.02) or 7)
        took = asyncio.get_running_loop().time() - begin
        await ticker
        return answer, took

    assert virtual_time.run(main()) == (7, 0.0)


def test_a_job_may_call_back_into_the_loop() -> None:
    async def main() -> tuple[int, float]:
        loop = asyncio.get_running_loop()
        begin = loop.time()

        async def inner() -> int:
            return 20

        def job() -> int:
            return asyncio.run_coroutine_threadsafe(inner(), loop).result(10) + 1

        return await loop.run_in_executor(None, job), loop.time() - begin

    assert virtual_time.run(main()) == (21, 0.0)


def test_jobs_are_done_one_after_another() -> None:
    async def main() -> int:
        most = running = 0
        lock = threading.Lock()

        def job() -> None:
            nonlocal most, running
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.005)
            with lock:
                running -= 1

        await asyncio.gather(*(asyncio.sleep(0.02 * n) for n in range(3)))
        for _ in range(3):
            await asyncio.to_thread(job)
        return most

    assert virtual_time.run(main()) == 1


def test_an_error_in_a_job_arrives() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        virtual_time.run(main())


def test_waiting_for_ever_is_an_error_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_time, "IDLE_S", 0.05)

    async def main() -> None:
        await asyncio.Event().wait()

    loop = virtual_time.VirtualTimeLoop()
    task = loop.create_task(main())
    with pytest.raises(VirtualTimeError, match="nothing is scheduled"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_the_limit_ends_what_does_not_end() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        virtual_time.run(main(), limit_s=100)
