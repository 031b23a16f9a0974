"""Twilio's media stream protocol, sans-I/O: message text in, typed events out, and the other way round.

No socket and no clock: who reads the socket tells the time. Nothing that a peer sends makes `MediaStream.receive`
raise: what can't be used becomes a `Refused` event and the stream goes on. Source: Twilio, "Media Streams: WebSocket
messages".
"""

from __future__ import annotations

import binascii
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from telephony.media_order import MediaOrder, Place
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES

KEYS = frozenset("0123456789*#ABCD")

_SAMPLES_PER_MS = FRAME_SAMPLES // FRAME_MS
_LONGEST_NAME = 256


class Reason(StrEnum):
    """Why a message was refused. Few and fixed, so that they can label a counter."""

    BINARY = "binary"
    OVERSIZED = "oversized"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT = "unknown_event"
    MISSING_FIELD = "missing_field"
    WRONG_STREAM = "wrong_stream"
    WRONG_TRACK = "wrong_track"
    BAD_PAYLOAD = "bad_payload"
    NOT_A_KEY = "not_a_key"
    OUT_OF_ORDER = "out_of_order"
    BEFORE_START = "before_start"
    DUPLICATE_START = "duplicate_start"
    AFTER_STOP = "after_stop"


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """What the payload is made of."""

    encoding: str
    sample_rate: int
    """Hertz."""
    channels: int


MU_LAW = MediaFormat("audio/x-mulaw", 8000, 1)
"""The one format that is decoded."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is Twilio's; no stream yet."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The stream begins."""

    stream_sid: str
    call_sid: str
    account_sid: str
    tracks: tuple[str, ...]
    media_format: MediaFormat
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The <Parameter> values of the TwiML."""


@dataclass(frozen=True, slots=True)
class Media:
    """Sound from the caller."""

    payload: bytes
    """Mu-law, one byte a sample, never empty; 160 bytes as a rule."""
    chunk: int = 0
    """Counts from 1; 0 where the message had none."""
    timestamp_ms: int = 0
    """Milliseconds from the start of the stream; 0 where the message had none."""
    lost_ms: int = 0
    """Milliseconds of sound missing before this message; 0 unless at least a frame is missing."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key was pressed: one of `KEYS`."""

    digit: str


