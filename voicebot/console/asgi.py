"""Connections that stay open are served beside Flask, whose few threads they would hold: their ASGI applications."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, cast

from flask import Flask

AsgiScope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]
AsgiApp = Callable[[AsgiScope, AsgiReceive, AsgiSend], Awaitable[None]]


def asgi_routes(flask: Flask) -> dict[str, AsgiApp]:
    """The ASGI applications that belong to these pages, by path; whoever serves `flask` serves them as well."""
    return cast(dict[str, AsgiApp], flask.extensions.setdefault("voicebot_asgi_routes", {}))


def header_pairs(scope: AsgiScope) -> list[tuple[str, str]]:
    """The headers of an ASGI request, as Flask's test contexts take them."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


async def answer_json(
    send: AsgiSend, status: int, content: object, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """A whole HTTP answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    head = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def until_disconnected(receive: AsgiReceive) -> None:
    """Returns when the client is gone."""
    while True:
        message = await receive()
        if message["type"].endswith(".disconnect"):
            return
