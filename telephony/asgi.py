"""The few ASGI names that the Twilio side uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from telephony.arrival import Arrival

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def close(send: Send, code: int) -> None:
    """Close a WebSocket that may be gone already. Before it was accepted, this answers 403."""
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.close", "code": code})


def now_ms() -> int:
    """The running loop's clock, in milliseconds: when what was just received came."""
    return round(asyncio.get_running_loop().time() * 1000)


def text_of(message: Message) -> str | bytes:
    """What a `websocket.receive` brought."""
    text = message.get("text")
    if text is not None:
        return str(text)
    return bytes(message.get("bytes") or b"")


def arrival_of(scope: Scope) -> Arrival:
    """An ASGI connection, as signatures see it."""
    query = scope.get("query_string", b"").decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    client = scope.get("client")
    return Arrival(
        scheme=scope.get("scheme", "ws"),
        target=f"{path}?{query}" if query else path,
        peer=client[0] if client else "",
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
    )


async def refuse_upgrade(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the upgrade of a WebSocket with 503, at which a load balancer tries the next host."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await close(send, 1012)
        return
    headers = [(b"content-length", b"0"), (b"retry-after", b"0")]
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})


async def reply(send: Send, status: int) -> None:
    """Answer an HTTP request with a bare status, and close: what is left of its body is not waited for."""
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
