"""A browser's media stream and the conversation on it, from the stream's `start` until both are over."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import structlog

from telephony.asgi import Receive, Send, close, now_ms, text_of
from telephony.browser_phone_stream import BrowserStream, Paced, Written
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.media_stream import Key, Marked, Media, Stopped
from telephony.paced_channel import PacedChannel
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, Pcm
from voicebot.channel import Answering, Caller, LiveCall, Outcome
from voicebot.failure import place

_log = structlog.get_logger(__name__)

_DONE = 1000
_SILENT_FRAME = bytes(FRAME_BYTES)
_TICK_S = 0.1
_QUIET_S = 1.0
"""A microphone that sends nothing for so long has stopped; the call's clock goes on without it."""
_AHEAD_MS = 5_000
"""Sound may come so much sooner than it lasts: a browser that stood still sends what it had."""
_WAITING = 250
"""Messages that wait to be sent at most; live sound of five seconds."""
_TEXT_EVERY_S = 0.5
"""Nobody writes faster."""


@runtime_checkable
class Adjustable(Protocol):
    """What a bot's call knows beside `LiveCall`."""

    def pace(self, rate: float) -> None:
        """Speak so fast."""
        ...

    def writes(self, *, only: bool) -> None:
        """Whether the caller can only write."""
        ...


class BrowserChannel:
    """What the caller hears and sees: a `voicebot.channel.Channel`, live voice, captions and states.

    Used on the event loop of its socket.
    """

    def __init__(self, sound: PacedChannel | None, tell: Callable[[str], None], stream: BrowserStream) -> None:
        """`sound`: None where the call is written on both sides. `tell` sends a message soon."""
        self._sound, self._tell, self._stream = sound, tell, stream
        self.played: Callable[[str], None] = lambda _mark: None

    @property
    def has_sound(self) -> bool:
        """Whether the caller hears anything."""
        return self._sound is not None

    def play(self, pcm: Pcm, mark: str) -> None:
        """See `Channel.play`. What nobody hears has been played at once."""
        if self._sound is None:
            asyncio.get_running_loop().call_soon(lambda: self.played(mark))
        else:
            self._sound.play(pcm, mark)

    def clear(self) -> None:
        """See `Channel.clear`."""
        if self._sound is not None:
            self._sound.clear()

    def voice(self, frame: bytes) -> None:
        """20 ms of somebody's live voice (160 bytes of mu-law), sent at once, without a mark."""
        if self._sound is not None and len(frame) == FRAME_SAMPLES:
            self._tell(self._stream.media.media(frame))

    def caption(self, line: Mapping[str, Any]) -> None:
        """Show a line: `who` (`caller`, `bot`, `agent`), `text`, `at_ms`, and what else the page may use."""
        self._tell(self._stream.caption(line))

    def line(self, entry: Mapping[str, Any]) -> None:
        """See `Screen`."""
        line = _line(entry)
        if line is not None:
            self.caption(line)

    def state(self, name: str, **about: Any) -> None:
        """Tell what is going on: `begun` (the bot listens), `people` (the caller waits for a person), `ended`; and what
        people do: `waiting` with a place, `number`, `agent`, `held`, `line_lost`."""
        self._tell(self._stream.state({"name": name, **about}))


People = Callable[[Caller, Outcome, BrowserChannel], LiveCall | None]
"""Takes over a caller whom the bot hands over: sound, keys and words go to the result from then on, as they went to the
bot, until its `run` returns. None where nobody can take the caller here."""


