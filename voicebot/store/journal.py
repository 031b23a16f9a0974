"""The record of one call: who said what, how it was understood, how long the caller waited. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass
class Entry:
    """One turn of one side."""

    who: Literal["caller", "bot", "call"]
    at_ms: int
    """On the call's clock: when the caller's speech ended, or the bot's sound began."""
    text: str = ""
    listener: str = ""
    """`vosk-ko`, `whisper-base`, `keys`; empty for the bot."""
    verdict: str = ""
    score: float | None = None
    """How likely the listener is right."""
    decision: str = ""
    """What the dialogue made of it."""
    intent: str = ""
    intent_score: float | None = None
    margin: float | None = None
    """Of the intent's score over the next one's."""
    alternatives: list[dict[str, Any]] = field(default_factory=list)
    """Other readings of the same sound, best first: `text`, `meaning`, `score`."""
    flow: str = ""
    """The flow under way after the turn."""
    step: str = ""
    """Where in it: what is asked, or looked up."""
    slots: dict[str, Any] = field(default_factory=dict)
    """Values known after the turn, without secrets."""
    feeling: dict[str, Any] = field(default_factory=dict)
    """`valence` (-1 to 1), `arousal` (0 to 1) and `name`."""
    wait_ms: int | None = None
    """For the bot: how long the caller waited, from the end of speech to the first sound of the answer."""
    stages: dict[str, int] = field(default_factory=dict)
    """That wait by stage: `listening`, `thinking`, `back_end`, `speaking`."""
    facts: dict[str, Any] = field(default_factory=dict)
    """The numbers behind the verdict."""
    asked: dict[str, Any] = field(default_factory=dict)
    """What question the caller answered, as far as it matters for what may be kept: `privacy.redactor.Asked`."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None, {}, [])}


Follower = Callable[[str, Entry], None]
"""Is told of each entry, with the call's id, when it is complete."""


class Journal:
    """Entries of one call, in the order in which they were complete."""

    def __init__(self, call_id: str, followers: tuple[Follower, ...] = ()) -> None:
        self.call_id = call_id
        self.entries: list[Entry] = []
        self.outcome: Mapping[str, Any] | None = None
        """How the call ended; None while it lasts."""
        self.personal: tuple[str, ...] = ()
        """Digits that are known to be personal by now: never stored, but looked for in what is."""
        self._followers = followers

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        for follower in self._followers:
            follower(self.call_id, entry)

    def end(self, at_ms: int, outcome: Mapping[str, Any]) -> None:
        """The call is over."""
        self.outcome = outcome
        self.add(Entry("call", at_ms, decision=str(outcome.get("kind", "")), facts=dict(outcome)))
