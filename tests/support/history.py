"""Calls for tests of the history: told in a few words, put through the same way as real ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from voicebot.store.history.database import Database
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.records import Begun, Ended, FlowEnd, HeardShare, Record, Step, Turn
from voicebot.store.history.rows import Rows
from voicebot.store.history.tables import milliseconds
from voicebot.store.journal import Entry

NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)
"""12:00 in Seoul."""
FULL = Preparation(lambda number: f"hash of {number}", "full")


def heard(text: str, decision: str = "new_subject", intent: str = "order_status", **values: Any) -> Entry:
    entry = Entry("caller", 0, text, "vosk-ko", "accept", 0.9, decision, intent, 0.9 if intent else None)
    for name, value in values.items():
        setattr(entry, name, value)
    return entry


def said(text: str, wait_ms: int = 600) -> Entry:
    return Entry("bot", 0, text, wait_ms=wait_ms, stages={"listening": 400, "speaking": 200})


def a_call(
    call: str,
    entries: Sequence[Entry] = (),
    *,
    at: datetime = NOON,
    pack: str = "shop",
    language: str = "ko",
    number: str = "",
    outcome: str = "hang_up",
    resolved: bool = True,
    flow: str = "order_status",
    result: str = "completed",
    steps: Sequence[str] = (),
    heard_share: float = 1.0,
    minutes: float = 1.0,
    ended: bool = True,
) -> list[Record]:
    """The records of a call, in the order in which they come."""
    part = milliseconds(at)
    entries = entries or (heard("배송 언제 와요"), said("배송 중입니다."))
    records: list[Record] = [Begun(call, part, pack, "1.0", language, "twilio", number)]
    if flow:
        records.append(Step(call, part, flow, "", 0, 0))
        records += [Step(call, part, flow, step, place, place * 1000) for place, step in enumerate(steps, 1)]
    for turn, entry in enumerate(entries):
        entry.at_ms = turn * 1000
        records.append(Turn(call, part, turn, language, entry))
        if entry.who == "bot":
            records.append(HeardShare(call, part, turn, heard_share))
    if flow and result:
        records.append(FlowEnd(call, part, flow, 5000, result, "" if result == "completed" else outcome))
    if ended:
        length = round(minutes * 60_000)
        reason = "asked" if outcome == "hand_over" else "goodbye"
        queue, summary = ("support", "배송 조회") if outcome == "hand_over" else ("", "")
        over = milliseconds(at + timedelta(milliseconds=length))
        records.append(Ended(call, part, over, length, outcome, reason, queue, summary, language, flow, resolved))
    return records


def put(database: Database, *calls: Sequence[Record], prepare: Preparation = FULL) -> None:
    """Write them."""
    Rows(database).write([prepare(record) for records in calls for record in records])
