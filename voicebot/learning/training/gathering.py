"""What training goes by, out of the database: labels, accepted suggestions, evidence of the listener, channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from voicebot.learning.training.verification import Judged, judged_turns
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls
from voicebot.store.labels.label import Label
from voicebot.store.labels.labels import Labels
from voicebot.store.mining import Suggestion, Suggestions

_AT_ONCE = 500


@dataclass(frozen=True)
class Material:
    """All of one pack."""

    labels: Sequence[Label] = ()
    suggestions: Sequence[Suggestion] = ()
    judged: Sequence[Judged] = ()
    """Turns that tell whether the first listener was right."""
    channels: Mapping[str, str] = field(default_factory=dict)
    """By call."""


def gather(database: Database, pack: str) -> Material:
    """Everything that people said about a pack's calls. Raises DatabaseError."""
    labels = Labels(database).find(pack)
    approved = [label for label in labels if label.state == "approved"]
    return Material(
        labels,
        Suggestions(database).accepted(pack),
        judged_turns(database, approved),
        _channels(database, sorted({label.call for label in approved})),
    )


def _channels(database: Database, wanted: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with database.reading() as connection:
        for start in range(0, len(wanted), _AT_ONCE):
            query = select(calls.c.id, calls.c.channel).where(calls.c.id.in_(wanted[start : start + _AT_ONCE]))
            found |= {row.id: row.channel for row in connection.execute(query)}
    return found
