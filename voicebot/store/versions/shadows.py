"""What a shadow understood otherwise than the active version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls
from voicebot.store.versions.tables import shadow_counts, shadow_turns, versions

MOST_TURNS = 2000
"""Turns that are kept of one version; the oldest go first."""

_COUNTS = ("turns", "agreed", "crashed", "skipped")


@dataclass(frozen=True)
class ShadowTurn:
    """A turn that the two understood differently."""

    version: str
    at: datetime
    call_id: str
    language: str
    words: str | None
    """None: not kept, or deleted."""
    active: Mapping[str, Any]
    """`decision`, `intent` and `score` of the active version."""
    shadow: Mapping[str, Any]
    """The same of the shadow; empty where it crashed."""
    crashed: bool


@dataclass(frozen=True)
class Agreement:
    """How often both understood the same."""

    language: str
    turns: int
    agreed: int
    crashed: int
    skipped: int
    """Turns that were passed over, for want of time or because the flows differ where the call stood."""

    @property
    def rate(self) -> float | None:
        return self.agreed / self.turns if self.turns else None


class ShadowBook:
    """Blocking; callable from any thread. Every method raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, counts: Mapping[tuple[str, str], Mapping[str, int]], turns: Sequence[ShadowTurn]) -> None:
        """Add counts by version and language (`turns`, `agreed`, `crashed`, `skipped`), and turns that differ."""
        c, t = shadow_counts.c, shadow_turns.c
        with self._database.writing() as connection:
            known = set(connection.execute(select(versions.c.id)).scalars())
            for (version, language), more in counts.items():
                if version not in known:
                    continue
                connection.execute(self._database.insert_new(shadow_counts).values(version=version, language=language))
                connection.execute(
                    update(shadow_counts)
                    .where(c.version == version, c.language == language)
                    .values({name: c[name] + more.get(name, 0) for name in _COUNTS})
                )
            rows = [_row(turn) for turn in turns if turn.version in known]
            if rows:
                connection.execute(insert(shadow_turns), rows)
            for version in {turn.version for turn in turns} & known:
                kept = select(t.id).where(t.version == version).order_by(t.id.desc()).offset(MOST_TURNS).limit(1)
                last = connection.execute(kept).scalar()
                if last is not None:
                    connection.execute(delete(shadow_turns).where(t.version == version, t.id <= last))

    def agreement(self, version: str) -> tuple[Agreement, ...]:
        """By language."""
        c = shadow_counts.c
        with self._database.reading() as connection:
            rows = connection.execute(select(shadow_counts).where(c.version == version).order_by(c.language))
            return tuple(Agreement(r.language, r.turns, r.agreed, r.crashed, r.skipped) for r in rows)

    def turns(self, version: str, limit: int = 100) -> tuple[ShadowTurn, ...]:
        """Turns that the two understood differently, the latest first."""
        t = shadow_turns.c
        wanted = select(shadow_turns).where(t.version == version).order_by(t.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(
                ShadowTurn(r.version, r.at, r.call_id, r.language, r.words, r.active, r.shadow, r.crashed)
                for r in connection.execute(wanted)
            )

    def kinds(self, version: str, limit: int = 50) -> tuple[tuple[str, str, int], ...]:
        """How often the active version understood one intent and the shadow another: both intents, and the number."""
        t = shadow_turns.c
        one, other = t.active["intent"].as_string(), t.shadow["intent"].as_string()
        number = func.count()
        wanted = select(one, other, number).where(t.version == version).group_by(one, other)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(number.desc()).limit(limit)).all()
        return tuple((row[0] or "", row[1] or "", row[2]) for row in rows)


def forget_shadow_words(run: Any, keys: Sequence[int]) -> None:
    """Delete what was said in these calls: their callers asked for it. `run` executes a statement."""
    if keys:
        ids = select(calls.c.id).where(calls.c.key.in_(keys))
        run(update(shadow_turns).where(shadow_turns.c.call_id.in_(ids)).values(words=None))


def expire_shadow_words(run: Any, before: datetime) -> None:
    """Delete what was said in older turns."""
    t = shadow_turns.c
    run(update(shadow_turns).where(t.at < before, t.words.is_not(None)).values(words=None))


def _row(turn: ShadowTurn) -> dict[str, Any]:
    return {
        "version": turn.version,
        "at": turn.at,
        "call_id": turn.call_id,
        "language": turn.language,
        "words": turn.words,
        "active": dict(turn.active),
        "shadow": dict(turn.shadow),
        "crashed": turn.crashed,
    }
