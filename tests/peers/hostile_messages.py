"""What a stream should never carry, and what a server has to survive when it does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from peers.line_sound import FRAME_BYTES, SILENCE

HOSTILE_PAYLOADS: tuple[Any, ...] = (
    *("*", "a", "====", "/w", None, 5, [], "", "음", "/" * 3, "\ud800"),
    *(base64.b64encode(SILENCE * size).decode() for size in (1, 40, 159, 161, 320, 1600)),
)
"""Payloads of media messages that come where they should."""


def hostile_messages(stream_sid: str, call_sid: str) -> Iterator[str | bytes]:
    """Each is one WebSocket message."""
    yield from ("", "{", "null", "[]", '"media"', "NaN", "{}", '{"event":', "\x00", "음" * 1000)
    yield from (b"", b"\xff" * 160, b'{"event":"media"}')
    yield "x" * 1_000_000
    yield json.dumps({"event": "media", "streamSid": stream_sid, "padding": "x" * 1_000_000})
    yield "[" * 100_000
    yield '{"a":' * 50_000 + "1" + "}" * 50_000
    yield '{"event":' + "9" * 10_000 + "}"
    for event in ("hello", "Media", "", None, 5, ["media"], {"media": 1}):
        yield _message(event, stream_sid, 5)
    for sid in ("MZ" + "0" * 32, "", None, 7):
        yield _message("stop", sid, 6, stop={"accountSid": "AC", "callSid": call_sid})
        yield _message("dtmf", sid, 6, dtmf={"track": "inbound_track", "digit": "0"})
    for body in (None, [], "x", {}, {"digit": ""}, {"digit": "12"}, {"digit": 5}, {"digit": "E"}, {"digit": "\ud800"}):
        yield _message("dtmf", stream_sid, 7, dtmf=body)
    for body in (None, [], {}, {"name": None}, {"name": ""}, {"name": "never sent"}, {"name": "\ud800" * 1000}):
        yield _message("mark", stream_sid, 8, mark=body)
    for body in (None, [], "x", {}):
        yield _message("media", stream_sid, 9, media=body)
    yield json.dumps({"event": "connected", "protocol": "Call", "version": "99"})
    yield _message("start", stream_sid, 1, start={"streamSid": stream_sid, "callSid": call_sid})
    yield _message("start", stream_sid, 1, start=None)
    yield _message("clear", stream_sid, 3)


def untimely_media(stream_sid: str) -> Iterator[str]:
    """Sound whose place in the stream can't be: long ago, far ahead, nowhere."""
    yield _media(stream_sid)
    for number in ("-1", "0", "x", "", "1e9", "9" * 5000, None, 3, 2.5, "NaN", "٣"):
        yield _media(stream_sid, sequence=number)
        yield _media(stream_sid, chunk=number)
        yield _media(stream_sid, timestamp=number)
    for stamp in ("0", "-5", "9999999999999"):
        yield _media(stream_sid, sequence=None, timestamp=stamp)


def _message(event: Any, stream_sid: Any, sequence: Any, **body: Any) -> str:
    return json.dumps({"event": event, "sequenceNumber": sequence, "streamSid": stream_sid, **body})


def _media(stream_sid: str, sequence: Any = "4", chunk: Any = "2", timestamp: Any = "5") -> str:
    payload = base64.b64encode(SILENCE * FRAME_BYTES).decode()
    media = {"track": "inbound", "chunk": chunk, "timestamp": timestamp, "payload": payload}
    return _message("media", stream_sid, sequence, media=media)
