"""How the phone reaches a service: over the network (`network`), or in the same process through ASGI (here).

With `InProcess` and `virtual_time.run` a whole call, service and all, runs in one event loop without a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from voicebot.errors import VoicebotError


class UnreachableError(VoicebotError):
    """Nobody answers at that address."""


class HandshakeRefusedError(Exception):
    """The service answered the WebSocket upgrade with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the WebSocket upgrade was answered with status {status}")
        self.status = status


class SocketClosedError(Exception):
    """The service closed the WebSocket."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the WebSocket was closed with code {code}")
        self.code = code


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, text: str) -> None:
        """Send a text message. Raises SocketClosedError."""
        ...

    async def receive(self) -> str | bytes:
        """The next message. Raises SocketClosedError."""
        ...

    async def close(self, code: int = 1000) -> None:
        """Close from this side; harmless when closed already."""
        ...


class Transport(Protocol):
    """Carries requests and sockets to a service."""

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One HTTP request; redirects are not followed. Raises UnreachableError, and TimeoutError."""
        ...

    async def connect(self, url: str, headers: Mapping[str, str]) -> Socket:
        """Open a WebSocket (ws or wss). Raises UnreachableError, HandshakeRefusedError, TimeoutError."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(frozen=True)
class Route:
    """Lets requests to a public address go to where the service really listens, as a reverse proxy would."""

    public: str
    """Base URL, http or https, without a trailing slash."""
    actual: str
    """Base URL, http or https, without a trailing slash."""

    def __call__(self, url: str) -> str:
        """`url` (http, https, ws or wss) with the public base replaced; any other URL as it is."""
        for kind in ("http", "ws"):
            public, actual = (kind + base[4:] for base in (self.public, self.actual))
            if url == public or url.startswith((public + "/", public + "?")):
                return actual + url[len(public) :]
        return url


Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application: (scope, receive, send)."""


@dataclass
class InProcess:
    """A transport to an ASGI application in this event loop.

    Use it as an async context manager: the application's lifespan runs around it. Every host name leads to the
    application, as with a reverse proxy; `peer` is the address that the application sees.
    """

    app: AsgiApp
    peer: tuple[str, int] = ("127.0.0.1", 40000)
    _lifespan: _Lifespan | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        self._lifespan = _Lifespan(self.app)
        await self._lifespan.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        length = {"Content-Length": str(len(body))} if body or method == "POST" else {}
        scope = self._scope("http", url, {**headers, **length}) | {"method": method}
        sent = False
        never = asyncio.Event()
        status = 500
        reply_headers: dict[str, str] = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            nonlocal sent
            if sent:
                await never.wait()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                reply_headers.update(
                    {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
                )
            elif message["type"] == "http.response.body":
                parts.append(bytes(message.get("body", b"")))

        await self.app(scope, receive, send)
        return Reply(status, reply_headers, b"".join(parts))

    async def connect(self, url: str, headers: Mapping[str, str]) -> Socket:
        socket = InProcessSocket(self.app, self._scope("websocket", url, headers) | {"subprotocols": []})
        await socket.open()
        return socket

    async def aclose(self) -> None:
        if self._lifespan is not None:
            await self._lifespan.stop()
            self._lifespan = None

    def _scope(self, kind: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        parts = urlsplit(url)
        fields = {"host": parts.netloc.rpartition("@")[2]} | {name.lower(): value for name, value in headers.items()}
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": parts.scheme,
            "path": unquote(parts.path) or "/",
            "raw_path": parts.path.encode() or b"/",
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()],
            "client": self.peer,
            "server": (parts.hostname or "", parts.port or 80),
            "extensions": {},
        }


class InProcessSocket:
    """The client's end of a WebSocket to an ASGI application."""

    def __init__(self, app: AsgiApp, scope: dict[str, Any]) -> None:
        self._app, self._scope = app, scope
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._closed: int | None = None
        self._disconnected = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Do the handshake. Raises HandshakeRefusedError."""
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._serve(), name="websocket application")
        first = await self._from_app.get()
        if first["type"] != "websocket.accept":
            await self._task
            raise HandshakeRefusedError(int(first.get("status", 403)))

    async def send(self, text: str) -> None:
        if self._closed is not None:
            raise SocketClosedError(self._closed)
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> str | bytes:
        if self._closed is not None and self._from_app.empty():
            raise SocketClosedError(self._closed)
        message = await self._from_app.get()
        if message["type"] == "websocket.close":
            self._disconnect(int(message.get("code") or 1000))
            raise SocketClosedError(self._closed or 1000)
        text = message.get("text")
        return str(text) if text is not None else bytes(message.get("bytes") or b"")

    async def close(self, code: int = 1000) -> None:
        self._disconnect(code)
        if self._task is not None:
            # What the application does after the end of the connection is its own matter; it gets a moment for it.
            await asyncio.wait({self._task}, timeout=10)

    def _disconnect(self, code: int) -> None:
        if self._closed is None:
            self._closed = code
        if not self._disconnected:
            self._disconnected = True
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})

    async def _serve(self) -> None:
        code = 1000
        try:
            await self._app(self._scope, self._to_app.get, self._send)
        except Exception:
            code = 1011
            raise
        finally:
            # Without effect where the application closed it.
            self._from_app.put_nowait({"type": "websocket.close", "code": code, "status": 500})

    async def _send(self, message: Message) -> None:
        if self._disconnected:
            raise OSError("the client is gone")
        if message["type"] == "websocket.http.response.body":
            return
        self._from_app.put_nowait(message)


class _Lifespan:
    """An application's start and shutdown. Applications that know no lifespan are left alone."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="lifespan")
        self._to_app.put_nowait({"type": "lifespan.startup"})
        message = await self._from_app.get()
        if message["type"] == "lifespan.startup.failed":
            raise UnreachableError(f"the service did not start: {message.get('message') or 'it gave no reason'}.")

    async def stop(self) -> None:
        if self._task is None:
            return
        if not self._task.done():
            self._to_app.put_nowait({"type": "lifespan.shutdown"})
            await self._from_app.get()
        await asyncio.wait({self._task}, timeout=10)
        self._task.cancel()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        with contextlib.suppress(Exception):
            # The specification: an application that raises here has no lifespan.
            await self._app(scope, self._to_app.get, self._send)
        self._from_app.put_nowait({"type": "lifespan.none"})

    async def _send(self, message: Message) -> None:
        self._from_app.put_nowait(message)
