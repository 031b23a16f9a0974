"""The service's REST requests against Twilio's own OpenAPI description, served by Prism; neither is ours."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from twilio.rest import Client

from telephony.twilio_rest import NewCall, RefusedError, TwilioCalls
from tests.peers.rewritten_host import RewrittenHost
from tests.peers.twilio_double import ACCOUNT, AUTH_TOKEN

_MODULES = Path(__file__).parent / "prism" / "node_modules"
_PRISM = _MODULES / ".bin" / "prism"
_OPENAPI = _MODULES / "@twilio" / "cli-core" / "src" / "services" / "twilio-api" / "twilio_api_v2010.json"
_STARTS_S = 60.0

pytestmark = pytest.mark.skipif(
    not (_PRISM.exists() and _OPENAPI.exists() and shutil.which("node")),
    reason="Prism is not installed: npm install --prefix tests/peers/prism --ignore-scripts",
)


@pytest.fixture(scope="module")
def api() -> Iterator[TwilioCalls]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(_PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(_OPENAPI)]
    prism = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _STARTS_S
        while time.monotonic() < until and prism.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(url, timeout=5)
                break
            time.sleep(0.2)
        client = Client(ACCOUNT, AUTH_TOKEN, http_client=RewrittenHost(url, timeout=30))
        yield TwilioCalls(client, "+8215881234")
    finally:
        prism.terminate()
        prism.wait(10)


def test_a_call_is_made_as_twilios_description_wants_it(api: TwilioCalls) -> None:
    url = "https://bot.example.com/twilio/callback-answered?callback=1&attempt=1"
    for beep in (False, True):
        assert api.create(NewCall("+821012345678", url, url, wait_for_beep=beep)).startswith("CA")


def test_a_call_is_moved_as_twilios_description_wants_it(api: TwilioCalls) -> None:
    api.move("CA" + "1" * 32, "https://bot.example.com/twilio/to-people?l=ko")


def test_what_the_description_does_not_allow_is_refused(api: TwilioCalls) -> None:
    with pytest.raises(RefusedError):
        api.create(NewCall("", "no URL", "no URL", rings_s="x"))  # type: ignore[arg-type]
