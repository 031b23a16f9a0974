"""Ratings that callers say or key: from the dialogue's action into the history and its figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from voicebot.analytics.figures import Analytics
from voicebot.analytics.scope import Scope
from voicebot.call.chronicle import Chronicle
from voicebot.call.keeping import Keeping
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.actions import Rate, Remember
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import Heard
from voicebot.store.callbacks import open_callbacks
from voicebot.store.history.database import Database
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.records import Record
from voicebot.store.history.rows import Rows
from voicebot.store.history.tables import calls, ratings
from voicebot.store.profiles import Profiles

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_a_rating_is_kept_without_personal_data_and_counts(database: Database, shop_dialogue: Dialogue) -> None:
    records: list[Record] = []
    chronicle = Chronicle(records.append, shop_dialogue.pack, Caller("CA1", ""), now=NOW.timestamp)
    state = shop_dialogue.begin("ko")
    chronicle.begin(state)
    chronicle.turn(state, Heard("2점"), state, [Rate(2, "voice")], 9000)
    chronicle.turn(state, Heard("..."), state, [Rate(2, "voice", "제 번호 010-1234-5678로 연락이 안 왔어요")], 15000)
    chronicle.end(16000, Outcome("hang_up", "goodbye"))
    prepare = Preparation(lambda _number: "")
    for _ in range(2):  # records may come twice
        Rows(database).write([prepare(record) for record in records])
    with database.reading() as connection:
        assert connection.execute(select(calls.c.csat)).scalar_one() == 2
        row = connection.execute(select(ratings)).one()
    assert (row.score, row.how) == (2, "voice")
    assert "안 왔어요" in row.comment
    assert "1234" not in row.comment
    figures = Analytics(database, UTC).kpis(Scope(NOW - timedelta(hours=1), NOW + timedelta(hours=1)))
    assert figures["csat"] == 2
    assert figures["rated_share"] == 1


def test_who_was_asked_is_remembered(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path, "k" * 32, today=lambda: NOW.date())
    keeping = Keeping(profiles, open_callbacks(tmp_path / "callbacks.db"), lambda: NOW)
    caller = Caller("CA1", "+821012345678")
    keeping.keep(caller, Remember({"intent": "opening_hours", "resolved": True, "asked_rating": True}))
    keeping.keep(caller, Remember({"intent": "opening_hours", "resolved": True}))
    assert keeping.recall(caller)["asked_rating"] == "2026-11-22"
