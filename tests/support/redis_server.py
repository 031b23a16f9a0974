"""A Redis server of the tests' own, on a Unix socket or on loopback, with everything in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_WAIT_S = 30.0
PASSWORD = "a-password-of-tests"


def missing() -> str:
    """Why there can't be a server; empty where there can."""
    if shutil.which("redis-server") is None:
        return "Redis is not installed: apt-get install redis-server"
    return ""


class RedisServer:
    """Runs from `start` to `close`; `stop` and `start` in between, as a server that is away and comes back empty."""

    def __init__(self, *options: str, address: str = "") -> None:
        """`address`: an IP address to listen on, with a free port, instead of a Unix socket."""
        self._folder = Path(tempfile.mkdtemp(prefix="redis-", dir="/tmp"))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        if address:
            with socket.socket() as probe:
                probe.bind((address, 0))
                port = probe.getsockname()[1]
            self._where = ["--bind", address, "--port", str(port)]
            self.url = f"redis://:{PASSWORD}@{address}:{port}/0"
        else:
            self._where = ["--port", "0", "--unixsocket", str(self._folder / "redis.sock")]
            self.url = f"unix://:{PASSWORD}@{self._folder / 'redis.sock'}?db=0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", *self._where, "--requirepass", PASSWORD, "--save", "", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._options], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        from redis import Redis

        until = time.monotonic() + _WAIT_S
        with contextlib.closing(Redis.from_url(self.url)) as client:
            while True:
                try:
                    client.ping()
                    return
                except Exception:
                    if time.monotonic() > until or self._process.poll() is not None:
                        raise RuntimeError((self._folder / "log").read_text()) from None
                    time.sleep(0.02)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It answers nothing, and closes nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def empty(self) -> None:
        from redis import Redis

        with contextlib.closing(Redis.from_url(self.url)) as client:
            client.flushall()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)
