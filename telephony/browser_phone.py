"""The telephone of the page /talk: leave to call, and `WS /talk/media`, which speaks Twilio's media stream protocol."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from telephony.asgi import Receive, Scope, Send, arrival_of, close, now_ms, text_of
from telephony.browser_phone_call import BrowserCall, People
from telephony.browser_phone_stream import BrowserStream
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.media_stream import Started, StreamRefused
from telephony.twiml import TOKEN
from voicebot.channel import Answering
from voicebot.console.talk.line import Leave, Refusal

_log = structlog.get_logger(__name__)

_POLICY = 1008
_SPOKEN, _WRITTEN = "BR", "BT"
"""How the ids of calls begin that are spoken, and of those that are written on both sides."""
_MOST_SOCKETS = 30
"""Times that a call may be gone on with after its connection was lost."""


class BrowserPhone:
    """Implements `voicebot.console.talk.line.Line`, and is the ASGI application of the media socket."""

    def __init__(
        self,
        exchange: Exchange,
        answering: Answering,
        *,
        takes_calls: Callable[[], bool],
        public_url: str = "",
        people: People | None = None,
    ) -> None:
        """`public_url`: the host that browsers may know us by. `people`: takes over callers whom the bot hands over;
        without it their call ends there.
        """
        self._exchange, self._answering, self._people = exchange, answering, people
        self._takes_calls = takes_calls
        self._public_host = urlsplit(public_url).netloc
        self._without_start = 0
        self._written = 0
        """Calls here that are written on both sides."""

    def open(self, language: str, *, sound: bool) -> Leave | Refusal:
        """See `Line`."""
        if not self._takes_calls():
            return "not_ready"
        call_id = (_SPOKEN if sound else _WRITTEN) + secrets.token_hex(16)
        if sound and not self._exchange.places.take(call_id):
            return "full"
        if not sound and self._written >= self._exchange.limits.written_calls:
            return "full"
        self._exchange.states.open(CallState(call_id, language=language, streams=1))
        return Leave(call_id, self._exchange.tokens.issue(call_id, 1))

    def again(self, call_id: str) -> Leave | Refusal:
        """See `Line`."""
        state = self._exchange.states.find(call_id)
        if state is None or state.ended or state.streams >= _MOST_SOCKETS:
            return "over"
        if not self._takes_calls():
            return "not_ready"
        number = state.streams + 1
        self._exchange.states.change(call_id, streams=number, outcome=None)
        if call_id.startswith(_SPOKEN):
            self._exchange.places.announce(call_id)
        return Leave(call_id, self._exchange.tokens.issue(call_id, number))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from the upgrade to its end."""
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 426, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        limits = self._exchange.limits
        await receive()
        if not self._is_our_page(scope):
            await self._turn_away(send, "origin")
            return
        if self._without_start >= limits.sockets_without_start:
            await self._turn_away(send, "too_many")
            return
        self._without_start += 1
        stream = BrowserStream(most_chars=limits.message_chars)
        try:
            await send({"type": "websocket.accept"})
            async with asyncio.timeout(limits.start_within_s):
                started = await self._start_of(stream, receive)
        except (TimeoutError, OSError):
            started = None
        finally:
            self._without_start -= 1
        if not isinstance(started, Started):
            await self._turn_away(send, "no_start")
            return
        number, state = await asyncio.to_thread(self._admit, started)
        if state is None:
            await self._turn_away(send, "token")
            return
        sound = state.call_sid.startswith(_SPOKEN)
        call = BrowserCall(
            self._exchange, self._answering, self._people, stream, state, number, receive, send, sound=sound
        )
        self._written += not sound
        try:
            await call.hold()
        finally:
            self._written -= not sound

    def _admit(self, started: Started) -> tuple[int, CallState | None]:
        """Off the loop: the socket's number and its call; None for one without leave."""
        exchange = self._exchange
        number = exchange.tokens.redeem(started.parameters.get(TOKEN, ""), started.call_sid)
        state = exchange.states.find(started.call_sid) if number else None
        if state is None or state.ended or number != state.streams:
            return 0, None
        if state.call_sid.startswith(_SPOKEN):
            exchange.places.hold(state.call_sid)
        return number, exchange.states.change(state.call_sid, begun=number) or state

    async def _start_of(self, stream: BrowserStream, receive: Receive) -> Started | None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            event = stream.receive(text_of(message), now_ms())
            if isinstance(event, StreamRefused):
                return None
            if isinstance(event, Started):
                return event

    def _is_our_page(self, scope: Scope) -> bool:
        """Whether the page that asks is ours: browsers tell its origin, and let no page lie about it."""
        headers = arrival_of(scope).headers
        origin = headers.get("origin", "")
        host = urlsplit(origin).netloc if origin.startswith(("http://", "https://")) else ""
        return bool(host) and host in (headers.get("host", ""), self._public_host)

    async def _turn_away(self, send: Send, reason: str) -> None:
        self._exchange.metrics.sockets_refused.labels(reason).inc()
        if self._exchange.refusals.count("browser phone"):
            _log.warning("browser phone turned away", reason=reason)
        await close(send, _POLICY)
