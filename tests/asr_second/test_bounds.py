"""The second listener never makes anybody wait longer than it may, nor takes more at once than it may."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from voicebot.asr.port import Domain, Recognition, Utterance, Verdict
from voicebot.asr.second_listener import TwoListeners, open_second_listener
from voicebot.asr.second_listener_admission import MOST_TAKEN, MOST_WAIT_S, Pressure, admits
from voicebot.asr.second_listener_pool import BoundedListener
from voicebot.asr.vocabulary import ModelError

KOREAN = Domain("korean", "ko", ())
ENGLISH = Domain("english", "en", ())
SPEECH = (np.sin(np.arange(8000) / 5) * 8000).astype(np.int16).tobytes()
QUIET = np.zeros(4000, np.int16).tobytes()


class Gate:
    """A listener that answers when it is let, one permit an answer."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.heard: list[bytes] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def second_opinion(
        self, pcm: bytes, domain: Domain, cancelled: threading.Event | None = None
    ) -> Recognition | None:
        with self._lock:
            self.heard.append(pcm)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.release()
        assert self.permits.acquire(timeout=10)
        with self._lock:
            self.at_once -= 1
        if cancelled is not None and cancelled.is_set():
            return None
        return Recognition(str(len(pcm)), "", Verdict.ACCEPT, 1.0, "gate", domain.language)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.permits.release(100)


def test_it_answers(gate: Gate) -> None:
    gate.permits.release()
    pool = BoundedListener(gate)
    found = pool.second_opinion(SPEECH, KOREAN)
    assert found is not None
    assert found.text == str(len(SPEECH))
    pool.close()


def test_beyond_the_queue_it_refuses_at_once_and_the_others_are_answered(gate: Gate) -> None:
    pool = BoundedListener(gate, running=1, waiting=1)
    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(pool.second_opinion, SPEECH, KOREAN)
        assert gate.begun.acquire(timeout=10)
        waiting = pool.begin(SPEECH, KOREAN)
        assert waiting is None, "a guess does not wait"
        second = callers.submit(pool.second_opinion, SPEECH, KOREAN)
        while pool.waiting < 1:
            pass
        assert pool.second_opinion(SPEECH, KOREAN) is None
        gate.permits.release(2)
        assert first.result(10) is not None
        assert second.result(10) is not None
    assert gate.most_at_once == 1
    pool.close()


def test_past_the_deadline_there_is_no_answer(gate: Gate) -> None:
    pool = BoundedListener(gate, deadline=0.01)
    assert pool.second_opinion(SPEECH, KOREAN) is None
    gate.permits.release(2)
    pool.close()


def test_a_guess_is_finished_where_only_quiet_followed(gate: Gate) -> None:
    pool = BoundedListener(gate)
    early = pool.begin(SPEECH, KOREAN)
    assert early is not None
    gate.permits.release()
    found = early.complete(SPEECH + QUIET)
    assert found is not None
    assert gate.heard == [SPEECH]
    pool.close()


def test_a_guess_is_read_anew_where_the_caller_went_on(gate: Gate) -> None:
    pool = BoundedListener(gate)
    early = pool.begin(SPEECH, KOREAN)
    assert early is not None
    assert gate.begun.acquire(timeout=10)
    gate.permits.release(2)
    found = early.complete(SPEECH + SPEECH)
    assert found is not None
    assert found.text == str(2 * len(SPEECH))
    assert gate.heard == [SPEECH, SPEECH + SPEECH]
    pool.close()


def test_a_cancelled_guess_makes_room(gate: Gate) -> None:
    pool = BoundedListener(gate, running=1, waiting=0)
    early = pool.begin(SPEECH, KOREAN)
    assert early is not None
    assert gate.begun.acquire(timeout=10)
    early.cancel()
    early.cancel()
    gate.permits.release(2)
    while pool.running:
        pass
    assert pool.second_opinion(SPEECH, KOREAN) is not None
    pool.close()


def test_a_listener_that_fails_costs_one_answer_only() -> None:
    class Failing:
        times = 0

        def second_opinion(
            self, pcm: bytes, domain: Domain, cancelled: threading.Event | None = None
        ) -> Recognition | None:
            self.times += 1
            if self.times == 1:
                raise RuntimeError("out of memory")
            return Recognition("", "", Verdict.REJECT, 0.0, "failing", domain.language)

    pool = BoundedListener(Failing())
    assert pool.second_opinion(SPEECH, KOREAN) is None
    assert pool.second_opinion(SPEECH, KOREAN) is not None
    pool.close()


def test_a_closed_one_refuses(gate: Gate) -> None:
    pool = BoundedListener(gate)
    pool.close()
    assert pool.second_opinion(SPEECH, KOREAN) is None
    assert pool.begin(SPEECH, KOREAN) is None


class First:
    """A first listener for Korean."""

    def prepare(self, domain: Domain) -> None:
        assert domain.language == "ko"

    def listen(self, domain: Domain) -> Utterance:
        raise LookupError("asked the first")


def test_without_weights_there_is_no_second_listener_and_the_first_works() -> None:
    assert open_second_listener(None) is None
    both = TwoListeners(First(), None)
    assert not both.hears_twice
    assert both.second_opinion(SPEECH, KOREAN) is None
    assert both.begin(SPEECH, KOREAN) is None
    with pytest.raises(LookupError):
        both.listen(KOREAN)
    with pytest.raises(ModelError, match="'en'"):
        both.listen(ENGLISH)
    both.close()


def test_a_language_the_first_does_not_know_is_left_to_the_second(gate: Gate) -> None:
    gate.permits.release()
    both = TwoListeners(First(), BoundedListener(gate))
    assert both.hears_twice
    both.prepare(ENGLISH)
    utterance = both.listen(ENGLISH)
    partial = utterance.feed(SPEECH)
    assert (partial.text, partial.complete) == ("", False)
    assert utterance.finish().verdict is Verdict.REJECT
    found = both.second_opinion(SPEECH, ENGLISH)
    assert found is not None
    assert found.text == str(len(SPEECH))
    both.close()


@pytest.mark.parametrize(
    ("pressure", "admitted"),
    [
        (Pressure(), True),
        (Pressure(MOST_WAIT_S, MOST_TAKEN), True),
        (Pressure(MOST_WAIT_S + 0.001, 0.0), False),
        (Pressure(0.0, MOST_TAKEN + 0.01), False),
    ],
)
def test_who_is_understood_comes_before_who_may_be(pressure: Pressure, admitted: bool) -> None:
    assert admits(pressure) is admitted
    assert admits(pressure, alone=True)


def test_under_pressure_only_a_language_without_a_first_listener_is_read(gate: Gate) -> None:
    gate.permits.release(1)
    pressure = Pressure(taken=1.0)
    listeners = TwoListeners(First(), BoundedListener(gate), pressing=lambda: pressure)
    assert listeners.begin(SPEECH, KOREAN) is None
    assert listeners.second_opinion(SPEECH, KOREAN) is None
    assert listeners.second_opinion(SPEECH, ENGLISH) is not None
    assert gate.heard == [SPEECH]
    listeners.close()
