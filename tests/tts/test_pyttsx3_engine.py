"""The embedded engine: real speech, and workers that hang, crash or lie."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from voicebot.tts.port import NORMAL, EngineError, Style
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.worker_pool import WorkerError, WorkerPool

HELLO = {"ko": "안녕하세요. 무엇을 도와드릴까요?", "en": "Hello, how can I help you?"}


def python(*lines: str) -> tuple[str, ...]:
    return (sys.executable, "-c", "\n".join(("import sys, json, os, time", *lines)))


ECHO = python(
    "for line in sys.stdin:",
    "    request = json.loads(line)",
    "    if request.get('do') == 'hang': time.sleep(60)",
    "    if request.get('do') == 'crash': os._exit(7)",
    "    if request.get('do') == 'lie': print('no json'); sys.stdout.flush(); continue",
    "    print(json.dumps({'pid': os.getpid(), **request})); sys.stdout.flush()",
)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_it_speaks(pyttsx3_engine: Pyttsx3Engine, language: str) -> None:
    sound = pyttsx3_engine.synthesise(HELLO[language], language, NORMAL)
    assert sound.rate == 22050
    assert 1.0 < len(sound.pcm) / sound.rate < 6.0
    assert np.abs(sound.pcm.astype(int)).max() > 3000


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_slower_style_takes_longer_whatever_was_said_before(pyttsx3_engine: Pyttsx3Engine, language: str) -> None:
    def seconds(rate: float) -> float:
        sound = pyttsx3_engine.synthesise(HELLO[language], language, Style(rate=rate))
        return len(sound.pcm) / sound.rate

    normal = seconds(1.0)
    other = "en" if language == "ko" else "ko"
    pyttsx3_engine.synthesise(HELLO[other], other, Style(rate=1.5))
    assert seconds(0.8) > 1.1 * normal
    assert seconds(1.3) < 0.9 * normal
    assert seconds(1.0) == pytest.approx(normal, abs=0.05)


def test_a_long_text_is_spoken_to_its_end(pyttsx3_engine: Pyttsx3Engine) -> None:
    once = len(pyttsx3_engine.synthesise("안녕하세요. ", "ko", NORMAL).pcm)
    assert len(pyttsx3_engine.synthesise("안녕하세요. " * 50, "ko", NORMAL).pcm) > 45 * once


@pytest.mark.parametrize("text", ["", "  ", "...", "😀", "\x01\x00\x1b", "가" * 2000, "<b>&amp;</b> \x01150S 네"])
def test_odd_texts_do_no_harm(pyttsx3_engine: Pyttsx3Engine, text: str) -> None:
    pyttsx3_engine.synthesise(text, "ko", NORMAL)
    assert len(pyttsx3_engine.synthesise("네.", "ko", NORMAL).pcm)


def test_several_threads_speak_at_once(pyttsx3_engine: Pyttsx3Engine) -> None:
    sounds: dict[int, int] = {}

    def speak(number: int) -> None:
        sounds[number] = len(pyttsx3_engine.synthesise(HELLO["ko"], "ko", NORMAL).pcm)

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sounds) == 6
    assert max(sounds.values()) - min(sounds.values()) < 2000


def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(EngineError, match="no voice for 'de'"):
        Pyttsx3Engine().synthesise("Hallo", "de", NORMAL)


def test_without_the_library_it_says_how_to_install_it() -> None:
    answer = """print(json.dumps({"error": "RuntimeError: no eSpeak", "missing": True})); sys.stdout.flush()"""
    engine = Pyttsx3Engine(command=python("for line in sys.stdin:", f"    {answer}"))
    with pytest.raises(EngineError, match="sudo apt-get install -y libespeak-ng1"):
        engine.synthesise("네", "ko", NORMAL)
    engine.close()


@pytest.mark.parametrize(
    "command",
    [
        python("os._exit(3)"),
        python("print('rubbish'); sys.stdout.flush(); time.sleep(60)"),
        python("sys.stdin.readline(); print('{}'); sys.stdout.flush(); time.sleep(60)"),
        python("time.sleep(60)"),
        ("/no/such/program",),
    ],
    ids=["crash", "rubbish", "empty", "hang", "absent"],
)
def test_a_worker_that_fails_is_one_clear_error(command: tuple[str, ...]) -> None:
    engine = Pyttsx3Engine(command=command, time_limit_s=0.3)
    with pytest.raises(EngineError, match="could not speak"):
        engine.synthesise("네", "ko", NORMAL)
    engine.close()


@pytest.mark.parametrize("fault", ["hang", "crash", "lie"])
def test_a_worker_that_hangs_crashes_or_lies_is_replaced(fault: str) -> None:
    pool = WorkerPool(ECHO, size=1, time_limit_s=1.0)
    first = pool.ask({"text": "one"})
    with pytest.raises(WorkerError):
        pool.ask({"do": fault})
    second = pool.ask({"text": "two"})
    assert second["text"] == "two"
    assert second["pid"] != first["pid"]
    pool.close()


def test_a_worker_stays_for_the_next_request() -> None:
    pool = WorkerPool(ECHO, size=2, time_limit_s=5)
    assert pool.ask({})["pid"] == pool.ask({})["pid"]
    pool.close()


def test_workers_beyond_the_first_end_when_idle_and_come_again() -> None:
    pool = WorkerPool(ECHO, size=2, time_limit_s=10)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            asked = [threads.submit(pool.ask, {"text": "가" * 300_000}) for _ in range(2)]
            pids = {one.result()["pid"] for one in asked}
            if len(pids) == 2:
                break
    assert len(pids) == 2
    assert pool.end_idle(3600.0) == 2
    assert pool.end_idle(0.0) == 1
    assert pool.end_idle(0.0) == 1
    assert pool.ask({})["pid"] in pids
    pool.close()


def test_only_the_first_worker_is_started_ahead() -> None:
    pool = WorkerPool(ECHO, size=3, time_limit_s=10)
    pool.warm_up()
    pool.warm_up()
    assert pool.end_idle(3600.0) == 1
    pool.close()


def test_a_request_larger_than_a_pipe_arrives() -> None:
    pool = WorkerPool(ECHO, size=1, time_limit_s=5)
    assert pool.ask({"text": "가" * 300_000})["text"] == "가" * 300_000
    pool.close()


def test_a_closed_pool_takes_nothing() -> None:
    pool = WorkerPool(ECHO, size=1)
    pool.ask({})
    pool.close()
    with pytest.raises(WorkerError, match="closed"):
        pool.ask({})