@dataclass(frozen=True, slots=True)
class Marked:
    """What was sent before this mark was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stream stopped or the call ended."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be used, and was passed over. Its content is nowhere."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class StreamRefused:
    """A stream that can't be used at all, because its sound can't be decoded."""

    media_format: MediaFormat


Event = Connected | Started | Media | Key | Marked | Stopped | Refused | StreamRefused


class MediaStream:
    """One stream, from our end of the socket."""

    def __init__(self, *, most_chars: int = 65_536) -> None:
        """`most_chars`: characters of a message beyond which it is not parsed."""
        self._most_chars = most_chars
        self._order: MediaOrder | None = None
        """None before `Started`."""
        self._stopped = False
        self._media_head = ""
        self.stream_sid = ""
        """Empty before `Started`."""
        self.refused: Counter[Reason] = Counter()
        """Messages refused so far."""
        self.lost_ms = 0
        """Milliseconds of sound that gaps in the timestamps tell of, as far as there was time for it."""

    def receive(self, message: str | bytes, at_ms: int) -> Event:
        """The event that a message means. Never raises.

        `at_ms`: when it came, in milliseconds on a steady clock. No more sound can be missing than time has passed.
        """
        event = self._event(message, at_ms)
        if type(event) is Refused:
            self.refused[event.reason] += 1
        return event

    def _event(self, message: str | bytes, at_ms: int) -> Event:
        if not isinstance(message, str):
            return Refused(Reason.BINARY)
        if len(message) > self._most_chars:
            return Refused(Reason.OVERSIZED)
        try:
            data = json.loads(message)
        except (ValueError, RecursionError):
            return Refused(Reason.NOT_JSON)
        if type(data) is not dict:
            return Refused(Reason.NOT_AN_OBJECT)
        kind = data.get("event")
        if self._stopped:
            return Refused(Reason.AFTER_STOP)
        if kind == "media":
            return self._stray(data) or self._media(data, at_ms)
        if kind == "connected":
            return Connected(_text(data.get("version")))
        if kind == "start":
            return self._start(data, at_ms)
        if kind == "mark":
            return self._stray(data) or self._mark(data.get("mark"))
        if kind == "dtmf":
            return self._stray(data) or self._key(data.get("dtmf"))
        if kind == "stop":
            return self._stray(data) or self._stop()
        return Refused(Reason.UNKNOWN_EVENT)

    def _stray(self, data: dict[str, Any]) -> Refused | None:
        """The refusal of a message that does not belong to this stream."""
        if self._order is None:
            return Refused(Reason.BEFORE_START)
        sid = data.get("streamSid")
        if sid == self.stream_sid:
            return None
        return Refused(Reason.MISSING_FIELD if sid is None else Reason.WRONG_STREAM)

    def _start(self, data: dict[str, Any], at_ms: int) -> Event:
        if self._order is not None:
            return Refused(Reason.DUPLICATE_START)
        start = data.get("start")
        if type(start) is not dict:
            return Refused(Reason.MISSING_FIELD)
        call_sid = _text(start.get("callSid"))
        stream_sid = _text(data.get("streamSid")) or _text(start.get("streamSid"))
        form = start.get("mediaFormat")
        if not call_sid or not stream_sid or type(form) is not dict:
            return Refused(Reason.MISSING_FIELD)
        if _text(start.get("streamSid")) not in ("", stream_sid):
            return Refused(Reason.WRONG_STREAM)
        media_format = MediaFormat(
            _text(form.get("encoding")), _number(form.get("sampleRate")) or 0, _number(form.get("channels")) or 0
        )
        if media_format != MU_LAW:
            return StreamRefused(media_format)
        tracks, parameters = start.get("tracks"), start.get("customParameters")
        self._order = MediaOrder(at_ms)
        self.stream_sid = stream_sid
        self._media_head = f'{{"event":"media","streamSid":{json.dumps(stream_sid)},"media":{{"payload":"'
        return Started(
            stream_sid=stream_sid,
            call_sid=call_sid,
            account_sid=_text(start.get("accountSid")),
            tracks=tuple(t for t in tracks if isinstance(t, str)) if isinstance(tracks, list) else (),
            media_format=media_format,
            parameters={k: v for k, v in parameters.items() if isinstance(v, str)}
            if isinstance(parameters, dict)
            else {},
        )

    def _media(self, data: dict[str, Any], at_ms: int) -> Event:
        media = data.get("media")
        if type(media) is not dict:
            return Refused(Reason.MISSING_FIELD)
        encoded = media.get("payload")
        if type(encoded) is not str:
            return Refused(Reason.MISSING_FIELD)
        if media.get("track", "inbound") != "inbound":
            return Refused(Reason.WRONG_TRACK)
        try:
            payload = binascii.a2b_base64(encoded, strict_mode=True)
        except ValueError:
            return Refused(Reason.BAD_PAYLOAD)
        if not payload:
            return Refused(Reason.BAD_PAYLOAD)
        place = Place(_number(data.get("sequenceNumber")), _number(media.get("chunk")), _number(media.get("timestamp")))
        assert self._order is not None
        lost_ms = self._order.take(place, len(payload) // _SAMPLES_PER_MS, at_ms)
        if lost_ms is None:
            return Refused(Reason.OUT_OF_ORDER)
        self.lost_ms += lost_ms
        return Media(payload, place.chunk or 0, place.timestamp_ms or 0, lost_ms)

    def _key(self, dtmf: Any) -> Event:
        digit = dtmf.get("digit") if type(dtmf) is dict else None
        if digit is None:
            return Refused(Reason.MISSING_FIELD)
        if not isinstance(digit, str) or digit.upper() not in KEYS:
            return Refused(Reason.NOT_A_KEY)
        return Key(digit.upper())

    def _mark(self, mark: Any) -> Event:
        name = mark.get("name") if type(mark) is dict else None
        return Marked(name) if isinstance(name, str) else Refused(Reason.MISSING_FIELD)

    def _stop(self) -> Event:
        self._stopped = True
        return Stopped()

    def media(self, sound: bytes) -> str:
        """The message that plays whole frames: 160 bytes of mu-law each. Raises ValueError for another length."""
        if not sound or len(sound) % FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} bytes, and {len(sound)} are not some of them")
        return f'{self._media_head}{binascii.b2a_base64(sound, newline=False).decode("ascii")}"}}}}'

    def mark(self, name: str) -> str:
        """The message whose echo tells that all before it was played."""
        return json.dumps({"event": "mark", "streamSid": self.stream_sid, "mark": {"name": name}})

    def clear(self) -> str:
        """The message that stops playback and empties Twilio's buffer."""
        return json.dumps({"event": "clear", "streamSid": self.stream_sid})


def _text(value: Any) -> str:
    """A string of reasonable length, else empty."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME else ""


def _number(value: Any) -> int | None:
    """A natural number, as Twilio writes them: as a number or as digits."""
    if type(value) is int:
        return value if 0 <= value < 10**15 else None
    if type(value) is str and len(value) <= 15 and value.isascii() and value.isdigit():
        return int(value)
    return None
