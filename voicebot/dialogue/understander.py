"""From an utterance's text to its meaning, with what the dialogue expects in mind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from voicebot.nlu.understanding import Entity, Understanding


class Understander(Protocol):
    """Understands one language of one pack. Deterministic; callable from any thread."""

    def understand(self, text: str, expected: Collection[str] = ()) -> Understanding:
        """What `text` means. `expected` names the intents that the present question makes likely."""
        ...

    def entities(self, text: str, slots: Sequence[str], today: str) -> dict[str, Entity]:
        """Values for these slots in `text`, by slot; `today` is an ISO date."""
        ...
