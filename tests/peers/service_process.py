"""The service as an operator starts it: a process of its own, known by its port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "a-token-of-this-test"
PUBLIC_URL = "https://bot.example.com"
"""What Twilio is told; a proxy that ends TLS stands between it and the port."""

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class ServiceProcess:
    """Where it listens, and what it prints."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def local_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calls(self) -> int:
        """Calls that it holds now."""
        return int(httpx.get(f"{self.local_url}/readyz", trust_env=False).json()["calls"])

    def said_by_the_bot(self, call_sid: str) -> str:
        """All that the bot said in a call: the turn log, which is offered on this machine."""
        turns = httpx.get(f"{self.local_url}/api/v1/calls/{call_sid}/turns", trust_env=False).json()
        return "\n".join(turn["text"] for turn in turns if turn["who"] == "bot")

    def _readyz(self) -> httpx.Response:
        """While it loads on a busy machine, this may take a while."""
        return httpx.get(f"{self.local_url}/readyz", trust_env=False, timeout=60)

    def wait_until_serving(self, within_s: float = 60) -> None:
        """Until it is ready, or knows why it takes calls by keys only. Raises TimeoutError."""
        deadline = time.monotonic() + within_s
        while self._readyz().json().get("reason") == "loading":
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"the service still loads:\n{self.log.read_text()}")
            time.sleep(0.1)

    def wait_until_ready(self, within_s: float) -> None:
        """Until /readyz answers 200. Raises TimeoutError."""
        deadline = time.monotonic() + within_s
        while self._readyz().status_code != 200:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"the service is not ready:\n{self.log.read_text()}")
            time.sleep(0.1)


@contextlib.contextmanager
def serving(
    folder: Path, repository: Path, settings: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[ServiceProcess]:
    """Starts `voicebot serve` with its files in `folder`; on leaving it is told to end, and must.

    `settings` are more of its environment, `options` more of its command line.
    """
    log = folder / "service.log"
    command = shutil.which("voicebot", path=str(Path(sys.executable).parent)) or "voicebot"
    environment = os.environ | {
        "TWILIO_AUTH_TOKEN": TOKEN,
        "VOICEBOT_PUBLIC_URL": PUBLIC_URL,
        "VOICEBOT_VAR": str(folder / "var"),
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command, "serve", "--port", "0", *options], cwd=repository, env=environment, stdout=output, stderr=output
        )
    try:
        yield ServiceProcess(_port(process, log), process, log)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 60
    while not (found := _LISTENING.search(log.read_text())):
        if time.monotonic() > deadline or process.poll() is not None:
            raise TimeoutError(f"the service does not listen:\n{log.read_text()}")
        time.sleep(0.05)
    return int(found[1])
