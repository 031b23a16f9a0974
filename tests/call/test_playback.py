"""What is made when, what is heard when, and what the line sounds like meanwhile: frame by frame, without threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from voicebot.audio.format import FRAME_MS, Pcm, milliseconds
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.call.open_line import MARK
from voicebot.call.playback import Playback
from voicebot.dialogue.actions import Say
from voicebot.tts.port import NORMAL, Style

KNOBS = TurnKnobs()
FILLER = "잠시만요."
SPEECH = 1000
"""Level of the stand-in voice: far above the line's noise."""


@dataclass
class Telling:
    """A voice that notes what it is asked; 100 ms a character."""

    known: frozenset[str] = frozenset()
    asked: list[tuple[str, float]] = field(default_factory=list)

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        self.asked.append((text, within_s))
        return np.full(len(text) * 800, SPEECH, np.int16)

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        return text in self.known


@dataclass
class Stage:
    """A playback on a channel that plays at the rate of speech; work is done when the test says so."""

    voice: Telling = field(default_factory=Telling)
    now_ms: int = 0
    works: list[tuple[Callable[[], Any], Callable[[Any], None]]] = field(default_factory=list)
    queue: list[tuple[Pcm, str]] = field(default_factory=list)
    heard: list[Pcm] = field(default_factory=list)
    """What came out of the line, 20 ms each."""
    started: list[int] = field(default_factory=list)
    clears: int = 0

    def __post_init__(self) -> None:
        run_off = lambda work, then: self.works.append((work, then))  # noqa: E731
        self.playback = Playback(self, self.voice, KNOBS, run_off, lambda language, number: FILLER)

    def play(self, pcm: Pcm, mark: str) -> None:
        self.queue.append((pcm, mark))

    def clear(self) -> None:
        self.clears += 1
        outstanding, self.queue = self.queue, []
        for _, mark in outstanding:
            self.playback.played(mark)

    def say(self, *texts: str) -> None:
        self.playback.say([Say(text, "ko", 1) for text in texts], self.started.append)

    def work(self) -> None:
        """What was asked for until now is done."""
        works, self.works = self.works, []
        for work, then in works:
            then(work())

    def frames(self, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            self.now_ms += FRAME_MS
            room, parts = 160, []
            while self.queue and room:
                pcm, mark = self.queue.pop(0)
                parts.append(pcm[:room])
                if len(pcm) > room:
                    self.queue.insert(0, (pcm[room:], mark))
                else:
                    self.playback.played(mark)
                room -= len(parts[-1])
            self.heard.append(np.concatenate([*parts, np.zeros(room, np.int16)]))
            self.playback.tick(self.now_ms)

    @property
    def speech_from_ms(self) -> int | None:
        return next((n * FRAME_MS for n, frame in enumerate(self.heard) if np.abs(frame).max() > SPEECH / 2), None)

    @property
    def noise_from_ms(self) -> int | None:
        return next((n * FRAME_MS for n, frame in enumerate(self.heard) if frame.any()), None)


def test_sentences_are_asked_for_one_after_the_other_with_the_time_there_is() -> None:
    stage = Stage()
    stage.say("하나입니다. 둘입니다. 셋입니다. 넷입니다.")
    assert len(stage.works) == 2
    stage.work()
    assert [text for text, _ in stage.voice.asked] == ["하나입니다.", "둘입니다."]
    assert stage.voice.asked[0][1] == 0.0
    stage.work()
    assert [text for text, _ in stage.voice.asked] == ["하나입니다.", "둘입니다.", "셋입니다.", "넷입니다."]
    within_s = [within for _, within in stage.voice.asked]
    assert within_s == sorted(within_s)
    assert within_s[2] > 0.5


def test_an_endless_text_is_made_only_so_far_ahead_as_callers_hear_it() -> None:
    stage = Stage()
    stage.say("이것은 아주 긴 글의 한 문장입니다. " * 900)
    most_ahead = 0
    for _ in range(300):
        stage.work()
        stage.frames(200)
        most_ahead = max(most_ahead, sum(milliseconds(pcm) for pcm, _ in stage.queue))
        assert len(stage.works) <= 2
    assert stage.playback.busy
    assert most_ahead < 30_000
    assert 20 < len(stage.voice.asked) < 60
    spoken = np.concatenate(stage.heard)
    assert (np.abs(spoken) > SPEECH / 2).mean() > 0.8


LONG = (
    "주문하신 상품은 오늘 오후에 저희 물류 센터에서 출발했으며, "
    "내일 오전 중에 댁으로 도착할 예정이니 집에 계시면 좋겠습니다."
)


def test_a_long_new_sentence_begins_with_its_clause() -> None:
    stage = Stage()
    stage.say(LONG)
    stage.work()
    stage.frames(60)
    assert stage.voice.asked[0][0] == LONG.partition(",")[0] + ","
    assert stage.speech_from_ms is not None
    assert " ".join(text for text, _ in stage.voice.asked) == LONG


def test_a_long_sentence_that_is_known_or_has_time_is_said_as_one() -> None:
    stage = Stage(Telling(frozenset({LONG})))
    stage.say(LONG)
    stage.work()
    assert [text for text, _ in stage.voice.asked] == [LONG]
    later = Stage()
    later.say("네, 알겠습니다. 잠시만요. " + LONG)
    later.work()
    later.work()
    assert later.voice.asked[-1][0] == LONG


def test_a_sentence_without_words_is_passed_over_and_the_rest_is_said() -> None:
    stage = Stage()
    stage.say("😀😀. 네. 👍")
    stage.work()
    assert [text for text, _ in stage.voice.asked] == ["네."]
    only = Stage()
    only.say("😀")
    assert only.started == [0]
    assert not only.playback.busy


def test_a_usual_turn_has_no_noise_before_it_and_nothing_is_cleared() -> None:
    stage = Stage()
    stage.playback.thinking = True
    stage.frames(KNOBS.comfort_noise_after_ms - 40)
    stage.playback.thinking = False
    stage.say("네.")
    stage.work()
    stage.frames(200)
    assert stage.noise_from_ms == stage.speech_from_ms
    assert stage.clears == 0


def test_a_line_at_work_is_not_dead_and_the_answer_comes_as_early_as_without_noise() -> None:
    stage = Stage()
    stage.playback.thinking = True
    stage.frames(3000)
    noise = np.concatenate(stage.heard[(KNOBS.comfort_noise_after_ms + 200) // FRAME_MS :]).astype(float)
    level = 10 * np.log10(((noise / 32768) ** 2).mean())
    assert level == pytest.approx(-60, abs=2)
    assert not stage.playback.busy
    at = stage.now_ms
    stage.say("네, 고객님.")
    stage.playback.thinking = False
    stage.work()
    assert stage.clears == 1
    stage.frames(100)
    assert stage.speech_from_ms == at
    assert stage.started == [at]


def said(stage: Stage) -> list[str]:
    return [text for text, _ in stage.voice.asked]


def test_a_voice_that_takes_long_is_bridged_once_by_a_few_words_and_then_heard() -> None:
    stage = Stage(Telling(frozenset({FILLER})))
    stage.say("주문하신 가방을 찾았어요.")
    late = stage.works.pop()
    stage.frames(KNOBS.slow_voice_ms - 100)
    assert stage.works == []
    stage.frames(200)
    stage.work()
    assert said(stage) == [FILLER]
    stage.frames(6000)
    assert stage.works == []
    assert stage.playback.busy
    from_ms = stage.speech_from_ms
    assert from_ms is not None
    assert from_ms < KNOBS.slow_voice_ms + 200
    stage.works, at = [late], stage.now_ms
    stage.work()
    stage.frames(3000)
    assert said(stage) == [FILLER, "주문하신 가방을 찾았어요."]
    assert not stage.playback.busy
    assert stage.playback.heard == 1.0
    assert stage.started == [at]


@pytest.mark.parametrize("known", [frozenset(), frozenset({FILLER})])
def test_nothing_is_bridged_where_the_words_are_not_there_or_the_speech_is(known: frozenset[str]) -> None:
    stage = Stage(Telling(known))
    stage.say("네, 찾았어요.")
    if known:
        stage.work()
    stage.frames(KNOBS.slow_voice_ms + 500)
    assert FILLER not in said(stage)
    assert len(stage.works) == (not known)


def test_words_that_bridge_do_not_come_once_the_speech_is_there() -> None:
    stage = Stage(Telling(frozenset({FILLER})))
    stage.say("주문하신 가방을 찾았어요.")
    stage.frames(KNOBS.slow_voice_ms + 100)
    stage.work()
    assert said(stage) == ["주문하신 가방을 찾았어요.", FILLER]
    assert sum(milliseconds(pcm) for pcm, mark in stage.queue if mark != MARK) == 100 * len("주문하신 가방을 찾았어요.")


def test_noise_never_runs_dry_nor_ahead_of_what_is_playing() -> None:
    stage = Stage()
    stage.playback.thinking = True
    stage.frames(KNOBS.comfort_noise_after_ms + 100)
    for _ in range(100):
        stage.frames(FRAME_MS)
        queued = sum(milliseconds(pcm) for pcm, mark in stage.queue if mark == MARK)
        assert 0 < queued <= 200


def test_a_late_sentence_in_the_middle_leaves_no_hole() -> None:
    stage = Stage()
    stage.say("하나입니다. 둘입니다.")
    works, stage.works = stage.works, []
    works[0][1](works[0][0]())
    stage.frames(600 + KNOBS.comfort_noise_after_ms + 400)
    assert stage.heard[-1].any()
    assert stage.playback.busy
    works[1][1](works[1][0]())
    stage.frames(40)
    assert np.abs(stage.heard[-1]).max() > SPEECH / 2


def test_while_the_caller_has_the_floor_there_is_silence() -> None:
    stage = Stage()
    stage.say("네?")
    stage.work()
    stage.frames(300)
    assert not stage.playback.busy
    stage.heard.clear()
    stage.frames(3000)
    assert not np.concatenate(stage.heard).any()


def test_after_the_end_nothing_is_sent() -> None:
    stage = Stage()
    stage.playback.thinking = True
    stage.say("네.")
    stage.playback.stop()
    stage.work()
    stage.frames(2000)
    assert not np.concatenate(stage.heard).any()


STEPS = st.lists(
    st.sampled_from(["say", "say long", "work", "frames", "wait", "interrupt", "resume", "forget", "think"]),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=80, deadline=None)
def test_whatever_happens_everything_that_is_not_given_up_is_said_in_order_and_it_ends(steps: list[str]) -> None:
    stage = Stage()
    said = 0
    for step in steps:
        match step:
            case "say":
                said += 1
                stage.say(f"{said}번 문장입니다. 끝.")
            case "say long":
                stage.say(LONG)
            case "work":
                stage.work()
            case "frames":
                stage.frames(100)
            case "wait":
                stage.frames(1500)
            case "think":
                stage.playback.thinking = not stage.playback.thinking
            case _:
                getattr(stage.playback, step)()
    stage.playback.thinking = False
    stage.playback.resume()
    # A long reply takes seven seconds to be heard.
    for _ in range(60 + 8 * len(steps)):
        stage.work()
        stage.frames(1000)
    assert not stage.playback.busy
    assert not stage.works
    assert stage.queue == []
    assert 0.0 <= stage.playback.heard <= 1.0
    asked = [text for text, _ in stage.voice.asked if "번 문장" in text]
    numbers = [int(text.partition("번")[0]) for text in asked]
    assert numbers == sorted(numbers)
