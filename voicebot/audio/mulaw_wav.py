"""WAV files of mu-law, as telephone networks play them without converting: RIFF format 7, 8 kHz, mono."""

from __future__ import annotations

import struct

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import decode, encode

_MULAW = 7


def write_mulaw_wav(pcm: Pcm) -> bytes:
    """8 kHz samples as a file's content."""
    payload = encode(pcm)
    form = struct.pack("<HHIIHHH", _MULAW, 1, SAMPLE_RATE, SAMPLE_RATE, 1, 8, 0)
    chunks = (
        (b"fmt ", form),
        (b"fact", struct.pack("<I", len(payload))),
        (b"data", payload + b"\0" * (len(payload) % 2)),
    )
    body = b"".join(
        name + struct.pack("<I", len(payload) if name == b"data" else len(content)) + content
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def read_mulaw_wav(content: bytes) -> Pcm | None:
    """The samples of such a file; None for any other."""
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    at, suits = 12, False
    while at + 8 <= len(content):
        name, (size,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        chunk = content[at + 8 : at + 8 + size]
        if name == b"fmt " and len(chunk) >= 16:
            form, channels, rate = struct.unpack_from("<HHI", chunk)
            suits = (form, channels, rate) == (_MULAW, 1, SAMPLE_RATE)
        elif name == b"data":
            return decode(chunk) if suits else None
        at += 8 + size + size % 2
    return None
