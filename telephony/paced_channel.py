"""The bot's voice on its way to Twilio: paced pieces of sound, marks behind them, `clear` ahead of everything."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from telephony.limits import Limits
from telephony.metrics import TwilioMetrics
from telephony.stream_protocol import StreamProtocol
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Pcm

_log = structlog.get_logger(__name__)

_FRAME_S = FRAME_MS / 1000
_NAME_CHARS = 48


@dataclass(slots=True)
class _Utterance:
    """What one `play` asked for; `sent` counts bytes that have left."""

    payload: bytes
    mark: str
    sent: int = 0


class PacedChannel:
    """A `voicebot.channel.Channel` on a media stream. Used on one event loop, whose clock it keeps to.

    Every `play` is answered by `played(mark)` exactly once: when Twilio sends the mark back, at once for what `clear`
    catches before it was sent, and by ourselves where Twilio does not answer in time or the stream is over.
    """

    def __init__(
        self,
        stream: StreamProtocol,
        send: Callable[[str], Awaitable[None]],
        played: Callable[[str], None],
        *,
        limits: Limits,
        metrics: TwilioMetrics,
    ) -> None:
        self._stream = stream
        self._send = send
        self._played = played
        self._limits = limits
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._queue: deque[_Utterance] = deque()
        self._queued = 0
        """Bytes of sound in the queue that have not left."""
        self._outstanding: dict[str, tuple[str, float]] = {}
        """Marks that have left, by their name on the wire: the call's name, and when it counts as played."""
        self._plays = 0
        self._ends_at = 0.0
        """The loop's time at which Twilio will have played all that has left."""
        self._clear_due = False
        self._closed = False

    def play(self, pcm: Pcm, mark: str) -> None:
        """See `Channel.play`. The last frame is filled up with silence."""
        if self._closed:
            self._loop.call_soon(self._played, mark)
            return
        payload = mulaw.encode(pcm)
        payload += mulaw.SILENCE * (-len(payload) % FRAME_SAMPLES)
        if self._queued + len(payload) > self._limits.queued_s * SAMPLE_RATE:
            self._metrics.sound_dropped.inc(len(payload) / SAMPLE_RATE)
            _log.warning("queue of the stream is full, sound dropped", seconds=len(payload) / SAMPLE_RATE)
            payload = b""
        self._queued += len(payload)
        self._queue.append(_Utterance(payload, mark))
        self._wake.set()

    def clear(self) -> None:
        """See `Channel.clear`. The message leaves before anything else does."""
        if self._closed:
            return
        self._drop_queue()
        self._clear_due = True
        self._wake.set()

    def marked(self, name: str) -> None:
        """Twilio sent a mark back. Unknown and repeated ones are ignored."""
        known = self._outstanding.pop(name, None)
        if known is not None:
            self._played(known[0])

    def close(self) -> None:
        """The stream is over: nothing leaves any more, and all that was outstanding is answered."""
        if self._closed:
            return
        self._closed = True
        outstanding = [mark for mark, _ in self._outstanding.values()]
        self._outstanding.clear()
        for mark in outstanding:
            self._loop.call_soon(self._played, mark)
        self._drop_queue()

    def _drop_queue(self) -> None:
        for utterance in self._queue:
            # Not at once: the call is in the middle of something when it clears.
            self._loop.call_soon(self._played, utterance.mark)
        self._queue.clear()
        self._queued = 0

    async def write(self) -> None:
        """Send what is due, for ever. Raises TimeoutError where the peer does not read, and what `send` raises."""
        while not self._closed:
            self._wake.clear()
            if self._is_due():
                async with asyncio.timeout(self._limits.send_within_s):
                    while self._is_due():
                        await self._send(self._next_message())
            self._give_up_on_marks()
            pause = self._pause()
            alarm = None if pause is None else self._loop.call_later(pause, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if alarm is not None:
                    alarm.cancel()

    def _is_due(self) -> bool:
        if self._clear_due:
            return True
        if not self._queue:
            return False
        return self._next_piece_s - _FRAME_S / 2 < self._limits.ahead_s - max(self._ends_at - self._loop.time(), 0.0)

    @property
    def _next_piece_s(self) -> float:
        """Seconds of the sound that is sent next; 0 where that is a mark."""
        head = self._queue[0]
        return min((len(head.payload) - head.sent) / SAMPLE_RATE, self._limits.frames_at_once * _FRAME_S)

    def _next_message(self) -> str:
        """The message to send now. All state is changed here, so that `clear` may come while it is being sent."""
        now = self._loop.time()
        if self._clear_due:
            self._clear_due = False
            self._ends_at = now
            due = now + self._limits.mark_within_s
            self._outstanding = {name: (mark, due) for name, (mark, _) in self._outstanding.items()}
            return self._stream.clear()
        head = self._queue[0]
        self._ends_at = max(self._ends_at, now)
        if head.sent < len(head.payload):
            sound = head.payload[head.sent : head.sent + self._limits.frames_at_once * FRAME_SAMPLES]
            head.sent += len(sound)
            self._queued -= len(sound)
            self._ends_at += len(sound) / SAMPLE_RATE
            return self._stream.media(sound)
        self._queue.popleft()
        self._plays += 1
        name = f"{self._plays}:{head.mark[:_NAME_CHARS]}"
        self._outstanding[name] = (head.mark, self._ends_at + self._limits.mark_within_s)
        return self._stream.mark(name)

    def _give_up_on_marks(self) -> None:
        now = self._loop.time()
        overdue = [name for name, (_, due) in self._outstanding.items() if due <= now]
        for name in overdue:
            self._metrics.marks_overdue.inc()
            self.marked(name)

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None where only `play` or `clear` can bring it."""
        now = self._loop.time()
        times = [due for _, due in list(self._outstanding.values())[:1]]
        if self._queue:
            times.append(self._ends_at - self._limits.ahead_s + self._next_piece_s)
        return max(min(times) - now, 0.0) if times else None
