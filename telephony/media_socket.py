"""The WebSocket that Twilio opens for a call's sound: `WS /twilio/media`, as an ASGI application."""

from __future__ import annotations

import asyncio

import structlog

from telephony.asgi import Receive, Scope, Send, arrival_of, close, now_ms, text_of
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.held_stream import HeldStream
from telephony.media_stream import Started, StreamRefused
from telephony.stream_protocol import OpenProtocol, StreamProtocol, twilio
from telephony.twiml import TOKEN
from voicebot.channel import Answering

_log = structlog.get_logger(__name__)

_POLICY = 1008


class MediaSocket:
    """Takes media streams, each for one call, and holds each until the conversation or the caller is done."""

    def __init__(self, exchange: Exchange, answering: Answering, protocol: OpenProtocol = twilio) -> None:
        """`protocol`: what the provider speaks on it."""
        self._protocol = protocol
        self._exchange = exchange
        self._answering = answering
        self._without_start = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from the upgrade to its end."""
        exchange, limits = self._exchange, self._exchange.limits
        await receive()
        if not exchange.signatures.admits(arrival_of(scope)):
            await self._turn_away(send, "signature")
            return
        if self._without_start >= limits.sockets_without_start:
            await self._turn_away(send, "too_many")
            return
        self._without_start += 1
        stream = self._protocol(limits.message_chars)
        try:
            await send({"type": "websocket.accept"})
            async with asyncio.timeout(limits.start_within_s):
                started = await self._start_of(stream, receive)
        except TimeoutError:
            await self._turn_away(send, "no_start")
            return
        except OSError:
            return
        finally:
            self._without_start -= 1
            exchange.metrics.count_refused(stream.refused)
            stream.refused.clear()
        if started is None:
            await self._turn_away(send, "no_start")
            return
        if isinstance(started, StreamRefused):
            _log.warning("media stream can't be decoded", media_format=str(started.media_format)[:200])
            await self._turn_away(send, "media_format")
            return
        number, state = await asyncio.to_thread(self._admit, started)
        if state is None:
            await self._turn_away(send, "token")
            return
        await HeldStream(exchange, self._answering, stream, state, number, receive, send).hold()

    def _admit(self, started: Started) -> tuple[int, CallState | None]:
        """Off the loop: the stream's number and its call; None for one that nobody announced, or that is over."""
        exchange = self._exchange
        number = exchange.tokens.redeem(started.parameters.get(TOKEN, ""), started.call_sid)
        if not number:
            return 0, None
        state = exchange.states.open(CallState(started.call_sid, streams=number))
        if state.ended:
            return 0, None
        exchange.places.hold(state.call_sid)
        return number, exchange.states.change(state.call_sid, begun=number) or state

    async def _start_of(self, stream: StreamProtocol, receive: Receive) -> Started | StreamRefused | None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            event = stream.receive(text_of(message), now_ms())
            if isinstance(event, Started | StreamRefused):
                return event

    async def _turn_away(self, send: Send, reason: str) -> None:
        self._exchange.metrics.sockets_refused.labels(reason).inc()
        if self._exchange.refusals.count("media socket"):
            _log.warning("media socket turned away", reason=reason)
        await close(send, _POLICY)
