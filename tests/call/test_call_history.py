"""A whole call, from sound to the history."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.history import FULL
from support.line import Line, ToldRecogniser, heard, hold

from voicebot.backends.shop_demo import ShopDemo
from voicebot.dialogue.engine import Dialogue
from voicebot.store.history.database import open_database
from voicebot.store.history.found import CallDetail
from voicebot.store.history.reading import History
from voicebot.store.history.records import Record, from_json, to_json
from voicebot.store.history.rows import Rows

ORDER = "배송 언제 도착하나요"


def kept(records: list[Record], folder: Path) -> CallDetail:
    """The call as pages would see it."""
    database = open_database("", folder)
    database.migrate()
    Rows(database).write([FULL(record) for record in records])
    found = History(database).call("CA1")
    database.close()
    assert found is not None
    return found


def test_a_call_is_in_the_history_with_all_that_explains_it(
    shop_dialogue: Dialogue, shop: ShopDemo, tmp_path: Path
) -> None:
    records: list[Record] = []

    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()
        await line.silence(1000)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)]), {"history": records.append})
    found = kept(records, tmp_path)
    assert [turn.text for turn in found.turns if turn.who == "bot"] == line.said
    question = next(turn for turn in found.turns if turn.text == ORDER)
    assert (question.decision, question.intent) == ("new_subject", "order_status")
    assert question.margin is not None
    assert (question.flow, question.step) == ("order_status", "ask order_number")
    assert question.feeling == "neutral"
    keyed = next(turn for turn in found.turns if turn.listener == "keys")
    assert (keyed.text, keyed.slots) == ("[8 keys]", {"order_number": "12345678"})
    answer = found.turns[found.turns.index(question) + 1]
    assert answer.wait_ms is not None
    assert answer.stages is not None
    assert sum(answer.stages.values()) == answer.wait_ms
    assert answer.stages["listening"] > 0
    assert answer.heard_share == 1.0
    (flow,) = found.flows
    assert (flow.flow, flow.result) == ("order_status", "completed")
    assert flow.steps[0] == "ask order_number"
    assert (found.call.outcome, found.call.resolved, found.call.contained) == ("caller_left", True, True)
    assert found.call.goal == "order_status"


def test_what_the_caller_cut_off_and_where_they_left_is_known(
    shop_dialogue: Dialogue, shop: ShopDemo, tmp_path: Path
) -> None:
    records: list[Record] = []

    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(1000)
        line.keys("1")
        await line.until_quiet()
        await line.silence(7000)
        await line.until(lambda: line.playing)
        await line.silence(200)

    hold(shop_dialogue, shop, script, options={"history": records.append})
    found = kept(records, tmp_path)
    shares = [turn.heard_share for turn in found.turns if turn.who == "bot"]
    assert shares[0] is not None
    assert 0 < shares[0] < 1
    assert shares[1] == 1.0
    assert shares[-1] is not None
    assert shares[-1] < 1
    assert [turn.decision for turn in found.turns if turn.who == "caller"][-1] == "no_input"
    assert (found.call.silent_turns, found.call.resolved) == (1, False)
    assert found.flows[0].result == "caller_left"
    assert found.flows[0].step == found.turns[-1].step


def test_a_hand_over_ends_the_flow_that_was_under_way(shop_dialogue: Dialogue, shop: ShopDemo, tmp_path: Path) -> None:
    records: list[Record] = []

    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        await line.speak(1500)
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.until_quiet()
        await line.silence(100)

    ears = ToldRecogniser([heard(ORDER), heard("상담원 연결해 주세요")])
    hold(shop_dialogue, shop, script, ears, {"history": records.append})
    found = kept(records, tmp_path)
    (given,) = found.hand_overs
    assert (given.reason, given.queue, given.accepted) == ("asked", "support", None)
    assert (found.flows[0].result, found.flows[0].reason, found.flows[0].step) == (
        "hand_over",
        "asked",
        "ask order_number",
    )
    assert (found.call.outcome, found.call.contained) == ("hand_over", False)


def test_every_record_survives_json(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    records: list[Record] = []

    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        await asyncio.sleep(0)

    hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)]), {"history": records.append})
    assert [from_json(to_json(record)) for record in records] == records
