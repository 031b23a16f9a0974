"""An engine's queue: what is needed soonest first, everything once, no thread lost for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait

import numpy as np
import pytest

from voicebot.audio.format import Pcm
from voicebot.tts.port import EngineError
from voicebot.tts.synthesis import MOST_HANGING, MOST_WAITING, Synthesis

SOUND = np.zeros(1, np.int16)


class Desk:
    """Work that begins and ends when the test says so."""

    def __init__(self, places: int = 1) -> None:
        self.now = 0.0
        self.begun: list[str] = []
        self.changed = threading.Condition()
        self.gate = threading.Event()
        self.synthesis = Synthesis("desk", places=places, hangs_after_s=5.0, clock=lambda: self.now)

    def work(self, name: str, gate: threading.Event | None = None) -> Callable[[], Pcm]:
        def make() -> Pcm:
            with self.changed:
                self.begun.append(name)
                self.changed.notify_all()
            assert (gate or self.gate).wait(10)
            return SOUND

        return make

    def until_begun(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= count, 10)


def test_what_is_needed_soonest_is_made_first_and_what_is_asked_first_among_equals() -> None:
    desk = Desk()
    futures = [desk.synthesis.ask("first", desk.work("first"), 1, 0.0)]
    desk.until_begun(1)
    for name, within_s in (("ahead", 3600.0), ("next", 4.0), ("now", 0.0), ("now too", 0.0)):
        futures.append(desk.synthesis.ask(name, desk.work(name), 1, within_s))
    desk.gate.set()
    wait(futures, 10)
    assert desk.begun == ["first", "now", "now too", "next", "ahead"]


def test_what_waited_long_is_not_overtaken_for_ever() -> None:
    desk = Desk()
    futures = [desk.synthesis.ask("first", desk.work("first"), 1, 0.0)]
    desk.until_begun(1)
    futures.append(desk.synthesis.ask("next", desk.work("next"), 1, 4.0))
    desk.now = 4.5
    futures.append(desk.synthesis.ask("now", desk.work("now"), 1, 0.0))
    desk.gate.set()
    wait(futures, 10)
    assert desk.begun == ["first", "next", "now"]


def test_the_same_thing_is_made_once_and_sooner_when_somebody_needs_it_sooner() -> None:
    desk = Desk()
    futures = [desk.synthesis.ask("first", desk.work("first"), 1, 0.0)]
    desk.until_begun(1)
    slow = desk.synthesis.ask("shared", desk.work("shared"), 1, 60.0)
    other = desk.synthesis.ask("other", desk.work("other"), 1, 10.0)
    assert desk.synthesis.ask("shared", desk.work("shared"), 1, 0.0) is slow
    assert desk.synthesis.ask("first", desk.work("first"), 1, 0.0) is futures[0]
    desk.gate.set()
    wait([*futures, slow, other], 10)
    assert desk.begun == ["first", "shared", "other"]


def test_a_failure_reaches_everybody_who_waits_and_nobody_else() -> None:
    desk = Desk()

    def fail() -> Pcm:
        raise EngineError("broken on purpose.")

    with pytest.raises(EngineError, match="on purpose"):
        desk.synthesis.ask("a", fail, 1, 0.0).result(10)
    desk.gate.set()
    assert desk.synthesis.ask("a", desk.work("a"), 1, 0.0).result(10) is SOUND


def test_an_engine_that_hangs_loses_its_threads_not_its_queue_and_is_left_alone_in_the_end() -> None:
    desk, never = Desk(), threading.Event()
    for count in range(MOST_HANGING):
        desk.synthesis.ask(f"hangs {count}", desk.work(f"hangs {count}", never), 1, 0.0)
        desk.until_begun(count + 1)
        desk.now += 6.0
    with pytest.raises(EngineError, match="hangs"):
        desk.synthesis.ask("more", desk.work("more"), 1, 0.0).result(10)
    never.set()


def test_more_than_can_be_made_in_time_is_refused_at_once() -> None:
    desk = Desk()
    futures = [desk.synthesis.ask(str(n), desk.work(str(n)), 1, 0.0) for n in range(MOST_WAITING)]
    with pytest.raises(EngineError, match="too much"):
        desk.synthesis.ask("one more", desk.work("one more"), 1, 0.0).result(0)
    desk.synthesis.close()
    desk.gate.set()
    wait(futures, 10)


def test_giving_up_and_closing_fail_what_waits_and_let_what_is_under_way_end() -> None:
    desk = Desk()
    under_way = desk.synthesis.ask("first", desk.work("first"), 1, 0.0)
    desk.until_begun(1)
    waiting = desk.synthesis.ask("second", desk.work("second"), 1, 0.0)
    desk.synthesis.give_up()
    with pytest.raises(EngineError):
        waiting.result(0)
    desk.synthesis.close()
    desk.gate.set()
    assert under_way.result(10) is SOUND
    with pytest.raises(EngineError):
        desk.synthesis.ask("third", desk.work("third"), 1, 0.0).result(0)


def test_the_pace_so_far_tells_how_long_the_next_text_takes() -> None:
    desk = Desk(places=2)
    assert desk.synthesis.expected_s(100, 0.0) == 0.0
    future = desk.synthesis.ask("a", desk.work("a"), 20, 0.0)
    desk.until_begun(1)
    desk.now = 2.0
    desk.gate.set()
    future.result(10)
    assert desk.synthesis.expected_s(10, 0.0) == pytest.approx(1.0)
    desk.gate.clear()
    desk.synthesis.ask("b", desk.work("b"), 20, 0.0)
    desk.until_begun(2)
    assert desk.synthesis.expected_s(10, 0.0) == pytest.approx(2.0)
    assert desk.synthesis.expected_s(10, 60.0) == pytest.approx(2.0)
    desk.gate.set()
