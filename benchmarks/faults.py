"""A table of injected faults: does the caller hear something within 3 s, go on where the call was, and lose nothing?

    python benchmarks/faults.py [--only NAME ...] [--at-once 4] [--json]

Each fault strikes in the middle of a real call to a real `voicebot serve` of two workers: processes are killed or
frozen, sockets cut, the shared file locked, removed or overwritten, the disk filled (by a limit on file sizes, which
fails writes as a full disk does), parts made to fail at their ports (`faulty_serve.py`), strangers let loose.

    heard      the longest silence between the caller's act, or the loss of the stream, and the next sound
    goes on    the caller was told what was asked for and given to a person; or a person alone, where only that is left
    nothing    no answer that the caller had given was asked for again after it had been acknowledged, and nobody was
               greeted twice

Faults of one call alone strike several calls at a time; those of a process or of the machine, one after the other.
About 6 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from service_under_test import PUBLIC_URL, ROOT, GoalCaller, ServiceUnderTest, serving

Trouble = Callable[[ServiceUnderTest, Any], Awaitable[None]]

HEARD_WITHIN_S = 3.0
RLIMIT = resource.RLIMIT_FSIZE


@dataclass(frozen=True)
class Fault:
    """What strikes, and when."""

    name: str
    strikes: Trouble
    after: str = "question"
    goal: str = "told"
    """`told` the day of the parcel; or `person`, where nobody can be told."""
    spoken: bool = False
    group: str = "two workers"
    alone: bool = True
    """Whether other calls would suffer from it."""
    times: int = 1
    """How often it strikes, each time at the same moment of another stream."""


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    name: str
    heard_s: float
    goes_on: bool
    nothing_lost: bool
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.heard_s <= HEARD_WITHIN_S and self.goes_on and self.nothing_lost


def holder(service: ServiceUnderTest, line: Any) -> int:
    pid = service.holder(line._socket.local_address[1])
    if pid is None:
        raise RuntimeError("nobody holds this stream")
    return pid


async def killed(service: ServiceUnderTest, line: Any) -> None:
    os.kill(holder(service, line), signal.SIGKILL)


async def all_killed(service: ServiceUnderTest, _line: Any) -> None:
    for pid in service.workers():
        os.kill(pid, signal.SIGKILL)


async def terminated(service: ServiceUnderTest, line: Any) -> None:
    os.kill(holder(service, line), signal.SIGSEGV)


async def frozen_for_good(service: ServiceUnderTest, line: Any) -> None:
    os.kill(holder(service, line), signal.SIGSTOP)


async def frozen(service: ServiceUnderTest, line: Any) -> None:
    pid = holder(service, line)
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(1.5)
    os.kill(pid, signal.SIGCONT)


async def cut(_service: ServiceUnderTest, line: Any) -> None:
    await line.lose()


async def closed(_service: ServiceUnderTest, line: Any) -> None:
    await line._socket.close()


async def huge(_service: ServiceUnderTest, line: Any) -> None:
    await line.send_raw("x" * 20_000_000)


async def rubbish(_service: ServiceUnderTest, line: Any) -> None:
    for message in (b"\xff" * 5000, "[" * 60_000, '{"a":' * 9_000 + "1" + "}" * 9_000, "x" * 1_000_000, "{", "null"):
        await line.send_raw(message)


def parts_fail(*lines: str) -> Trouble:
    async def strike(service: ServiceUnderTest, line: Any) -> None:
        (service.folder / "faults" / line.call_sid).write_text("\n".join(lines))

    return strike


def _live(service: ServiceUnderTest) -> Path:
    return service.folder / "var" / "live.db"


async def locked(service: ServiceUnderTest, _line: Any) -> None:
    def hold() -> None:
        with contextlib.closing(sqlite3.connect(_live(service), isolation_level=None, timeout=5)) as db:
            db.execute("BEGIN EXCLUSIVE")
            released.wait(30)

    released = threading.Event()
    locking = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.sleep(0.3)

    async def over() -> None:
        released.set()
        await locking

    service.afterwards.append(over)


async def removed(service: ServiceUnderTest, _line: Any) -> None:
    for ending in ("", "-wal", "-shm"):
        _live(service).with_name(f"live.db{ending}").unlink(missing_ok=True)


async def overwritten(service: ServiceUnderTest, _line: Any) -> None:
    for ending in ("", "-wal", "-shm"):
        part = _live(service).with_name(f"live.db{ending}")
        if part.is_file():
            part.write_bytes(os.urandom(part.stat().st_size))


async def disk_full(service: ServiceUnderTest, _line: Any) -> None:
    for pid in service.workers():
        resource.prlimit(pid, RLIMIT, (0, resource.RLIM_INFINITY))

    async def room_again() -> None:
        for pid in service.workers():
            resource.prlimit(pid, RLIMIT, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    service.afterwards.append(room_again)


async def voice_again(service: ServiceUnderTest, line: Any) -> None:
    phone = service.phone()
    from peers.independent_phone import webhook_parameters

    status, _, body = await phone.post(f"{PUBLIC_URL}/twilio/voice", webhook_parameters(line.call_sid))
    assert status == 200
    assert "<Connect" not in body


async def forged_status(service: ServiceUnderTest, line: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        over = {"CallSid": line.call_sid, "CallStatus": "completed"}
        reply = await http.post(f"{service.url}/twilio/status", data=over, headers={"X-Twilio-Signature": "x"})
    assert reply.status_code == 403


async def flood(service: ServiceUnderTest, _line: Any) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        for _ in range(10):
            await asyncio.gather(
                *(http.post(f"{service.url}/twilio/voice", data={"CallSid": "CA1"}) for _ in range(30))
            )


async def idle_sockets(service: ServiceUnderTest, _line: Any) -> None:
    sockets: list[socket.socket] = []
    for _ in range(1500):
        opened = socket.create_connection(("127.0.0.1", service.port), timeout=5)
        opened.setblocking(False)
        sockets.append(opened)
    service.afterwards.append(_closing(sockets))


def _closing(sockets: list[socket.socket]) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        for opened in sockets:
            opened.close()

    return close


async def slow_bodies(service: ServiceUnderTest, _line: Any) -> None:
    sockets: list[socket.socket] = []
    for _ in range(200):
        opened = socket.create_connection(("127.0.0.1", service.port), timeout=5)
        opened.sendall(
            b"POST /twilio/voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Length: 500\r\n\r\nCall"
        )
        sockets.append(opened)
    service.afterwards.append(_closing(sockets))


async def drained(service: ServiceUnderTest, _line: Any) -> None:
    service.process.terminate()


FAULTS = (
    Fault("worker killed while the caller thinks", killed),
    Fault("worker killed amid digits", killed, "digits"),
    Fault("worker killed while the answer is looked up", killed, "answer"),
    Fault("worker killed after the answer", killed, "told"),
    Fault("worker dies of a segmentation fault", terminated),
    Fault("all workers killed at once", all_killed),
    Fault("worker frozen for 1.5 s", frozen, "answer"),
    Fault("worker frozen for good", frozen_for_good),
    Fault("worker frozen for good after the answer", frozen_for_good, "told"),
    Fault("stream cut (TCP reset)", cut, alone=False),
    Fault("stream cut amid digits", cut, "digits", alone=False),
    Fault("stream cut while the answer is looked up", cut, "answer", alone=False),
    Fault("both streams cut: goes on by keys", cut, alone=False, times=2),
    Fault("stream closed without a stop", closed, alone=False),
    Fault("a message of 20 MB", huge, alone=False),
    Fault("binary, deep and broken messages", rubbish, alone=False),
    Fault("shared file locked", locked),
    Fault("shared file locked while the answer is looked up", locked, "answer"),
    Fault("shared file removed", removed),
    Fault("shared file overwritten", overwritten),
    Fault("disk full", disk_full),
    Fault("disk full while the answer is looked up", disk_full, "answer"),
    Fault("keeping a turn raises", parts_fail("keeping raise 3"), alone=False),
    Fault("keeping a turn hangs 10 s", parts_fail("keeping sleep:10 1"), alone=False),
    Fault("back end raises once", parts_fail("backend raise 1"), goal="any", alone=False),
    Fault("back end raises always", parts_fail("backend raise 99"), goal="any", alone=False),
    Fault("back end slow: 4 s", parts_fail("backend sleep:4 1"), alone=False),
    Fault("back end hangs: 20 s", parts_fail("backend sleep:20 1"), goal="any", alone=False),
    Fault("dialogue engine raises once", parts_fail("engine raise 1"), alone=False),
    Fault("dialogue engine raises always", parts_fail("engine raise 99"), goal="person", alone=False),
    Fault("dialogue engine hangs: 15 s", parts_fail("engine sleep:15 1"), goal="person", alone=False),
    Fault("dialogue engine slow: 2 s", parts_fail("engine sleep:2 1"), alone=False),
    Fault("decoding raises", parts_fail("decoding raise 2"), "words", spoken=True, alone=False),
    Fault("recogniser raises at the end", parts_fail("recogniser raise 1"), "words", spoken=True, alone=False),
    Fault("recogniser always raises", parts_fail("recogniser raise 99"), "words", spoken=True, alone=False),
    Fault("voice raises once", parts_fail("voice raise 1"), alone=False),
    Fault("voice always raises", parts_fail("voice raise 99"), goal="person", alone=False),
    Fault("webhook comes again", voice_again, alone=False),
    Fault("forged status", forged_status, alone=False),
    Fault("flood of 300 unsigned requests", flood),
    Fault("1,500 idle sockets", idle_sockets),
    Fault("200 bodies that never end", slow_bodies),
    Fault("SIGTERM: the running call ends by itself", drained, group="drains"),
    Fault("SIGTERM and no time: handed over in words", drained, goal="person", group="drains at once"),
    Fault("speech model can't be loaded: keys", parts_fail(""), group="no model"),
    Fault("over capacity: keys", parts_fail(""), group="full"),
)

GROUPS: dict[str, dict[str, str]] = {
    "two workers": {},
    "drains": {},
    "drains at once": {"VOICEBOT_DRAIN_S": "1"},
    "no model": {"VOICEBOT_SECOND_LISTENER": "false"},
    "full": {"VOICEBOT_MOST_CALLS": "1"},
}


async def strike(service: ServiceUnderTest, fault: Fault) -> Result:
    caller = GoalCaller(
        service, patient=False, spoken=fault.spoken, trouble_after=fault.after, trouble_times=fault.times
    )

    async def trouble(line: Any) -> None:
        await fault.strikes(service, line)

    caller.trouble = trouble
    detail = ""
    person = False
    blocker: asyncio.Task[Any] | None = None
    if fault.group == "full":
        other = GoalCaller(service, trouble_after="question", trouble=lambda line: line.wait(25))
        blocker = asyncio.create_task(other.call())
        await asyncio.sleep(3)
    try:
        report = await asyncio.wait_for(caller.call(), 150)
        person = report.handed_over is not None
        detail = " ".join(report.verbs)
        streams = report.verbs.count("Connect")
        detail += f"; {streams} streams" if streams > 1 else ""
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error)[:300]}"
    if blocker is not None:
        await asyncio.wait({blocker})
    said = await service.bot_said(caller.call_sid)
    waits = [*caller.waits_s, *caller.heard_again_s]
    goes_on = person and (caller.told or fault.goal in ("person", "any"))
    # The day once told, the number once acknowledged: neither is asked for again.
    acknowledged = [n for n, text in enumerate(said) if "도착할 예정" in text]
    lost = bool(acknowledged) and any("주문번호를" in text for text in said[acknowledged[0] + 1 :])
    lost = lost or sum("안녕하세요" in text for text in said) > 1
    return Result(fault.name, round(max(waits, default=99.0), 2), goes_on, not lost, detail)


def run(group: str, faults: list[Fault], at_once: int) -> list[Result]:
    """The rows of one group, against a service of their own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**GROUPS[group], "FAULTS": str(Path(folder) / "faults")}
        (Path(folder) / "faults").mkdir()
        if group == "no model":
            broken = Path(folder) / "vosk-ko"
            broken.mkdir()
            settings["VOICEBOT_MODEL_PATHS"] = json.dumps({"vosk-ko": str(broken)})
        command = [sys.executable, str(ROOT / "benchmarks" / "faulty_serve.py"), "serve", "--port", "0"]
        with serving(Path(folder), workers=2, command=command, **settings) as service:
            return asyncio.run(_strike_all(service, faults, at_once))


