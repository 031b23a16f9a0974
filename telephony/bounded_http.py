"""HTTP connections that can't be held open for nothing: uvicorn's protocol with limits of its own.

uvicorn waits for ever for the head of a first request, and so ten thousand silent sockets would be ours to keep. Here a
head must be there in time, and where there are too many connections the one goes that has said nothing for longest:
whoever has a request under way is never cut off, nor is a WebSocket.
"""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from telephony.limits import Limits


def bounded_http(limits: Limits) -> type[H11Protocol]:
    """The protocol class for a server with these limits."""

    class BoundedHttp(H11Protocol):
        silent: ClassVar[OrderedDict[Any, None]] = OrderedDict()
        """Connections that wait for a request's head, the oldest first."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._due: asyncio.TimerHandle | None = None
            self._watch()
            if len(self.connections) > limits.connections and self.silent:
                next(iter(self.silent))._give_up()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def _watch(self) -> None:
            """Begin to wait for a head, or stop."""
            upgraded = self.transport.get_protocol() is not self
            waiting = not upgraded and (self.cycle is None or self.cycle.response_complete)
            if not waiting:
                self._unwatch()
            elif self._due is None and not self.transport.is_closing():
                self._due = self.loop.call_later(limits.head_within_s, self._give_up)
                self.silent[self] = None

        def _unwatch(self) -> None:
            if self._due is not None:
                self._due.cancel()
                self._due = None
            self.silent.pop(self, None)

        def _give_up(self) -> None:
            self._unwatch()
            self.transport.abort()

    return BoundedHttp


def allow_files(wanted: int) -> None:
    """Let this process open as many files and sockets as `wanted`, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, soft), hard))
