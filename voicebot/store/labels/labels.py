"""Labels in the database. Blocking; callable from any thread; every method may raise DatabaseError.

What is kept of a label's words is redacted, whatever `keep_words` says: labels outlive the turns' own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from voicebot.privacy.redactor import NOTHING_ASKED, Asked, redact, redact_data
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, turn_words, turns
from voicebot.store.labels import agreement as agreeing
from voicebot.store.labels.label import (
    LONGEST_TRANSCRIPT,
    Approved,
    Conflict,
    Judgement,
    Label,
    LabelError,
    Sample,
    State,
    Turn,
    meaning,
    sentence,
)
from voicebot.store.labels.settling import MOST_OF_UNKNOWN, MOST_PER_CALLER, Opinion, conflicts, for_training, settled
from voicebot.store.labels.tables import labels

_L = labels.c
MOST_SLOTS, LONGEST_SLOT = 20, 200


@dataclass(frozen=True)
class New:
    """A label to be added."""

    turn: Turn
    judgement: Judgement
    sample: Sample = "chosen"
    asked: Asked = NOTHING_ASKED
    """What question the turn answers, as far as it matters for what may be kept."""
    by: str = ""
    """Whose judgement it is; empty: theirs who adds it."""


@dataclass(frozen=True)
class Counts:
    """How far the labelling of a pack is."""

    labels: int
    turns: int
    approved: int
    proposed: int
    refused: int
    people: Mapping[str, int]
    """Labels by labeller."""


class Labels:
    """Of one installation."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    # What people do

    def add(
        self,
        turn: Turn,
        judgement: Judgement,
        *,
        by: str,
        entitled: bool = False,
        sample: Sample = "chosen",
        asked: Asked = NOTHING_ASKED,
    ) -> Label:
        """What `by` says about a turn of the history, in place of what they said before.

        `entitled`: they need nobody to agree. Raises LabelError for no such turn, and for what can be no label.
        """
        return self.add_all([New(turn, judgement, sample, asked)], by=by, entitled=entitled)[0]

    def add_all(self, new: Sequence[New], *, by: str, entitled: bool = False) -> list[Label]:
        """All of them, or none. Raises LabelError, which has the place in `new` as its `place`."""
        with self._database.writing() as connection:
            for place, one in enumerate(new):
                try:
                    self._put(connection, one, one.by or by, entitled)
                except LabelError as error:
                    raise LabelError(str(error), error.kind, place) from None
            for turn in {one.turn: None for one in new}:
                self._settle(connection, turn)
            return [self._theirs(connection, one.turn, one.by or by) for one in new]

    def withdraw(self, label_id: int, by: str, *, any_of: bool = False) -> Label:
        """Take a label back. `any_of`: also somebody else's. Raises LabelError."""
        with self._database.writing() as connection:
            label = self._one(connection, label_id)
            if label.by != by and not any_of:
                raise LabelError(f"label {label_id} is {label.by}'s; only they can take it back.", "own_label")
            connection.execute(delete(labels).where(_L.id == label_id))
            self._settle(connection, label.turn)
        return label

    def agree(self, label_ids: Iterable[int], by: str, *, entitled: bool = False) -> list[Label]:
        """A second person has seen the labels and finds them right. Raises LabelError, and changes nothing then."""
        with self._database.writing() as connection:
            agreed = []
            contradicted: dict[str, set[int]] = {}  # by pack: looked up once, however many labels there are
            for label_id in label_ids:
                label = self._one(connection, label_id)
                if label.pack not in contradicted:
                    at_issue = conflicts(self._standing(connection, label))
                    contradicted[label.pack] = {one.id for conflict in at_issue for one in conflict.labels}
                if label.by == by and not entitled:
                    raise LabelError(f"label {label_id} is your own; somebody else has to agree with it.", "own_label")
                if label.state == "refused" or label_id in contradicted[label.pack]:
                    raise LabelError(
                        f"label {label_id} is contradicted by another one; decide between them instead.", "contradicted"
                    )
                self._rule(connection, label_id, "approved", by)
                agreed.append(label_id)
            return [self._one(connection, label_id) for label_id in agreed]

    def decide(self, label_ids: Iterable[int], right: int | None, by: str, *, entitled: bool = False) -> list[Label]:
        """Of labels that contradict each other, those that say what `right` says are approved, the others refused.

        `right` None: none of them is right, or none is to be learnt from. Raises LabelError where these are not the
        labels that contradict each other now, and for somebody who would decide for themselves.
        """
        wanted = sorted(set(label_ids))
        with self._database.writing() as connection:
            found = [self._one(connection, label_id) for label_id in wanted]
            if not found or (right is not None and right not in wanted):
                raise LabelError("name the labels that contradict each other, and one of them as the right one.")
            at_issue = conflicts(self._standing(connection, found[0]))
            conflict = next((one for one in at_issue if {each.id for each in one.labels} == set(wanted)), None)
            if conflict is None:
                raise LabelError("these labels have changed or were decided meanwhile; look at them again.", "changed")
            if right is not None and not entitled and by == self._one(connection, right).by:
                raise LabelError(
                    "you can't decide for your own label; somebody else has to, or agree with the other.", "own_label"
                )
            chosen = next((label for label in found if label.id == right), None)
            for label in found:
                same = chosen is not None and label.meaning == chosen.meaning
                if conflict.kind == "turn" and same and chosen is not None:
                    same = dict(label.slots) == dict(chosen.slots)
                self._rule(connection, label.id, "approved" if same else "refused", by)
            return [self._one(connection, label_id) for label_id in wanted]

    # What is asked of them

    def get(self, label_id: int) -> Label:
        """Raises LabelError."""
        with self._database.reading() as connection:
            return self._one(connection, label_id)

    def of_turn(self, turn: Turn) -> list[Label]:
        """What people said about a turn, the oldest first."""
        with self._database.reading() as connection:
            return [_label(row) for row in connection.execute(_of(turn))]

    def find(
        self, pack: str, *, state: State | None = None, by: str = "", after: int = 0, limit: int | None = None
    ) -> list[Label]:
        """Labels of a pack, the oldest first, those after number `after`."""
        query = _all(pack).where(_L.id > after)
        if state is not None:
            query = query.where(_L.state == state)
        if by:
            query = query.where(_L.labelled_by == by)
        with self._database.reading() as connection:
            return [_label(row) for row in connection.execute(query.limit(limit))]

    def approved(
        self,
        pack: str,
        *,
        intents: Mapping[str, Iterable[str]] | None = None,
        most_per_caller: int = MOST_PER_CALLER,
        most_of_unknown: int = MOST_OF_UNKNOWN,
    ) -> Approved:
        """What may be trained on: one label a turn, the oldest first; and what is left out, with the reason.

        `intents`: by language those of the content as it is; labels for others have no effect. `most_per_caller`:
        labels of one meaning from one caller; `most_of_unknown` from all callers together whose numbers are not known.
        """
        return for_training(
            self.find(pack), intents=intents, most_per_caller=most_per_caller, most_of_unknown=most_of_unknown
        )

    def conflicts(self, pack: str) -> tuple[Conflict, ...]:
        """Labels of a pack that contradict each other, the oldest first."""
        return conflicts(self.find(pack))

    def waiting(self, pack: str) -> tuple[Label, ...]:
        """Labels that nobody contradicts and that a second person has to agree with, the oldest first."""
        found = self.find(pack)
        contradictory = {label.id for conflict in conflicts(found) for label in conflict.labels}
        return tuple(label for label in found if label.state == "proposed" and label.id not in contradictory)

    def agreement(self, pack: str, *, seed: int = 1) -> agreeing.Agreement:
        """How far people agree on what turns mean, by what each said first."""
        given: dict[Turn, dict[str, str]] = {}
        for label in self.find(pack):
            given.setdefault(label.turn, {})[label.by] = label.first
        return agreeing.agreement(given, seed=seed)

    def counts(self, pack: str) -> Counts:
        """How many there are."""
        with self._database.reading() as connection:
            states: dict[str, int] = {
                row.state: row.number
                for row in connection.execute(
                    select(_L.state, func.count().label("number")).where(_L.pack == pack).group_by(_L.state)
                )
            }
            people = {
                row.labelled_by: row.number
                for row in connection.execute(
                    select(_L.labelled_by, func.count().label("number"))
                    .where(_L.pack == pack)
                    .group_by(_L.labelled_by)
                    .order_by(_L.labelled_by)
                )
            }
            of_turns = select(_L.call_id, _L.turn_part, _L.turn_number).where(_L.pack == pack).distinct().subquery()
            turns_labelled = connection.execute(select(func.count()).select_from(of_turns)).scalar_one()
        return Counts(
            sum(states.values()),
            turns_labelled,
            states.get("approved", 0),
            states.get("proposed", 0),
            states.get("refused", 0),
            people,
        )

    # Within a transaction

    def _put(self, connection: Connection, new: New, by: str, entitled: bool) -> None:
        turn, judgement = new.turn, _checked(new.judgement)
        found = connection.execute(
            select(
                calls.c.pack, calls.c.language, calls.c.caller, calls.c.version, calls.c.began, turns.c.intent,
                turn_words.c.text,
            )
            .join(turns, turns.c.call_key == calls.c.key)
            .outerjoin(turn_words, turn_words.c.turn_id == turns.c.id)
            .where(
                calls.c.id == turn.call,
                turns.c.part == turn.part,
                turns.c.number == turn.number,
                turns.c.who == "caller",
            )
        ).first()  # fmt: skip
        if found is None:
            raise LabelError(
                f"call {turn.call[:60]} has no caller's turn {turn.number} in part {turn.part}; "
                "label a turn that the history has.",
                "no_turn",
            )
        transcript = redact(judgement.transcript, found.language, new.asked)
        values: dict[str, Any] = {
            "heard": redact(found.text or "", found.language, new.asked),
            "transcript": transcript,
            "sentence": sentence(transcript),
            "intelligible": judgement.intelligible,
            "intent": judgement.intent,
            "slots": redact_data(dict(judgement.slots), found.language),
            "at": self._now(),
            "entitled": entitled,
            "state": "proposed",
            "decided_by": None,
            "decided": None,
        }
        fixed = {
            "pack": found.pack,
            "language": found.language,
            "call_id": turn.call,
            "turn_part": turn.part,
            "turn_number": turn.number,
            "caller": found.caller or "",
            "version": found.version,
            "understood": found.intent or "",
            "sample": new.sample,
            "said": found.began,
            "labelled_by": by,
            "first": judgement.meaning,
        }
        upsert = self._database.insert(labels).values(**values, **fixed)
        key = ["call_id", "turn_part", "turn_number", "labelled_by"]
        connection.execute(upsert.on_conflict_do_update(index_elements=key, set_=values))

    def _settle(self, connection: Connection, turn: Turn) -> None:
        rows = connection.execute(_of(turn)).all()
        opinions = [
            Opinion(
                row.id,
                meaning(row.intelligible, row.intent),
                row.slots,
                row.entitled,
                row.state,
                row.decided_by is not None,
            )
            for row in rows
        ]
        for label_id, (state, ruled) in settled(opinions).items():
            values: dict[str, Any] = (
                {"state": state} if ruled else {"state": state, "decided_by": None, "decided": None}
            )
            connection.execute(update(labels).where(_L.id == label_id).values(values))

    def _rule(self, connection: Connection, label_id: int, state: State, by: str) -> None:
        values = {"state": state, "decided_by": by, "decided": self._now()}
        connection.execute(update(labels).where(_L.id == label_id).values(values))

    def _standing(self, connection: Connection, label: Label) -> list[Label]:
        return [_label(row) for row in connection.execute(_all(label.pack))]

    def _one(self, connection: Connection, label_id: int) -> Label:
        row = connection.execute(select(labels).where(_L.id == label_id)).first()
        if row is None:
            raise LabelError(f"there is no label {label_id}; it may have been taken back.", "no_label")
        return _label(row)

    def _theirs(self, connection: Connection, turn: Turn, by: str) -> Label:
        return _label(connection.execute(_of(turn).where(_L.labelled_by == by)).one())


