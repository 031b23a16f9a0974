"""Operators step in: a hint, a sentence to say, the call itself. From any process to the one that holds the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, get_args

import structlog

from voicebot.live import topics
from voicebot.store.bus import Bus, Message, Stop

_log = structlog.get_logger(__name__)

What = Literal["hint", "say", "take_over"]
"""`hint`: what the caller means, taken as if it had been said clearly. `say`: the bot says it. `take_over`: the call
goes to the operator."""
WHATS: tuple[What, ...] = get_args(What)

LONGEST_CHARS = 300


class Steerable(Protocol):
    """A call that is being held here; `voicebot.call.Call` is one."""

    def soon(self, work: Callable[[], None]) -> bool:
        """From any thread: do this on the call's own loop; whether it is still held."""
        ...

    def advise(self, text: str, by: str) -> None:
        """Take `text` as the caller's words."""
        ...

    def say(self, text: str, by: str) -> None:
        """Say `text`."""
        ...

    def take_over(self, by: str) -> None:
        """Give the caller to this operator."""
        ...


def steer(bus: Bus, call_id: str, what: What, by: str, text: str = "") -> None:
    """Ask whoever holds the call. `by`: the operator's name. Raises ValueError for a text that is empty or too long."""
    text = text.strip()
    if what != "take_over" and not 0 < len(text) <= LONGEST_CHARS:
        raise ValueError(f"write 1 to {LONGEST_CHARS} characters")
    bus.publish(topics.STEER, {"call": call_id, "what": what, "by": by, "text": text})


def obey(bus: Bus, find: Callable[[str], Steerable | None]) -> Stop:
    """Do what operators ask of the calls that `find` finds here; until the result is called."""

    def asked(message: Message) -> None:
        call = find(str(message.get("call", "")))
        what, by, text = message.get("what"), str(message.get("by", "")), str(message.get("text", ""))
        if call is None or what not in WHATS:
            return

        def do() -> None:
            match what:
                case "hint":
                    call.advise(text, by)
                case "say":
                    call.say(text, by)
                case "take_over":
                    call.take_over(by)

        done = call.soon(do)
        _log.info("an operator steps in", call=message["call"], what=what, done=done)

    return bus.subscribe(topics.STEER, asked)
