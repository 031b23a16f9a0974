"""Twilio's side of one media stream, in real time: sends the caller's frames, plays what comes, echoes marks."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from peers.line_sound import FRAME_BYTES, FRAME_S, SILENCE, loudness

VOICE = 200.0
"""A frame louder than this is the bot's voice."""
LONGEST_BUFFER_S = 60
"""Twilio's own limit is not told; another implementation's is this."""

_SHAPES: dict[str, tuple[str, set[str]] | None] = {
    "media": ("media", {"payload"}),
    "mark": ("mark", {"name"}),
    "clear": None,
}


class LineClosedError(AssertionError):
    """The stream ended while the caller still wanted something."""


@dataclass
class Seen:
    """What went over the wire, for assertions and for whoever reads a failure."""

    timeline: list[tuple[float, str]] = field(default_factory=list)
    """Seconds since the start, and what happened then."""
    complaints: list[str] = field(default_factory=list)
    """What Twilio would have warned of or cut off."""
    clears: list[float] = field(default_factory=list)
    """When `clear` came, in seconds since the start."""
    echoed: list[str] = field(default_factory=list)
    """Marks sent back."""
    longest_buffer_s: float = 0.0


class MediaLine:
    """One stream after its `start`. `behave` is the caller; it may use everything public here."""

    def __init__(self, socket: ClientConnection, stream_sid: str, call_sid: str, account_sid: str) -> None:
        self._socket = socket
        self.stream_sid, self.call_sid, self.account_sid = stream_sid, call_sid, account_sid
        self.seen = Seen()
        self.hung_up = False
        self._sequence = 0
        self._chunk = 0
        self._mouth: deque[bytes] = deque()
        self._ear = bytearray()
        self._ear_position = 0
        self._marks: deque[tuple[int, str]] = deque()
        self._heard: list[bool] = []
        self._since = 0
        self._closed = asyncio.Event()
        self._hiss = random.Random(stream_sid)
        self._first_stamp = self._hiss.choice((99, 102, 155, 171))
        self._began = asyncio.get_running_loop().time()

    # What the caller can do

    async def bot_turn(self, what: str, within_s: float = 15.0, quiet_s: float = 0.8) -> float:
        """Hears the bot out: its voice, then silence with nothing left to play. Seconds of voice heard."""
        since = self._since
        await self.until(lambda: any(self._heard[since:]), within_s, f"the bot {what}")
        quiet = round(quiet_s / FRAME_S)
        await self.until(lambda: not self._ear and not any(self._heard[-quiet:]), 40, f"the bot falls silent: {what}")
        seconds = sum(self._heard[since:]) * FRAME_S
        self._since = len(self._heard)
        self.note(f"heard {seconds:.1f} s: {what}")
        return seconds

    async def bot_talks(self, what: str, voice_s: float = 0.5, within_s: float = 15.0) -> None:
        """Waits for so many seconds of the bot's voice; it goes on talking."""
        since = self._since
        await self.until(lambda: sum(self._heard[since:]) * FRAME_S >= voice_s, within_s, f"the bot {what}")

    async def say(self, speech: Iterable[bytes]) -> None:
        """Speaks to the end."""
        self.note("caller speaks")
        self._mouth.extend(speech)
        await self.until(lambda: not self._mouth, 30, "the caller's own speech")
        self.note("caller is silent")
        self._since = len(self._heard)

    async def press(self, keys: str, gap_s: float = 0.2) -> None:
        """One `dtmf` message a key."""
        self.note(f"caller presses {len(keys)} keys")
        for key in keys:
            await self.send("dtmf", dtmf={"track": "inbound_track", "digit": key})
            await asyncio.sleep(gap_s)
        self._since = len(self._heard)

    async def wait(self, seconds: float) -> None:
        """Holds the line."""
        end = self.now + seconds
        await self.until(lambda: self.now >= end, seconds + 10, "time to pass")

    async def closed_by_server(self, within_s: float, why: str) -> None:
        """Waits for the server to end the stream, in good order."""
        try:
            await asyncio.wait_for(self._closed.wait(), within_s)
        except TimeoutError:
            raise AssertionError(f"after {within_s} s the stream is still open: {why}\n{self.story()}") from None
        code = self._socket.protocol.close_rcvd.code if self._socket.protocol.close_rcvd else None
        if code not in (1000, 1001):
            self.seen.complaints.append(f"31921: the server closed with {code}")

    async def end(self) -> None:
        """As Twilio ends a stream whose call goes on elsewhere."""
        await self.send("stop", stop={"accountSid": self.account_sid, "callSid": self.call_sid})
        await self._socket.close()

    async def hang_up(self) -> None:
        """As Twilio ends a stream: `stop`, then the socket."""
        self.hung_up = True
        await self.end()

    async def drop(self) -> None:
        """Closes the socket without a word."""
        self.hung_up = True
        await self._socket.close()

    async def abort(self) -> None:
        """Resets the TCP connection."""
        self.hung_up = True
        await self.lose()

    async def lose(self) -> None:
        """The connection breaks; the caller is still there."""
        self.note("the connection breaks")
        self._socket.transport.abort()

    async def send(self, event: str, **body: Any) -> None:
        """One message of the protocol."""
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_sid, **body}
        await self.send_raw(json.dumps(message))

    async def send_media(self, payload: Any) -> None:
        """The next piece of the caller's sound, 20 ms by its number. A capture had one stamp 2 ms early: so here."""
        stamp = self._first_stamp + 20 * self._chunk - (2 if self._chunk == 72 else 0)
        self._chunk += 1
        media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": str(stamp), "payload": payload}
        await self.send("media", media=media)

    async def send_raw(self, message: str | bytes) -> None:
        """Whatever it is; nothing where the line is closed."""
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            self._closed.set()

    # What a scenario asks

    @property
    def now(self) -> float:
        """Seconds since the stream's start."""
        return asyncio.get_running_loop().time() - self._began

    @property
    def outstanding_marks(self) -> list[str]:
        """Marks behind sound that was not played yet."""
        return [name for _, name in self._marks]

    def voice_since(self, moment: float) -> float:
        """Seconds of the bot's voice that the caller heard since `moment`."""
        return sum(self._heard[max(0, round(moment / FRAME_S)) :]) * FRAME_S

    async def until(self, condition: Callable[[], bool], within_s: float, what: str) -> None:
        """Looks every frame. Raises LineClosedError, or AssertionError after `within_s`."""
        deadline = self.now + within_s
        while not condition():
            if self._closed.is_set():
                raise LineClosedError(f"the stream was closed before {what}\n{self.story()}")
            if self.now > deadline:
                raise AssertionError(f"not within {within_s} s: {what}\n{self.story()}")
            await asyncio.sleep(FRAME_S)

    def note(self, what: str) -> None:
        """Puts a line into the story."""
        self.seen.timeline.append((self.now, what))

    def story(self) -> str:
        """The call so far."""
        return "\n".join(f"{at:7.2f} s  {what}" for at, what in self.seen.timeline)

    # The line itself

    async def run(self, start: dict[str, Any], behave: Callable[[MediaLine], Any]) -> None:
        """From `connected` to the end of the socket; raises what `behave` raises."""
        await self.send_raw(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await self.send("start", start=start)
        self._began = asyncio.get_running_loop().time()
        line = [asyncio.create_task(self._receive()), asyncio.create_task(self._clock())]
        try:
            await behave(self)
        finally:
            for task in line:
                task.cancel()
            await asyncio.gather(*line, return_exceptions=True)
            await self._socket.close()

    async def _clock(self) -> None:
        ticks = 0
        while not self._closed.is_set():
            frame = self._mouth.popleft() if self._mouth else self._background()
            await self.send_media(base64.b64encode(frame).decode())
            await self._play_frame()
            ticks += 1
            await asyncio.sleep(max(0.0, self._began + ticks * FRAME_S - asyncio.get_running_loop().time()))

    def _background(self) -> bytes:
        """A quiet line still hisses."""
        return bytes(self._hiss.choices((0xFF, 0x7F, 0xFE, 0x7E), k=FRAME_BYTES))

    async def _play_frame(self) -> None:
        frame = bytes(self._ear[:FRAME_BYTES])
        del self._ear[:FRAME_BYTES]
        self._ear_position += len(frame)
        self._heard.append(loudness(frame + SILENCE * (FRAME_BYTES - len(frame))) > VOICE)
        await self._echo(self._ear_position)

    async def _echo(self, position: int) -> None:
        while self._marks and self._marks[0][0] <= position:
            _, name = self._marks.popleft()
            self.seen.echoed.append(name)
            await self.send("mark", mark={"name": name})

    async def _receive(self) -> None:
        try:
            async for message in self._socket:
                await self._take(message)
        except ConnectionClosed:
            pass
        self.note("the stream is closed")
        self._closed.set()

    async def _take(self, message: str | bytes) -> None:
        complaint = self._wrong_with(message)
        if complaint:
            self.seen.complaints.append(f"{complaint}: {message[:120]!r}")
            return
        body = json.loads(message)
        match body["event"]:
            case "media":
                self._ear += base64.b64decode(body["media"]["payload"])
                buffered_s = len(self._ear) / FRAME_BYTES * FRAME_S
                self.seen.longest_buffer_s = max(self.seen.longest_buffer_s, buffered_s)
            case "mark":
                self._marks.append((self._ear_position + len(self._ear), body["mark"]["name"]))
                await self._echo(self._ear_position)
            case "clear":
                self.note(f"clear: {len(self._ear) / FRAME_BYTES * FRAME_S:.2f} s and {len(self._marks)} marks dropped")
                self.seen.clears.append(self.now)
                self._ear_position += len(self._ear)
                self._ear.clear()
                await self._echo(self._ear_position)

    def _wrong_with(self, message: str | bytes) -> str:
        """What Twilio would warn of; empty for nothing."""
        if isinstance(message, bytes):
            return "31950: a binary frame"
        try:
            body = json.loads(message)
        except ValueError:
            return "31951: not JSON"
        event = body.get("event") if isinstance(body, dict) else None
        if event not in _SHAPES:
            return "31951: unknown event"
        if body.get("streamSid") != self.stream_sid:
            return "31951: wrong streamSid"
        shape = _SHAPES[event]
        if set(body) != {"event", "streamSid"} | ({shape[0]} if shape else set()):
            return "31951: missing or unexpected fields"
        if shape and (not isinstance(body[shape[0]], dict) or set(body[shape[0]]) != shape[1]):
            return f"31951: missing or unexpected fields in {shape[0]}"
        if event == "mark" and not (isinstance(body["mark"]["name"], str) and body["mark"]["name"]):
            return "a mark without a name"
        return self._wrong_with_payload(body["media"]["payload"]) if event == "media" else ""

    def _wrong_with_payload(self, payload: object) -> str:
        if not isinstance(payload, str):
            return "31951: the payload is no string"
        try:
            sound = base64.b64decode(payload, validate=True)
        except binascii.Error:
            return "31951: the payload is not base64"
        if not sound or len(sound) % FRAME_BYTES:
            return f"{len(sound)} bytes are no whole frames of 20 ms: jitter"
        if len(self._ear) + len(sound) > LONGEST_BUFFER_S / FRAME_S * FRAME_BYTES:
            return f"more than {LONGEST_BUFFER_S} s ahead"
        return ""
