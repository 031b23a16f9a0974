"""The WebSocket that Twilio opens for a call's sound: `WS /twilio/media`, as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from telephony.call_states import CallState, CallStates
from telephony.limits import Limits
from telephony.media_stream import Key, Marked, Media, MediaStream, Refused, Started, Stopped, StreamRefused
from telephony.metrics import TwilioMetrics
from telephony.open_streams import OpenStreams
from telephony.paced_channel import PacedChannel
from telephony.signatures import Arrival, Signatures
from telephony.stream_tokens import StreamTokens
from telephony.twiml import TOKEN
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_BYTES, FRAME_MS
from voicebot.channel import Answering, Caller, LiveCall, Outcome

_log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_DONE = 1000
_POLICY = 1008
_SILENT_FRAME = bytes(FRAME_BYTES)


class MediaSocket:
    """Takes media streams, each for one call, and holds each until the conversation or the caller is done."""

    def __init__(
        self,
        answering: Answering,
        *,
        signatures: Signatures,
        tokens: StreamTokens,
        states: CallStates,
        streams: OpenStreams,
        limits: Limits,
        metrics: TwilioMetrics,
    ) -> None:
        self._answering = answering
        self._signatures = signatures
        self._tokens = tokens
        self._states = states
        self._streams = streams
        self._limits = limits
        self._metrics = metrics
        self._without_start = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from the upgrade to its end."""
        await receive()
        if not self._signatures.admits(arrival_of(scope)):
            await self._turn_away(send, "signature")
            return
        if self._without_start >= self._limits.sockets_without_start:
            await self._turn_away(send, "too_many")
            return
        self._without_start += 1
        stream = MediaStream(most_chars=self._limits.message_chars)
        try:
            await send({"type": "websocket.accept"})
            async with asyncio.timeout(self._limits.start_within_s):
                started = await self._start_of(stream, receive)
        except TimeoutError:
            await self._turn_away(send, "no_start")
            return
        except OSError:
            return
        finally:
            self._without_start -= 1
            self._count_refused(stream)
        if started is None:
            await self._turn_away(send, "no_start")
            return
        if isinstance(started, StreamRefused):
            _log.warning("media stream can't be decoded", media_format=str(started.media_format)[:200])
            await self._turn_away(send, "media_format")
            return
        number = self._tokens.redeem(started.parameters.get(TOKEN, ""), started.call_sid)
        if not number:
            await self._turn_away(send, "token")
            return
        state = self._states.open(CallState(started.call_sid, streams=number))
        self._states.change(state.call_sid, begun=number)
        await _Conversation(self, stream, state, number, receive, send).hold()

    async def _start_of(self, stream: MediaStream, receive: Receive) -> Started | StreamRefused | None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            event = stream.receive(text_of(message))
            if isinstance(event, Started | StreamRefused):
                return event

    async def _turn_away(self, send: Send, reason: str) -> None:
        self._metrics.sockets_refused.labels(reason).inc()
        _log.warning("media socket turned away", reason=reason)
        # Before the upgrade was accepted, this is a 403.
        await _close(send, _POLICY)

    def _count_refused(self, stream: MediaStream) -> None:
        for reason, number in stream.refused.items():
            self._metrics.messages_refused.labels(reason.value).inc(number)
        stream.refused.clear()


