"""Messages between those who hold calls and those who watch them, whichever processes they are in.

A port, and its form for one process. Messages are for those who listen now; nobody else gets them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

Message = Mapping[str, Any]
"""Survives JSON."""
Listener = Callable[[Message], None]
"""Is called on a thread of the bus's choosing, one message after the other; returns soon, and doesn't raise."""
Stop = Callable[[], None]
"""Ends a subscription."""


class Bus(Protocol):
    """Carries messages by topic. Callable from any thread, and never waits for others."""

    def publish(self, topic: str, message: Message) -> None:
        """Tell all who listen to the topic, in the order of publishing of each publisher."""
        ...

    def subscribe(self, topic: str, listener: Listener) -> Stop:
        """Listen to a topic from now on."""
        ...

    def close(self) -> None:
        """Carry nothing any more."""
        ...


class LocalBus:
    """Carries messages within this process, on the publisher's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, tuple[Listener, ...]] = {}

    def publish(self, topic: str, message: Message) -> None:
        for listener in self._listeners.get(topic, ()):
            listener(message)

    def subscribe(self, topic: str, listener: Listener) -> Stop:
        with self._lock:
            self._listeners[topic] = (*self._listeners.get(topic, ()), listener)

        def stop() -> None:
            with self._lock:
                self._listeners[topic] = tuple(one for one in self._listeners[topic] if one is not listener)

        return stop

    def close(self) -> None:
        """Nothing is held."""
