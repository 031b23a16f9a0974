"""Records as rows. Writing the same records again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, exists, func, insert, or_, select, update

from voicebot.store.history.database import Database
from voicebot.store.history.decisions import BOT_ENDED, CORRECTION, IGNORED, REPEAT_DAYS, SILENT, UNMATCHED
from voicebot.store.history.grams import grams
from voicebot.store.history.records import (
    Begun,
    Ended,
    FlowEnd,
    Forgotten,
    HeardShare,
    Rated,
    Record,
    Step,
    Turn,
    from_json,
)
from voicebot.store.history.tables import (
    call_flows,
    calls,
    flow_steps,
    hand_overs,
    milliseconds,
    ratings,
    stale_hours,
    turn_words,
    turns,
)
from voicebot.store.labels.forgetting import forget_labels
from voicebot.store.versions.shadows import forget_shadow_words

HOUR_MS = 3_600_000
_AGAIN_MS = REPEAT_DAYS * 24 * HOUR_MS


class Rows:
    """Writes records that `Preparation` made fit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, prepared: Sequence[Mapping[str, Any]]) -> None:
        """All of them, in their order, in one transaction. Raises SQLAlchemyError and, for no record, ValueError."""
        with self._database.engine.begin() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self.put(connection, prepared)

    def put(self, connection: Connection, prepared: Iterable[Mapping[str, Any]]) -> None:
        """All of them, in their order, within a transaction."""
        transaction = _Transaction(self._database, connection)
        for data in prepared:
            transaction.put(from_json(data), data)


