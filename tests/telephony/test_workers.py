"""Workers that are forked, replaced and ended together. Each test runs a parent in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

PARENT = """
import os, signal, socket, sys, time
sys.path.insert(0, {root!r})
from telephony.workers import Workers

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)

{work}

def told(text):
    os.write(1, (chr(10) + text + chr(10)).encode())  # the log may be in the middle of a line

status = Workers({number}, work, ready=lambda: told(f"ready {{listener.getsockname()[1]}}"),
                 ended=lambda pid: told(f"ended {{pid}}")).run()
told(f"status {{status}}")
"""

ECHO = """
def work(parent, hurry):
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    listener.settimeout(0.05)
    parent.ready()
    while not stopped:
        try:
            peer, _ = listener.accept()
        except TimeoutError:
            continue
        peer.sendall(f"{os.getpid()} {hurry}".encode())
        peer.close()
    return 0
"""


class Parent:
    def __init__(self, work: str, number: int = 2) -> None:
        code = PARENT.format(root=str(ROOT), work=textwrap.dedent(work), number=number)
        self.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    def line(self, begins: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(begins):
                return line.removeprefix(begins).strip()
        raise AssertionError(f"it ended without {begins!r}")

    @staticmethod
    def ask(port: int) -> tuple[int, bool]:
        """Which worker answers, and whether it took another's place."""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            pid, hurry = peer.recv(100).split()
            return int(pid), hurry == b"True"


@pytest.fixture
def parents() -> Iterator[list[Parent]]:
    started: list[Parent] = []
    yield started
    for parent in started:
        parent.process.kill()
        parent.process.wait()


def test_a_worker_that_dies_is_replaced_and_no_connection_is_lost(parents: list[Parent]) -> None:
    parents.append(parent := Parent(ECHO))
    port = int(parent.line("ready"))
    for _ in range(3):
        pid, _ = parent.ask(port)
        os.kill(pid, signal.SIGKILL)
        assert int(parent.line("ended")) == pid
        assert parent.ask(port)[0] != pid
    seen: set[tuple[int, bool]] = set()
    for _ in range(200):
        seen.add(parent.ask(port))
    assert any(hurry for _, hurry in seen)
    parent.process.terminate()
    assert parent.line("status") == "0"


def test_no_worker_outlives_its_parent(parents: list[Parent]) -> None:
    parents.append(parent := Parent(ECHO))
    port = int(parent.line("ready"))
    parent.ask(port)
    parent.process.kill()
    assert parent.process.stdout is not None
    parent.process.stdout.read()  # returns when the last process that has it open is gone


def test_where_no_worker_can_begin_the_parent_ends_with_its_status(parents: list[Parent]) -> None:
    parents.append(parent := Parent("def work(parent, hurry):\n    return 2\n"))
    assert parent.line("status") == "2"


def test_a_worker_that_does_not_end_is_killed_by_the_second_signal(parents: list[Parent], monkeypatch: Any) -> None:
    stubborn = """
    import telephony.workers
    telephony.workers._KILLED_AFTER_S = 0.1
    def work(parent, hurry):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        parent.ready()
        while True:
            time.sleep(60)
    """
    parents.append(parent := Parent(stubborn))
    parent.line("ready")
    parent.process.terminate()
    parent.process.terminate()
    parent.process.send_signal(signal.SIGINT)
    assert parent.line("status") == "0"


FROZEN = """
def work(parent, hurry):
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    parent.ready()
    parent.alive(busy=BUSY)
    told(f"began {os.getpid()}")
    while not stopped:
        time.sleep(0.05)
        parent.alive(busy=BUSY)
    parent.leaves()
    time.sleep(LEAVES_S)
    return 0
"""


@pytest.mark.parametrize("busy", [True, False])
def test_a_worker_that_shows_no_sign_of_life_is_killed_and_replaced(parents: list[Parent], busy: bool) -> None:
    quick = "import telephony.workers\ntelephony.workers._IDLE_FROZEN_LOOKS = 3\n"
    parents.append(parent := Parent(quick + FROZEN.replace("BUSY", str(busy)).replace("LEAVES_S", "0"), 1))
    pid = int(parent.line("began"))
    os.kill(pid, signal.SIGSTOP)
    assert int(parent.line("ended")) == pid
    assert int(parent.line("began")) != pid
    parent.process.terminate()
    assert parent.line("status") == "0"


def test_a_worker_that_takes_its_time_to_leave_is_not_frozen(parents: list[Parent]) -> None:
    quick = "import telephony.workers\ntelephony.workers._FROZEN_LOOKS = 1\n"
    parents.append(parent := Parent(quick + FROZEN.replace("BUSY", "True").replace("LEAVES_S", "0.8"), 1))
    parent.line("began")
    parent.process.terminate()
    assert parent.line("status") == "0"
