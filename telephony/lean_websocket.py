"""WebSockets of calls: uvicorn's protocol with a short way for the messages that calls are made of.

Fifty times a second a call brings 300 bytes of text in one masked frame. uvicorn parses each by a general parser, and
stops and resumes reading for it, which are two system calls more. Whatever else comes (other frames, parts of messages,
mistakes) goes the usual way, frame by frame as it came.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
"""First bytes of frames that are whole messages."""
_MASKED = 0x80
_MEDIUM = 126
_MOST_WAITING = 256
"""Messages that wait for the application, five seconds of a call: then no more are read until it has taken half."""


class LeanWebSocket(WebSocketsSansIOProtocol):
    """Used as `uvicorn.Config(ws=LeanWebSocket)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rest = b""
        """Of a frame that has not come whole."""
        self._unsent = b""
        """What leaves when the application waits for something."""
        self._usual = False
        """Whether something came that only the usual way can take: it takes all that follows."""

    def data_received(self, data: bytes) -> None:
        if not self.handshake_complete:
            # Who sends more before the answer does not keep to the protocol, and may have sent half a frame.
            self._usual = self._usual or self.handshake_initiated
        if self._usual or not self.handshake_complete or self.close_sent or self.conn.state is not State.OPEN:
            super().data_received(data)
            return
        if self._rest:
            data = self._rest + data
            self._rest = b""
        start, end = 0, len(data)
        while end - start >= 2:
            first, length = data[start], data[start + 1] ^ _MASKED
            begin = start + 2
            if length == _MEDIUM:
                if end < begin + 2:
                    break
                length = (data[begin] << 8) | data[begin + 1]
                begin += 2
            elif length > _MEDIUM:  # unmasked, or very long
                self._take_usual_way(data[start:])
                return
            begin += 4
            if end < begin + length and first in (_TEXT, _CLOSE, _PING, _PONG):
                break
            following = begin + length
            if first == _TEXT:
                self._take(apply_mask(data[begin:following], data[begin - 4 : begin]))
            elif first in (_CLOSE, _PING, _PONG):
                super().data_received(data[start:following])
            else:
                self._take_usual_way(data[start:])
                return
            start = following
            if self.close_sent or self.conn.state is not State.OPEN:
                super().data_received(data[start:])
                return
        self._rest = data[start:]

    def _take_usual_way(self, data: bytes) -> None:
        self._usual = True
        super().data_received(data)

    def _take(self, message: bytes) -> None:
        self.frames = [message]
        self.curr_msg_data_type = "text"
        self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Pass on the message, and go on reading unless many wait."""
        paused, self.read_paused = self.read_paused, True
        super().send_receive_event_to_app()
        self.read_paused = paused
        if not paused and self.queue.qsize() >= _MOST_WAITING:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        """Send what the application wants sent. What it sends before it waits for anything leaves in one piece."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is None or not self.handshake_complete or self.close_sent or self.conn.state is not State.OPEN:
            self._flush()
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected:
            raise ClientDisconnected
        data = text.encode()
        length = len(data)
        if length < _MEDIUM:
            head = bytes((_TEXT, length))
        elif length < 65_536:
            head = bytes((_TEXT, _MEDIUM)) + length.to_bytes(2, "big")
        else:
            head = bytes((_TEXT, _MEDIUM + 1)) + length.to_bytes(8, "big")
        if not self._unsent:
            self.loop.call_soon(self._flush)
        self._unsent += head + data

    def shutdown(self) -> None:
        """The server stops: what was sent before leaves before."""
        self._flush()
        super().shutdown()

    def _flush(self) -> None:
        if self._unsent:
            unsent, self._unsent = self._unsent, b""
            if not self.transport.is_closing():
                self.transport.write(unsent)

    async def receive(self) -> Any:
        """The next event, for the application."""
        event = await self.queue.get()
        if self.read_paused and self.queue.qsize() <= _MOST_WAITING // 2 and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()
        return event
