"""The agent's socket: `WS /agent/media?call=...`, for the agent who claimed the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import structlog

from telephony.agent_line_end import LineEnd, SendText, Texts, sender_of, texts_of
from telephony.agent_line_link import pass_on
from telephony.agent_lines import AgentLines
from telephony.asgi import Receive, Scope, Send, close, now_ms
from telephony.media_stream import MediaStream, Started
from voicebot.console.access.guard import Reader

_log = structlog.get_logger(__name__)

_DONE, _POLICY, _GONE = 1000, 1008, 4404
_START_WITHIN_S = 30.0
_MESSAGE_CHARS = 16_384


PassOn = Callable[[str, str, str, str, Texts, SendText], Awaitable[None]]
"""An address, a call, the agent's name as accounts have it and as others see it, and the agent's socket; until either
side is done. Raises OSError."""


class Doorkeeper(Protocol):
    """`voicebot.console.access.guard.Access` is one."""

    def reader_of(self, headers: list[tuple[str, str]]) -> Reader | None:
        """Who is asking, by the headers of a request. Blocking."""
        ...


class AgentSocket:
    """An ASGI application for WebSockets."""

    def __init__(self, lines: AgentLines, access: Doorkeeper, pass_on: PassOn = pass_on) -> None:
        """`pass_on`: to whoever holds a caller who is not held here."""
        self._lines, self._access, self._pass_on = lines, access, pass_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from the upgrade to its end."""
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 426, "headers": [(b"upgrade", b"websocket")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        who = await asyncio.to_thread(self._access.reader_of, headers) if _is_ours(headers) else None
        if who is None or not who.may("desk"):
            await close(send, _POLICY)
            return
        call = parse_qs(scope["query_string"].decode("latin-1")).get("call", [""])[0]
        known = await asyncio.to_thread(self._lines.ports.queue.find, call)
        await send({"type": "websocket.accept"})
        if known is None or known.agent != who.user.name:
            await close(send, _GONE)
            return
        texts, text_out = texts_of(receive), sender_of(send)
        name, shown = who.user.name, who.user.shown
        try:
            if self._lines.find(call) is not None or not known.holder:
                await self.join(call, name, shown, texts, text_out)
            else:
                await self._pass_on(known.holder, call, name, shown, texts, text_out)
        except OSError:
            _log.warning("the worker that holds a caller could not be reached", call=call)
        await close(send, _DONE)

    async def join(self, call: str, agent: str, shown: str, texts: Texts, send: SendText) -> None:
        """An agent's socket, from here or through another worker. Whether the agent may was asked before."""
        stream = MediaStream(most_chars=_MESSAGE_CHARS)
        async with asyncio.timeout(_START_WITHIN_S):
            while not isinstance(stream.receive(message := await texts() or "", now_ms()), Started):
                if not message:
                    return
        known = await asyncio.to_thread(self._lines.ports.queue.find, call)
        line = self._lines.find(call)
        if line is None or known is None or known.agent != agent:
            await send('{"event": "state", "state": {"name": "caller_left"}}')
            return
        await line.join(agent, shown, LineEnd(stream, texts, send))


def _is_ours(headers: list[tuple[str, str]]) -> bool:
    """Whether a page of ours asks: other sites' pages may open sockets too, and browsers tell whose page it is."""
    named = {name.lower(): value for name, value in headers}
    origin = named.get("origin")
    return origin is None or urlsplit(origin).netloc == named.get("host", "")
