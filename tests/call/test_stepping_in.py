"""Callers who write, and operators who step into a call; in virtual time."""

from __future__ import annotations

import pytest
from support.line import Line, ToldRecogniser, hold

from voicebot.backends.shop_demo import ShopDemo
from voicebot.channel import Outcome
from voicebot.dialogue.engine import Dialogue
from voicebot.live.steering import obey, steer
from voicebot.store.bus import LocalBus

ORDER = "배송 언제 도착하나요"


def test_what_is_written_is_answered_like_what_is_said(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        assert line.call is not None
        line.call.typed(f"  {ORDER}  ")
        await line.until(lambda: len(line.said) == 2)

    line = hold(shop_dialogue, shop, script)
    assert line.clears, "writing interrupts the bot"
    assert [(one.text, one.listener) for one in line.journal.entries if one.who == "caller"] == [(ORDER, "text")]
    assert line.said[1].startswith("주문번호")


def test_whoever_writes_is_given_time(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        assert line.call is not None
        line.call.writes(only=True)
        await line.until_quiet()
        await line.silence(40_000)
        assert len(line.said) == 1
        await line.silence(10_000)
        assert len(line.said) == 2

    hold(shop_dialogue, shop, script)


def test_nothing_empty_is_taken_for_words(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        assert line.call is not None
        line.call.typed("  \n ")
        line.call.say(" ", "kim")
        await line.silence(500)

    line = hold(shop_dialogue, shop, script)
    assert len(line.journal.entries) == 2  # the greeting and the end


def test_the_caller_chooses_how_fast_the_bot_speaks(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    rates: list[float] = []

    class Voice:
        def speak(self, text, language, style, within_s=0.0):  # type: ignore[no-untyped-def]
            from support.line import PlainVoice

            rates.append(style.rate)
            return PlainVoice().speak(text, language, style)

        def is_ready(self, text, language, style) -> bool:  # type: ignore[no-untyped-def]
            return True

    async def script(line: Line) -> None:
        await line.until_quiet()
        assert line.call is not None
        line.call.pace(0.8)
        line.call.typed(ORDER)
        await line.until_quiet()
        line.call.pace(99)
        line.keys("12345678")
        await line.until_quiet()

    hold(shop_dialogue, shop, script, options={"voice": Voice()})
    assert rates[0] == 1.0
    assert 0.8 in rates
    assert max(rates) == 1.4


def test_an_operator_hints_says_and_takes_over_across_the_bus(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    bus = LocalBus()

    async def script(line: Line) -> None:
        stop = obey(bus, {"CA1": line.call}.get)
        await line.until_quiet()
        steer(bus, "CA1", "hint", "kim", ORDER)
        await line.until(lambda: len(line.said) == 2)
        await line.until(lambda: not line.playing)
        steer(bus, "CA1", "say", "kim", "지금 확인하고 있습니다.")
        await line.until(lambda: len(line.said) == 3)
        steer(bus, "CA2", "take_over", "kim")
        steer(bus, "CA1", "take_over", "kim")
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.until_quiet()
        await line.silence(100)
        stop()

    line = hold(shop_dialogue, shop, script, ToldRecogniser())
    assert line.outcome is not None
    assert line.outcome == Outcome("hand_over", "taken", "agent:kim", line.outcome.summary, "ko")
    hinted = next(one for one in line.journal.entries if one.who == "caller")
    assert (hinted.text, hinted.listener, hinted.facts) == (ORDER, "operator", {"by": "kim"})
    said = [(one.decision, one.facts.get("by")) for one in line.journal.entries if one.who == "bot"]
    assert said == [("", None), ("", None), ("operator", "kim"), ("operator", "kim")]
    assert "상담원이 직접" in line.said[3]


@pytest.mark.parametrize("text", ["", "  ", "가" * 301])
def test_a_hint_has_words_and_not_too_many(text: str) -> None:
    with pytest.raises(ValueError, match="300"):
        steer(LocalBus(), "CA1", "hint", "kim", text)


def test_a_call_that_is_over_is_left_alone(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()

    line = hold(shop_dialogue, shop, script)
    assert line.call is not None
    assert not line.call.soon(lambda: None)
