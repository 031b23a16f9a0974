"""What is going on in all processes' calls, kept up to date from the bus for those who look."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voicebot.live import topics
from voicebot.store.bus import Bus, Message, Stop

_MOST_CALLS = 5000


@dataclass
class WatchedCall:
    """A live call as far as it was seen."""

    call: str
    pack: str = ""
    language: str = ""
    channel: str = ""
    began: str = ""
    holder: str = ""
    entries: list[Mapping[str, Any]] = field(default_factory=list)
    """As `voicebot.store.journal.Entry.to_json`."""


Watcher = Callable[[str, Message], None]
"""Is told topic and message, after the picture was brought up to date; returns at once."""


class Watching:
    """The picture of all live calls of the installation."""

    def __init__(self, bus: Bus) -> None:
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, WatchedCall] = OrderedDict()
        self._watchers: tuple[Watcher, ...] = ()
        self._stops = [
            bus.subscribe(topic, self._on(topic)) for topic in (topics.BEGAN, topics.HERE, topics.ENTRY, topics.ENDED)
        ]
        bus.publish(topics.ASKED, {})

    def calls(self) -> list[WatchedCall]:
        """All live calls, the oldest first."""
        with self._lock:
            return [copy.copy(call) for call in self._calls.values()]

    def call(self, call_id: str) -> WatchedCall | None:
        """One live call; None where it is over or was never seen."""
        with self._lock:
            call = self._calls.get(call_id)
            return None if call is None else WatchedCall(**{**vars(call), "entries": list(call.entries)})

    def watch(self, watcher: Watcher) -> Stop:
        """Be told of everything from now on."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)

        def stop() -> None:
            with self._lock:
                self._watchers = tuple(one for one in self._watchers if one is not watcher)

        return stop

    def close(self) -> None:
        """See nothing any more."""
        for stop in self._stops:
            stop()

    def _on(self, topic: str) -> Callable[[Message], None]:
        def see(message: Message) -> None:
            with self._lock:
                self._bring_up_to_date(topic, message)
                watchers = self._watchers
            for watcher in watchers:
                watcher(topic, message)

        return see

    def _bring_up_to_date(self, topic: str, message: Message) -> None:
        call_id = str(message["call"])
        if topic == topics.ENDED:
            known = self._calls.get(call_id)
            if known is not None and message.get("holder", "") in ("", known.holder):
                del self._calls[call_id]
            return
        call = self._calls.setdefault(call_id, WatchedCall(call_id))
        while len(self._calls) > _MOST_CALLS:
            self._calls.popitem(last=False)
        if topic == topics.ENTRY:
            if message["entry"].get("who") != "call":
                call.entries.append(message["entry"])
            return
        call.pack, call.language = str(message["pack"]), str(message["language"])
        call.holder = str(message.get("holder", ""))
        call.channel, call.began = str(message["channel"]), call.began or str(message["began"])
        if topic == topics.HERE:
            call.entries = list(message["entries"])
