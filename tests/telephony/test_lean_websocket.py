"""The short way for a call's messages takes all that the usual one takes."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from telephony.lean_websocket import LeanWebSocket


async def echo(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", **{key: message[key] for key in ("text", "bytes") if key in message}})


def served(client: Callable[[int], Awaitable[None]]) -> None:
    async def run() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(echo, log_config=None, ws=LeanWebSocket, lifespan="off", ws_max_size=2**20)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.wait_for(client(listener.getsockname()[1]), 20)
        finally:
            server.should_exit = True
            await serving

    asyncio.run(run())


def test_messages_of_every_kind_and_length_come_back_in_their_order() -> None:
    async def client(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/", compression=None) as connection:
            said: list[Any] = [
                "",
                "a",
                "안녕하세요" * 30,
                "x" * 65_535,
                b"\x00\x01",
                "y" * 70_000,
                "after the long one",
            ]
            for message in said:
                await connection.send(message)
            await (await connection.ping())
            await connection.send(["in ", "three ", "parts"])
            await connection.send("at last")
            assert [await connection.recv() for _ in range(len(said) + 2)] == [*said, "in three parts", "at last"]

    served(client)


def frame(text: bytes, mask: bytes = b"\x01\x02\x03\x04", first: int = 0x81) -> bytes:
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
    head = bytes((first, 0x80 | len(text))) if len(text) < 126 else struct.pack(">BBH", first, 0xFE, len(text))
    return head + mask + masked


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, 900), max_size=12), mask=st.binary(min_size=4, max_size=4))
def test_frames_that_come_in_pieces_are_put_together(cuts: list[int], mask: bytes) -> None:
    texts = [b"x" * 300, b"short", b"z" * 126, b"", b"y" * 300]
    wire = b"".join(frame(text, mask) for text in texts)

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        edges = [0, *sorted(set(cuts) - {0}), len(wire)]
        for start, end in itertools.pairwise(edges):
            writer.write(wire[start:end])
            await asyncio.sleep(0.001)
        for text in texts:
            head = await reader.readexactly(2)
            length = head[1] if head[1] < 126 else int.from_bytes(await reader.readexactly(2), "big")
            assert await reader.readexactly(length) == text
        writer.close()

    served(client)


@pytest.mark.parametrize("wrong", [b"\x81\x05hello", frame(b"\xff\xfe"), b"\x83\x80\x00\x00\x00\x00"])
def test_what_breaks_the_protocol_ends_the_connection(wrong: bytes) -> None:
    async def client(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/", compression=None) as connection:
            await connection.send("before")
            assert await connection.recv() == "before"
            connection.transport.write(wrong)
            with pytest.raises(ConnectionClosed):
                await connection.recv()

    served(client)
