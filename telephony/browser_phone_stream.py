"""The browser's media stream: Twilio's messages, and those that only a page sends and understands. Sans-I/O.

From the page: `text` (the caller wrote), `pace` (how fast the bot is to speak). To the page: `caption` (a line of the
conversation) and `state` (what is going on).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony.media_stream import Event, MediaStream, Reason, Refused

LONGEST_TEXT = 300
"""Characters that may be written at once."""


@dataclass(frozen=True, slots=True)
class Written:
    """The caller wrote this."""

    text: str


@dataclass(frozen=True, slots=True)
class Paced:
    """The caller wants the bot to speak this fast: 1 is usual."""

    rate: float


class BrowserStream:
    """A `MediaStream` that knows the page's own messages."""

    def __init__(self, *, most_chars: int = 8_192) -> None:
        self.media = MediaStream(most_chars=most_chars)
        self._most_chars = most_chars
        self._began = False

    def receive(self, message: str | bytes, at_ms: int) -> Event | Written | Paced:
        """The event that a message means. Never raises."""
        # Sound comes fifty times a second, and is never parsed twice.
        if isinstance(message, str) and len(message) <= self._most_chars and self.media.stream_sid:
            own = self._own(message)
            if own is not None:
                return own
        return self.media.receive(message, at_ms)

    def _own(self, message: str) -> Written | Paced | Refused | None:
        kind = message[:_HEAD]
        if '"text"' not in kind and '"pace"' not in kind:
            return None
        try:
            data = json.loads(message)
        except (ValueError, RecursionError):
            return None
        if type(data) is not dict or data.get("streamSid") != self.media.stream_sid:
            return None
        match data.get("event"), data.get("text"), data.get("pace"):
            case "text", {"text": str(text)}, _ if 0 < len(text.strip()) <= LONGEST_TEXT:
                return Written(text.strip())
            case "pace", _, {"rate": int() | float() as rate} if 0 < rate < 10:
                return Paced(float(rate))
            case (("text" | "pace"), _, _):
                self.media.refused[Reason.MISSING_FIELD] += 1
                return Refused(Reason.MISSING_FIELD)
        return None

    def caption(self, line: Mapping[str, Any]) -> str:
        """The message that shows a line of the conversation."""
        return self._message("caption", line)

    def state(self, state: Mapping[str, Any]) -> str:
        """The message that tells what is going on."""
        return self._message("state", state)

    def _message(self, event: str, content: Mapping[str, Any]) -> str:
        return json.dumps({"event": event, "streamSid": self.media.stream_sid, event: content}, ensure_ascii=False)


_HEAD = 24
"""Characters in which a message tells its event, as the page writes it."""
