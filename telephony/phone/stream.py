"""<Connect><Stream>: Twilio's end of the media stream."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from telephony.phone.phone import Call, CallerLeft, Moved
from telephony.phone.transport import HandshakeRefusedError, Socket, SocketClosedError, UnreachableError
from telephony.phone.twiml import Element, stream_url
from telephony.phone.webhooks import signed_headers
from voicebot.audio.format import FRAME_MS

_MOST_WAITING = 500
"""Messages to the service that may wait (10 s of sound); past it Twilio throws sound away."""

_HANDSHAKE_S = 5.0
"""Seconds to accept the WebSocket."""

_NORMAL = (1000, 1001, 1005)
"""Close codes that are no error: normal, going away, none given."""

_FIELDS: Mapping[str, frozenset[str]] = {
    "media": frozenset(("event", "streamSid", "media")),
    "mark": frozenset(("event", "streamSid", "mark")),
    "clear": frozenset(("event", "streamSid")),
}


class MediaStream:
    """One stream, from the handshake to its end."""

    def __init__(self, call: Call, stream: Element, document_url: str) -> None:
        self.sid = call.new_sid("MZ")
        self.most_buffered_ms = 0
        """The longest that the service was ahead of the playout."""
        self._call, self._stream = call, stream
        self._url = stream_url(stream, document_url)
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._sequence = 0
        self._chunk = 0
        # Real streams begin somewhere above 0: 99, 102, 155 and 171 were seen.
        self._timestamp = call.random.randint(90, 180)
        self._closed: int | None = None
        self._warned: set[int] = set()

    async def run(self) -> None:
        """Stream until the service closes the connection. Raises CallerLeft."""
        call = self._call
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                socket = await call.transport.connect(self._url, signed_headers(call.settings, self._url, []))
        except HandshakeRefusedError as error:
            self._warn(31920, f"the service answered the WebSocket handshake with status {error.status}")
            return
        except TimeoutError:
            self._warn(31901, "the WebSocket was not accepted in time")
            return
        except UnreachableError as error:
            self._warn(31901, str(error))
            return
        call.state = "stream"
        call.note("stream", self._url)
        self._report("stream-started")
        self._begin()
        reader = asyncio.create_task(self._read(socket), name="stream reader")
        writer = asyncio.create_task(self._write(socket), name="stream writer")
        call.stream = self
        call.line.on_caller_frame, call.line.on_marks = self._media, self._marks
        try:
            await call.wait(lambda: self._closed is not None)
            if self._closed not in _NORMAL:
                self._warn(31921, f"the service closed the WebSocket with code {self._closed}")
        except (CallerLeft, Moved):
            call.line.on_caller_frame = None
            self._post("stop", stop={"accountSid": call.settings.account_sid, "callSid": call.sid})
            await asyncio.wait({asyncio.ensure_future(self._outbox.join())}, timeout=2)
            raise
        finally:
            call.stream = None
            call.line.on_caller_frame = call.line.on_marks = None
            call.line.playout.clear()
            for task in (reader, writer):
                task.cancel()
            await asyncio.wait({reader, writer})
            await socket.close()
            call.note("stream_end", "" if self._closed is None else str(self._closed))
            self._report("stream-stopped")

    def dtmf(self, key: str) -> None:
        """The caller pressed a key."""
        self._post("dtmf", dtmf={"track": "inbound_track", "digit": key})

    def _begin(self) -> None:
        self._outbox.put_nowait(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        call = self._call
        self._post(
            "start",
            start={
                "accountSid": call.settings.account_sid,
                "streamSid": self.sid,
                "callSid": call.sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {child.get("name"): child.get("value") for child in self._stream.children},
            },
        )

    def _post(self, event: str, **content: Any) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), **content, "streamSid": self.sid}
        self._outbox.put_nowait(json.dumps(message))

    def _media(self, frame: bytes) -> None:
        self._chunk += 1
        timestamp, self._timestamp = self._timestamp, self._timestamp + FRAME_MS
        if self._outbox.qsize() > _MOST_WAITING:
            self._warn(31930, "the service does not read fast enough, sound is thrown away")
            return
        # Captured streams stray by a millisecond or two from exact steps.
        stray = self._call.random.choice((0, 0, 0, 0, 0, 0, 0, -1, -2))
        payload = base64.b64encode(frame).decode("ascii")
        self._post(
            "media",
            media={
                "track": "inbound",
                "chunk": str(self._chunk),
                "timestamp": str(timestamp + stray),
                "payload": payload,
            },
        )

    def _marks(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._post("mark", mark={"name": name})

    async def _write(self, socket: Socket) -> None:
        try:
            while True:
                message = await self._outbox.get()
                await socket.send(message)
                self._outbox.task_done()
        except SocketClosedError as error:
            self._closed = error.code

    async def _read(self, socket: Socket) -> None:
        try:
            while True:
                message = await socket.receive()
                if isinstance(message, bytes):
                    self._warn(31950, "the service sent a binary message")
                else:
                    self._take(message)
        except SocketClosedError as error:
            self._closed = error.code

    def _take(self, text: str) -> None:
        playout = self._call.line.playout
        try:
            message = json.loads(text)
        except ValueError:
            self._warn(31951, "the service sent a message that is not JSON")
            return
        wrong = _mistake(message, self.sid)
        if wrong:
            self._warn(31951, f"the service sent a message that Twilio does not take: {wrong}")
            return
        match message["event"]:
            case "media":
                try:
                    payload = base64.b64decode(message["media"]["payload"], validate=True)
                except (binascii.Error, ValueError):
                    self._warn(31951, "the service sent a payload that is not base64")
                    return
                playout.add(payload)
                self.most_buffered_ms = max(self.most_buffered_ms, playout.buffered_ms)
            case "mark":
                self._marks(playout.mark(message["mark"]["name"]))
            case "clear":
                self._call.note("clear")
                self._marks(playout.clear())

    def _warn(self, code: int, sentence: str) -> None:
        if code not in self._warned:  # Twilio warns once a stream
            self._warned.add(code)
            self._call.note("warning", f"{code}: {sentence}")

    def _report(self, event: str) -> None:
        self._call.notify(
            self._stream.get("statusCallback"),
            self._stream.get("statusCallbackMethod", "POST"),
            {
                "AccountSid": self._call.settings.account_sid,
                "CallSid": self._call.sid,
                "StreamSid": self.sid,
                "StreamName": self._stream.get("name") or self.sid,
                "StreamEvent": event,
                "Timestamp": datetime.now(UTC).isoformat(),
            },
        )


def _mistake(message: Any, sid: str) -> str:
    """What is wrong with a message from the service; empty where it is right."""
    if not isinstance(message, dict):
        return "it is no object"
    event = message.get("event")
    fields = _FIELDS.get(event) if isinstance(event, str) else None
    if fields is None:
        return f"its event is {str(event)[:40]!r}, not media, mark or clear"
    if message.get("streamSid") != sid:
        return f"the streamSid of its {event} is not this stream's"
    if set(message) != fields:
        return f"its {event} has the fields {', '.join(sorted(message))} instead of {', '.join(sorted(fields))}"
    if event == "clear":
        return ""
    key = "payload" if event == "media" else "name"
    content = message[event]
    if not isinstance(content, dict) or set(content) != {key} or not isinstance(content[key], str):
        return f"its {event} must contain {key}, a text, and nothing else"
    return ""
