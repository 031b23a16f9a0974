"""What script/run does once everything is installed: serve, place one call, keep serving.

Every process is started in a session of its own, so that Ctrl-C reaches this one only; it ends them, politely first.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from voicebot.config import Configuration, load
from voicebot.doctor import Level, check_first_listener, check_port, check_synthesiser, check_var
from voicebot.errors import VoicebotError

VOICEBOT = str(Path(sys.executable).with_name("voicebot"))
SCENARIO = Path("prompts/shop/demo/parcel.yaml")

READY_WITHIN_S = 120.0
"""The models load in a few seconds, and a first start takes half a minute for the phrases; a machine that is installing
something else takes longer."""
CALL_WITHIN_S = 180.0
END_WITHIN_S = 10.0
"""Seconds that a process gets to end by itself."""

Child = subprocess.Popen[bytes]


class Signals:
    """Ctrl-C, TERM and HUP: counted, and raised as KeyboardInterrupt where nothing can be left behind by that."""

    def __init__(self) -> None:
        self.count = 0
        self.raising = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._arrived)

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.raising:
            raise KeyboardInterrupt


class Children:
    """The processes started here. Used in a `with`: at its end none is left."""

    def __init__(self, signals: Signals, environment: Mapping[str, str]) -> None:
        self._signals = signals
        self._environment = environment
        self._started: list[Child] = []

    def start(self, *arguments: str, output: IO[bytes] | None = None) -> Child:
        """Start a command of voicebot; its output goes where ours goes, or to `output`."""
        self._signals.raising = False
        child = subprocess.Popen(
            [VOICEBOT, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,
        )
        self._started.append(child)
        self._signals.raising = True
        if self._signals.count:
            raise KeyboardInterrupt
        return child

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.raising = False
        for child in reversed(self._started):
            self._end(child)

    def _end(self, child: Child) -> None:
        """Ask it to end; kill it and all that it started where that takes too long or a second Ctrl-C comes."""
        asked = self._signals.count
        deadline = time.monotonic() + END_WITHIN_S
        if child.poll() is None:
            child.terminate()
        while child.poll() is None and time.monotonic() < deadline and self._signals.count == asked:
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def main() -> int:
    """The exit status: 0 done, 1 the demonstration failed, 2 it could not begin, 130 it was broken off."""
    signals = Signals()
    try:
        configuration = load()
        if not _can_begin(configuration):
            return 2
        with Children(signals, _environment(configuration)) as children:
            return _serve(children, configuration)
    except VoicebotError as error:
        _tell(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def _serve(children: Children, configuration: Configuration) -> int:
    service = children.start("serve", "--follow")
    if not _wait_until_ready(configuration, service):
        return 1
    succeeded = _demonstrate(children, configuration)
    if os.environ.get("ONCE", "") not in ("", "0"):
        return 0 if succeeded else 1
    with suppress(KeyboardInterrupt):
        _tell(f"serving on http://{configuration.host}:{configuration.port} until Ctrl-C")
        return service.wait()
    return 0


def _can_begin(configuration: Configuration) -> bool:
    findings = [check(configuration) for check in (check_synthesiser, check_first_listener, check_var, check_port)]
    in_the_way = [f for f in findings if f.level is Level.ERROR or (f.name == "port" and "free" not in f.what)]
    for finding in in_the_way:
        _tell(f"{finding.what}; mend it with: {finding.remedy or 'stop the service that runs there'}")
    return not in_the_way


def _environment(configuration: Configuration) -> Mapping[str, str]:
    """Ours, with a token to sign with where none is set: the simulated phone and the service must share one."""
    # The conversation is to be read, not the log between its lines.
    environment = {"VOICEBOT_LOG_LEVEL": "warning"} | os.environ
    if not configuration.twilio_auth_token.get_secret_value():
        environment["TWILIO_AUTH_TOKEN"] = secrets.token_hex(16)
    return environment


def _wait_until_ready(configuration: Configuration, service: Child) -> bool:
    url = f"http://{configuration.host}:{configuration.port}/readyz"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if service.poll() is not None:
            _tell(f"the service ended with status {service.returncode}; its last lines tell why")
            return False
        try:
            with direct.open(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    _tell(f"the service was not ready within {READY_WITHIN_S:.0f} s; try: voicebot doctor")
    return False


def _demonstrate(children: Children, configuration: Configuration) -> bool:
    folder = configuration.var / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    recording, transcript, result = folder / "call.wav", folder / "call.txt", folder / "call.json"
    url = f"http://{configuration.host}:{configuration.port}"
    arguments = ("--scenario", str(SCENARIO), "--record", str(recording), "--transcript", str(transcript), "--json")
    # The service shows the conversation; what the caller's side has to say about it goes to a file.
    with result.open("wb") as output:
        call = children.start("call", "--url", url, *arguments, output=output)
        try:
            status = call.wait(CALL_WITHIN_S)
        except subprocess.TimeoutExpired:
            _tell(f"the demonstration call was not over within {CALL_WITHIN_S:.0f} s")
            return False
    if status == 0:
        _tell(f"the demonstration call reached its goal; listen to {recording}, read {transcript}")
    else:
        _tell(f"the demonstration call did not reach its goal{_why(result)}; see {transcript}")
    return status == 0


def _why(result: Path) -> str:
    """What the call says of the first step that failed."""
    try:
        failed = next(step for step in json.loads(result.read_bytes())["steps"] if step["outcome"] == "failed")
        return f": step {failed['number']}, {failed['step']}: {failed['detail']}"
    except (ValueError, KeyError, TypeError, StopIteration):
        return ""


def _tell(sentence: str) -> None:
    sys.stderr.write(f"run: {sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
