"""What callers hear while something that the bot needs is slow. In virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support.line import Line, hold

from telephony.phone.virtual_time import SlowExecutor
from voicebot.backends.shop_demo import ShopDemo
from voicebot.call import Pools
from voicebot.dialogue.engine import Dialogue

ORDER = "12345678"


def gaps(line: Line, since_ms: int, until_ms: int) -> list[int]:
    """Silences of the bot's own between two moments, in milliseconds."""
    found, silent_from = [], since_ms
    for begins, ends in sorted(line.sounded):
        if ends > since_ms and begins < until_ms:
            found.append(begins - silent_from)
            silent_from = max(silent_from, ends)
    return [*found, until_ms - silent_from] if silent_from < until_ms else found


def held_with(dialogue: Dialogue, shop: Any, pools: Pools, *, listens_ms: int = 24_000) -> tuple[Line, int]:
    """A call whose order is looked up; and when its number was complete."""
    asked_at: list[int] = []

    async def script(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()
        line.keys(ORDER)
        asked_at.append(line.now_ms)
        await line.silence(listens_ms)

    return hold(dialogue, shop, script, options={"pools": pools}), asked_at[0]


def test_a_back_end_that_hangs_is_bridged_by_words_and_given_up(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line, asked_at = held_with(shop_dialogue, shop, Pools(asking=SlowExecutor(20)), listens_ms=16_000)
    assert max(gaps(line, asked_at, asked_at + 12_000)) <= 2600
    slow = [text for text in line.said if text.startswith("backend_slow")]
    assert slow == ["backend_slow 0", "backend_slow 1"]
    late = next(text for text in line.said if "너무 오래 걸리네요" in text)
    at_ms = next(entry.at_ms for entry in line.journal.entries if entry.text == late)
    assert 10_000 <= at_ms - asked_at <= 13_000
    assert "상담원과 통화하시겠어요, 아니면 저희가 다시 전화를 드릴까요?" in late


def test_an_answer_that_comes_after_all_is_dropped(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line, _ = held_with(shop_dialogue, shop, Pools(asking=SlowExecutor(20)))
    assert not any("배송 중" in text for text in line.said)
    assert line.call is not None
    assert line.call.state.question is not None
    assert line.call.state.question.options == ["agent", "callback"]


@pytest.mark.parametrize(("takes_s", "words"), [(0.5, 0), (6, 1)])
def test_words_come_only_where_it_takes_long(
    shop_dialogue: Dialogue, shop: ShopDemo, takes_s: float, words: int
) -> None:
    line, asked_at = held_with(shop_dialogue, shop, Pools(asking=SlowExecutor(takes_s)), listens_ms=9000)
    assert sum(text.startswith("backend_slow") for text in line.said) == words
    assert any("배송 중" in text for text in line.said)
    assert max(gaps(line, asked_at, asked_at + 8000)) <= 2600


def test_a_second_back_end_that_hangs_gives_the_caller_to_a_person(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()
        line.keys(ORDER)
        await line.until(lambda: "너무 오래" in line.said[-1])
        await line.until_quiet()
        line.keys("2")  # a call-back, and the menu again
        await line.until_quiet()
        line.keys("1")
        await line.silence(3000)
        line.keys(ORDER)
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.silence(8000)

    line = hold(shop_dialogue, shop, script, options={"pools": Pools(asking=SlowExecutor(30))})
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("hand_over", "backend")


def test_a_person_can_be_had_while_something_is_looked_up(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()
        line.keys(ORDER)
        await line.silence(4500)
        line.keys("0")
        await line.silence(8000)

    line = hold(shop_dialogue, shop, script, options={"pools": Pools(asking=SlowExecutor(20))})
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("hand_over", "asked")


def test_thoughts_that_take_long_are_bridged_too(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.silence(20_000)

    line = hold(shop_dialogue, shop, script, options={"pools": Pools(thinking=SlowExecutor(4))})
    assert line.said[0] == "filler 0"
    assert max(gaps(line, 0, 5000)) <= 2600


def test_thoughts_without_end_lead_to_people(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.silence(13_000)

    line = hold(shop_dialogue, shop, script, options={"pools": Pools(thinking=SlowExecutor(60))})
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("failed", "TimeoutError")


class Keeping:
    """Knows every caller."""

    def recall(self, _caller: Any) -> Mapping[str, Any]:
        return {"intent": "order_status", "resolved": False, "language": "ko"}

    def keep(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(("takes_s", "again"), [(0.2, True), (30, False)])
def test_who_is_not_recalled_soon_is_greeted_as_a_stranger(
    shop_dialogue: Dialogue, shop: ShopDemo, takes_s: float, again: bool
) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()

    options = {"pools": Pools(asking=SlowExecutor(takes_s)), "keeping": Keeping()}
    line = hold(shop_dialogue, shop, script, options=options)
    assert ("다시 전화 주셨네요" in line.said[0]) is again
    assert line.sounded[0][0] <= 1500
