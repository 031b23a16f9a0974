"""A small service on its own, written from Twilio's protocol: what the phone's tests call."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import encode

STREAM = (
    '<Response><Connect action="/twilio/after-stream"><Stream url="wss://bot.example.com/twilio/media">'
    '<Parameter name="token" value="t1"/></Stream></Connect><Say>아무도 없습니다</Say></Response>'
)
HANG_UP = "<Response><Hangup/></Response>"


def tone(milliseconds: int, level: int = 8000, hertz: int = 400) -> Pcm:
    """A sound that counts as voice."""
    time = np.arange(SAMPLE_RATE * milliseconds // 1000) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


@dataclass
class Wire:
    """The service's end of a stream."""

    receive: Callable[[], Awaitable[Any]]
    transmit: Callable[[Any], Awaitable[None]]
    headers: dict[str, str]
    sid: str = ""
    got: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Every message from the phone, with the time of its arrival."""

    async def next(self, *events: str) -> dict[str, Any]:
        """The next message, or the next of these events."""
        while True:
            raw = await self.receive()
            if raw["type"] == "websocket.disconnect":
                raise ConnectionError
            message = json.loads(raw["text"])
            self.got.append((asyncio.get_running_loop().time(), message))
            if message["event"] == "start":
                self.sid = message["streamSid"]
            if not events or message["event"] in events:
                return message

    async def send(self, event: str, **content: Any) -> None:
        await self.raw(json.dumps({"event": event, "streamSid": self.sid, **content}))

    async def raw(self, text: str) -> None:
        await self.transmit({"type": "websocket.send", "text": text})

    async def play(self, pcm: Pcm, mark: str = "") -> None:
        """Send a sound at once, with a mark behind it."""
        await self.send("media", media={"payload": base64.b64encode(encode(pcm)).decode()})
        if mark:
            await self.send("mark", mark={"name": mark})

    async def pass_time(self, seconds: float) -> None:
        """Take media for so long."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end - 1e-6:
            await self.next("media")

    async def close(self, code: int = 1000) -> None:
        await self.transmit({"type": "websocket.close", "code": code})

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for _, message in self.got if message["event"] == event]


Talk = Callable[[Wire], Awaitable[None]]


@dataclass
class Service:
    """Answers POSTs from `documents` by path, and holds a stream as `talk` does. An ASGI application."""

    documents: dict[str, str] = field(default_factory=dict)
    talk: Talk | None = None
    content_type: str = "text/xml"
    forms: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, form and headers of every request."""
    wire: Wire | None = None
    turns: list[dict[str, Any]] | None = None
    """What `GET /api/v1/calls/.../turns` answers; None: 404."""
    disconnected: bool = False

    def form(self, path: str) -> dict[str, str]:
        """The last form posted to `path`."""
        return [form for where, form, _ in self.forms if where == path][-1]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        else:
            raise NotImplementedError

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["path"]
        status, kind, answer = 404, "text/plain", ""
        if path.startswith("/api/v1/calls/") and self.turns is not None:
            status, kind, answer = 200, "application/json", json.dumps(self.turns)
        elif not path.startswith("/api/"):
            form = dict(parse_qsl((body or scope["query_string"]).decode(), keep_blank_values=True))
            self.forms.append((path, form, headers))
            if path == "/twilio/status":
                status = 204
            elif path in self.documents:
                status, kind, answer = 200, self.content_type, self.documents[path]
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]},
        )
        await send({"type": "http.response.body", "body": answer.encode()})

    async def _stream(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        await receive()
        if self.talk is None:
            await send({"type": "websocket.close", "code": 1000})
            return
        await send({"type": "websocket.accept"})
        self.wire = Wire(receive, send, headers)
        await self.wire.next("connected")
        await self.wire.next("start")
        try:
            await self.talk(self.wire)
            await self.wire.close()
        except ConnectionError:
            self.disconnected = True
