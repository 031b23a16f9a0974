"""Do all calls reach their goal when one of two hosts is removed amid them?

    sudo python benchmarks/two_hosts.py [--calls 40] [--later 6] [--removal kill|drain|cut|none] [--workers 1] [--json]

Two hosts, each a network namespace with a service of its own and a `var` of its own; beside them one PostgreSQL, one
Redis, one nginx (deploy/nginx/voicebot-hosts.conf, without TLS), one Celery worker. Callers want to know when their
parcel comes, and then a person; they press keys and go by what the bot says. When all of them are on the line, the
host that holds more of them is removed: `kill` (SIGKILL to all of its processes), `drain` (SIGTERM), or `cut` (its
network goes down, and comes back when the calls are over). `--later` more callers come after that.

A call reached its goal when the caller was told the day and was then given to a person. Beside that it is looked at
whether the other host's console showed every call, and whether the history has every call once and every turn once.
Needs root (`ip netns`), redis-server, postgresql and nginx (script/test-servers). Some two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from service_under_test import PUBLIC_URL, ROOT, TOKEN, GoalCaller, PatientPhone, ServiceUnderTest, serving
from sqlalchemy import func, select
from support.postgresql import PostgreSQL
from support.redis_server import RedisServer

from voicebot.call.continuing import KeptCalls
from voicebot.store.accounts.accounts import Accounts
from voicebot.store.accounts.tokens import ApiTokens
from voicebot.store.history.database import open_database
from voicebot.store.history.tables import calls as calls_table
from voicebot.store.history.tables import turns as turns_table
from voicebot.store.live_redis import RedisStore

MIDDLE = "10.77.0.1"
"""Where PostgreSQL, Redis and nginx are."""
PORT = 8080
_PROXY_PORT = 8088
_RETRIES = Path("/proc/sys/net/ipv4/tcp_retries2")
KEY = "0123456789abcdef" * 4


@dataclass
class Host:
    """One of the two."""

    name: str
    address: str
    service: ServiceUnderTest

    @property
    def url(self) -> str:
        return f"http://{self.address}:{PORT}"

    def calls(self) -> int:
        reply: dict[str, Any] = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=15).json()
        return int(reply["calls"])

    def kill(self) -> None:
        """Every process of it at once, as when its power is gone."""
        parent = psutil.Process(self.service.process.pid)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        self.service.process.wait()

    def set_line(self, state: str) -> None:
        """`up` or `down`: its network, at its own end."""
        _run("ip", "-n", self.name, "link", "set", "line", state)
        if state == "up":
            _run("ip", "-n", self.name, "route", "replace", "default", "via", self.address.rpartition(".")[0] + ".1")


@dataclass
class Installation:
    """All that is there."""

    folder: Path
    hosts: list[Host]
    redis: str
    database: str
    proxy: str
    environment: dict[str, str]
    kept: KeptCalls = field(init=False)

    def __post_init__(self) -> None:
        self.kept = KeptCalls(RedisStore(self.redis, within_s=10))

    def phone(self) -> PatientPhone:
        return PatientPhone(self.proxy, PUBLIC_URL, TOKEN)

    async def bot_said(self, call_sid: str) -> list[str]:
        """What the bot said so far, as it is kept where all hosts find it."""
        found = await asyncio.to_thread(self.kept.find, call_sid)
        return [entry.text for entry in found.entries if entry.who == "bot"] if found else []


class Feed:
    """What a host's console shows of live calls."""

    def __init__(self, host: Host, token: str) -> None:
        self.calls: set[str] = set()
        self._url, self._token = f"{host.url}/console/live/feed", token
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.Client(trust_env=False, timeout=60) as client,
            client.stream("GET", self._url, headers=headers) as answer,
        ):
            for line in answer.iter_lines():
                self.calls |= set(re.findall(r"CA[0-9a-f]{32}", line))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--later", type=int, default=6)
    parser.add_argument("--removal", choices=("kill", "drain", "cut", "none"), default="kill")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--apart-s", type=float, default=0.25, help="seconds between the beginnings of two calls")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--logs", type=Path, help="folder for the hosts' logs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), options.workers) as there:
        try:
            figures = asyncio.run(hold(there, options))
        finally:
            if options.logs:
                options.logs.mkdir(parents=True, exist_ok=True)
                for log in Path(folder).glob("**/*.log"):
                    shutil.copy(log, options.logs / f"{log.parent.name}-{log.name}")
    print(
        json.dumps(figures, ensure_ascii=False)
        if options.json
        else "\n".join(f"{name:34} {value}" for name, value in figures.items())
    )
    good = figures["reached their goal"] == figures["calls"] == figures["calls in the history"]
    return 0 if good and not figures["turns twice in the history"] else 1


