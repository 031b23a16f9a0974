"""Calls that go on: after a lost process, a store that is away, mistakes of ours, and the end of the service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support.line import Line, PlainVoice, ToldRecogniser, heard, hold

from voicebot.audio.format import Pcm
from voicebot.backends.shop_demo import ShopDemo
from voicebot.call.continuing import Continuity, KeptCall, KeptCalls
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import Event, Keyed
from voicebot.dialogue.state import Frame, State
from voicebot.store.journal import Entry, Journal
from voicebot.store.live import MemoryStore

ORDER = "배송 언제 도착하나요"


class Failing:
    """A dialogue that fails as often as it is told to, at the events that are told."""

    def __init__(self, dialogue: Dialogue, fails: Callable[[Event], bool], times: int) -> None:
        self._dialogue, self._fails, self._left = dialogue, fails, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialogue, name)

    def turn(self, state: State, event: Event) -> Any:
        if self._left and self._fails(event):
            self._left -= 1
            raise ZeroDivisionError
        return self._dialogue.turn(state, event)


def test_a_turn_that_fails_is_apologised_for_and_asked_again(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()
        line.keys("12345678")
        await line.until_quiet()

    failing: Any = Failing(shop_dialogue, lambda event: isinstance(event, Keyed), 1)
    line = hold(failing, shop, script, ToldRecogniser([heard(ORDER)]))
    apology = line.said[2]
    assert apology.startswith("죄송합니다. 저희 쪽에 잠시 문제가 있었어요.")
    assert "주문번호" in apology
    assert "12345678" in line.said[3].replace("-", "")
    assert line.outcome is not None
    assert line.outcome.kind == "caller_left"


def test_two_failures_in_a_row_lead_to_people(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()
        line.keys("1")
        await line.silence(500)

    failing: Any = Failing(shop_dialogue, lambda event: isinstance(event, Keyed), 2)
    line = hold(failing, shop, script)
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("failed", "ZeroDivisionError")


class MuteVoice(PlainVoice):
    def speak(self, *_: Any, **__: Any) -> Pcm:
        raise OSError


def test_a_voice_that_fails_gives_the_caller_to_another_one(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.silence(3000)

    line = hold(shop_dialogue, shop, script, options={"voice": MuteVoice()})
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("failed", "OSError")
    assert line.now_ms <= 3000


def test_every_answered_turn_is_kept_before_it_is_heard(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    seen: list[tuple[int, int]] = []

    async def script(line: Line) -> None:
        for key in (None, "1", "12345678"):
            if key:
                line.keys(key)
            await line.until(lambda: line.playing)
            kept = KeptCalls(line.live).find("CA1")
            assert kept is not None
            assert kept.state is not None
            assert line.call is not None
            seen.append((kept.state.turn, line.call.state.turn))
            await line.until(lambda: not line.playing)

    hold(shop_dialogue, shop, script)
    assert all(kept == now for kept, now in seen)
    assert [kept for kept, _ in seen][:2] == [1, 2]


def test_the_end_of_the_service_is_told_and_leads_to_a_person(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def script(line: Line) -> None:
        await line.until_quiet()
        assert line.call is not None
        line.call.hand_over()
        await line.until_quiet()
        await line.silence(200)

    line = hold(shop_dialogue, shop, script)
    assert line.said[-1] == "시스템 점검이 있어서 상담원에게 연결해 드릴게요."
    assert line.outcome is not None
    assert (line.outcome.kind, line.outcome.reason) == ("hand_over", "closing")


def test_a_call_goes_on_in_another_process_with_its_journal(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def until_asked(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()

    async def goes_on(line: Line) -> None:
        await line.until_quiet()

    lost = hold(shop_dialogue, shop, until_asked)
    line = hold(shop_dialogue, shop, goes_on, resumes=lost)
    kept = KeptCalls(line.live).find("CA1")
    assert kept is not None
    assert kept.tenure == 2
    assert [entry.text for entry in kept.entries if entry.who == "bot"][:2] == lost.said[:2]


def test_who_lost_a_call_does_not_overwrite_who_took_it_over(shop_dialogue: Dialogue) -> None:
    calls = KeptCalls(MemoryStore())
    state = shop_dialogue.begin("ko")
    calls.keep("CA1", KeptCall(2, state, 9000, (Entry("bot", 1, "둘"),)))
    calls.keep("CA1", KeptCall(1, None, 5000, ()), over=True)
    kept = calls.find("CA1")
    assert kept is not None
    assert (kept.tenure, kept.clock_ms, kept.state) == (2, 9000, state)


def test_secret_values_are_not_kept_and_asked_for_again(shop_dialogue: Dialogue) -> None:
    store = MemoryStore()
    calls = KeptCalls(store, secret=frozenset({"pin"}))
    state = shop_dialogue.begin("ko")
    state.slots.update(pin="4711", order="12345678")
    state.stack.append(Frame("balance", at=5))
    calls.keep("CA1", KeptCall(1, state, 0, ()))
    assert "4711" not in (store.get("calls", "CA1") or "")
    kept = calls.find("CA1")
    assert kept is not None
    assert kept.state is not None
    assert kept.state.slots == {"order": "12345678"}
    assert (kept.state.stack, kept.state.waiting) == ([Frame("balance")], "flow")
    assert state.slots["pin"] == "4711"


@pytest.mark.parametrize("text", ["", "1", "x {}", "1 {}", "1 []", '1 {"state": {}, "clock_ms": 0, "entries": []}'])
def test_a_call_that_can_not_be_read_begins_anew(text: str) -> None:
    store = MemoryStore()
    store.put("calls", "CA1", text, 60)
    assert KeptCalls(store).find("CA1") is None


class Slow(MemoryStore):
    """A store that takes as long as the test likes."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def change(self, *arguments: Any) -> Any:
        self.go_on.wait(10)
        return super().change(*arguments)


def test_an_answer_waits_for_its_turn_to_be_kept_but_not_for_long(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    async def test() -> None:
        store = Slow()
        continuity = Continuity(KeptCalls(store), None, Journal("CA1"))
        heard_at: list[str] = []
        continuity.when_kept(lambda: heard_at.append("nothing to wait for"))
        continuity.keep(shop_dialogue.begin("ko"), 0)
        released = asyncio.Event()
        continuity.when_kept(released.set)
        await asyncio.sleep(0)
        assert not released.is_set()
        await asyncio.wait_for(released.wait(), 5)  # though nothing was written yet
        assert store.get("calls", "CA1") is None
        store.go_on.set()
        while store.get("calls", "CA1") is None:
            await asyncio.sleep(0.01)
        assert heard_at == ["nothing to wait for"]

    asyncio.run(test())
