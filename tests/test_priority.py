import threading

from voicebot.priority import Patience


def test_work_goes_on_when_no_call_is_running() -> None:
    calls = iter([True, True, False])
    Patience(lambda: next(calls), threading.Event()).wait()
    assert next(calls, None) is None


def test_patience_comes_to_an_end() -> None:
    asked: list[int] = []
    patience = Patience(lambda: asked.append(1) is None, threading.Event(), most_s=0.2)
    patience.wait()
    patience.wait()
    assert len(asked) == 1


def test_the_end_of_the_service_ends_all_waiting() -> None:
    stop = threading.Event()
    stop.set()
    Patience(lambda: True, stop).wait()
