"""A media stream and a conversation, from the stream's `start` until both are over."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog

from telephony.asgi import Receive, Send, close, now_ms, text_of
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.media_stream import Key, Marked, Media, Refused, Stopped
from telephony.paced_channel import PacedChannel
from telephony.stream_protocol import StreamProtocol
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_BYTES, FRAME_MS
from voicebot.channel import Answering, Caller, LiveCall, Outcome
from voicebot.failure import place
from voicebot.logs import name_call

_log = structlog.get_logger(__name__)

_DONE = 1000
_SILENT_FRAME = bytes(FRAME_BYTES)


class HeldStream:
    """One media stream whose `start` was good, bridged to one conversation."""

    def __init__(
        self,
        exchange: Exchange,
        answering: Answering,
        stream: StreamProtocol,
        state: CallState,
        number: int,
        receive: Receive,
        send: Send,
    ) -> None:
        """`number`: which of the call's streams this is, from 1."""
        self._exchange = exchange
        self._answering = answering
        self._limits = exchange.limits
        self._stream = stream
        self._state = state
        self._number = number
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._newest = self._loop.time()
        """When the newest message came that could be used."""
        self._stopped = False
        """Twilio stopped the stream itself: the call is over, or was led elsewhere."""
        self._call: LiveCall | None = None
        self._log = _log.bind(call_sid=state.call_sid, stream_sid=stream.stream_sid)

    async def hold(self) -> None:
        """Returns when the stream is over; nothing of it runs on, however it ends."""
        name_call(self._state.call_sid)
        streams, metrics = self._exchange.streams, self._exchange.metrics
        end = self._end
        streams.add(self._state.call_sid, end, self._hand_over)
        metrics.streams.inc()
        self._log.info("media stream begins", stream=self._number)
        outcome: Outcome | None = None
        try:
            outcome = await self._converse()
        finally:
            await asyncio.to_thread(self._keep, outcome)
            over = self._stopped or self._gone.done()
            streams.remove(self._state.call_sid, end, goes_on=not over)
            self._loop.call_later(self._limits.after_stream_within_s, streams.settle, self._state.call_sid, end)
            metrics.streams.dec()
            metrics.lost.inc(self._stream.lost_ms / 1000)
            metrics.count_refused(self._stream.refused)
        if outcome is not None and outcome.kind == "hand_over" and not over and self._exchange.moving is not None:
            await self._exchange.moving.to_people(self._state.call_sid, outcome)
        await close(self._send, _DONE)

    async def _converse(self) -> Outcome:
        channel = PacedChannel(
            self._stream, self._send_text, self._played, limits=self._limits, metrics=self._exchange.metrics
        )
        tasks: list[asyncio.Task[Any]] = []
        try:
            call = self._answering.answer(
                Caller(self._state.call_sid, self._state.number, self._state.language, "twilio"), channel
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
            self._log.error("conversation failed", error=type(error).__name__, place=place(error))
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
            event = stream.receive(text_of(message), now_ms())
            if type(event) is not Refused:
                self._newest = loop.time()
            if type(event) is Media:
                if event.lost_ms:
                    self._fill(call, event.lost_ms)
                call.audio(mulaw.decode(event.payload).tobytes())
            elif type(event) is Marked:
                channel.marked(event.name)
            elif type(event) is Key:
                call.key(event.digit)
            elif type(event) is Stopped:
                self._stopped = True
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

    def _hand_over(self) -> None:
        def hand_over() -> None:
            if self._call is not None:
                self._call.hand_over()

        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(hand_over)

    def _keep(self, outcome: Outcome | None) -> None:
        """Keep the outcome for the webhook that asks next, unless a newer stream has taken over. Off the loop."""
        kind = outcome.kind if outcome else "cut_off"
        self._exchange.metrics.outcomes.labels(kind).inc()
        self._log.info("media stream ends", outcome=kind, reason=outcome.reason if outcome else "")
        states = self._exchange.states
        state = states.find(self._state.call_sid)
        if state is not None and state.streams == self._number:
            spoken = outcome.language if outcome and outcome.language else state.language
            states.change(self._state.call_sid, outcome=outcome, language=spoken)
            self._exchange.places.give_back(self._state.call_sid)
