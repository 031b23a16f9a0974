"""What strangers may try on the open port: floods, silence, slowness, size, headers, forged and repeated requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import flask
import httpx
import pytest
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from telephony.application import TelephonyApp
from telephony.limits import Limits
from telephony.media_stream import MU_LAW, Connected, Started
from telephony.refusals import Refusals
from telephony.server import create_app, run_server
from tests.telephony.twilio_side import STREAM_SID, TOKEN, Bot, call_sid, sign, to_wire
from voicebot.config import Configuration

FORM = {"CallSid": call_sid(), "From": "+821012345678", "CallStatus": "ringing"}


class Server:
    """A server on a real port."""

    def __init__(self, app: TelephonyApp, port: int) -> None:
        self.app, self.port, self.base = app, port, f"http://127.0.0.1:{port}"

    async def post(self, path: str = "/twilio/voice", form: dict[str, str] = FORM, **headers: str) -> httpx.Response:
        """A webhook that Twilio signed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = {
            "X-Twilio-Signature": sign(self.base + path, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            return await http.post(self.base + path, content=urlencode(form), headers=signed | named)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextlib.asynccontextmanager
async def serving(limits: Limits | None = None, **settings: Any) -> AsyncIterator[Server]:
    configuration = Configuration(**({"twilio_auth_token": TOKEN, "port": 0} | settings))
    app = create_app(configuration, Bot(), limits=limits or Limits())
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_server(app, configuration, listening=port.set_result, limits=limits or Limits()))
    try:
        yield Server(app, await port)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_idle_sockets_are_closed_and_keep_nobody_out() -> None:
    async def test() -> None:
        async with serving(Limits(connections=50, head_within_s=20)) as server:
            idle = [await server.open() for _ in range(200)]
            assert (await server.post()).status_code == 200
            closed = 0
            for reader, _ in idle[:100]:
                with contextlib.suppress(ConnectionError):
                    closed += await asyncio.wait_for(reader.read(1), 10) == b""
            assert closed or idle[0][0].at_eof()
            for _, writer in idle:
                writer.close()

    asyncio.run(test())


@pytest.mark.parametrize("begun", [b"", b"POST /twilio/voice HTTP/1.1\r\nHost: x\r\n", b"GET /"])
def test_a_head_that_never_ends_is_not_waited_for(begun: bytes) -> None:
    async def test() -> None:
        async with serving(Limits(head_within_s=0.2)) as server:
            reader, writer = await server.open()
            writer.write(begun)
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            # The same on a connection that was good once.
            reader, writer = await server.open()
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" in await asyncio.wait_for(reader.readline(), 20)
            writer.write(b"GET /healthz HTTP/1.1\r\nX: ")
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 20)
            assert (await server.post()).status_code == 200

    asyncio.run(test())


def test_a_head_without_end_is_refused() -> None:
    async def test() -> None:
        async with serving(Limits(head_bytes=4096)) as server:
            reader, writer = await server.open()
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000)
            assert b"400" in await asyncio.wait_for(reader.readline(), 20)

    asyncio.run(test())


def test_a_flood_of_unsigned_requests_is_turned_off_and_twilio_is_served() -> None:
    async def test() -> None:
        async with serving(Limits(refused_per_source=2, refused_overall=20)) as server:
            with structlog.testing.capture_logs() as logs:
                async with httpx.AsyncClient(trust_env=False) as http:
                    statuses = [
                        (await http.post(server.base + "/twilio/voice", data=FORM)).status_code for _ in range(60)
                    ]
            assert set(statuses) == {403, 429}
            assert statuses.count(403) < 30
            assert len(logs) < 30, "a flood does not fill the log"
            assert (await server.post()).status_code == 200, "the same source, signed"

    asyncio.run(test())


def test_refusals_are_counted_by_source_and_overall() -> None:
    now = [0.0]
    refusals = Refusals(per_source=2, overall=5, most_sources=3, clock=lambda: now[0])
    assert [refusals.count("a") for _ in range(6)] == [True] * 4 + [False] * 2
    assert [refusals.count(f"b{n}") for n in range(6)] == [True] * 4 + [False] * 2
    now[0] = 10.0
    assert refusals.count("a")
    assert len(refusals._sources) <= 3


def test_a_repeated_request_gets_the_same_answer_and_its_token_alone_is_worth_nothing() -> None:
    async def test() -> None:
        async with serving() as server:
            first = await server.post(I_Twilio_Idempotency_Token="t1")
            again = await server.post(I_Twilio_Idempotency_Token="t1")
            assert first.text == again.text
            other = FORM | {"CallSid": call_sid(2)}
            assert (await server.post(form=other, I_Twilio_Idempotency_Token="t1")).text != first.text
            async with httpx.AsyncClient(trust_env=False) as http:
                stolen = await http.post(
                    server.base + "/twilio/voice", data=FORM, headers={"I-Twilio-Idempotency-Token": "t1"}
                )
            assert stolen.status_code == 403
            metrics = (await httpx.AsyncClient(trust_env=False).get(server.base + "/metrics")).text
            assert 'endpoint="voice",reply="repeated"} 1.0' in metrics

    asyncio.run(test())


