"""What the agents' desk looks at, and what it can have done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from voicebot.console.access.guard import Access
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack
from voicebot.knowledge.base import KnowledgeBase
from voicebot.live.desk import DeskQueue
from voicebot.live.desk_records import DeskRecords
from voicebot.office import Office
from voicebot.store.bus import Bus
from voicebot.store.history.reading import History
from voicebot.store.voicemails import Voicemail


class Telephone(Protocol):
    """What the telephone can do for an agent. Blocking; what fails raises VoicebotError, in one sentence."""

    def can_ring(self, agent: str) -> bool:
        """Whether this agent has a telephone that callers can be led to."""
        ...

    def ring(self, call: str, agent: str, language: str) -> None:
        """Lead a waiting telephone caller to the agent's telephone."""
        ...

    @property
    def can_call_back(self) -> bool:
        """Whether call-backs can be dialled."""
        ...

    def call_back(self) -> None:
        """Dial the call-backs that are due, soon."""
        ...

    def message(self, voicemail: Voicemail) -> bytes:
        """The sound of a message: a WAV file."""
        ...


@dataclass(frozen=True)
class DeskScene:
    """Everything that the desk of one installation shares."""

    access: Access
    bus: Bus
    queue: DeskQueue
    office: Office
    records: DeskRecords
    dialogue: Callable[[], Dialogue | None]
    """The dialogue in service; None before it is loaded."""
    bases: Callable[[], Mapping[str, KnowledgeBase]]
    """The pack's knowledge by language."""
    history: History | None = None
    """None where no history is kept."""
    telephone: Telephone | None = None
    """None where nobody calls by telephone."""
    is_over: Callable[[str], bool] = lambda _call: False
    """Whether a telephone caller does not wait any more. Blocking."""
    queues: tuple[str, ...] = ()
    """Where callers can be given to."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def pack(self) -> Pack | None:
        """The pack in service; None before it is loaded."""
        dialogue = self.dialogue()
        return dialogue.pack if dialogue else None

    def title(self, name: str, language: str) -> str:
        """What people call an intent or a flow; its own name where the pack doesn't say."""
        pack = self.pack()
        if pack is None:
            return name
        words = pack.languages.get(language) or next(iter(pack.languages.values()))
        return words.titles.get(name, name)
