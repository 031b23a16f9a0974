"""The telephone line behind the page: what gives a browser leave to open its media socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Refusal = Literal["full", "not_ready", "over"]
"""There are as many calls as can be held well; the bot is not ready, or about to stop; the call is over."""


@dataclass(frozen=True)
class Leave:
    """Leave to open the media socket once, within seconds."""

    call_id: str
    token: str


class Line(Protocol):
    """Blocking, from any thread."""

    def open(self, language: str, *, sound: bool) -> Leave | Refusal:
        """A new call. Without `sound` it is written on both sides, and takes no place from those who speak."""
        ...

    def again(self, call_id: str) -> Leave | Refusal:
        """Another socket for a call whose own was lost."""
        ...