async def hold(there: Installation, options: argparse.Namespace) -> dict[str, object]:
    callers: list[GoalCaller] = []
    problems: list[str] = []
    database = open_database(there.database, there.folder)
    user = Accounts(database).add("watcher", "admin", "a long password of this benchmark")
    feeds = [Feed(host, ApiTokens(database).make(user, "feed", ["live"], 1)) for host in there.hosts]

    async def one(number: int) -> bool:
        caller = GoalCaller(there, patient=False)  # type: ignore[arg-type]
        callers.append(caller)
        try:
            report = await caller.call()
        except Exception as error:
            problems.append(f"call {number}: {type(error).__name__}: {str(error)[-400:]}")
            return False
        reached = caller.told and report.handed_over is not None
        if not reached:
            problems.append(f"call {number}: told {caller.told}, verbs {report.verbs}, {report.story[-300:]}")
        return reached

    running = []
    for number in range(options.calls):
        running.append(asyncio.create_task(one(number)))
        await asyncio.sleep(options.apart_s)
    until = time.monotonic() + 60
    while sum(caller.streams > 0 for caller in callers) < options.calls and time.monotonic() < until:
        await asyncio.sleep(0.1)
    on_the_line = sum(not task.done() for task in running)
    held = [await asyncio.to_thread(host.calls) for host in there.hosts]
    gone = there.hosts[held.index(max(held))]
    left = there.hosts[1 - there.hosts.index(gone)]
    drained_s = None
    removed = time.monotonic()
    match options.removal:
        case "kill":
            gone.kill()
        case "drain":
            gone.service.process.send_signal(signal.SIGTERM)
        case "cut":
            gone.set_line("down")
    for number in range(options.later):
        running.append(asyncio.create_task(one(options.calls + number)))
        await asyncio.sleep(options.apart_s)
    reached = sum(await asyncio.gather(*running))
    lasted_s = time.monotonic() - removed
    if options.removal == "drain":
        await asyncio.to_thread(gone.service.process.wait, 120)
        drained_s = round(time.monotonic() - removed, 1)
    if options.removal in ("drain", "kill"):
        shutil.copy(gone.service.folder / "service.log", there.folder / "removed.log")
    if options.removal == "cut":
        gone.set_line("up")
    shown = feeds[there.hosts.index(left)].calls
    job = await asyncio.to_thread(a_job, there)
    # What a removed host had not written yet is written when it is back.
    back = contextlib.ExitStack()
    if options.removal in ("kill", "drain"):
        back.enter_context(a_host(there, gone.name, gone.address, options.workers))
    await asyncio.to_thread(wait_for_spools, there)
    back.close()
    all_calls = [caller.call_sid for caller in callers]
    with database.reading() as connection:
        c, t = calls_table.c, turns_table.c
        rows = connection.execute(select(c.id, c.outcome).where(c.id.in_(all_calls))).all()
        every = connection.execute(select(func.count()).select_from(turns_table)).scalar_one()
        once = connection.execute(
            select(func.count()).select_from(select(t.call_key, t.part, t.number).distinct().subquery())
        ).scalar_one()
    outcomes = sorted({row.outcome or "none" for row in rows})
    waits = sorted(wait for caller in callers for wait in caller.heard_again_s)
    kept = sum(
        sum(entry.who in ("bot", "caller") for entry in found.entries)
        for call in all_calls
        if (found := there.kept.find(call))
    )
    return {
        "removal": options.removal,
        "calls": len(callers),
        "reached their goal": reached,
        "on the line at the removal": on_the_line,
        "of them on the host that went": max(held),
        "lost their stream": sum(caller.streams > 1 for caller in callers),
        "heard again, median s": round(statistics.median(waits), 1) if waits else None,
        "heard again, longest s": round(waits[-1], 1) if waits else None,
        "until the last call ended, s": round(lasted_s, 1),
        "drained after, s": drained_s,
        "shown by the other host's console": len(shown & set(all_calls)),
        "calls in the history": len({row.id for row in rows}),
        "rows of calls": len(rows),
        "outcomes": outcomes,
        "turns in the history": every,
        "turns twice in the history": every - once,
        "turns in the journals": kept,
        "a job of the Celery worker": job,
        "load of the machine, 1 min": round(os.getloadavg()[0], 1),
        "problems": problems,
    }


