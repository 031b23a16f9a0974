"""One-time tokens that tie a media stream to the call whose webhook we answered.

The signature of the upgrade is the same for every call; the token, passed as a <Parameter>, is not. A token proves
itself by a keyed hash, so every worker knows it, even while the live store is away. The store remembers which streams
were opened: each is good once, whichever of its tokens is shown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable

from voicebot.store.live import LiveStore, MemoryStore

_OFFERED, _OPENED = "offered", "opened"
_TOKEN = re.compile(r"([1-9][0-9]{0,2})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)


class StreamTokens:
    """Blocking, from any thread."""

    def __init__(
        self,
        key: bytes,
        store: LiveStore | None = None,
        *,
        lifetime_s: float = 20.0,
        kept_s: float = 6 * 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`key`: the same for all who share calls. `store`: by default in this process's memory. `lifetime_s`: seconds
        a token is good for. `kept_s`: seconds for which an opened stream is remembered."""
        self._key = key
        self._store = store or MemoryStore()
        self._lifetime_s = lifetime_s
        self._kept_s = kept_s
        self._clock = clock

    def issue(self, call_sid: str, stream: int) -> str:
        """A token for the call's stream of that number, from 1; the same one when asked again within its time."""
        now = self._clock()
        new = str(int(now + self._lifetime_s) + 1)

        def offered(known: str | None) -> str:
            return known if known is not None and int(known) > now else new

        until = int(self._store.change(_OFFERED, f"{call_sid} {stream}", offered, self._lifetime_s) or new)
        return f"{stream}.{until}.{self._hash(call_sid, stream, until)}"

    def redeem(self, token: str, call_sid: str) -> int:
        """The stream's number, once; 0 for what is no token, too old, another call's, or of an opened stream."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return 0
        stream, until = int(parts[1]), int(parts[2])
        if not hmac.compare_digest(self._hash(call_sid, stream, until), parts[3]) or self._clock() >= until:
            return 0
        return stream if self._store.add(_OPENED, f"{call_sid} {stream}", "1", self._kept_s) else 0

    def _hash(self, call_sid: str, stream: int, until: int) -> str:
        text = f"{stream} {until} {call_sid}".encode(errors="backslashreplace")
        digest = hmac.new(self._key, text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
