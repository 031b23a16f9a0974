"""One end of a line between two browsers: a socket with media stream messages, the caller's or the agent's."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from telephony.asgi import Receive, Send, now_ms, text_of
from telephony.media_stream import Key, Media, MediaStream, Reason, Refused, Stopped
from voicebot.audio.format import FRAME_SAMPLES

Texts = Callable[[], Awaitable[str | bytes | None]]
"""The next message; None when the other side is gone."""
SendText = Callable[[str], Awaitable[None]]
"""Raises OSError where the other side is gone."""

MOST_WAITING = 10
"""Frames that wait to be sent at most, 200 ms: the browser at the other end has a jitter buffer of its own, so this is
for a socket that stalls, and what is older than that nobody wants to hear."""

_SEND_WITHIN_S = 5.0


@dataclass(frozen=True)
class Command:
    """Something other than sound: `{"event": "desk", "desk": {"do": ...}}`."""

    do: str
    values: Mapping[str, Any]


class LineEnd:
    """Used on one event loop: `next` by one task, `write` by another, the rest by anybody."""

    def __init__(
        self, stream: MediaStream, receive: Texts, send: SendText, *, most_waiting: int = MOST_WAITING
    ) -> None:
        """`stream` has had its `start`."""
        self._stream, self._receive, self._send = stream, receive, send
        self._told: deque[str] = deque()
        self._frames: deque[bytes] = deque()
        self._most = most_waiting
        self._rest = b""
        self._wake = asyncio.Event()
        self.dropped = 0
        """Frames that were too old to be sent."""

    async def next(self) -> Media | Key | Command | None:
        """What comes in; None when the other side is gone."""
        while True:
            message = await self._receive()
            if message is None:
                return None
            event = self._stream.receive(message, now_ms())
            if type(event) in (Media, Key):
                return event  # type: ignore[return-value]
            if type(event) is Stopped:
                return None
            if type(event) is Refused and event.reason is Reason.UNKNOWN_EVENT:
                command = _command(message)
                if command is not None:
                    return command

    def play(self, payload: bytes) -> None:
        """Mu-law of any length, behind what was to be played before; the oldest is dropped where too much waits."""
        sound = self._rest + payload
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            self._frames.append(sound[start : start + FRAME_SAMPLES])
            if len(self._frames) > self._most:
                self._frames.popleft()
                self.dropped += 1
        self._wake.set()

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message that is no sound, ahead of sound."""
        self._told.append(json.dumps(message, ensure_ascii=False))
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Frames that wait to be sent."""
        return len(self._frames)

    async def write(self) -> None:
        """Send what is to be sent, for ever. Raises OSError and TimeoutError where the other side is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._flush()

    async def finish(self) -> None:
        """Send what waits to be told, if the other side is there still."""
        self._frames.clear()
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            await self._flush()

    async def _flush(self) -> None:
        while self._told or self._frames:
            text = self._told.popleft() if self._told else self._stream.media(self._frames.popleft())
            async with asyncio.timeout(_SEND_WITHIN_S):
                await self._send(text)


def texts_of(receive: Receive) -> Texts:
    """The messages of an ASGI WebSocket."""

    async def texts() -> str | bytes | None:
        message = await receive()
        return None if message["type"] == "websocket.disconnect" else text_of(message)

    return texts


def sender_of(send: Send) -> SendText:
    """The way out of an ASGI WebSocket."""

    async def sender(text: str) -> None:
        await send({"type": "websocket.send", "text": text})

    return sender


def _command(message: str | bytes) -> Command | None:
    data = json.loads(message)  # the stream read it already
    asked = data.get("desk") if data.get("event") == "desk" else None
    if not isinstance(asked, dict) or not isinstance(asked.get("do"), str):
        return None
    return Command(asked["do"], {name: value for name, value in asked.items() if name != "do"})
