"""One-time tokens that tie a media stream to the call whose webhook we answered.

The signature of the upgrade is the same for every call; the token, passed as a <Parameter>, is not.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class StreamTokens(Protocol):
    """Where tokens live: in this process, or somewhere that several share. Safe to call from any thread."""

    def issue(self, call_sid: str, stream: int) -> str | None:
        """A token for the call's stream of that number, from 1; the same one when asked again. None where full."""
        ...

    def redeem(self, token: str, call_sid: str) -> int:
        """The stream's number, once; 0 for a token that is unknown, used, too old, or another call's.

        A token that is shown for another call is used up as well: it leaked.
        """
        ...

    def release(self, call_sid: str) -> None:
        """Forget the call's tokens: it is over, and no stream of it comes any more."""
        ...

    def waiting(self) -> int:
        """Tokens issued and neither used nor too old: streams about to come."""
        ...


@dataclass
class _Issued:
    call_sid: str
    stream: int
    token: str
    expires: float
    used: bool = False


class LocalStreamTokens:
    """Tokens in this process's memory."""

    def __init__(
        self, *, lifetime_s: float = 20.0, most: int = 1_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`lifetime_s`: seconds a token is good for. `most`: tokens kept, used ones until they are too old."""
        self._lifetime = lifetime_s
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._by_token: dict[str, _Issued] = {}
        self._by_stream: dict[tuple[str, int], _Issued] = {}

    def issue(self, call_sid: str, stream: int) -> str | None:
        with self._lock:
            self._forget_old()
            issued = self._by_stream.get((call_sid, stream))
            if issued is None:
                if len(self._by_token) >= self._most:
                    return None
                issued = _Issued(call_sid, stream, secrets.token_urlsafe(24), self._clock() + self._lifetime)
                self._by_token[issued.token] = issued
                self._by_stream[call_sid, stream] = issued
            return issued.token

    def redeem(self, token: str, call_sid: str) -> int:
        with self._lock:
            self._forget_old()
            issued = self._by_token.get(token)
            if issued is None or issued.used:
                return 0
            issued.used = True
            return issued.stream if issued.call_sid == call_sid else 0

    def release(self, call_sid: str) -> None:
        with self._lock:
            for issued in [issued for issued in self._by_token.values() if issued.call_sid == call_sid]:
                self._forget(issued)

    def waiting(self) -> int:
        with self._lock:
            self._forget_old()
            return sum(not issued.used for issued in self._by_token.values())

    def _forget_old(self) -> None:
        now = self._clock()
        # All live equally long: the oldest stand first.
        while self._by_token:
            oldest = next(iter(self._by_token.values()))
            if oldest.expires > now:
                return
            self._forget(oldest)

    def _forget(self, issued: _Issued) -> None:
        del self._by_token[issued.token], self._by_stream[issued.call_sid, issued.stream]