def _checked(judgement: Judgement) -> Judgement:
    """As it is kept. Raises LabelError."""
    transcript = " ".join(judgement.transcript.split())
    if not judgement.intelligible:
        if judgement.intent is not None:
            raise LabelError("what is not intelligible has no intent; leave one of the two out.")
        return Judgement("", None, {}, intelligible=False)
    if not sentence(transcript):
        raise LabelError("a label needs what was said; write it down, or mark the turn as not intelligible.")
    if len(transcript) > LONGEST_TRANSCRIPT:
        raise LabelError(f"what was said has {len(transcript)} characters; write at most {LONGEST_TRANSCRIPT}.")
    if judgement.intent is not None and (not judgement.intent.strip() or ":" in judgement.intent):
        raise LabelError(f"{judgement.intent[:60]!r} can't be an intent's name; choose one of the content's intents.")
    slots = {str(name): " ".join(str(value).split()) for name, value in judgement.slots.items()}
    slots = {name: value for name, value in slots.items() if value}
    if len(slots) > MOST_SLOTS or any(len(value) > LONGEST_SLOT for value in slots.values()):
        raise LabelError(f"a label has at most {MOST_SLOTS} slots of {LONGEST_SLOT} characters; leave some out.")
    return Judgement(transcript, judgement.intent, slots)


def _all(pack: str) -> Select[Any]:
    return select(labels).where(_L.pack == pack).order_by(_L.id)


def _of(turn: Turn) -> Select[Any]:
    return (
        select(labels)
        .where(_L.call_id == turn.call, _L.turn_part == turn.part, _L.turn_number == turn.number)
        .order_by(_L.id)
    )


def _label(row: Row[Any]) -> Label:
    return Label(
        id=row.id,
        pack=row.pack,
        language=row.language,
        call=row.call_id,
        turn_part=row.turn_part,
        turn_number=row.turn_number,
        heard=row.heard,
        transcript=row.transcript,
        intent=row.intent,
        slots=row.slots,
        caller=row.caller,
        by=row.labelled_by,
        at=row.at,
        state=row.state,
        intelligible=row.intelligible,
        understood=row.understood,
        version=row.version,
        sample=row.sample,
        decided_by=row.decided_by or "",
        first=row.first,
    )
