"""Callers on the telephone who wait for people elsewhere (dialled numbers, Twilio's queue), as the desk sees them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from voicebot.live import topics
from voicebot.live.desk import DeskCaller, DeskQueue
from voicebot.store.bus import Bus, Message
from voicebot.store.hand_overs import HandOvers

_log = structlog.get_logger(__name__)

_OVER = ("served", "call-back asked for", "voicemail")
"""How steps begin after which nobody waits any more (see `HandOvers.note`)."""


class PhoneCallers:
    """Puts telephone callers into the line when the bot is done with them, and takes them out when they are served."""

    def __init__(self, queue: DeskQueue, hand_overs: HandOvers, bus: Bus) -> None:
        self._queue, self._hand_overs = queue, hand_overs
        self._pool = ThreadPoolExecutor(1, "desk")
        self._channels: dict[str, str] = {}
        self._stops = [bus.subscribe(topics.BEGAN, self._began), bus.subscribe(topics.ENDED, self._ended)]

    def sweep(self) -> None:
        """Take out who does not wait any more. Blocking."""
        for one in self._queue.waiting():
            if one.way == "twilio" and self.is_over(one.call):
                self._queue.leave(one.call)

    def is_over(self, call: str) -> bool:
        """Whether the caller was served, left something or hung up. Blocking."""
        context = self._hand_overs.find(call)
        steps = context.tried if context else ()
        return any(step.startswith(_OVER) or _queue_left(step) for step in steps)

    def close(self) -> None:
        """Look no more."""
        for stop in self._stops:
            stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # On the bus's thread

    def _began(self, message: Message) -> None:
        self._channels[str(message["call"])] = str(message["channel"])
        while len(self._channels) > _MOST_CALLS:
            del self._channels[next(iter(self._channels))]

    def _ended(self, message: Message) -> None:
        call, outcome = str(message["call"]), message.get("outcome") or {}
        channel = self._channels.pop(call, "")
        if outcome.get("kind") == "hand_over" and channel in ("twilio", "keypad"):
            self._off(lambda: self._join(call))

    def _join(self, call: str) -> None:
        context = self._hand_overs.find(call)
        if context is not None:
            self._queue.join(DeskCaller.of(context, "twilio"))

    def _off(self, work: Callable[[], None]) -> None:
        try:
            self._pool.submit(work)
        except RuntimeError:  # closed
            _log.debug("the desk is closed")


_MOST_CALLS = 5000
_LEFT = frozenset({"hangup", "bridged", "bridging-in-process", "redirected"})


def _queue_left(step: str) -> bool:
    """`queue support: hangup after 20 s`; who left it by a key goes on to leave something."""
    kind, _, result = step.partition(": ")
    return kind.startswith("queue ") and result.split(" ")[0] in _LEFT
