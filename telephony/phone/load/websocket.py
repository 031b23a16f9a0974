"""The client's end of a WebSocket (RFC 6455) for messages by the thousand: no task and no queue a message.

A whole phone of a load test may cost no more than a general client alone. It sends text in one piece and reads text in
one piece, which is all that media streams are made of; a service that sends anything else is hung up on.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import struct
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

from telephony.phone.transport import HandshakeRefusedError, UnreachableError

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_UNMASKED = bytes(4)
"""A masking key is any four bytes; with these, the masked text is the text. Masks protect proxies from browsers'
scripts, and here is neither."""
_MEDIUM, _LARGE = struct.Struct(">BBH4s"), struct.Struct(">BBQ4s")
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_ABNORMAL = 1006


def frame_of(text: bytes, opcode: int = _TEXT) -> bytes:
    """One message on the wire."""
    length = len(text)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + _UNMASKED + text
    if length < 65536:
        return _MEDIUM.pack(0x80 | opcode, 0xFE, length, _UNMASKED) + text
    return _LARGE.pack(0x80 | opcode, 0xFF, length, _UNMASKED) + text


class LeanSocket(asyncio.Protocol):
    """Open it with `connect`."""

    def __init__(self) -> None:
        self.on_text: Callable[[bytes], None] = lambda _text: None
        """Gets every message, as it comes."""
        self.on_close: Callable[[int], None] = lambda _code: None
        """Is told the code once, when the socket is gone."""
        self.closed: int | None = None
        """The code, once it is."""
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._accept = b""
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()

    def now(self) -> float:
        """The loop's time."""
        return self._loop.time()

    def send(self, frame: bytes) -> None:
        """Send what `frame_of` made. What is sent to a socket that is gone is gone too."""
        if self._transport is not None and self.closed is None:
            self._transport.write(frame)

    @property
    def unsent(self) -> int:
        """Bytes that wait for the service to read."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def close(self) -> None:
        """Close from this side; the service's answer is not waited for."""
        if self._transport is not None and self.closed is None:
            self.send(frame_of(struct.pack(">H", 1000), _CLOSE))
            self._gone(1000)

    async def opened(self, host: str, target: str, headers: Mapping[str, str]) -> None:
        """Ask for the upgrade. Raises HandshakeRefusedError."""
        key = base64.b64encode(secrets.token_bytes(16))
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        fields = {
            "Host": host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key.decode(),
            "Sec-WebSocket-Version": "13",
            "User-Agent": "Twilio.TmeWs/1.0",
            **headers,
        }
        head = f"GET {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        assert self._transport is not None
        self._transport.write(head.encode("latin-1") + b"\r\n")
        await self._opened

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are not of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._gone(_ABNORMAL)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if not self._opened.done():
            data = self._read_head(data)
        start, end = 0, len(data)
        while end - start >= 2:
            first, length = data[start], data[start + 1]
            begin = start + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[start + 2 : begin], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[start + 2 : begin], "big")
            if end < begin + length:
                break
            start = begin + length
            if first == 0x80 | _TEXT:
                self.on_text(data[begin:start])
            elif not self._control(first, data[begin:start]):
                return
        self._buffer = data[start:]

    def _control(self, first: int, payload: bytes) -> bool:
        """Whether the socket is still open."""
        if first == 0x80 | _PING:
            self.send(frame_of(payload, _PONG))
            return True
        if first == 0x80 | _PONG:
            return True
        code = int.from_bytes(payload[:2], "big") if first == 0x80 | _CLOSE and len(payload) >= 2 else 1005
        if first != 0x80 | _CLOSE:
            code = 1003
        self.send(frame_of(struct.pack(">H", 1000), _CLOSE))
        self._gone(code)
        return False

    def _read_head(self, data: bytes) -> bytes:
        head, ended, rest = data.partition(b"\r\n\r\n")
        if not ended:
            self._buffer = data
            return b""
        lines = head.split(b"\r\n")
        status = lines[0].split(b" ")[1:2]
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if status == [b"101"] and fields.get(b"sec-websocket-accept") == self._accept:
            self._buffer = b""
            self._opened.set_result(None)
            return rest
        number = int(status[0]) if status and status[0].isdigit() else 0
        self._opened.set_exception(HandshakeRefusedError(number))
        self._gone(_ABNORMAL)
        return b""

    def _gone(self, code: int) -> None:
        if self.closed is not None:
            return
        self.closed = code
        if not self._opened.done():
            self._opened.set_exception(HandshakeRefusedError(0))
        if self._transport is not None:
            self._transport.close()
        self.on_close(code)


async def connect(url: str, headers: Mapping[str, str]) -> LeanSocket:
    """An open socket to a `ws://` or `wss://` URL. Raises UnreachableError, HandshakeRefusedError."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        _, socket = await asyncio.get_running_loop().create_connection(
            LeanSocket, parts.hostname or "", parts.port or (443 if secure else 80), ssl=secure or None
        )
    except OSError as error:
        raise UnreachableError(
            f"no service answers at {parts.netloc} ({error.strerror or type(error).__name__}); "
            "start it with `voicebot serve`, or give its address with --url."
        ) from None
    try:
        await socket.opened(parts.netloc, target, headers)
    except BaseException:
        socket.close()
        raise
    return socket
