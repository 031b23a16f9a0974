"""The service under load: one that a load test starts, or one that runs."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telephony.phone.load.resources import Watched
from telephony.phone.network import is_loopback
from telephony.workers import end_with_parent
from voicebot.errors import VoicebotError

_BEGINS_WITHIN_S = 900.0
"""Seconds until a service that was started must be ready: the first start with a neural voice makes all phrases."""
_ENDS_WITHIN_S = 30.0


class LoadServiceError(VoicebotError):
    """There is no service to load."""


@dataclass(frozen=True)
class UnderLoad:
    """Where it is."""

    public: str
    """Base URL as Twilio knows it: what is signed."""
    actual: str
    """Base URL where it listens."""
    token: str
    watched: Watched
    ready_s: float | None = None
    """From its start until it took calls; None for one that ran already."""


def running(public: str, actual: str, token: str) -> UnderLoad:
    """A service that runs. Raises LoadServiceError where none is ready there."""
    ready = Watched(actual, None).ready()
    if not ready or not ready.get("ready"):
        raise LoadServiceError(f"no service is ready at {actual}; start it with `voicebot serve`, or leave --url away.")
    worker = ready.get("worker")
    pid = worker.get("pid") if isinstance(worker, dict) and is_loopback(actual) else None
    return UnderLoad(public, actual, token, Watched(actual, pid if isinstance(pid, int) else None))


@contextlib.contextmanager
def started(folder: Path, settings: dict[str, str]) -> Iterator[UnderLoad]:
    """A service of its own on a free port of this machine, with its files in `folder`, until the end of the block.

    `settings`: environment besides what the caller has. Raises LoadServiceError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        **settings,
        "TWILIO_AUTH_TOKEN": token,
        "VOICEBOT_PUBLIC_URL": "",
        "VOICEBOT_VAR": str(folder),
    }
    began = time.monotonic()
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "voicebot", "serve", "--host", "127.0.0.1", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            # Who kills the load test ends its service too.
            preexec_fn=end_with_parent,
        )
        try:
            url = _url(process)
            watched = Watched(url, process.pid)
            while not (watched.ready() or {}).get("ready"):
                if process.poll() is not None or time.monotonic() - began > _BEGINS_WITHIN_S:
                    raise _not_there(folder)
                time.sleep(0.05)
            yield UnderLoad(url, url, token, watched, time.monotonic() - began)
        except EOFError:
            raise _not_there(folder) from None
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _url(process: subprocess.Popen[bytes]) -> str:
    """Where it listens, as it says; what else it says is read and forgotten. Raises EOFError where it ends before."""
    assert process.stdout is not None
    output = process.stdout
    for line in output:
        _, told, url = line.decode(errors="replace").partition("listening on ")
        if told:
            threading.Thread(target=lambda: [None for _ in output], name="service output", daemon=True).start()
            return url.strip()
    raise EOFError


def _not_there(folder: Path) -> LoadServiceError:
    return LoadServiceError(f"the service did not start; {folder / 'service.log'} tells why.")
