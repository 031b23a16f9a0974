"""KPIs of calls that can be counted by hand, on both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.history import NOON, a_call, heard, put, said

from voicebot.analytics.definitions import KPIS, RESPONSE_TIMES
from voicebot.analytics.figures import Analytics, Leaving, percentiles
from voicebot.analytics.scope import Scope, ScopeError
from voicebot.store.history.database import Database
from voicebot.store.history.desk import Desk
from voicebot.store.history.expiry import expire
from voicebot.store.history.reading import History
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.tables import WAIT_EDGES

DAY = timedelta(days=1)
SCOPE = Scope(NOON - DAY / 2, NOON + DAY / 2)


def test_every_kpi_is_as_counted_by_hand(database: Database) -> None:
    person = heard("상담원", "urgent", "agent", feeling={"valence": -0.8, "arousal": 0.9, "name": "angry"})
    glad = {"valence": 0.4, "arousal": 0.5, "name": "glad"}
    put(
        database,
        # Solved by the bot, with a correction, a silence and a no-match on the way.
        a_call(
            "CA1",
            [
                heard("이어폰 언제 와요", feeling=glad),
                said("주문번호를 말씀해 주세요.", 500),
                heard("", "no_input", ""),
                heard("저기 그", "no_match", "", feeling=glad),
                said("한 번 더 말씀해 주세요.", 700),
                heard("아니 2번이 아니라 3번", "correction", "", feeling=glad),
                heard("음", "went on: a backchannel", ""),
            ],
            number="010",
        ),
        # Not solved for good: the same caller is back on the next day.
        a_call("CA2", number="011"),
        a_call("CA3", at=NOON + DAY, number="011"),
        a_call("CA4", [person], outcome="hand_over", resolved=False, number="012"),
        # Nothing was asked for.
        a_call("CA5", [said("안녕하세요.", 0)], outcome="caller_left", resolved=False, flow="", minutes=0.5),
    )  # fmt: skip
    desk = Desk(database, now=lambda: NOON + timedelta(minutes=1, seconds=30))
    assert desk.accept(History(database).hand_overs().items[0].id, "kim")
    assert desk.rate("CA1", 5, "keys")
    assert desk.rate("CA4", 2, "voice")
    figures = Analytics(database).kpis(SCOPE)
    assert {name: value if value is None else round(value, 3) for name, value in figures.items()} == {
        "calls": 4,
        "containment": round(2 / 3, 3),
        "first_call_resolution": round(1 / 3, 3),
        "hand_over_rate": 0.25,
        "understanding_rate": 0.8,
        "no_match_rate": 0.2,
        "no_input_rate": round(1 / 6, 3),
        "correction_rate": 0.2,
        "csat": 3.5,
        "satisfied": 0.5,
        "rated_share": 0.5,
        "handling_time": 52.5,
        "wait_for_person": 30.0,
        "valence": -0.2,
        "upset_share": 0.5,
        "failed_share": 0.0,
        "response_p50": pytest.approx(500, rel=0.25),
        "response_p90": pytest.approx(700, rel=0.09),
        "response_p95": pytest.approx(700, rel=0.09),
        "response_p99": pytest.approx(700, rel=0.09),
    }


def test_a_period_stands_beside_the_one_before(database: Database) -> None:
    put(database, a_call("CA1"), a_call("CA2", at=NOON - DAY, outcome="hand_over", resolved=False))
    compared = Analytics(database).compared(SCOPE)
    assert (compared.now["containment"], compared.before["containment"]) == (1.0, 0.0)
    assert Analytics(database).kpis(Scope(NOON - 9 * DAY, NOON - 8 * DAY))["containment"] is None


def test_days_begin_where_the_callers_are(database: Database) -> None:
    seoul = ZoneInfo("Asia/Seoul")
    midnight = datetime(2026, 11, 20, tzinfo=seoul)
    put(
        database,
        a_call("CA1", at=midnight - timedelta(minutes=1)),
        a_call("CA2", at=midnight),
        a_call("CA3", at=midnight + timedelta(hours=23, minutes=59)),
    )
    days = Analytics(database, seoul).course(Scope(midnight - DAY, midnight + DAY))
    assert [(day.begins.isoformat(), day.figures["calls"]) for day in days] == [
        ("2026-11-19T00:00:00+09:00", 1),
        ("2026-11-20T00:00:00+09:00", 2),
    ]
    hours = Analytics(database, seoul).course(Scope(midnight, midnight + DAY), "hour")
    assert [hour.begins.hour for hour in hours] == [0, 23]


def test_a_day_is_an_hour_longer_when_clocks_go_back(database: Database) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 10, 25, tzinfo=berlin)
    put(database, *(a_call(f"CA{n}", at=begin.astimezone(UTC) + timedelta(hours=n)) for n in range(26)))
    count_stale(database)
    days = Analytics(database, berlin).course(Scope(begin, begin + 2 * DAY))
    assert [(day.begins.isoformat(), day.figures["calls"]) for day in days] == [
        ("2026-10-25T00:00:00+02:00", 25),
        ("2026-10-26T00:00:00+01:00", 1),
    ]


def test_figures_by_pack_and_language(database: Database) -> None:
    put(database, a_call("CA1"), a_call("CA2", pack="bank", language="en", outcome="hand_over", resolved=False))
    by = Analytics(database).by(SCOPE, "pack")
    assert {name: figures["containment"] for name, figures in by.items()} == {"bank": 0.0, "shop": 1.0}
    assert Analytics(database).kpis(Scope(SCOPE.since, SCOPE.until, language="en"))["calls"] == 1


def test_a_funnel_tells_where_callers_leave(database: Database) -> None:
    steps = ["ask order_number", "query order"]
    put(
        database,
        a_call("CA1", steps=steps),
        a_call("CA2", steps=steps[:1], result="caller_left", outcome="caller_left", resolved=False),
        a_call("CA3", steps=steps[:1], result="hand_over", outcome="hand_over", resolved=False),
        a_call("CA4", steps=(), result="dropped", resolved=False),
    )
    analytics = Analytics(database)
    assert [
        (step.step, step.reached, step.left, step.drop_off) for step in analytics.funnel(SCOPE, "order_status")
    ] == [
        ("", 4, 1, 0.25),
        ("ask order_number", 3, 2, 2 / 3),
        ("query order", 1, 0, 0.0),
    ]
    assert analytics.leaving(SCOPE, "order_status")[:2] == [
        Leaving("order_status", "", "hang_up", 1),
        Leaving("order_status", "ask order_number", "caller_left", 1),
    ]
    (flow,) = analytics.flows(SCOPE)
    assert (flow.began, flow.completed, flow.handed_over, flow.caller_left, flow.dropped) == (4, 1, 1, 1, 1)
    assert (flow.completion, flow.seconds) == (0.25, 5.0)
    assert analytics.funnel(SCOPE, "nothing") == []


def test_what_is_asked_more_than_before_rises(database: Database) -> None:
    def asked(intent: str, number: int, at: datetime) -> list[list[object]]:
        return [a_call(f"{intent}{n}{at:%d}", [heard("?", intent=intent)], at=at) for n in range(number)]  # type: ignore[list-item]

    put(database, *asked("refund", 12, NOON), *asked("refund", 2, NOON - DAY))  # type: ignore[arg-type]
    put(database, *asked("stock", 12, NOON), *asked("stock", 10, NOON - DAY), *asked("rare", 3, NOON))  # type: ignore[arg-type]
    analytics = Analytics(database)
    assert [(found.intent, found.calls, found.calls_before) for found in analytics.intents(SCOPE)] == [
        ("refund", 12, 2),
        ("stock", 12, 10),
        ("rare", 3, 0),
    ]
    assert [found.intent for found in analytics.rising(SCOPE)] == ["refund"]


def test_feelings_are_counted_by_turns(database: Database) -> None:
    angry = {"valence": -0.8, "arousal": 0.9, "name": "angry"}
    put(database, a_call("CA1", [heard("?", feeling=angry), heard("!", feeling=angry)]))
    assert Analytics(database).feelings(SCOPE) == {"angry": 2}


def test_counts_follow_what_changes_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.analytics.figures._RECOUNT_S", 0.0)
    put(database, a_call("CA1", outcome="hand_over", resolved=False))
    analytics = Analytics(database)
    assert analytics.kpis(SCOPE)["csat"] is None
    Desk(database).rate("CA1", 4, "page")
    put(database, a_call("CA2"))
    assert (analytics.kpis(SCOPE)["csat"], analytics.kpis(SCOPE)["calls"]) == (4.0, 2)
    expire(database, NOON + 800 * DAY, words_days=1, calls_days=1, audit_days=1)
    assert analytics.kpis(SCOPE)["calls"] == 0


@given(st.lists(st.integers(0, 11_000), min_size=1, max_size=200))
def test_percentiles_are_as_exact_as_their_buckets(waits: list[int]) -> None:
    counted = [0] * len(WAIT_EDGES)
    for wait in waits:
        counted[max(n for n, edge in enumerate(WAIT_EDGES) if wait >= edge)] += 1
    found = percentiles(counted, (50, 99))
    for percent, value in zip((50, 99), found, strict=True):
        exact = sorted(waits)[max(0, -(-len(waits) * percent // 100) - 1)]
        number = max(n for n, edge in enumerate(WAIT_EDGES) if exact >= edge)
        assert value is not None
        assert WAIT_EDGES[number] <= value <= WAIT_EDGES[number + 1]


@pytest.mark.parametrize(
    ("since", "until"),
    [(NOON, NOON), (NOON, NOON - DAY), (NOON.replace(tzinfo=None), NOON), (NOON - 9999 * DAY, NOON)],
)
def test_a_period_that_makes_no_sense_is_told(since: datetime, until: datetime) -> None:
    with pytest.raises(ScopeError):
        Scope(since, until)


def test_every_kpi_is_defined_in_words_once() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text("utf-8")
    definitions = guide.partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", definitions, re.MULTILINE)
    assert rows == [*(kpi.name for kpi in KPIS), *RESPONSE_TIMES]
    assert all(set(kpi.titles) == {"ko", "en"} for kpi in KPIS)
