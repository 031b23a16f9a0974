"""Clusters of failures, as a run of mining found them and as editors decided on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from voicebot.privacy.kinds import placeholder
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, turn_words, turns
from voicebot.store.mining.tables import failure_clusters, failure_turns, mining_runs

ClusterState = Literal["open", "ignored", "done"]
MOST_KEPT = 500
"""Turns of a cluster that are kept, the most typical ones."""
_COMPARED = 10
"""Sentences of a known cluster that a new one is compared with."""


@dataclass(frozen=True)
class Run:
    """One run of mining, over one pack and language."""

    pack: str
    language: str
    at: datetime
    since: datetime
    until: datetime
    turns: int
    """That went wrong."""
    calls: int
    """With such turns."""
    sentences: int
    """Different ones that were compared."""
    left_out: tuple[Mapping[str, Any], ...]
    """What was not looked at: `why`, `turns`, `callers`, `calls`."""


@dataclass(frozen=True)
class Measures:
    """What is known of a cluster without any words."""

    cost_s: float
    calls: int
    """That count: a few of each caller."""
    callers: int
    hand_overs: int
    angry: int
    lost_ms: int
    previous_calls: int | None
    """In the period before; None where that has no calls at all."""
    nearest: str | None
    """The intent or FAQ entry that is most like it."""
    likeness: float | None
    """To that, 0 to 1."""
    kinds: Mapping[str, int]
    """Kind of failure -> turns."""


@dataclass(frozen=True)
class Found:
    """A cluster that a run found."""

    measures: Measures
    members: tuple[tuple[int, str], ...]
    """Turn and kind of failure, the most typical first."""
    known: int | None = None
    """The known cluster that it is."""


@dataclass(frozen=True)
class Known:
    """A cluster of an earlier run."""

    id: int
    turns: frozenset[int]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Cluster(Measures):
    """One that is stored."""

    id: int
    pack: str
    language: str
    rank: int
    state: ClusterState
    decided_by: str | None
    decided_at: datetime | None
    first_seen: datetime
    typical: str
    """Its most typical sentence, without long numbers; empty where its words were deleted since."""
    at: datetime
    """When the run was."""


@dataclass(frozen=True)
class Saying:
    """A sentence of a cluster, and where it was said."""

    text: str
    kind: str
    turn: int
    call: str
    began: datetime
    caller: str | None


_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){3,}|[공영일이삼사오육륙칠팔구](?:[ -]?[공영일이삼사오육륙칠팔구]){4,}")
"""Four digits or more, or five read one by one in Korean: an order's number, a telephone's."""
_MEASURES = [field.name for field in fields(Measures)]


class Clusters:
    """Blocking, callable from any thread. Every method raises DatabaseError where the database fails."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def known(self, pack: str, language: str) -> list[Known]:
        """Those that still have words, the decided ones first."""
        c, m = failure_clusters.c, failure_turns.c
        query = (
            select(c.id, m.turn_id, turn_words.c.text)
            .join(failure_turns, m.cluster_id == c.id)
            .join(turn_words, turn_words.c.turn_id == m.turn_id)
            .where(c.pack == pack, c.language == language)
            .order_by((c.state == "open"), c.id, m.place)
        )
        said: dict[int, list[tuple[int, str]]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                said.setdefault(row.id, []).append((row.turn_id, row.text))
        return [
            Known(
                number,
                frozenset(turn for turn, _ in every),
                tuple(dict.fromkeys(text for _, text in every))[:_COMPARED],
            )
            for number, every in said.items()
        ]

    def put(self, run: Run, found: Sequence[Found]) -> list[int]:
        """Store a run with its clusters, the costliest first; their numbers. What editors decided stays."""
        with self._database.writing() as connection:
            values = {field.name: getattr(run, field.name) for field in fields(Run)}
            values["left_out"] = [dict(one) for one in run.left_out]
            run_id = connection.execute(insert(mining_runs).values(values).returning(mining_runs.c.id)).scalar_one()
            numbers = [self._put(connection, run, run_id, rank, one) for rank, one in enumerate(found, 1)]
            # What has no words left can't be known again.
            has_words = select(failure_turns.c.cluster_id)
            connection.execute(delete(failure_clusters).where(failure_clusters.c.id.not_in(has_words)))
        return numbers

    def _put(self, connection: Connection, run: Run, run_id: int, rank: int, found: Found) -> int:
        values = {name: getattr(found.measures, name) for name in _MEASURES}
        values |= {"run_id": run_id, "rank": rank, "kinds": dict(found.measures.kinds)}
        number = found.known
        if number is None:
            new = {"pack": run.pack, "language": run.language, "first_seen": run.at, **values}
            made = insert(failure_clusters).values(new).returning(failure_clusters.c.id)
            number = int(connection.execute(made).scalar_one())
        else:
            connection.execute(update(failure_clusters).where(failure_clusters.c.id == number).values(values))
            connection.execute(delete(failure_turns).where(failure_turns.c.cluster_id == number))
        # Words may have been deleted since they were read.
        wanted = dict(found.members[:MOST_KEPT])
        w = turn_words.c
        said = {
            row.turn_id: row.text
            for row in connection.execute(select(w.turn_id, w.text).where(w.turn_id.in_(list(wanted))))
        }
        # A sentence with somebody's number in it stands for nobody else.
        there = sorted(
            (turn for turn in wanted if turn in said), key=lambda turn: bool(_LONG_NUMBER.search(said[turn]))
        )
        rows = [
            {"cluster_id": number, "turn_id": turn, "kind": wanted[turn], "place": place}
            for place, turn in enumerate(there)
        ]
        if rows:
            connection.execute(insert(failure_turns), rows)
        return number

    def ranked(self, *, pack: str = "", language: str = "", state: ClusterState | Literal[""] = "") -> list[Cluster]:
        """The clusters of each pack's and language's latest run, the costliest first."""
        c = failure_clusters.c
        wanted = [
            column == value for column, value in ((c.pack, pack), (c.language, language), (c.state, state)) if value
        ]
        return self._read(c.run_id.in_(_latest()), *wanted)

    def find(self, number: int) -> Cluster | None:
        """The cluster of this number, of whatever run."""
        found = self._read(failure_clusters.c.id == number)
        return found[0] if found else None

    def sayings(self, number: int, most: int = MOST_KEPT) -> list[Saying]:
        """What callers said, the most typical first."""
        m = failure_turns.c
        query = (
            select(
                turn_words.c.text, m.kind, m.turn_id.label("turn"), calls.c.id.label("call"), calls.c.began,
                calls.c.caller,
            )
            .select_from(failure_turns)
            .join(turn_words, turn_words.c.turn_id == m.turn_id)
            .join(turns, turns.c.id == m.turn_id)
            .join(calls, calls.c.key == turns.c.call_key)
            .where(m.cluster_id == number)
            .order_by(m.place)
            .limit(most)
        )  # fmt: skip
        with self._database.reading() as connection:
            return [Saying(**row._mapping) for row in connection.execute(query)]

    def decide(self, number: int, state: ClusterState, by: str) -> bool:
        """What an editor makes of it; False where there is no such cluster."""
        decided = {"state": state, "decided_by": by, "decided_at": self._now()}
        with self._database.writing() as connection:
            changed = update(failure_clusters).where(failure_clusters.c.id == number).values(decided)
            return connection.execute(changed).rowcount > 0

    def runs(self) -> list[Run]:
        """The latest run of each pack and language."""
        query = select(mining_runs).where(mining_runs.c.id.in_(_latest()))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(mining_runs.c.pack, mining_runs.c.language)).all()
        values = [{field.name: getattr(row, field.name) for field in fields(Run)} for row in rows]
        return [Run(**{**one, "left_out": tuple(one["left_out"] or ())}) for one in values]

    def _read(self, *wanted: Any) -> list[Cluster]:
        c, m = failure_clusters.c, failure_turns.c
        typical = (
            select(turn_words.c.text)
            .join(failure_turns, m.turn_id == turn_words.c.turn_id)
            .where(m.cluster_id == c.id)
            .order_by(m.place)
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(failure_clusters, typical.label("typical"), mining_runs.c.at)
            .join(mining_runs, mining_runs.c.id == c.run_id)
            .where(*wanted)
            .order_by(c.cost_s.desc(), c.id)
        )
        names = [field.name for field in fields(Cluster) if field.name != "typical"]
        with self._database.reading() as connection:
            return [
                Cluster(**{name: getattr(row, name) for name in names}, typical=_shown(row.typical or "", row.language))
                for row in connection.execute(query)
            ]


def _has_long_number(text: str) -> bool:
    return _LONG_NUMBER.search(text) is not None


def _shown(text: str, language: str) -> str:
    return _LONG_NUMBER.sub(placeholder("number", language), text)


def _latest() -> Any:
    return select(func.max(mining_runs.c.id)).group_by(mining_runs.c.pack, mining_runs.c.language)
