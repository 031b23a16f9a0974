"""Both ways to a service: in the same process, and over the network."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest
import uvicorn

from telephony.phone import virtual_time
from telephony.phone.network import Network, is_loopback
from telephony.phone.phone import Call
from telephony.phone.settings import CallSettings
from telephony.phone.transport import (
    HandshakeRefusedError,
    InProcess,
    Reply,
    Route,
    SocketClosedError,
    UnreachableError,
)
from tests.phone.calls import streaming
from tests.phone.service import Service, Wire, tone


def test_a_route_sends_the_public_address_to_the_real_one() -> None:
    route = Route("https://bot.example.com/base", "http://127.0.0.1:8080")
    assert route("https://bot.example.com/base/twilio/voice?a=b") == "http://127.0.0.1:8080/twilio/voice?a=b"
    assert route("wss://bot.example.com/base/twilio/media") == "ws://127.0.0.1:8080/twilio/media"
    assert route("https://bot.example.com/basement") == "https://bot.example.com/basement"
    assert route("https://other.example.com/") == "https://other.example.com/"


def test_loopback_addresses() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:1/a", "ws://[::1]/a", "http://localhost")))
    assert not any(map(is_loopback, ("http://127.0.0.1.example.com", "https://10.0.0.1", "x")))


def test_media_types_are_compared_without_parameters() -> None:
    assert Reply(200, {"content-type": "Text/XML; charset=utf-8"}, b"").content_type == "text/xml"
    assert Reply(200, {}, b"").content_type == ""


def test_the_lifespan_runs_around_the_calls() -> None:
    happened: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                assert (await receive())["type"] == f"lifespan.{event}"
                happened.append(event)
                await send({"type": f"lifespan.{event}.complete"})
        else:
            happened.append("request")
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": (await receive())["body"]})

    async def main() -> bytes:
        async with InProcess(app) as transport:
            return (await transport.request("POST", "http://x.example/a", {}, b"echo")).body

    assert virtual_time.run(main()) == b"echo"
    assert happened == ["startup", "request", "shutdown"]


def test_an_application_that_can_not_start_is_an_error_for_users() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no model"})

    async def main() -> None:
        async with InProcess(app):
            pass

    with pytest.raises(UnreachableError, match="no model"):
        virtual_time.run(main())


def test_a_refused_upgrade_and_a_closed_socket_are_told() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if scope["path"] == "/refused":
            await send({"type": "websocket.http.response.start", "status": 429, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
        elif scope["path"] == "/m":
            await send({"type": "websocket.accept"})
            assert (await receive())["text"] == "one"
            await send({"type": "websocket.send", "text": "two"})
            await send({"type": "websocket.close", "code": 4000})
        else:
            raise NotImplementedError

    async def main() -> None:
        async with InProcess(app) as transport:
            with pytest.raises(HandshakeRefusedError) as refused:
                await transport.connect("ws://x.example/refused", {})
            assert refused.value.status == 429
            connected = await transport.connect("ws://x.example/m", {})
            await connected.send("one")
            assert await connected.receive() == "two"
            for _ in range(2):
                with pytest.raises(SocketClosedError) as closed:
                    await connected.receive()
                assert closed.value.code == 4000
            with pytest.raises(SocketClosedError):
                await connected.send("three")
            await connected.close()

    virtual_time.run(main())


def test_a_call_over_real_sockets() -> None:
    """In real time, so a short one."""

    async def talk(wire: Wire) -> None:
        await wire.play(tone(100), "m")
        await wire.next("mark")

    service = streaming(talk)
    service.documents["/twilio/voice"] = service.documents["/twilio/voice"].replace("wss://bot.example.com", "")

    async def main() -> Call:
        listener = socket.create_server(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(service, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        network = Network()
        call = Call(network, CallSettings(base + "/twilio/voice", base + "/twilio/status", auth_token="secret"))
        try:
            await call.run()
        finally:
            await network.aclose()
            server.should_exit = True
            await serving
        return call

    call = asyncio.run(main())
    assert call.ended_by == "bot"
    assert service.wire is not None
    assert "x-twilio-signature" in service.wire.headers
    assert [path for path, _, _ in service.forms] == ["/twilio/voice", "/twilio/after-stream", "/twilio/status"]


def test_a_refused_handshake_over_real_sockets_goes_on_with_the_twiml() -> None:
    service = Service({"/twilio/voice": "<Response><Connect><Stream url='/m'/></Connect></Response>"})

    async def main() -> Call:
        listener = socket.create_server(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(service, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        network = Network()
        call = Call(network, CallSettings(base + "/twilio/voice"))
        try:
            await call.run()
        finally:
            await network.aclose()
            server.should_exit = True
            await serving
        return call

    call = asyncio.run(main())
    assert [event.detail[:5] for event in call.events if event.kind == "warning"] == ["31920"]
    assert call.ended_by == "bot"


def test_nobody_there_is_one_sentence() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    async def main() -> Call:
        network = Network()
        call = Call(network, CallSettings(f"http://127.0.0.1:{port}/twilio/voice"))
        await call.run()
        await network.aclose()
        return call

    call = asyncio.run(main())
    assert f"no service answers at http://127.0.0.1:{port}" in str(call.unreachable)