def test_a_recorded_webhook_takes_no_call_back() -> None:
    async def test() -> None:
        async with serving() as server:
            assert "<Connect" in (await server.post()).text
            await server.post("/twilio/status", FORM | {"CallStatus": "completed"})
            assert "<Hangup" in (await server.post()).text
            assert "<Hangup" in (await server.post("/twilio/after-stream?stream=1")).text
            await server.post("/twilio/status", FORM | {"CallStatus": "in-progress"})
            assert "<Hangup" in (await server.post()).text, "a call that is over stays over"

    asyncio.run(test())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "bot.example.com"},
        {"Forwarded": "for=127.0.0.1;host=127.0.0.1;proto=https"},
        {"X-Original-URL": "/healthz"},
        {"X-HTTP-Method-Override": "GET"},
        {"X-Twilio-Signature": ""},
    ],
)
@pytest.mark.parametrize("token", ["", TOKEN])
def test_headers_open_no_door(headers: dict[str, str], token: str) -> None:
    async def test() -> None:
        async with serving(twilio_auth_token=token) as server, httpx.AsyncClient(trust_env=False) as http:
            claims = headers | {"Host": "bot.example.com"}
            for path in ("/twilio/voice", "/twilio//voice", "/twilio/voice/", "/twilio/%76oice"):
                reply = await http.post(server.base + path, data=FORM, headers=claims)
                assert reply.status_code in (308, 403, 404, 429)
                assert "<Response" not in reply.text

    asyncio.run(test())


@pytest.mark.parametrize(("proxy", "source"), [("127.0.0.1", "198.51.100.7"), ("192.0.2.1", "127.0.0.1")])
def test_only_the_trusted_proxy_says_where_a_request_came_from(proxy: str, source: str) -> None:
    seen: list[str | None] = []

    async def test() -> None:
        async with serving(trusted_proxy=proxy) as server:
            server.app.flask.before_request(lambda: seen.append(flask.request.remote_addr))
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.get(server.base + "/healthz", headers={"X-Forwarded-For": "198.51.100.7"})

    asyncio.run(test())
    assert seen == [source]


@pytest.mark.parametrize(
    "sid", ["", "CA1\n2026 forged line", "CA" + "1" * 100, "../../etc", "CA1'; DROP TABLE live;--"]
)
def test_a_forged_call_sid_is_no_call(sid: str) -> None:
    async def test() -> None:
        async with serving() as server:
            assert (await server.post(form=FORM | {"CallSid": sid})).status_code == 400
            assert server.app.calls == 0

    asyncio.run(test())


def test_a_callers_name_writes_no_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = 'x"}\n{"event": "webhook failed", "level": "error"}\r\n\x1b[31m'

    async def test() -> None:
        async with serving() as server:
            await server.post(form=FORM | {"CallerName": name, "From": name, "Caller": name, "To": name})
            await server.post("/twilio/after-stream?stream=" + "9" * 50, FORM | {"CallerName": name})

    asyncio.run(test())
    assert "webhook failed" not in capsys.readouterr().out


async def stream(server: Server) -> Any:
    token = re.search(r'value="([^"]+)"', (await server.post()).text)
    assert token
    url = f"ws://127.0.0.1:{server.port}/twilio/media"
    socket = await connect(
        url, additional_headers={"X-Twilio-Signature": sign("wss" + url[2:])}, proxy=None, max_size=None
    )
    await socket.send(to_wire(Connected("1.0.0")))
    await socket.send(to_wire(Started(STREAM_SID, call_sid(), "AC1", ("inbound",), MU_LAW, {"token": token[1]})))
    return socket


def test_a_message_as_large_as_no_message_of_twilios_closes_its_own_stream_only() -> None:
    async def test() -> None:
        async with serving() as server:
            socket = await stream(server)
            with contextlib.suppress(ConnectionClosed):
                await socket.send("x" * 20_000_000)
            await asyncio.wait_for(socket.wait_closed(), 20)
            assert socket.close_code == 1009
            assert (await server.post("/twilio/after-stream?stream=1")).text.count("<Connect") == 1

    asyncio.run(test())


def test_binary_deep_and_large_messages_are_passed_over() -> None:
    async def test() -> None:
        async with serving() as server:
            socket = await stream(server)
            for message in (b"\xff" * 1000, "[" * 60_000, '{"a":' * 10_000 + "1" + "}" * 10_000, "x" * 1_000_000):
                await socket.send(message)
            await socket.send(json.dumps({"event": "dtmf", "streamSid": STREAM_SID, "dtmf": {"digit": "1"}}))
            bot = server.app._media._answering
            until = time.monotonic() + 20
            while not (bot.calls and bot.calls[0].keys) and time.monotonic() < until:
                await asyncio.sleep(0.01)
            assert bot.calls[0].keys == ["1"]
            await socket.close()

    asyncio.run(test())
