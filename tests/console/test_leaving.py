"""Why callers left, step by step, as the console's pages tell."""

from __future__ import annotations

from datetime import UTC, datetime

from support.history import a_call, heard, put, said

from tests.console.conftest import LogIn
from voicebot.store.history.database import Database


def test_a_flow_tells_why_callers_left_and_what_the_bot_said_last(log_in: LogIn, database: Database) -> None:
    said_last = said("주문번호를 말씀해 주세요.")
    entries = [heard("배송 조회", flow="order_status", step="ask order_number"), said_last, heard("음", "no_match", "")]
    for entry in entries[1:]:
        entry.flow, entry.step = "order_status", "ask order_number"
    steps = ("ask order_number",)
    put(database, a_call("CL1", entries, at=datetime.now(UTC), result="caller_left", resolved=False, steps=steps))
    page = log_in("editor").get("/console/flows/order_status?lang=ko").text
    assert "알아듣지 못함 1" in page
    assert "주문번호를 말씀해 주세요." in page
    assert 'href="/console/calls/CL1"' in page
    # A reader of numbers sees no words, and no calls.
    numbers = log_in("viewer").get("/console/flows/order_status?lang=en").text
    assert "not understood 1" in numbers
    assert "주문번호를 말씀해" not in numbers
    assert "/console/calls/CL1" not in numbers
    assert "Not understood" in log_in("viewer").get("/console?lang=en").text
