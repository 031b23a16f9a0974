"""The one port: health, limits on bodies, start, draining and the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from flask import Blueprint
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from telephony.limits import Limits
from telephony.media_stream import MU_LAW, Connected, Key, Media, Started
from telephony.phone.virtual_time import run
from telephony.server import ServerError, create_app, run_server
from tests.telephony.twilio_side import FRAME, STREAM_SID, TOKEN, Bot, Conversation, call_sid, sign, to_wire
from voicebot.channel import Outcome
from voicebot.config import Configuration
from voicebot.errors import VoicebotError


def configuration(**settings: Any) -> Configuration:
    return Configuration(**({"twilio_auth_token": TOKEN} | settings))


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")


async def asgi_request(app: Any, path: str, *parts: bytes, pause_s: float = 0.0, **scope: Any) -> int:
    """POST a body in parts straight into the application; returns the status."""
    statuses: list[int] = []
    left = [*parts]

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause_s)
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/x-www-form-urlencoded")]
    full = {
        "type": "http",
        "method": "POST",
        "http_version": "1.1",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(full | scope, receive, send)
    return statuses[0]


def test_health_readiness_and_metrics_are_answered() -> None:
    async def test() -> None:
        loaded = False
        app = create_app(configuration(), Bot(), ready=lambda: loaded)
        async with client(app) as http:
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
            loaded = True
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (200, True)
            assert "voicebot_twilio_streams 0.0" in (await http.get("/metrics")).text
            assert (await http.get("/nothing")).status_code == 404

    run(test())


def test_further_pages_stand_on_the_same_port() -> None:
    page = Blueprint("page", __name__)
    page.add_url_rule("/console", view_func=lambda: "hello")

    async def test() -> None:
        async with client(create_app(configuration(), Bot(), blueprints=[page])) as http:
            assert (await http.get("/console")).text == "hello"

    run(test())


def test_a_body_that_never_ends_or_never_comes_takes_no_thread() -> None:
    async def test() -> None:
        app = create_app(configuration(), Bot())
        signed = [(b"host", b"127.0.0.1"), (b"x-twilio-signature", b"x")]
        assert await asgi_request(app, "/twilio/voice", *[b"x" * 10_000] * 10, headers=signed) == 413
        announced = [*signed, (b"content-length", b"99999999")]
        assert await asgi_request(app, "/twilio/voice", b"x", pause_s=99.0, headers=announced) == 413
        assert await asgi_request(app, "/twilio/voice", *[b"x"] * 50, pause_s=1.0, headers=signed) == 408
        assert asyncio.get_running_loop().time() == pytest.approx(10.0)
        assert await asgi_request(app, "/twilio/voice", *[b"x"] * 50, pause_s=1.0) == 403  # and nothing of it read
        assert asyncio.get_running_loop().time() == pytest.approx(10.0)
        assert await asgi_request(app, "/twilio/voice", query_string=b"\xff") == 400
        assert await asgi_request(app, "/twilio/voice", b"CallSid=CA1") == 403

    run(test())


def test_a_body_in_chunks_without_a_length_is_read() -> None:
    async def test() -> None:
        signature = sign("http://127.0.0.1/twilio/voice", {"CallSid": "CA1"})
        headers = [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"x-twilio-signature", signature.encode()),
        ]
        app = create_app(configuration(), Bot())
        assert await asgi_request(app, "/twilio/voice", b"Call", b"Sid=", b"CA1", headers=headers) == 200

    run(test())


def test_a_websocket_anywhere_else_is_refused() -> None:
    async def test() -> None:
        sent: list[Any] = []
        messages = [{"type": "websocket.connect"}]

        async def receive() -> Any:
            return messages.pop()

        async def send(message: Any) -> None:
            sent.append(message["type"])

        scope = {"type": "websocket", "path": "/other", "headers": [], "client": ("127.0.0.1", 1)}
        await create_app(configuration(), Bot())(scope, receive, send)
        assert sent == ["websocket.close"]

    run(test())


def test_draining_takes_no_new_calls_and_waits_for_the_announced_ones() -> None:
    async def test() -> None:
        app = create_app(configuration(), Bot(), limits=Limits(token_s=0.0))
        assert app.takes_calls()
        assert await app.drain() == 0
        assert not app.takes_calls()
        async with client(app) as http:
            assert (await http.get("/readyz")).json()["draining"]
        url, form = "http://127.0.0.1:8080/twilio/voice", {"CallSid": call_sid()}
        async with client(app) as http:
            answer = await http.post("/twilio/voice", data=form, headers={"X-Twilio-Signature": sign(url, form)})
        assert "<Enqueue" in answer.text

    run(test())


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = configuration(port=taken.getsockname()[1])
        with pytest.raises(ServerError, match="VOICEBOT_PORT"):
            asyncio.run(run_server(create_app(settings, Bot()), settings))


def test_what_fails_at_the_start_is_raised_to_who_started_it() -> None:
    @contextlib.asynccontextmanager
    async def fails() -> AsyncIterator[None]:
        raise VoicebotError("the model is missing; install it.")
        yield

    settings = configuration(port=0)
    with pytest.raises(VoicebotError, match="model is missing"):
        asyncio.run(run_server(create_app(settings, Bot(), lifespan=fails), settings))


def test_a_call_over_real_sockets_finishes_after_sigterm() -> None:
    lived: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        lived.append("began")
        yield
        lived.append("ended")

    async def until_key(call: Conversation) -> Outcome:
        call.say(0.1, "hello")
        while not call.keys:
            await asyncio.sleep(0.01)
        return Outcome("hang_up", "goodbye")

    async def test() -> None:
        limits = Limits(after_stream_within_s=0.3)
        settings = configuration(port=0)
        app = create_app(settings, Bot(until_key), lifespan=lifespan, limits=limits)
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(run_server(app, settings, listening=port.set_result, limits=limits))
        base = f"127.0.0.1:{await port}"
        form = {"CallSid": call_sid(), "From": "+821012345678"}

        async def post(path: str) -> str:
            url = f"http://{base}{path}"
            async with httpx.AsyncClient() as http:
                headers = {
                    "X-Twilio-Signature": sign(url, form),
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                return (await http.post(url, content=urlencode(form), headers=headers)).text

        with pytest.raises(InvalidStatus, match="403"):
            await connect(f"ws://{base}/twilio/media")
        token = re.search(r'value="([^"]+)"', await post("/twilio/voice"))
        assert token
        url = f"ws://{base}/twilio/media"
        async with connect(url, additional_headers={"X-Twilio-Signature": sign("wss" + url[2:])}) as twilio:
            await twilio.send(to_wire(Connected("1.0.0")))
            await twilio.send(
                to_wire(Started(STREAM_SID, call_sid(), "AC1", ("inbound",), MU_LAW, {"token": token[1]}))
            )
            assert '"event":"media"' in str(await twilio.recv())
            os.kill(os.getpid(), signal.SIGTERM)
            while app.takes_calls():
                await asyncio.sleep(0.01)
            await twilio.send(to_wire(Media(FRAME, 1, 100)))
            await twilio.send(to_wire(Key("1")))
            async for _ in twilio:
                pass
            assert twilio.close_code == 1000
        assert "<Hangup" in await post("/twilio/after-stream?stream=1")
        await asyncio.wait_for(server, 30)

    asyncio.run(test())
    assert lived == ["began", "ended"]