class BrowserCall:
    """One socket whose `start` was good, bridged to a conversation."""

    def __init__(
        self,
        exchange: Exchange,
        answering: Answering,
        people: People | None,
        stream: BrowserStream,
        state: CallState,
        number: int,
        receive: Receive,
        send: Send,
        *,
        sound: bool,
    ) -> None:
        """`number`: which of the call's sockets this is, from 1. `sound`: whether anything is spoken."""
        self._exchange, self._answering, self._people = exchange, answering, people
        self._stream, self._state, self._number = stream, state, number
        self._receive, self._send = receive, send
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._stopped = False
        """The caller hung up, and did not just lose the connection."""
        self._call: LiveCall | None = None
        self._outbox: deque[str] = deque(maxlen=_WAITING)
        self._post = asyncio.Event()
        self._began = self._loop.time()
        self._sound_ms = 0
        self._fed_at = self._began
        """Up to when the conversation was given sound or silence."""
        self._heard_at = self._began
        """When the microphone sent something last."""
        self._text_at = 0.0
        self._paced: PacedChannel | None = None
        if sound:
            self._paced = PacedChannel(
                stream.media, self._send_text, self._played, limits=exchange.limits, metrics=exchange.metrics
            )
        self._channel = BrowserChannel(self._paced, self._tell, stream)
        self._channel.played = self._played
        self._log = _log.bind(call=state.call_sid)

    async def hold(self) -> None:
        """Returns when it is over; nothing of it runs on, however it ends."""
        call_id, streams, metrics = self._state.call_sid, self._exchange.streams, self._exchange.metrics
        end = self._end
        streams.add(call_id, end, self._hand_over)
        metrics.streams.inc()
        self._log.info("browser call begins", stream=self._number, sound=self._channel.has_sound)
        outcome: Outcome | None = None
        try:
            outcome = await self._converse()
        finally:
            await asyncio.to_thread(self._keep, outcome)
            streams.remove(call_id, end, goes_on=False)
            metrics.streams.dec()
            metrics.count_refused(self._stream.media.refused)
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await self._send_text(self._stream.state({"name": "ended", "kind": outcome.kind, "reason": outcome.reason}))
        await close(self._send, _DONE)

    async def _converse(self) -> Outcome:
        caller = Caller(self._state.call_sid, "", self._state.language, "browser")
        tasks = [asyncio.create_task(work) for work in (self._read(), self._write(), self._keep_time())]
        if self._paced is not None:
            tasks.append(asyncio.create_task(self._paced.write()))
        try:
            call: LiveCall | None = self._answering.answer(caller, self._channel)
            outcome, is_with = Outcome("failed"), "begun"
            while call is not None:
                self._channel.state(is_with, reason=outcome.reason, queue=outcome.queue)
                outcome = await self._hold_with(call, tasks)
                handed_over = outcome.kind == "hand_over" and not self._gone.done()
                call = self._people(caller, outcome, self._channel) if handed_over and self._people else None
                is_with = "begun" if isinstance(call, Adjustable) else "people"
        except Exception as error:
            self._log.error("conversation failed", error=type(error).__name__, place=place(error))
            return Outcome("failed", type(error).__name__)
        else:
            return outcome
        finally:
            self._call = None
            if self._paced is not None:
                self._paced.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold_with(self, call: LiveCall, tasks: list[asyncio.Task[None]]) -> Outcome:
        """Until this party is done with the caller, or the caller is gone."""
        self._call = call
        if isinstance(call, Adjustable) and not self._channel.has_sound:
            call.writes(only=True)
        run = asyncio.create_task(call.run())
        try:
            ends: list[asyncio.Future[Any]] = [run, self._gone, *tasks]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not run.done():
                self._end_now()
                call.hung_up()
                if self._paced is not None:
                    self._paced.close()
                await asyncio.wait({run}, timeout=self._exchange.limits.hang_up_within_s)
            if run.done() and not run.cancelled():
                return run.result()
            return Outcome("caller_left", "hung_up")
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    async def _read(self) -> None:
        """Pass on what comes in, until the caller hangs up or the socket is gone."""
        receive, stream, loop = self._receive, self._stream, self._loop
        while True:
            message = await receive()
            call = self._call
            if message["type"] == "websocket.disconnect":
                return
            event = stream.receive(text_of(message), now_ms())
            if call is None:
                continue
            if type(event) is Media:
                self._sound(call, event)
            elif type(event) is Marked:
                if self._paced is not None:
                    self._paced.marked(event.name)
            elif type(event) is Key:
                call.key(event.digit)
            elif type(event) is Written:
                if loop.time() - self._text_at >= _TEXT_EVERY_S:
                    self._text_at = loop.time()
                    call.typed(event.text)
            elif type(event) is Paced:
                if isinstance(call, Adjustable):
                    call.pace(event.rate)
            elif type(event) is Stopped:
                self._stopped = True
                return

    def _sound(self, call: LiveCall, media: Media) -> None:
        now = self._loop.time()
        self._sound_ms += len(media.payload) * FRAME_MS // FRAME_SAMPLES
        if self._paced is None or self._sound_ms > (now - self._began) * 1100 + _AHEAD_MS:
            return  # nobody speaks that fast: who sends it wants the machine's time
        self._heard_at = self._fed_at = now
        call.audio(mulaw.decode(media.payload).tobytes())

    async def _keep_time(self) -> None:
        """A call's clock is its sound: where none comes, silence does."""
        quiet_s = _QUIET_S if self._paced is not None else 0.0
        while True:
            await asyncio.sleep(_TICK_S)
            call, now = self._call, self._loop.time()
            missing = int((now - self._fed_at) * 1000) // FRAME_MS
            if call is None or now - self._heard_at < quiet_s:
                continue
            self._fed_at += missing * FRAME_MS / 1000
            for _ in range(min(missing, self._exchange.limits.gap_filled_ms // FRAME_MS)):
                call.audio(_SILENT_FRAME)

    async def _write(self) -> None:
        while True:
            await self._post.wait()
            self._post.clear()
            while self._outbox:
                async with asyncio.timeout(self._exchange.limits.send_within_s):
                    await self._send_text(self._outbox.popleft())

    def _tell(self, message: str) -> None:
        self._outbox.append(message)
        self._post.set()

    def _played(self, mark: str) -> None:
        if self._call is not None:
            self._call.played(mark)

    async def _send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    def _end_now(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    def _end(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end_now)

    def _hand_over(self) -> None:
        def hand_over() -> None:
            if self._call is not None:
                self._call.hand_over()

        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(hand_over)

    def _keep(self, outcome: Outcome | None) -> None:
        """Off the loop: what is known of the call now, unless a newer socket has taken over."""
        kind = outcome.kind if outcome else "cut_off"
        self._exchange.metrics.outcomes.labels(kind).inc()
        self._log.info("browser call ends", outcome=kind, reason=outcome.reason if outcome else "")
        states = self._exchange.states
        state = states.find(self._state.call_sid)
        if state is not None and state.streams == self._number:
            over = self._stopped or kind in ("hang_up", "hand_over")
            states.change(self._state.call_sid, outcome=outcome, ended=over)
            self._exchange.places.give_back(self._state.call_sid)


_SHOWN = frozenset({"at_ms", "text", "who"})


def _line(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """What callers are shown of an entry: what was said, and no judgement of it."""
    if entry.get("who") not in ("caller", "bot") or not entry.get("text"):
        return None
    line = {name: entry[name] for name in _SHOWN if name in entry}
    keyed = entry.get("listener") == "keys"
    if keyed:
        line |= {"text": "", "keys": int("".join(filter(str.isdigit, entry["text"])) or 0)}
    elif entry["text"] == "[...]":
        line |= {"text": "", "hidden": True}
    elif str(entry.get("decision", "")).startswith("ignored") or entry.get("listener") == "operator":
        return None
    return line
