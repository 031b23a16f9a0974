"""What the service says of its own turns: the words are not on Twilio's wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Protocol

from telephony.phone.transport import Transport, UnreachableError


@dataclass(frozen=True)
class Turn:
    """One turn of caller or bot, as the service logged it."""

    who: str
    """`caller` or `bot`."""
    text: str = ""
    at_ms: float | None = None
    intent: str | None = None
    score: float | None = None
    verdict: str | None = None
    listener: str | None = None
    decision: str | None = None
    wait_ms: float | None = None


class TurnLog(Protocol):
    """Where the turns of a call can be read."""

    async def read(self, call_sid: str) -> tuple[Turn, ...] | None:
        """All turns so far; None where the service does not offer them."""
        ...


class ServiceTurnLog:
    """`GET BASE/api/v1/calls/{call_sid}/turns`, which the service offers on loopback."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport, self._base = transport, base_url.rstrip("/")

    async def read(self, call_sid: str) -> tuple[Turn, ...] | None:
        try:
            reply = await self._transport.request(
                "GET", f"{self._base}/api/v1/calls/{call_sid}/turns", {"Accept": "application/json"}
            )
            entries = json.loads(reply.body) if reply.status == 200 else None
        except (UnreachableError, TimeoutError, ValueError):
            return None
        if not isinstance(entries, list):
            return None
        return tuple(turn for entry in entries if (turn := _turn(entry)) is not None)


_NAMES = frozenset(field.name for field in fields(Turn))
_NUMBERS = frozenset(("at_ms", "score", "wait_ms"))


def _turn(entry: Any) -> Turn | None:
    if not isinstance(entry, dict) or entry.get("who") not in ("caller", "bot"):
        return None
    values: dict[str, Any] = {}
    for name, value in entry.items():
        fits = isinstance(value, (int, float)) if name in _NUMBERS else isinstance(value, str)
        if name in _NAMES and fits:
            values[name] = value
    return Turn(**values)