def wait_for_spools(there: Installation, within_s: float = 60) -> None:
    """Until no host has anything left to write."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        left = [path for path in there.folder.glob("*/var/spool/*.jsonl") if path.stat().st_size]
        if not left:
            return
        time.sleep(0.5)


def a_job(there: Installation) -> str:
    """Whether a job that is sent to the queue is done by the worker."""
    log = there.folder / "celery" / "celery.log"
    if not log.exists():
        return "no worker"
    command = [sys.executable, "-m", "celery", "-A", "voicebot.learning.jobs.celery_app", "call", "voicebot.job",
               "--args", json.dumps([_a_job_name()])]  # fmt: skip
    sent = subprocess.run(command, cwd=ROOT, env=there.environment, capture_output=True, text=True, timeout=60)
    if sent.returncode:
        return f"not sent: {sent.stderr[-200:]}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if "succeeded" in log.read_text():
            return "done"
        time.sleep(0.5)
    return f"not done: {log.read_text()[-300:]}"


def _a_job_name() -> str:
    from voicebot.learning.jobs.declared import JOBS

    return next(iter(JOBS))


@contextlib.contextmanager
def installation(folder: Path, workers: int) -> Iterator[Installation]:
    """Everything, ready for calls."""
    if os.getuid() or shutil.which("ip") is None:
        raise SystemExit("network namespaces need root and iproute2: run it as root, or in a container of its own")
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(_quietly, "ip", "addr", "del", f"{MIDDLE}/32", "dev", "lo")
        _run("ip", "addr", "replace", f"{MIDDLE}/32", "dev", "lo")
        # As deploy/nginx/voicebot-hosts.conf wants it of the proxy's machine.
        before = _RETRIES.read_text()
        stack.callback(_RETRIES.write_text, before)
        _RETRIES.write_text("5")
        redis = RedisServer(address=MIDDLE)
        stack.callback(redis.close)
        postgresql = PostgreSQL(MIDDLE, 5477)
        stack.callback(postgresql.close)
        database = postgresql.new_database()
        environment = {
            **os.environ,
            "VOICEBOT_REDIS_URL": redis.url,
            "VOICEBOT_DATABASE_URL": database,
            "VOICEBOT_CONSOLE_KEY": KEY,
            "VOICEBOT_PROFILE_KEY": KEY,
            "VOICEBOT_CELERY_BROKER_URL": redis.url.replace("/0", "/1"),
            "VOICEBOT_VAR": str(folder / "celery"),
            "VOICEBOT_ENCODER": "",
        }
        names = ("vb-one", "vb-two")
        addresses = [_namespace(stack, name, number) for number, name in enumerate(names, 1)]
        there = Installation(folder, [], redis.url, database, f"http://{MIDDLE}:{_PROXY_PORT}", environment)
        for name, address in zip(names, addresses, strict=True):
            service = stack.enter_context(a_host(there, name, address, workers))
            there.hosts.append(Host(name, address, service))
        _nginx(stack, folder, addresses)
        _celery(stack, folder, environment)
        yield there


@contextlib.contextmanager
def a_host(there: Installation, name: str, address: str, workers: int) -> Iterator[ServiceUnderTest]:
    """The service in its namespace, ready."""
    command = ["ip", "netns", "exec", name, sys.executable, "-m", "voicebot", "serve", "--host", address,
               "--port", str(PORT)]  # fmt: skip
    shared = {key: value for key, value in there.environment.items() if key.startswith("VOICEBOT_")}
    settings = {**shared, "VOICEBOT_MACHINE": name, "VOICEBOT_MOST_CALLS": "100", "VOICEBOT_CSAT_SHARE": "0"}
    settings["VOICEBOT_VAR"] = str(there.folder / name / "var")
    with serving(there.folder / name, workers=workers, command=command, **settings) as service:
        yield service


def _namespace(stack: contextlib.ExitStack, name: str, number: int) -> str:
    """A network of its own with one line to the middle; its address."""
    _quietly("ip", "netns", "del", name)
    _run("ip", "netns", "add", name)
    stack.callback(_quietly, "ip", "netns", "del", name)
    here = f"{name}-line"
    _run("ip", "link", "add", here, "type", "veth", "peer", "name", "line", "netns", name)
    _run("ip", "addr", "add", f"10.77.{number}.1/24", "dev", here)
    _run("ip", "link", "set", here, "up")
    address = f"10.77.{number}.2"
    _run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "line")
    _run("ip", "-n", name, "link", "set", "lo", "up")
    _run("ip", "-n", name, "link", "set", "line", "up")
    _run("ip", "-n", name, "route", "add", "default", "via", f"10.77.{number}.1")
    return address


def _nginx(stack: contextlib.ExitStack, folder: Path, addresses: list[str]) -> None:
    """The example, without TLS and with these hosts."""
    text = (ROOT / "deploy/nginx/voicebot-hosts.conf").read_text("utf-8")
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"    ssl_.*\n|    listen \[.*\n", "", text).replace("listen 443 ssl http2", f"listen {_PROXY_PORT}")
    for example, address in zip(("10.0.0.11", "10.0.0.12"), addresses, strict=True):
        text = text.replace(f"{example}:8080", f"{address}:{PORT}")
    nginx = folder / "nginx"
    nginx.mkdir()
    (nginx / "hosts.conf").write_text(text)
    (nginx / "nginx.conf").write_text(
        f"daemon off; pid {nginx}/pid; error_log {nginx}/error.log; user root;\n"
        f"events {{ worker_connections 2048; }}\nhttp {{ access_log off; include {nginx}/hosts.conf;\n"
        + "".join(
            f"{kind}_temp_path {nginx}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + "}\n"
    )
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or "nginx"
    process = subprocess.Popen(
        [program, "-p", str(nginx), "-c", str(nginx / "nginx.conf"), "-e", str(nginx / "start.log")]
    )
    stack.callback(_end, process)
    time.sleep(0.5)
    if process.poll() is not None:
        raise SystemExit(f"nginx did not start: {(nginx / 'start.log').read_text()}")


def _celery(stack: contextlib.ExitStack, folder: Path, environment: dict[str, str]) -> None:
    """A worker, where Celery is installed."""
    import importlib.util

    if importlib.util.find_spec("celery") is None:
        return
    (folder / "celery").mkdir()
    with (folder / "celery" / "celery.log").open("wb") as log:
        command = [sys.executable, "-m", "celery", "-A", "voicebot.learning.jobs.celery_app", "worker",
                   "--pool", "solo", "--loglevel", "info"]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
