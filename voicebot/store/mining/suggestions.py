"""Suggestions for the content: drafted from what failed and from what agents answered, judged by editors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update

from voicebot.store.history.database import Database
from voicebot.store.mining.tables import suggestions

Kind = Literal["faq", "wording"]
State = Literal["draft", "accepted", "refused"]


@dataclass(frozen=True)
class Source:
    """Where an answer, or the sentences, come from."""

    kind: Literal["document", "agent", "calls"]
    """A passage of the knowledge base, answers that agents gave, or what callers said."""
    document: str = ""
    page: int | None = None
    row: int | None = None
    titles: tuple[str, ...] = ()
    """The headings above the passage."""
    calls: tuple[str, ...] = ()
    """Ids of the calls, some of them where they are many."""
    times: int = 0
    """How often agents answered so, or callers asked."""


@dataclass(frozen=True)
class Draft:
    """What a suggestion says, whoever wrote it."""

    pack: str
    language: str
    kind: Kind
    """`faq`: a new entry; `wording`: sentences for an intent or FAQ entry that there is."""
    entry: str
    """The name of that, or of the new entry."""
    title: str
    """What a new entry is called when the bot speaks of it; empty for wordings, and where nothing tells."""
    question: str
    """The most typical sentence."""
    variants: tuple[str, ...]
    """Sentences of callers, without personal data, the question among them."""
    answer: str
    """Of a new entry; empty for wordings, and where no source was found."""
    sources: tuple[Source, ...]
    cluster: int | None = None


@dataclass(frozen=True)
class Suggestion(Draft):
    """One that is stored."""

    id: int = 0
    state: State = "draft"
    by: str = ""
    """Who judged or last changed it; empty for nobody."""
    made: datetime = datetime.min
    at: datetime = datetime.min
    """When it was judged or last changed."""


_DRAFT = [field.name for field in fields(Draft) if field.name not in ("cluster", "variants", "sources")]


class Suggestions:
    """Blocking, callable from any thread. Every method raises DatabaseError where the database fails."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def add(self, draft: Draft) -> int:
        """Store a draft; its number."""
        now = self._now()
        with self._database.writing() as connection:
            row = {**_row(draft), "state": "draft", "made": now, "at": now}
            return int(connection.execute(insert(suggestions).values(row).returning(suggestions.c.id)).scalar_one())

    def change(self, number: int, draft: Draft, by: str) -> bool:
        """What an editor made of a draft. False where it is no draft any more."""
        return self._to(number, {**_row(draft), "by": by})

    def judge(self, number: int, state: Literal["accepted", "refused"], by: str, draft: Draft | None = None) -> bool:
        """Accept or refuse a draft, as `draft` says it where the editor changed it. False where it is none any more."""
        return self._to(number, {**(_row(draft) if draft else {}), "state": state, "by": by})

    def withdraw(self, number: int, by: str) -> bool:
        """Make a draft again of what was accepted or refused. False where there is no such suggestion."""
        with self._database.writing() as connection:
            changed = (
                update(suggestions)
                .where(suggestions.c.id == number, suggestions.c.state != "draft")
                .values(state="draft", by=by, at=self._now())
            )
            return connection.execute(changed).rowcount > 0

    def find(self, number: int) -> Suggestion | None:
        """The suggestion of this number."""
        found = self._read(suggestions.c.id == number)
        return found[0] if found else None

    def find_all(
        self, *, pack: str = "", state: State | Literal[""] = "", cluster: int | None = None
    ) -> list[Suggestion]:
        """Those that fit, the newest first."""
        wanted = [
            column == value
            for column, value in (
                (suggestions.c.pack, pack),
                (suggestions.c.state, state),
                (suggestions.c.cluster_id, cluster),
            )
            if value not in ("", None)
        ]
        return self._read(*wanted)

    def accepted(self, pack: str) -> Sequence[Suggestion]:
        """What editors accepted for this pack, the oldest judgement first: what training takes in."""
        return self._read(
            suggestions.c.pack == pack,
            suggestions.c.state == "accepted",
            order=(suggestions.c.at, suggestions.c.id),
        )

    def forget_drafts(self, before: datetime) -> int:
        """Delete drafts that nobody touched since then, with the sentences in them; how many."""
        with self._database.writing() as connection:
            gone = delete(suggestions).where(suggestions.c.state == "draft", suggestions.c.at < before)
            return connection.execute(gone).rowcount

    def _to(self, number: int, values: dict[str, Any]) -> bool:
        with self._database.writing() as connection:
            changed = (
                update(suggestions)
                .where(suggestions.c.id == number, suggestions.c.state == "draft")
                .values(**values, at=self._now())
            )
            return connection.execute(changed).rowcount > 0

    def _read(self, *wanted: Any, order: tuple[Any, ...] = ()) -> list[Suggestion]:
        query = select(suggestions).where(*wanted)
        query = query.order_by(*(order or (suggestions.c.made.desc(), suggestions.c.id.desc())))
        with self._database.reading() as connection:
            return [_made(row) for row in connection.execute(query)]


def _row(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in _DRAFT} | {
        "variants": list(draft.variants),
        "sources": [asdict(source) for source in draft.sources],
        "cluster_id": draft.cluster,
    }


def _made(row: Any) -> Suggestion:
    return Suggestion(
        **{name: getattr(row, name) for name in _DRAFT},
        variants=tuple(row.variants),
        sources=tuple(
            Source(**{**source, "titles": tuple(source["titles"]), "calls": tuple(source["calls"])})
            for source in row.sources
        ),
        cluster=row.cluster_id,
        id=row.id,
        state=row.state,
        by=row.by or "",
        made=row.made,
        at=row.at,
    )
