"""What the lines between callers and agents need of the rest of the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from telephony.agent_line_voice import Speak
from voicebot.live.desk import DeskQueue
from voicebot.office import Office


class Listening(Protocol):
    """Makes captions of one side; see `voicebot.live.desk_captions`. Called on the event loop, and returns at once."""

    def push(self, pcm: bytes) -> None:
        """16-bit 8 kHz mono, any length."""
        ...

    def close(self) -> None:
        """Hear nothing any more."""
        ...


Captioned = Callable[[str, bool], None]
"""Is given the words so far of an utterance, and whether they are all."""
Captions = Callable[[str, Captioned], Listening | None]
"""In which language to listen, and who is told; None where nobody listens."""


class Records(Protocol):
    """What the history is told; see `voicebot.live.desk_records`. Blocking."""

    def close(self, call: str, result: Literal["abandoned", "call_back"]) -> object:
        """What became of a caller whom no agent served."""
        ...


async def _nowhere() -> str:
    return ""


@dataclass(frozen=True)
class LinePorts:
    """What lines need of the rest of the service."""

    queue: DeskQueue
    office: Office
    speak: Speak
    records: Records
    captions: Captions = lambda _language, _told: None
    may_call: Callable[[str], bool] = lambda _number: True
    """Whether a number may be dialled at our cost."""
    address: Callable[[], Awaitable[str]] = _nowhere
    """Where other workers reach this one's lines; empty where there are none."""
