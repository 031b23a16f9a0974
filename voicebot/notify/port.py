"""What is told, and how a way of telling it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from voicebot.errors import VoicebotError


class NotifyError(VoicebotError):
    """Nobody could be told this time."""


@dataclass(frozen=True)
class Notification:
    """One thing to tell."""

    id: str
    """The same for every attempt, so that receivers can tell a second one."""
    at: datetime
    """When it happened; aware."""
    subject: str
    """One line."""
    text: str
    """A few lines for people."""
    details: Mapping[str, Any]
    """The same for programs: survives JSON."""


class Notifier(Protocol):
    """One way of telling. Blocking, for `within_s` of its own at most."""

    name: str
    """`webhook`, `mail`."""

    def tell(self, notification: Notification) -> None:
        """Raises NotifyError."""
        ...
