"""Why callers leave: the sign that decides, and what is told of each step."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from support.history import NOON, a_call, heard, put, said

from voicebot.analytics.figures import Analytics
from voicebot.analytics.leaving import REASONS, by_reason, by_step
from voicebot.analytics.scope import Scope
from voicebot.store.history.database import Database
from voicebot.store.journal import Entry

SCOPE = Scope(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
STEP = "ask order_number"


def at(entry: Entry, step: str = STEP) -> Entry:
    entry.flow, entry.step = "order_status", step
    return entry


def asked(text: str = "주문 번호를 말씀해 주세요.", wait_ms: int = 600) -> Entry:
    return at(said(text, wait_ms))


def caller(decision: str, **values: object) -> Entry:
    return at(heard("...", decision, "", **values))


BEGIN = (at(heard("배송 언제 와요")), asked())


@pytest.mark.parametrize(
    ("entries", "outcome", "reason"),
    [
        ((*BEGIN, caller("urgent")), "hand_over", "asked_for_person"),
        ((*BEGIN, caller("no_match"), asked("다시요"), caller("no_match")), "caller_left", "not_understood"),
        ((*BEGIN, caller("no_input")), "caller_left", "silent"),
        ((BEGIN[0], asked(wait_ms=6000)), "caller_left", "waited"),
        ((*BEGIN, caller("correction"), caller("correction"), asked()), "caller_left", "misunderstood"),
        ((*BEGIN, asked(), caller("answer"), asked(), caller("answer")), "caller_left", "asked_again"),
        ((*BEGIN, caller("answer", feeling={"name": "angry"})), "caller_left", "upset"),
        (BEGIN, "caller_left", "at_once"),
        ((*BEGIN, caller("no_input")), "failed", "our_failure"),
    ],
)
def test_the_reason_is_read_from_what_went_before(
    database: Database, entries: tuple[Entry, ...], outcome: str, reason: str
) -> None:
    records = a_call("c1", entries, outcome=outcome, result="", resolved=False, steps=(STEP,))
    put(database, records)
    assert [(one.reason, one.left) for one in by_reason(database, SCOPE)] == [(reason, 1)]
    step = by_step(Analytics(database, UTC), database, SCOPE)[0]
    assert (step.flow, step.step, step.reached, step.left) == ("order_status", STEP, 1, 1)


def test_a_step_tells_what_was_asked_last_how_often_it_failed_and_how_callers_felt(database: Database) -> None:
    left = (*BEGIN, caller("no_match", feeling={"name": "displeased"}), asked("번호 여덟 자리를 말씀해 주세요.", 900))
    for number in range(3):
        put(database, a_call(f"c{number}", left, outcome="caller_left", result="", resolved=False, steps=(STEP,)))
    put(database, a_call("fine", steps=(STEP,)))
    (step,) = by_step(Analytics(database, UTC), database, SCOPE)
    assert (step.reached, step.left, step.share) == (4, 3, 0.75)
    assert step.reasons == {"not_understood": 3}
    assert step.last_said == "번호 여덟 자리를 말씀해 주세요."
    assert (step.failed_turns, step.wait_ms, step.upset) == (1, 900, 1)
    assert step.calls == ("c2", "c1", "c0")


def test_completed_flows_are_not_left(database: Database) -> None:
    put(database, a_call("fine", steps=(STEP,)))
    assert by_reason(database, SCOPE) == []
    assert by_step(Analytics(database, UTC), database, SCOPE) == []


def test_every_reason_stands_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text("utf-8")
    for reason in REASONS:
        assert f"| `{reason}` |" in guide
