"""Do calls reach their goal while their workers are killed?

    python benchmarks/killed_workers.py [--calls 200] [--kills 20] [--at-once 15] [--workers 3] [--json]

Real processes, real sockets, real time. Callers want to know when their parcel comes, and then a person; they press
keys and go by what the bot says. In the middle of some calls, chosen by a fixed seed, the worker that holds the call
gets SIGKILL, which takes the other calls that it holds with it. A call reached its goal when the caller was told the
day and was then given to a person. A worker is killed once the others are all there: what is measured is the loss of
one, not of all. About 6 minutes for 200 calls, 15 at a time, on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from service_under_test import GoalCaller, ServiceUnderTest, serving

MOMENTS = ("question", "digits", "answer")
SEED = 20261122


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=15)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=options.workers, VOICEBOT_MOST_CALLS="100") as service,
    ):
        figures = asyncio.run(hold(service, options.calls, options.kills, options.at_once, options.workers))
    print(json.dumps(figures) if options.json else "\n".join(f"{name:28} {value}" for name, value in figures.items()))
    return 0 if figures["reached their goal"] == options.calls else 1


async def hold(service: ServiceUnderTest, calls: int, kills: int, at_once: int, workers: int) -> dict[str, object]:
    chosen = set(random.Random(SEED).sample(range(calls), kills))
    killed: list[int] = []
    problems: list[str] = []
    places, one_by_one = asyncio.Semaphore(at_once), asyncio.Lock()
    callers: list[GoalCaller] = []
    began = time.monotonic()

    async def one(number: int) -> bool:
        async with places:
            caller = GoalCaller(service, patient=False)
            callers.append(caller)

            async def kill(line: object) -> None:
                port = line._socket.local_address[1]  # type: ignore[attr-defined]
                async with one_by_one:
                    await service.all_there(workers)
                    pid = await asyncio.to_thread(service.holder, port)
                    if pid is None or pid == service.process.pid:
                        # Its stream was lost with another's worker meanwhile: the next one's is killed.
                        caller.trouble, caller.trouble_times = kill, 1
                        return
                    os.kill(pid, signal.SIGKILL)
                    killed.append(number)

            if number in chosen:
                caller.trouble, caller.trouble_after = kill, MOMENTS[number % len(MOMENTS)]
            try:
                report = await caller.call()
            except Exception as error:
                problems.append(f"call {number}: {type(error).__name__}: {str(error)[-300:]}")
                return False
            reached = caller.told and report.handed_over is not None
            if not reached:
                problems.append(f"call {number}: told {caller.told}, verbs {report.verbs}, {report.story[-300:]}")
            return reached

    reached = await asyncio.gather(*(one(number) for number in range(calls)))
    again = sorted(seconds for caller in callers for seconds in caller.heard_again_s)
    return {
        "calls": calls,
        "workers killed amid a call": len(killed),
        "reached their goal": sum(reached),
        "calls that lost their stream": sum(caller.streams > 1 for caller in callers),
        "heard again, median s": round(statistics.median(again), 2) if again else None,
        "heard again, slowest s": round(again[-1], 2) if again else None,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "problems": problems,
    }


if __name__ == "__main__":
    sys.exit(main())