class _Transaction:
    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._run = database, connection.execute
        self._keys: dict[str, int] = {}

    def put(self, record: Record, data: Mapping[str, Any]) -> None:
        match record:
            case Begun():
                self._begun(record)
            case Turn():
                self._turn(record, data["entry"].get("hypothesis", ""))
            case HeardShare():
                same = (turns.c.call_key == self._key(record.call), turns.c.part == record.part)
                self._run(update(turns).where(*same, turns.c.number == record.number).values(heard_share=record.share))
            case Step():
                self._step(record)
            case FlowEnd():
                self._flow_end(record)
            case Rated():
                key = self._key(record.call)
                given = {"score": record.score, "how": record.how, "at": record.at, "comment": record.comment or None}
                self._stale(hour_of(put_rating(self._database, self._run, key, given)))
            case Forgotten():
                self._forgotten(self._key(record.call))
            case Ended():
                self._ended(record)

    def _key(self, call: str) -> int:
        """The call's number. One whose beginning was lost gets a row all the same."""
        if call not in self._keys:
            found = self._run(select(calls.c.key).where(calls.c.id == call)).scalar()
            if found is None:
                row = {"id": call, "pack": "", "version": "", "language": "", "channel": "", "began": 0}
                found = self._run(insert(calls).values(row).returning(calls.c.key)).scalar_one()
            self._keys[call] = found
        return self._keys[call]

    def _begun(self, record: Begun) -> None:
        known = {
            "pack": record.pack,
            "version": record.version,
            "channel": record.channel,
            "caller": record.caller or None,
            "variants": dict(record.variants) or None,
        }
        row = {"id": record.call, "began": record.part, "language": record.language, **known}
        # One that is there goes on here; or its beginning was lost and a row made for its turns.
        newer = exists().where((turns.c.call_key == calls.c.key) & (turns.c.part > record.part))
        goes_on = {
            **known,
            # Unless another host took it over long ago, and this one was cut off from the database meanwhile.
            "ended": case((newer, calls.c.ended), else_=None),
            "outcome": case((newer, calls.c.outcome), else_=None),
            "began": case(((calls.c.began == 0) | (calls.c.began > record.part), record.part), else_=calls.c.began),
            "language": case((calls.c.language == "", record.language), else_=calls.c.language),
        }
        upsert = self._database.insert(calls).values(row).on_conflict_do_update(index_elements=["id"], set_=goes_on)
        result = self._run(upsert.returning(calls.c.key, calls.c.began)).one()
        self._keys[record.call] = result.key
        if record.caller:
            self._called_again(record.caller, result.key, record.part)

    def _called_again(self, caller: str, key: int, at: int) -> None:
        earlier = (
            calls.c.caller == caller,
            calls.c.key != key,
            calls.c.began < at,
            calls.c.began >= at - _AGAIN_MS,
            calls.c.called_again.is_(None),
        )
        for row in self._run(update(calls).where(*earlier).values(called_again=at).returning(calls.c.began)).all():
            self._stale(hour_of(row.began))

    def _turn(self, record: Turn, hypothesis: str) -> None:
        entry = record.entry
        feeling = entry.feeling
        row = {
            "call_key": self._key(record.call),
            "part": record.part,
            "number": record.number,
            "at_ms": entry.at_ms,
            "who": entry.who,
            "listener": entry.listener or None,
            "verdict": entry.verdict or None,
            "score": entry.score,
            "decision": entry.decision or None,
            "intent": entry.intent or None,
            "intent_score": entry.intent_score,
            "margin": entry.margin,
            "flow": entry.flow or None,
            "step": entry.step or None,
            "wait_ms": entry.wait_ms,
            "stages": entry.stages or None,
            "valence": feeling.get("valence"),
            "arousal": feeling.get("arousal"),
            "feeling": feeling.get("name"),
            "evidence": entry.facts or None,
        }
        new = self._run(self._database.insert_new(turns).values(row).returning(turns.c.id)).scalar()
        if new is not None and entry.text:
            words = {
                "turn_id": new,
                "text": entry.text,
                "hypothesis": hypothesis or None,
                "alternatives": entry.alternatives or None,
                "slots": entry.slots or None,
                "grams": grams(entry.text),
            }
            self._run(self._database.insert_new(turn_words).values(words))

    def _step(self, record: Step) -> None:
        key = self._key(record.call)
        flow = {"call_key": key, "flow": record.flow, "began_ms": record.at_ms}
        self._run(self._database.insert_new(call_flows).values(flow))
        if not record.step:
            return
        step = {"call_key": key, "flow": record.flow, "step": record.step}
        self._run(self._database.insert_new(flow_steps).values(**step, place=record.place, at_ms=record.at_ms))
        of = (call_flows.c.call_key == key, call_flows.c.flow == record.flow)
        self._run(update(call_flows).where(*of).values(step=record.step))

    def _flow_end(self, record: FlowEnd) -> None:
        key = self._key(record.call)
        row = {
            "call_key": key,
            "flow": record.flow,
            "began_ms": record.at_ms,
            "ended_ms": record.at_ms,
            "result": record.result,
            "reason": record.reason or None,
        }
        # What was once completed stays so, though the caller begins it again and leaves.
        done = {name: row[name] for name in ("ended_ms", "result", "reason")}
        upsert = self._database.insert(call_flows).values(row)
        self._run(
            upsert.on_conflict_do_update(
                index_elements=["call_key", "flow"],
                set_=done,
                where=or_(call_flows.c.result.is_(None), call_flows.c.result != "completed"),
            )
        )

    def _forgotten(self, key: int) -> None:
        caller = self._run(select(calls.c.caller).where(calls.c.key == key)).scalar()
        theirs = calls.c.caller == caller if caller else calls.c.key == key
        keys = [*self._run(select(calls.c.key).where(or_(theirs, calls.c.key == key))).scalars()]
        forget_words(self._run, keys)
        forget_labels(self._run, keys)
        forget_shadow_words(self._run, keys)
        self._run(update(calls).where(calls.c.key.in_(keys)).values(caller=None))

    def _ended(self, record: Ended) -> None:
        key = self._key(record.call)
        counted = self._run(select(*_COUNTS).where(turns.c.call_key == key)).one()._mapping
        last_feeling = (
            select(turns.c.feeling)
            .where(turns.c.call_key == key, turns.c.feeling.is_not(None))
            .order_by(turns.c.part.desc(), turns.c.number.desc())
            .limit(1)
        )
        changed = {
            "ended": record.at,
            "duration_ms": record.clock_ms,
            "outcome": record.outcome,
            "reason": record.reason or None,
            "queue": record.queue or None,
            "goal": record.goal or None,
            "resolved": record.resolved,
            "contained": record.resolved and record.outcome in BOT_ENDED,
            "feeling": last_feeling.scalar_subquery(),
            **counted,
        }
        if record.language:
            changed["language"] = record.language
        if self._went_on(key, record.part):
            # How it ended for who held it before is not how the call ended. Its turns, which come late, count.
            changed = {"feeling": changed["feeling"], **counted}
            began = self._run(update(calls).where(calls.c.key == key).values(changed).returning(calls.c.began))
            self._stale(hour_of(began.scalar_one()))
            return
        began = self._run(update(calls).where(calls.c.key == key).values(changed).returning(calls.c.began)).scalar_one()
        open_still = (call_flows.c.call_key == key, call_flows.c.result.is_(None))
        result = {"hand_over": "hand_over", "caller_left": "caller_left", "hang_up": "dropped"}
        closed = {"result": result.get(record.outcome, "failed"), "ended_ms": record.clock_ms, "reason": record.reason}
        self._run(update(call_flows).where(*open_still).values(closed))
        if record.outcome == "hand_over":
            given = {
                "call_key": key,
                "part": record.part,
                "requested": record.at,
                "reason": record.reason,
                "queue": record.queue,
                "summary": record.summary or None,
                "context": dict(record.context) or None,
            }
            self._run(self._database.insert_new(hand_overs).values(given))
        self._stale(hour_of(began))

    def _went_on(self, key: int, part: int) -> bool:
        """Whether somebody else held the call after that part."""
        newer = exists().where((turns.c.call_key == key) & (turns.c.part > part))
        return bool(self._run(select(newer)).scalar())

    def _stale(self, hour: int) -> None:
        mark_stale(self._database, self._run, hour)


