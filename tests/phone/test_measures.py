"""Times measured on the recording."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from telephony.phone import virtual_time
from telephony.phone.line import Line
from telephony.phone.measures import Measure, measure
from telephony.phone.phone import CallEvent
from telephony.phone.speech_span import Span, speech_span
from tests.phone.service import tone
from voicebot.audio.format import Pcm
from voicebot.audio.mulaw import encode


def quiet(milliseconds: int) -> Pcm:
    return np.zeros(milliseconds * 8, np.int16)


def measured(bot: Pcm, *caller: tuple[float, Pcm], clear_at: float | None = None) -> tuple[Measure, ...]:
    """The bot's side as given; the caller's clips at their seconds."""

    async def run() -> tuple[Measure, ...]:
        line = Line()
        line.playout.add(encode(bot))
        line.start()
        for at, clip in caller:
            await line.until(lambda at=at: line.now_ms >= at * 1000, 100)  # type: ignore[misc]
            from telephony.phone.line import spoken

            line.speak(spoken(clip, "clip"))
        await asyncio.sleep(len(bot) / 8000)
        await line.end()
        return measure(line, [] if clear_at is None else [CallEvent(clear_at * 1000, "clear")])

    return virtual_time.run(run())


def test_the_answer_is_measured_from_the_last_sound_not_from_the_end_of_the_file() -> None:
    clip = np.concatenate((quiet(100), tone(500), quiet(700)))
    (found,) = measured(np.concatenate((quiet(2000), tone(300))), (1.0, clip))
    assert found.end_ms == pytest.approx(1600, abs=21)
    assert found.response_ms == pytest.approx(400, abs=21)
    assert not found.barge_in


def test_no_answer_before_the_next_utterance_is_no_answer() -> None:
    first, second = measured(np.concatenate((quiet(4000), tone(300))), (1.0, tone(300)), (2.0, tone(300)))
    assert first.response_ms is None
    assert second.response_ms == pytest.approx(1700, abs=21)


def test_a_bot_that_talks_into_the_callers_words_has_a_negative_time() -> None:
    (found,) = measured(np.concatenate((quiet(1500), tone(300))), (1.0, tone(1000)))
    assert found.response_ms == pytest.approx(-500, abs=21)


def test_a_barge_in_is_measured_to_silence_and_to_the_answer_after_it() -> None:
    bot = np.concatenate((tone(1400), quiet(1000), tone(300)))
    (found,) = measured(bot, (1.0, tone(600)), clear_at=1.38)
    assert found.barge_in
    assert found.silence_ms == pytest.approx(400, abs=21)
    assert found.clear_ms == pytest.approx(380, abs=21)
    assert found.response_ms == pytest.approx(800, abs=21)


def test_the_span_of_speech_in_a_clip() -> None:
    clip = np.concatenate((quiet(200), tone(300), quiet(100)))
    assert speech_span(clip) == Span(1600, 4000)
    assert speech_span(quiet(50)) == Span(0, 400)
    assert speech_span(np.zeros(0, np.int16)) == Span(0, 0)
