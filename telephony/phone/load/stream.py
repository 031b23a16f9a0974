"""Twilio's end of one media stream: frames out by a template, what comes in kept as it came.

All the times are seconds on the loop's clock. What the bot says is played in its order at the pace of speech, from when
it came or from the end of what came before; `bot_side` gives it as the caller heard it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from telephony.phone.load.websocket import LeanSocket, frame_of
from voicebot.audio.format import FRAME_MS, SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import decode

_MEDIA = b'{"event":"media","streamSid":"'
_PAYLOAD = b'"payload":"'
_QUIET = bytes(code for code in range(256) if abs(int(decode(bytes((code,)))[0])) < 400)
"""Mu-law codes of samples below -38 dB of full scale: the bot's own quiet noise stays below."""
_VOICED_SHARE = 0.05
"""Of a message's samples that are louder than that: the bot speaks."""
_BESIDE_MS = 1.0
"""By how much later than the end of what plays sound may come without a hole that a caller hears."""
_FRAME_S = FRAME_MS / 1000
_MOST_UNSENT = 160_000
"""Bytes that wait for the service to read: 500 messages, or 10 s. Twilio throws away what comes then."""


class LoadStream:
    """One stream, from `start` on."""

    def __init__(self, socket: LeanSocket, stream_sid: str, now: float) -> None:
        self._socket, self._sid = socket, stream_sid.encode()
        self.began = now
        self.frames = 0
        """Sent so far."""
        self.thrown_away = 0
        """Frames that the service did not read in time."""
        self.play_end = now
        """When all that the bot sent will have been played."""
        self.voice_from = self.voice_end = -1.0
        """When the bot's voice began after the caller's last act, and until when it lasts; -1 while it has not."""
        self.first_voice: float | None = None
        """When the bot was first heard."""
        self.holes: list[float] = []
        """Seconds by which sound came too late to follow what it belonged to: the same chunk, between two marks."""
        self.clears: list[float] = []
        """When `clear` came."""
        self.mistakes: list[str] = []
        """What Twilio would not have taken."""
        self.messages = 0
        """That came."""
        self._head = b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d",'
        self._tail = b'"payload":"%b"},"streamSid":"' + self._sid + b'"}'
        self._template = self._head + self._tail
        self._expected = _MEDIA + self._sid + b'"'
        self._sequence = 0
        self._played: list[list[Any]] = []
        """[from, until, base64] of what was or will be played."""
        self._marks: deque[tuple[float, str]] = deque()
        self._amid = False
        """Whether the last that came was sound, with no mark behind it yet."""
        self._newest_mark = 0
        socket.on_text = self._take

    def start(self, call_sid: str, account_sid: str, parameters: Mapping[str, str]) -> None:
        """Introduce the stream."""
        self._socket.send(frame_of(b'{"event":"connected","protocol":"Call","version":"1.0.0"}'))
        sid = self._sid.decode()
        self._post(
            event="start",
            start={
                "accountSid": account_sid,
                "streamSid": sid,
                "callSid": call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": dict(parameters),
            },
        )

    def send(self, frame: bytes, now: float) -> None:
        """20 ms of the caller's side, base64; and the marks that were reached."""
        self.frames += 1
        self._sequence += 1
        if self._socket.unsent > _MOST_UNSENT:
            self.thrown_away += 1
        else:
            number = self.frames
            self._socket.send(
                frame_of(self._template % (self._sequence, number, 80 + number * FRAME_MS, frame))  # as real ones begin
            )
        marks = self._marks
        while marks and marks[0][0] <= now:
            self._post(event="mark", mark={"name": marks.popleft()[1]})

    def key(self, digit: str) -> None:
        """The caller presses a key."""
        self._post(event="dtmf", dtmf={"track": "inbound_track", "digit": digit})

    def stop(self, call_sid: str, account_sid: str) -> None:
        """The caller hung up."""
        self._post(event="stop", stop={"accountSid": account_sid, "callSid": call_sid})

    def acts(self) -> None:
        """The caller does something: the bot's voice is waited for anew."""
        self.voice_from = -1.0

    def _post(self, **message: Any) -> None:
        self._sequence += 1
        message = {
            "event": message.pop("event"),
            "sequenceNumber": str(self._sequence),
            **message,
            "streamSid": self._sid.decode(),
        }
        self._socket.send(frame_of(json.dumps(message, separators=(",", ":")).encode()))

    # From the service

    def _take(self, text: bytes) -> None:
        self.messages += 1
        if not text.startswith(self._expected):
            self._take_other(text)
            return
        start = text.find(_PAYLOAD) + len(_PAYLOAD)
        payload = text[start : text.find(b'"', start)]
        now = self._now
        seconds = (len(payload) * 3 // 4 - payload.count(b"=", -2)) / SAMPLE_RATE
        begin = self.play_end
        if now > begin:
            if self._amid and (now - begin) * 1000 > _BESIDE_MS:
                self.holes.append(now - begin)
            begin = now
        self._amid = True
        self.play_end = begin + seconds
        self._played.append([begin, self.play_end, payload])
        if self._is_voiced(payload):
            if self.first_voice is None:
                self.first_voice = begin
            if self.voice_from < 0:
                self.voice_from = begin
            self.voice_end = self.play_end

    def _is_voiced(self, payload: bytes) -> bool:
        try:
            sound = binascii.a2b_base64(payload)
        except binascii.Error:
            self.mistakes.append("a payload is not base64")
            return False
        return len(sound.translate(None, _QUIET)) > _VOICED_SHARE * len(sound)

    def _take_other(self, text: bytes) -> None:
        try:
            message = json.loads(text)
            event, sid = message["event"], message["streamSid"]
        except (ValueError, KeyError, TypeError):
            self.mistakes.append("a message is no media, mark or clear")
            return
        if sid.encode() != self._sid:
            self.mistakes.append(f"the streamSid of a {event} is another stream's")
        elif event == "mark":
            self._amid = False
            name = message["mark"]["name"]
            # Marks are numbered in their order: one that is missing was lost, one that comes again is doubled.
            number = name.partition(":")[0]
            if number.isdigit():
                if int(number) != self._newest_mark + 1:
                    self.mistakes.append(f"mark {number} follows mark {self._newest_mark}")
                self._newest_mark = int(number)
            self._marks.append((self.play_end, name))
        elif event == "clear":
            self._clear()
        else:
            self.mistakes.append(f"Twilio takes no {event}")

    def _clear(self) -> None:
        now = self._now
        self.clears.append(now)
        self._amid = False
        while self._played and self._played[-1][0] >= now:
            self._played.pop()
        if self._played:
            self._played[-1][1] = min(self._played[-1][1], now)
        self.play_end = min(self.play_end, now)
        self.voice_end = min(self.voice_end, now)
        self._marks = deque((now, name) for _, name in self._marks)

    @property
    def _now(self) -> float:
        return self._socket.now()

    # Afterwards

    def bot_side(self) -> Pcm:
        """What the caller heard from `began` to the end of the call, 8 kHz."""
        length = max((round((until - self.began) * SAMPLE_RATE) for _, until, _ in self._played), default=0)
        heard = np.zeros(length, np.int16)
        for begin, samples in self._pieces():
            heard[begin : begin + len(samples)] = samples[: max(0, length - begin)]
        return heard

    def _pieces(self) -> Iterator[tuple[int, Pcm]]:
        for begin, until, payload in self._played:
            try:
                samples = decode(base64.b64decode(payload))
            except binascii.Error:
                continue
            yield round((begin - self.began) * SAMPLE_RATE), samples[: max(0, round((until - begin) * SAMPLE_RATE))]
