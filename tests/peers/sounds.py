"""Sound files as Twilio takes them."""

from __future__ import annotations

import struct

_TYPES = {"audio/wav", "audio/wave", "audio/x-wav", "audio/mpeg", "audio/basic", "audio/ulaw"}
_MULAW = 7
_PCM = 1


def seconds_of(content_type: str, file: bytes) -> float:
    """The length of a WAV file. Raises AssertionError where Twilio would not play it."""
    assert content_type.split(";")[0].strip().lower() in _TYPES, f"{content_type!r} is no type of sound"
    assert file[:4] == b"RIFF", "no RIFF file"
    assert file[8:12] == b"WAVE", "no WAV file"
    place, rate = 12, 0
    while place + 8 <= len(file):
        name, size = file[place : place + 4], struct.unpack("<I", file[place + 4 : place + 8])[0]
        body = file[place + 8 : place + 8 + size]
        if name == b"fmt ":
            coding, channels, _, rate = struct.unpack("<HHII", body[:12])
            assert coding in (_PCM, _MULAW), f"coding {coding}"
            assert channels == 1
        if name == b"data":
            assert rate
            assert len(body) == size, "the file is cut off"
            seconds = len(body) / rate
            assert 0 < seconds < 120, f"{seconds} s of sound"
            return seconds
        place += 8 + size + size % 2
    raise AssertionError("a WAV file without sound")
