"""What the operators' pages look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from voicebot.analytics.figures import Analytics
from voicebot.console.access.guard import Access
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack
from voicebot.knowledge.base import KnowledgeBase
from voicebot.live.watching import Watching
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.history.database import Database
from voicebot.store.history.reading import History


@dataclass(frozen=True)
class Scene:
    """Everything that the pages of one installation share."""

    access: Access
    history: History
    analytics: Analytics
    watching: Watching
    dialogue: Callable[[], Dialogue | None]
    """The dialogue in service; None before it is loaded."""
    zone: ZoneInfo
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    recordings: CallRecordings | None = None
    """The sound of calls; None where there is none."""
    bases: Callable[[], Mapping[str, KnowledgeBase]] = dict
    """The pack's knowledge by language."""

    @classmethod
    def of(
        cls,
        access: Access,
        database: Database,
        watching: Watching,
        dialogue: Callable[[], Dialogue | None],
        zone: ZoneInfo,
        recordings: CallRecordings | None = None,
        bases: Callable[[], Mapping[str, KnowledgeBase]] = dict,
    ) -> Scene:
        """Over this database."""
        history, analytics = History(database), Analytics(database, zone)
        return cls(access, history, analytics, watching, dialogue, zone, recordings=recordings, bases=bases)

    def pack(self) -> Pack | None:
        """The pack in service; None before it is loaded."""
        dialogue = self.dialogue()
        return dialogue.pack if dialogue else None

    def title(self, name: str | None, language: str) -> str:
        """What people call an intent or a flow; its own name where the pack doesn't say."""
        pack = self.pack()
        if not name or pack is None:
            return name or ""
        words = pack.languages.get(language) or next(iter(pack.languages.values()))
        return words.titles.get(name, name)

    def step_title(self, step: str, language: str) -> str:
        """What people call a step of a flow: `ask order_number` is "asks: order number"."""
        from voicebot.console.interface_language import text

        if not step:
            return text(language, "console.step_begin")
        kind, _, what = step.partition(" ")
        pack = self.pack()
        words = pack.languages.get(language) if pack else None
        if kind in ("ask", "confirm") and words:
            what = words.slot_titles.get(what, what)
        return text(language, f"console.step_{kind}", what=what) if kind in _STEPS else step


_STEPS = frozenset({"ask", "confirm", "yes_no", "query"})
