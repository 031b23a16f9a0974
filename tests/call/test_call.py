"""Calls in virtual time, with stand-ins for ears and voice at their ports."""

from __future__ import annotations

import asyncio

import pytest
from support.line import Line, ToldRecogniser, heard, hold

from voicebot.asr.port import Verdict
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.backends.port import BackendError
from voicebot.backends.shop_demo import ShopDemo
from voicebot.channel import Outcome
from voicebot.dialogue.engine import Dialogue

ORDER = "배송 언제 도착하나요"


def test_a_call_reaches_a_person(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()
        await line.speak(1500)
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.until_quiet()
        await line.silence(100)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER), heard("상담원 연결해 주세요")]))
    assert line.outcome == Outcome("hand_over", "asked", "support", "배송 조회; 주문번호 1234-5678", "ko")
    assert line.said[2] == "주문번호 1234-5678을 확인할게요."
    assert "배송 중" in line.said[3]
    assert line.decisions == ["new_subject", "keyed", "urgent"]


def test_voice_stops_the_bot_after_300_ms(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(500)
        began = line.now_ms
        await line.speak(600)
        assert [at - began for at in line.clears] == [pytest.approx(300, abs=60)]
        await line.until_quiet()

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)]))
    assert line.said[1].startswith("주문번호")


def test_a_short_noise_does_not_stop_the_bot(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(500)
        await line.speak(100)
        await line.until(lambda: not line.playing)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard("", Verdict.REJECT)]))
    assert line.clears == []
    assert len(line.said) == 1


def test_the_bot_goes_on_after_a_backchannel(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(500)
        await line.speak(900)
        assert line.clears
        await line.until(lambda: line.playing)
        await line.until(lambda: not line.playing)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard("네")]))
    assert line.call is not None
    assert line.call.state.turn == 1  # nothing new was said
    assert "went on: a backchannel" in line.decisions


def test_a_key_stops_the_bot_at_once(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(200)
        at = line.now_ms
        line.keys("1")
        assert line.clears == [at]
        await line.until_quiet()

    assert hold(shop_dialogue, shop, script).said[1].startswith("주문번호")


def test_what_the_caller_did_not_hear_is_known(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: line.playing)
        await line.silence(800)
        assert line.call is not None
        line.keys("*")
        await line.frame()

    line = hold(shop_dialogue, shop, script)
    assert line.call is not None
    # The greeting lasts some 2.8 s, of which 800 ms were played.
    assert line.call.state.turn == 2


@pytest.mark.parametrize("marks_work", [True, False])
def test_silence_is_answered_after_six_seconds_and_ends_with_a_person(
    shop_dialogue: Dialogue, shop: ShopDemo, marks_work: bool
) -> None:
    ended: list[int] = []

    async def script(line: Line) -> None:
        line.marks_work = marks_work
        await line.until_quiet()
        quiet_at = line.now_ms
        await line.until(lambda: line.playing)
        ended.append(line.now_ms - quiet_at)
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.silence(15_000)

    line = hold(shop_dialogue, shop, script)
    slack = 0 if marks_work else TurnKnobs().unmarked_slack_ms
    assert ended == [pytest.approx(6000 + slack, abs=100)]
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("hand_over", "no_input")


def test_a_hash_behind_a_complete_entry_changes_nothing(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1000)
        await line.until_quiet()
        line.keys("12345678")
        await line.silence(300)
        assert line.playing
        line.keys("#")
        await line.until(lambda: not line.playing)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)]))
    assert len(line.said) == 4


def test_keys_are_complete_when_no_more_come(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1000)
        await line.until_quiet()
        line.keys("0")
        await line.silence(2900)
        assert line.call is not None
        assert not line.call.state.ended
        await line.silence(200)
        assert line.call.state.ended
        await line.until_quiet()
        await line.silence(100)

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)]))
    assert line.outcome is not None
    assert line.outcome.reason == "asked"


@pytest.mark.parametrize("after_ms", range(0, 4200, 140))
def test_hanging_up_at_any_moment_leaves_nothing_running(
    shop_dialogue: Dialogue, shop: ShopDemo, after_ms: int
) -> None:
    async def script(line: Line) -> None:
        for step in range(after_ms // 20):
            if 60 <= step < 140:
                await line.speak(20)
            else:
                await line.frame()

    line = hold(shop_dialogue, shop, script, ToldRecogniser([heard(ORDER)] * 9))
    assert line.outcome == Outcome("caller_left", "caller", language="ko")


def test_a_dead_line_ends_the_call(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.silence(1000)
        await asyncio.sleep(40)

    line = hold(shop_dialogue, shop, script)
    assert line.outcome == Outcome("caller_left", "caller", language="ko")


def test_a_failing_back_end_is_admitted(shop_dialogue: Dialogue) -> None:
    class Broken:
        def call(self, operation: str, arguments: object) -> None:
            raise BackendError("unreachable")

    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1000)
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()
        await line.silence(100)

    line = hold(shop_dialogue, Broken(), script, ToldRecogniser([heard(ORDER)]))
    assert line.outcome is not None
    assert "남겨 두었어요" in line.said[-1]


def test_a_call_that_lasts_too_long_goes_to_a_person(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.silence(12_000)
        await line.until(lambda: line.call is not None and line.call.state.ended)
        await line.silence(10_000)

    line = hold(shop_dialogue, shop, script, options={"longest_s": 10})
    assert line.outcome is not None
    assert line.outcome.reason == "time_limit"


def test_where_the_first_listener_fails_the_second_decides(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    recogniser = ToldRecogniser([heard("구름", Verdict.REJECT)], hears_twice=True, second=heard(ORDER))

    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()

    line = hold(shop_dialogue, shop, script, recogniser)
    assert line.said[1].startswith("주문번호")  # and nothing fills the time of an answer that comes at once


def test_a_listener_that_breaks_costs_one_turn(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()

    line = hold(shop_dialogue, shop, script, ToldRecogniser([]))  # it has nothing to give: IndexError inside
    assert "알아듣지 못했어요" in line.said[1] or "놓쳤어요" in line.said[1]


def test_a_lost_connection_goes_on_where_it_was(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def until_asked(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()

    async def with_number(line: Line) -> None:
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()

    lost = hold(shop_dialogue, shop, until_asked, ToldRecogniser([heard(ORDER)]))
    line = hold(shop_dialogue, shop, with_number, resumes=lost)
    assert line.said[2].startswith("연결이 잠시 끊겼네요")
    assert "주문번호" in line.said[2]
    assert "배송 중" in line.said[4]


def test_a_call_that_the_bot_was_done_with_is_not_resumed(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def to_a_person(line: Line) -> None:
        await line.until_quiet()
        line.keys("0")
        await line.until_quiet()
        await line.silence(100)

    async def listen(line: Line) -> None:
        await line.until_quiet()

    done = hold(shop_dialogue, shop, to_a_person)
    assert hold(shop_dialogue, shop, listen, resumes=done).said[-1].startswith("안녕하세요")