class _Conversation:
    """One stream whose `start` was good."""

    def __init__(
        self, socket: MediaSocket, stream: MediaStream, state: CallState, number: int, receive: Receive, send: Send
    ) -> None:
        self._socket = socket
        self._limits = socket._limits
        self._stream = stream
        self._state = state
        self._number = number
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._newest = self._loop.time()
        """When the newest message came."""
        self._call: LiveCall | None = None
        self._log = _log.bind(call_sid=state.call_sid, stream_sid=stream.stream_sid)

    async def hold(self) -> None:
        """Returns when the stream is over; nothing of it runs on, however it ends."""
        socket = self._socket
        end = self._end
        socket._streams.add(self._state.call_sid, end)
        socket._metrics.streams.inc()
        self._log.info("media stream begins", stream=self._number)
        outcome: Outcome | None = None
        try:
            outcome = await self._converse()
        finally:
            self._keep(outcome)
            socket._streams.remove(self._state.call_sid, end)
            socket._metrics.streams.dec()
            socket._metrics.lost.inc(self._stream.lost_ms / 1000)
            socket._count_refused(self._stream)
        await _close(self._send, _DONE)

    async def _converse(self) -> Outcome:
        channel = PacedChannel(
            self._stream, self._send_text, self._played, limits=self._limits, metrics=self._socket._metrics
        )
        tasks: list[asyncio.Task[Any]] = []
        try:
            call = self._socket._answering.answer(
                Caller(self._state.call_sid, self._state.number, self._state.language), channel
            )
            self._call = call
            run = asyncio.create_task(call.run())
            read = asyncio.create_task(self._read(call, channel))
            write = asyncio.create_task(channel.write())
            tasks = [run, read, write]
            await self._first_of(tasks)
            if not run.done():
                failure = read.exception() if read.done() else None
                if failure is not None and not isinstance(failure, OSError):
                    raise failure
                call.hung_up()
                channel.close()
                await asyncio.wait({run}, timeout=self._limits.hang_up_within_s)
            if run.cancelled():
                return Outcome("failed", "cancelled")
            if run.done():
                return run.result()
            self._log.warning("conversation did not end with its caller, cancelled")
            return Outcome("caller_left", "hung_up")
        except Exception as error:
            self._log.error("conversation failed", error=type(error).__name__, exc_info=error)
            return Outcome("failed", type(error).__name__)
        finally:
            channel.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _first_of(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Wait for the first task to end, for the call's end, or for the line to have gone dead."""
        while True:
            patience = self._newest + self._limits.silent_stream_s - self._loop.time()
            if patience <= 0:
                self._log.warning("media stream went silent")
                return
            done, _ = await asyncio.wait({*tasks, self._gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return

    async def _read(self, call: LiveCall, channel: PacedChannel) -> None:
        """Pass on what comes in, until the stream stops or the socket is gone."""
        receive, stream, loop = self._receive, self._stream, self._loop
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            self._newest = loop.time()
            event = stream.receive(text_of(message))
            if type(event) is Media:
                if event.lost_ms:
                    self._fill(call, event.lost_ms)
                call.audio(mulaw.decode(event.payload).tobytes())
            elif type(event) is Marked:
                channel.marked(event.name)
            elif type(event) is Key:
                call.key(event.digit)
            elif type(event) is Stopped:
                return
            elif type(event) is Refused and stream.refused[event.reason] == 1:
                self._log.warning("stream message passed over", reason=event.reason.value)

    def _fill(self, call: LiveCall, lost_ms: int) -> None:
        self._log.warning("caller's sound lost", milliseconds=lost_ms)
        for _ in range(min(lost_ms, self._limits.gap_filled_ms) // FRAME_MS):
            call.audio(_SILENT_FRAME)

    def _played(self, mark: str) -> None:
        if self._call is not None:
            self._call.played(mark)

    async def _send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    def _end(self) -> None:
        def end() -> None:
            if not self._gone.done():
                self._gone.set_result(None)

        # A closed loop has no stream left to end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(end)

    def _keep(self, outcome: Outcome | None) -> None:
        """Keep the outcome for the webhook that asks next, unless a newer stream has taken over."""
        kind = outcome.kind if outcome else "cut_off"
        self._socket._metrics.outcomes.labels(kind).inc()
        self._log.info("media stream ends", outcome=kind, reason=outcome.reason if outcome else "")
        states = self._socket._states
        state = states.find(self._state.call_sid)
        if state is not None and state.streams == self._number:
            states.change(self._state.call_sid, outcome=outcome)


async def _close(send: Send, code: int) -> None:
    # The socket may be gone already.
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.close", "code": code})


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