async def _strike_all(service: ServiceUnderTest, faults: list[Fault], at_once: int) -> list[Result]:
    places = asyncio.Semaphore(at_once)

    async def one(fault: Fault) -> Result:
        async with places:
            result = await strike(service, fault)
        print(_line(result), file=sys.stderr, flush=True)
        return result

    together = await asyncio.gather(*(one(fault) for fault in faults if not fault.alone))
    results = {result.name: result for result in together}
    for fault in faults:
        if fault.alone:
            results[fault.name] = await one(fault)
            while service.afterwards:
                await service.afterwards.pop()()
            await service.all_there(2)
    return [results[fault.name] for fault in faults]


def _line(result: Result) -> str:
    marks = ("yes" if result.goes_on else "NO", "yes" if result.nothing_lost else "NO")
    verdict = "holds" if result.holds else "FAILS"
    return f"{result.name:50} {result.heard_s:6.2f} s  {marks[0]:4} {marks[1]:4} {verdict}  {result.detail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    parser.add_argument("--at-once", type=int, default=4, help="calls at a time, where faults are of one call alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.only or any(part in f.name for part in options.only)]
    groups = {group: [fault for fault in chosen if fault.group == group] for group in GROUPS}
    # The services of the small groups mostly load: beside the first one's calls.
    with ThreadPoolExecutor(2) as threads:
        main_group, *small = [group for group in GROUPS if groups[group]]
        others = threads.submit(lambda: [result for group in small for result in run(group, groups[group], 1)])
        results = [*run(main_group, groups[main_group], options.at_once), *others.result()]
    if options.json:
        print(json.dumps([asdict(result) | {"holds": result.holds} for result in results], ensure_ascii=False))
    else:
        print(f"{'fault':50} {'heard':>6}    goes nothing lost")
        print("\n".join(_line(result) for result in results))
        print(f"{sum(result.holds for result in results)} of {len(results)} hold")
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
