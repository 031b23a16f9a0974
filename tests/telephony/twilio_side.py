"""Both sides of the server for tests: messages as Twilio writes them, a socket in memory, a scripted conversation."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from twilio.request_validator import RequestValidator

from telephony.media_stream import Connected, Event, Key, Marked, Media, Started, Stopped
from voicebot.channel import Caller, Channel, Outcome

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC = "https://bot.example.com"
STREAM_SID = "MZ" + "0" * 32
FRAME = b"\xff" * 160


def call_sid(number: int = 1) -> str:
    return f"CA{number:032x}"


def sign(url: str, parameters: Any = None, token: str = TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(url, parameters or {}))


def to_wire(event: Event, sequence: int | None = None, sid: str = STREAM_SID) -> str:
    """An event as the message that Twilio sends for it; `sequence` by default as if it only sent sound."""
    if sequence is None:
        sequence = event.chunk + 1 if isinstance(event, Media) else 1
    head = {"sequenceNumber": str(sequence), "streamSid": sid}
    match event:
        case Connected(version):
            return json.dumps({"event": "connected", "protocol": "Call", "version": version})
        case Started():
            form = event.media_format
            start = {
                "accountSid": event.account_sid,
                "streamSid": sid,
                "callSid": event.call_sid,
                "tracks": list(event.tracks),
                "mediaFormat": {
                    "encoding": form.encoding,
                    "sampleRate": form.sample_rate,
                    "channels": form.channels,
                },
                "customParameters": dict(event.parameters),
            }
            return json.dumps({"event": "start", **head, "start": start})
        case Media():
            media = {
                "track": "inbound",
                "chunk": str(event.chunk),
                "timestamp": str(event.timestamp_ms),
                "payload": base64.b64encode(event.payload).decode(),
            }
            return json.dumps({"event": "media", **head, "media": media})
        case Key(digit):
            return json.dumps({"event": "dtmf", **head, "dtmf": {"track": "inbound_track", "digit": digit}})
        case Marked(name):
            return json.dumps({"event": "mark", **head, "mark": {"name": name}})
        case Stopped():
            return json.dumps({"event": "stop", **head, "stop": {"accountSid": "AC1", "callSid": "CA1"}})
    raise AssertionError(f"Twilio sends no {event}")


class Wire:
    """The client's end of a WebSocket to an ASGI application, in memory."""

    def __init__(self, app: Any, *, headers: dict[str, str] | None = None, peer: str = "203.0.113.9") -> None:
        self.to_app: asyncio.Queue[Any] = asyncio.Queue()
        self.out: list[tuple[float, dict[str, Any]]] = []
        """What the application sent: when, and the message."""
        self.accepted = False
        self.close_code: int | None = None
        self.broken = False
        self.on_message: Callable[[dict[str, Any]], None] = lambda _message: None
        self.slow: asyncio.Event | None = None
        fields = {"host": "bot.example.com", **(headers or {})}
        self.scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/twilio/media",
            "raw_path": b"/twilio/media",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
            "client": (peer, 40000),
        }
        self.to_app.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(app(self.scope, self.to_app.get, self._send), name="socket")

    async def _send(self, message: Any) -> None:
        if self.broken:
            raise OSError("the client is gone")
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] == "websocket.close":
            self.close_code = message["code"]
        else:
            if self.slow is not None:
                await self.slow.wait()
            data = json.loads(message["text"])
            self.out.append((asyncio.get_running_loop().time(), data))
            self.on_message(data)

    def send(self, event: Event) -> None:
        self.send_text(to_wire(event))

    def send_text(self, text: str) -> None:
        self.to_app.put_nowait({"type": "websocket.receive", "text": text})

    def send_binary(self, data: bytes) -> None:
        self.to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    def break_off(self) -> None:
        """The connection is lost."""
        self.broken = True
        self.to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [message for _, message in self.out if message["event"] == kind]

    def sound(self) -> bytes:
        """The bot's, as it was sent."""
        return b"".join(base64.b64decode(message["media"]["payload"]) for message in self.sent("media"))

    async def ended(self) -> None:
        await asyncio.wait_for(self.task, 60)


@dataclass
class Conversation:
    """A LiveCall that a test scripts and reads."""

    caller: Caller
    channel: Channel
    script: Callable[[Conversation], Any]
    heard: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    wanted_back: bool = False
    """Whether the service is about to stop and wants the caller to be given to a person."""

    def audio(self, pcm: bytes) -> None:
        self.heard.append(pcm)

    def key(self, digit: str) -> None:
        self.keys.append(digit)

    def typed(self, text: str) -> None:
        self.texts.append(text)

    def played(self, mark: str) -> None:
        self.marks.append(mark)

    def hung_up(self) -> None:
        self.gone.set()

    def hand_over(self) -> None:
        self.wanted_back = True

    async def run(self) -> Outcome:
        self.running = True
        try:
            outcome = await self.script(self)
            assert isinstance(outcome, Outcome)
            return outcome
        finally:
            self.running = False

    def say(self, seconds: float, mark: str) -> None:
        self.channel.play(np.zeros(int(seconds * 8000), np.int16), mark)

    async def said(self, *marks: str) -> None:
        while not set(marks) <= set(self.marks):
            await asyncio.sleep(0.01)


async def until_gone(conversation: Conversation) -> Outcome:
    await conversation.gone.wait()
    return Outcome("caller_left")


class Bot:
    """Answers every call with the same script."""

    def __init__(self, script: Callable[[Conversation], Any] = until_gone) -> None:
        self.script = script
        self.calls: list[Conversation] = []

    def answer(self, caller: Caller, channel: Channel) -> Conversation:
        self.calls.append(Conversation(caller, channel, self.script))
        return self.calls[-1]
