"""What was kept of calls is found again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from support.history import FULL, NOON, a_call, heard, put, said

from voicebot.store import alert_tables, experiment_tables, shared_tables
from voicebot.store.accounts import tables as accounts
from voicebot.store.history.database import Database, DatabaseError, open_database
from voicebot.store.history.desk import Desk
from voicebot.store.history.expiry import expire
from voicebot.store.history.filters import CallFilter, CursorError
from voicebot.store.history.grams import grams, postgresql_query, sqlite_match
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.reading import History
from voicebot.store.history.records import Begun, Ended, Forgotten
from voicebot.store.history.tables import calls, metadata, milliseconds, turn_words, turns
from voicebot.store.jobs import tables as jobs
from voicebot.store.labels import tables as labels
from voicebot.store.mining import tables as mining
from voicebot.store.versions import tables as versions


def ids(database: Database, **wanted: object) -> list[str]:
    return [call.id for call in History(database).list_calls(CallFilter(**wanted)).items]  # type: ignore[arg-type]


def test_a_call_is_found_with_everything_that_was_put_down(database: Database) -> None:
    question = heard(
        "이어폰 언제 와요",
        margin=0.7,
        alternatives=[{"text": "이어폰 환불", "meaning": "return_item", "score": 0.2}],
        flow="order_status",
        step="ask order_number",
        slots={"product": "EAR"},
        feeling={"valence": -0.5, "arousal": 0.6, "name": "displeased"},
        facts={"lead": 0.3, "hypothesis": "이어포 언제 와요"},
    )
    put(
        database,
        a_call("CA1", [question, said("내일 도착해요.")], number="010", steps=["ask order_number"], heard_share=0.4),
    )
    found = History(database).call("CA1")
    assert found is not None
    assert (found.call.pack, found.call.channel, found.call.caller) == ("shop", "twilio", "hash of 010")
    assert (found.call.began, found.call.duration_ms) == (NOON, 60_000)
    assert (found.call.outcome, found.call.resolved, found.call.contained) == ("hang_up", True, True)
    assert (found.call.caller_turns, found.call.understood_turns, found.call.interruptions) == (1, 1, 1)
    assert (found.call.feeling, found.call.lowest_valence) == ("displeased", -0.5)
    asked, answered = found.turns
    assert (asked.text, asked.hypothesis, asked.margin) == ("이어폰 언제 와요", "이어포 언제 와요", 0.7)
    assert [other["text"] for other in asked.alternatives] == ["이어폰 환불"]
    assert (asked.flow, asked.step, asked.slots, asked.evidence) == (
        "order_status",
        "ask order_number",
        {"product": "EAR"},
        {"lead": 0.3},
    )
    assert (answered.wait_ms, answered.stages, answered.heard_share) == (600, {"listening": 400, "speaking": 200}, 0.4)
    assert [(flow.flow, flow.result, flow.steps) for flow in found.flows] == [
        ("order_status", "completed", ("ask order_number",))
    ]
    assert History(database).call("CA2") is None


def test_what_comes_twice_is_kept_once(database: Database) -> None:
    records = a_call("CA1", outcome="hand_over", resolved=False)
    put(database, records)
    put(database, records, records)
    found = History(database).call("CA1")
    assert found is not None
    assert len(found.turns) == 2
    assert len(found.hand_overs) == 1
    assert found.call.ended is not None
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(turn_words)).scalar() == 2


def test_another_worker_goes_on_with_a_call(database: Database) -> None:
    first = a_call("CA1", outcome="caller_left", resolved=False)
    later = a_call(
        "CA1", [heard("반품할게요", intent="return_item")], at=NOON + timedelta(minutes=2), flow="return_item"
    )
    put(database, first, later[:1])
    lasting = History(database).call("CA1")
    assert lasting is not None
    assert (lasting.call.ended, lasting.call.outcome, lasting.call.began) == (None, None, NOON)
    put(database, later)
    found = History(database).call("CA1")
    assert found is not None
    assert [turn.text for turn in found.turns] == ["배송 언제 와요", "배송 중입니다.", "반품할게요"]
    assert [turn.number for turn in found.turns] == [1, 2, 3]
    assert found.call.outcome == "hang_up"


def test_turns_without_a_beginning_are_kept(database: Database) -> None:
    put(database, a_call("CA1")[1:])
    found = History(database).call("CA1")
    assert found is not None
    assert len(found.turns) == 2
    put(database, a_call("CA1")[:1])
    assert ids(database, pack="shop") == ["CA1"]


def test_calls_are_listed_newest_first_page_by_page(database: Database) -> None:
    put(database, *(a_call(f"CA{n}", at=NOON + timedelta(seconds=n // 2)) for n in range(7)))
    history, after, seen = History(database), "", []
    while True:
        page = history.list_calls(after=after, limit=3)
        seen.append([call.id for call in page.items])
        if not (after := page.after):
            break
    assert seen == [["CA6", "CA5", "CA4"], ["CA3", "CA2", "CA1"], ["CA0"]]
    assert [call.id for call in history.each_call()] == ["CA6", "CA5", "CA4", "CA3", "CA2", "CA1", "CA0"]
    with pytest.raises(CursorError):
        history.list_calls(after="1; DROP TABLE calls")


def test_calls_are_filtered(database: Database) -> None:
    card = heard("카드 분실", intent="lost_card", feeling={"valence": -0.8, "arousal": 0.9, "name": "angry"})
    put(
        database,
        a_call("CA1", at=NOON),
        a_call("CA2", at=NOON + timedelta(hours=1), pack="bank", language="en", minutes=5),
        a_call("CA3", [card], at=NOON + timedelta(hours=2), flow="lost_card"),
        a_call("CA4", at=NOON + timedelta(hours=3), outcome="hand_over", resolved=False, number="010"),
        a_call("CA5", at=NOON + timedelta(hours=4), ended=False, result=""),
    )  # fmt: skip
    desk, history = Desk(database), History(database)
    assert desk.accept(history.hand_overs(waiting=True).items[0].id, "kim")
    assert desk.rate("CA1", 2, "keys")
    assert ids(database, pack="bank") == ["CA2"] == ids(database, language="en") == ids(database, min_duration_s=300)
    assert ids(database, since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=3)) == ["CA3"]
    assert (
        ids(database, outcome="hand_over")
        == ["CA4"]
        == ids(database, agent="kim")
        == ids(database, caller="hash of 010")
    )
    assert ids(database, outcome="live") == ["CA5"]
    assert (
        ids(database, flow="lost_card")
        == ["CA3"]
        == ids(database, intent="lost_card")
        == ids(database, feeling="angry")
    )
    assert ids(database, max_csat=2) == ["CA1"]
    assert ids(database, contained=False) == ["CA4"] == ids(database, resolved=False)
    assert ids(database, words="분실") == ["CA3"]
    assert ids(database, pack="shop", max_duration_s=60, min_csat=1, words="배송") == ["CA1"]
    assert ids(database, words="???") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("환불", True),
        ("불해", True),
        ("환", True),
        ("요", True),
        ("이어폰 환불", True),
        ("환불 이어폰", True),
        ("환불 코트", False),
        ("이어폰환불", True),
        ("불환", False),
        ("42", True),
        ("421", True),
        ("4210번", True),
        ("4210번이", True),
        ("210", False),
        ("Air", True),
        ("airpods", True),
        ("pods", False),
        ('"환불" OR *', False),
        ("ㅋㅋ", True),
        ("", False),
        ("'; --", False),
    ],
)  # fmt: skip
def test_words_are_found_in_korean_and_english(database: Database, words: str, found: bool) -> None:
    put(database, a_call("CA1", [heard("이어폰 환불해 주세요 ㅋㅋ 주문번호 4210번이고 AirPods 예요")]))
    put(database, a_call("CA2", [heard("코트 사이즈요")]))
    matches = History(database).search(words).items
    assert [match.call_id for match in matches if "환불" in match.text] == (["CA1"] if found else [])


def test_a_search_goes_on_page_by_page_and_within_calls_that_fit(database: Database) -> None:
    put(database, *(a_call(f"CA{n}", pack="shop" if n % 2 else "bank") for n in range(6)))
    history = History(database)
    first = history.search("배송", limit=5)
    rest = history.search("배송", after=first.after)
    assert [match.call_id for match in (*first.items, *rest.items)] == [
        f"CA{n}" for n in (5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0)
    ]
    within = history.search("언제", CallFilter(pack="bank"))
    assert [match.call_id for match in within.items] == ["CA4", "CA2", "CA0"]


@given(st.text(max_size=40), st.text(max_size=12))
def test_any_search_is_one_that_the_databases_take(text: str, words: str) -> None:
    assert "\x00" not in grams(text)
    for query in (sqlite_match(words), postgresql_query(words)):
        assert query.count("'") % 2 == 0
        assert query.count('"') % 2 == 0


@given(st.text("가나다라 ab12", min_size=1, max_size=20), st.data())
def test_every_piece_of_hangul_is_found(text: str, data: st.DataObject) -> None:
    import sqlite3

    pieces = [word for word in text.split() if all("가" <= char <= "힣" for char in word)]
    if not pieces:
        return
    word = data.draw(st.sampled_from(pieces))
    begin = data.draw(st.integers(0, len(word) - 1))
    piece = word[begin : data.draw(st.integers(begin + 1, len(word)))]
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(g, tokenize='unicode61 remove_diacritics 0')")
        connection.execute("INSERT INTO t VALUES (?)", (grams(text),))
        assert connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (sqlite_match(piece),)).fetchone()


def test_agents_take_a_caller_once(database: Database) -> None:
    put(database, a_call("CA1", outcome="hand_over", resolved=False))
    later = [NOON + timedelta(minutes=2)]
    desk, history = Desk(database, now=lambda: later[0]), History(database)
    waiting = history.hand_overs(waiting=True).items[0]
    assert (waiting.call_id, waiting.summary, waiting.reason) == ("CA1", "배송 조회", "asked")
    assert desk.accept(waiting.id, "kim")
    assert not desk.accept(waiting.id, "lee")
    assert desk.close(waiting.id, "answered", after_call="solved", note="환불 처리", resolved=True)
    assert not desk.close(99, "answered")
    assert history.hand_overs(waiting=True).items == ()
    done = history.hand_overs(waiting=False, agent="kim").items[0]
    assert (done.waited_ms, done.result, done.after_call) == (60_000, "answered", "solved")
    call = history.call("CA1")
    assert call is not None
    assert (call.call.resolved, call.call.contained) == (True, False)
    assert not desk.rate("CA9", 5, "page")
    with pytest.raises(ValueError, match="1 to 5"):
        desk.rate("CA1", 6, "page")


def test_who_asks_to_be_forgotten_is(database: Database) -> None:
    part = milliseconds(NOON + timedelta(hours=1))
    put(
        database,
        a_call("CA1", number="010", outcome="hand_over"),
        a_call("CA2", number="011"),
        [*a_call("CA3", at=NOON + timedelta(hours=1), number="010"), Forgotten("CA3", part)],
    )
    history = History(database)
    for call_id in ("CA1", "CA3"):
        found = history.call(call_id)
        assert found is not None
        assert found.call.caller is None
        assert all(turn.text is None for turn in found.turns)
        assert all(given.summary is None for given in found.hand_overs)
    assert ids(database, words="배송") == ["CA2"]


@pytest.mark.parametrize(("words", "text"), [("redacted", "주문번호 XXXX"), ("full", "주문번호 4210"), ("none", None)])
def test_words_are_made_fit_before_they_are_stored(database: Database, words: str, text: str | None) -> None:
    prepare = replace(FULL, redact=lambda text, *_: text.replace("4210", "XXXX"), words=words)  # type: ignore[arg-type]
    entry = heard("주문번호 4210", slots={"order_number": "4210"}, facts={"hypothesis": "4210"})
    put(database, a_call("CA1", [entry], outcome="hand_over"), prepare=prepare)
    found = History(database).call("CA1")
    assert found is not None
    turn = found.turns[0]
    assert turn.text == text
    if words != "full":
        assert "4210" not in repr(found)


def test_where_redaction_fails_words_are_not_kept(database: Database) -> None:
    def broken(text: str, language: str, asked: object) -> str:
        raise RuntimeError

    put(database, a_call("CA1"), prepare=replace(FULL, words="redacted", redact=broken))
    found = History(database).call("CA1")
    assert found is not None
    assert [turn.text for turn in found.turns] == [None, None]
    assert found.call.caller_turns == 1


def test_what_no_database_takes_is_left_out(database: Database) -> None:
    entry = heard("배송\x00 \ud800언제", facts={"lead": float("nan"), "odd": object()})
    put(database, a_call("CA1", [entry]))
    found = History(database).call("CA1")
    assert found is not None
    assert found.turns[0].text == "배송 ?언제"


def test_words_go_first_then_calls(database: Database) -> None:
    put(
        database,
        a_call("CA1", at=NOON - timedelta(days=800), outcome="hand_over"),
        a_call("CA2", at=NOON - timedelta(days=40), outcome="hand_over"),
        a_call("CA3", at=NOON - timedelta(days=2)),
        a_call("CA4", at=NOON - timedelta(days=1), ended=False),
        a_call("CA5", at=NOON - timedelta(hours=1), ended=False),
    )
    gone = expire(database, NOON, words_days=30, calls_days=730, audit_days=730)
    assert (gone.words, gone.calls, gone.lost) == (2, 1, 1)
    history = History(database)
    assert ids(database) == ["CA5", "CA4", "CA3", "CA2"]
    assert ids(database, outcome="lost") == ["CA4"]
    assert ids(database, words="배송") == ["CA5", "CA4", "CA3"]
    old = history.call("CA2")
    assert old is not None
    assert old.turns[0].intent == "order_status"
    assert old.turns[0].text is None
    assert old.hand_overs[0].summary is None
    assert expire(database, NOON, words_days=30, calls_days=730, audit_days=730).words == 0


def test_the_schema_is_what_the_migrations_make(database: Database) -> None:
    parts = (accounts, alert_tables, experiment_tables, jobs, labels, mining, shared_tables, versions)
    assert all(part.metadata is metadata for part in parts)
    with database.reading() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("turn_search")}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    # What finds words is each database's own.
    assert [difference for difference in differences if "vector" not in repr(difference)] == []
    current, newest = database.revisions()
    assert current == newest
    database.migrate()


@pytest.mark.parametrize("url", ["mysql://x", "nonsense", "postgresql+nothing://x", "sqlite:////proc/nowhere/x.db"])
def test_a_database_that_can_not_be_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        open_database(url, tmp_path).migrate()


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    database = open_database("postgresql://bot:secret@localhost:1/nothing", tmp_path)
    with pytest.raises(DatabaseError) as told:
        database.migrate()
    assert "secret" not in str(told.value)


def test_words_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    database.migrate()
    assert (tmp_path / "history.db").stat().st_mode & 0o077 == 0
    database.close()


def test_calls_without_words_or_ends_are_counted_all_the_same(database: Database) -> None:
    begun = Begun("CA1", milliseconds(NOON), "shop", "1", "ko", "keypad")
    ended = Ended("CA1", begun.part, begun.part + 5, 5, "caller_left", "caller", "", "", "", "", False)
    put(database, [begun, ended])
    with database.reading() as connection:
        row = connection.execute(select(calls.c.caller_turns, calls.c.valence, calls.c.feeling)).one()
        assert connection.execute(select(func.count()).select_from(turns)).scalar() == 0
    assert tuple(row) == (0, None, None)
    assert isinstance(FULL, Preparation)


@pytest.mark.parametrize("late", ["its end", "all of it"])
def test_what_a_host_tells_late_of_a_call_that_went_on_elsewhere_does_not_end_it(database: Database, late: str) -> None:
    before = a_call(
        "CA1", [heard("배송 언제 와요"), said("확인할게요.")], outcome="caller_left", resolved=False, result=""
    )
    after = a_call(
        "CA1", [said("내일 도착합니다."), heard("상담원")], at=NOON + timedelta(seconds=20), outcome="hand_over"
    )
    kept = len(before) - 1 if late == "its end" else 0
    put(database, before[:kept], after, before[kept:])
    put(database, before[kept:])
    with database.reading() as connection:
        (row,) = connection.execute(select(calls)).all()
        number = connection.execute(select(func.count()).select_from(turns)).scalar_one()
    assert (row.outcome, row.reason, row.began) == ("hand_over", "asked", NOON)
    assert row.ended == NOON + timedelta(seconds=20, minutes=1)
    assert (row.caller_turns, number) == (2, 4)