def mark_stale(database: Database, run: Any, hour: int) -> None:
    """The calls that began in this hour (since 1970) are to be counted anew. `run` executes a statement."""
    marked = database.insert(stale_hours).values(hour=hour)
    # The row is locked, though it is there already: who counts it waits until this transaction is over.
    run(marked.on_conflict_do_update(index_elements=["hour"], set_={"hour": hour}))


def put_rating(database: Database, run: Any, key: int, given: Mapping[str, Any]) -> datetime:
    """A caller's rating of the call with this number, in place of an earlier one; returns when the call began."""
    upsert = database.insert(ratings).values(call_key=key, **given)
    run(upsert.on_conflict_do_update(index_elements=["call_key"], set_=dict(given)))
    changed = update(calls).where(calls.c.key == key).values(csat=given["score"]).returning(calls.c.began)
    began: datetime = run(changed).scalar_one()
    return began


def forget_words(run: Any, keys: Sequence[int]) -> None:
    """Delete everything that was said in these calls. `run` executes a statement."""
    if not keys:
        return
    run(delete(turn_words).where(turn_words.c.turn_id.in_(select(turns.c.id).where(turns.c.call_key.in_(keys)))))
    run(update(ratings).where(ratings.c.call_key.in_(keys)).values(comment=None))
    run(update(hand_overs).where(hand_overs.c.call_key.in_(keys)).values(summary=None, context=None, note=None))


def hour_of(at: datetime) -> int:
    """Hours since 1970."""
    return milliseconds(at) // HOUR_MS


def _times(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_CALLER = turns.c.who == "caller"
_DECISION = func.coalesce(turns.c.decision, "")
_COUNTS = (
    _times(_CALLER & _DECISION.not_in((*IGNORED, *SILENT))).label("caller_turns"),
    _times(_CALLER & _DECISION.not_in((*IGNORED, *SILENT, *UNMATCHED))).label("understood_turns"),
    _times(_CALLER & _DECISION.in_(UNMATCHED)).label("unmatched_turns"),
    _times(_CALLER & _DECISION.in_(SILENT)).label("silent_turns"),
    _times(_CALLER & (_DECISION == CORRECTION)).label("corrections"),
    _times((turns.c.who == "bot") & (turns.c.heard_share < 1)).label("interruptions"),
    func.avg(turns.c.valence).label("valence"),
    func.min(turns.c.valence).label("lowest_valence"),
    func.avg(turns.c.arousal).label("arousal"),
)
"""What a call's turns add up to."""
