"""The telephone voice: what is spoken by whom, once, at which loudness."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.tts.engines import ToneEngine
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.tts.cache import SoundCache
from voicebot.tts.port import NORMAL, Sound, Style
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.recordings import Recordings
from voicebot.tts.telephone import PEAK, SPEECH_LEVEL, on_the_line
from voicebot.tts.voice import AHEAD_S, BETWEEN_SENTENCES_MS, Phrase, TelephoneVoice


def level(pcm: Pcm) -> float:
    return float(10 * np.log10(np.mean((pcm.astype(float) / 32768) ** 2)))


def voice(*engines: ToneEngine, folder: Path | None = None, recordings: Recordings | None = None) -> TelephoneVoice:
    return TelephoneVoice(engines, SoundCache(folder), recordings)


def test_digits_are_spoken_as_words() -> None:
    engine = ToneEngine()
    voice(engine).speak("주문번호 1234-5678, 12,900원", "ko")
    assert [text for text, _, _ in engine.asked] == ["주문번호 일이삼사, 오육칠팔, 만 이천구백 원"]


def test_the_second_time_comes_from_the_cache_in_every_process(tmp_path: Path) -> None:
    engine, later = ToneEngine(), ToneEngine()
    first = voice(engine, folder=tmp_path)
    assert not first.is_ready("네.", "ko")
    pcm = first.speak("네.", "ko")
    assert first.is_ready("네.", "ko")
    first.speak("네.", "ko")
    assert len(engine.asked) == 1
    second = voice(later, folder=tmp_path)
    assert second.is_ready("네.", "ko")
    assert np.array_equal(second.speak("네.", "ko"), pcm)
    assert later.asked == []


def test_another_style_is_another_sound() -> None:
    speaking = voice(ToneEngine())
    assert len(speaking.speak("네.", "ko", Style(rate=0.5))) > 1.5 * len(speaking.speak("네.", "ko"))


def test_a_recording_comes_before_any_engine() -> None:
    engine, recordings = ToneEngine(), Recordings()
    recordings.add("안녕하세요.", "ko", ToneEngine().synthesise("recorded", "ko", NORMAL))
    speaking = voice(engine, recordings=recordings)
    assert speaking.is_ready("안녕하세요!", "ko")
    assert len(speaking.speak("안녕하세요!", "ko"))
    assert engine.asked == []
    speaking.speak("안녕하세요. 무엇을 도와드릴까요?", "ko")
    assert [text for text, _, _ in engine.asked] == ["무엇을 도와드릴까요?"]


def test_markup_is_heard_breaks_as_silence_and_the_rest_as_manner() -> None:
    engine = ToneEngine()
    speaking = voice(engine)
    plain = speaking.speak("천천히 말합니다.", "ko")
    slower = speaking.speak('<prosody rate="50%">천천히 말합니다.</prosody>', "ko")
    broken = speaking.speak('천천히 <break time="700ms"/> 말합니다.', "ko")
    speaking.speak("<emphasis>지금</emphasis> 말합니다.", "ko")
    assert len(slower) > 1.6 * len(plain)
    assert not broken[len(broken) // 2 - 400 : len(broken) // 2 + 400].any()
    text, _, style = engine.asked[-1]  # the other word is known
    assert text == "지금"
    assert style.rate < 1 < style.pitch


def test_recorded_pieces_are_joined_and_an_engine_says_what_is_missing() -> None:
    engine, recordings = ToneEngine(), Recordings()
    for text in ("주문하신 상품은 지금 …", "… 배송 준비를 하고 있습니다."):
        recordings.add(text, "ko", ToneEngine().synthesise(text, "ko", NORMAL))
    sentence = "주문하신 상품은 지금 배송 준비를 하고 있습니다."
    composed = recordings.compose(sentence, "ko")
    assert composed is not None
    speaking = voice(engine, recordings=recordings)
    assert speaking.is_ready(sentence, "ko")
    assert len(speaking.speak(sentence, "ko")) > SAMPLE_RATE
    assert engine.asked == []
    assert len(speaking.speak(f'<prosody rate="50%">{sentence}</prosody>', "ko"))
    assert len(engine.asked) == 1


def test_sentences_are_joined_by_a_pause_and_cached_one_by_one() -> None:
    engine = ToneEngine()
    speaking = voice(engine)
    one, two = speaking.speak("하나.", "ko"), speaking.speak("둘.", "ko")
    both = speaking.speak("하나. 둘.", "ko")
    assert len(both) == len(one) + len(two) + BETWEEN_SENTENCES_MS * SAMPLE_RATE // 1000
    assert len(engine.asked) == 2


def test_the_next_engine_speaks_where_one_fails() -> None:
    broken, sound = ToneEngine("broken"), ToneEngine("sound")
    broken.broken = True
    assert len(voice(broken, sound).speak("네.", "ko"))
    assert len(sound.asked) == 1


def test_an_engine_that_keeps_failing_rests_and_gets_another_chance() -> None:
    now = 0.0
    broken, sound = ToneEngine("broken"), ToneEngine("sound")
    broken.broken = True
    speaking = TelephoneVoice([broken, sound], SoundCache(None), clock=lambda: now)
    for number in range(5):
        speaking.speak(f"{number}.", "ko")
    assert len(broken.asked) == 2
    broken.broken, now = False, 1000.0
    speaking.speak("다시.", "ko")
    assert broken.asked[-1][0] == "다시."


def test_where_nothing_can_speak_the_same_words_in_another_style_are_heard_and_else_silence() -> None:
    engine = ToneEngine()
    speaking = voice(engine)
    pcm = speaking.speak("네.", "ko")
    engine.broken = True
    assert np.array_equal(speaking.speak("네.", "ko", Style(rate=0.8)), pcm)
    assert len(speaking.speak("아니요.", "ko")) == 0


class Defective(ToneEngine):
    def __init__(self, pcm: Pcm | None) -> None:
        super().__init__("defective")
        self._pcm = pcm

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        if self._pcm is None:
            raise ZeroDivisionError
        return Sound(self._pcm, 8000)


@pytest.mark.parametrize(
    "pcm",
    [None, np.zeros(8000, np.int16), np.zeros(0, np.int16), np.full(8000 * 60, 500, np.int16)],
    ids=["defect", "silence", "nothing", "endless"],
)
def test_an_engine_that_makes_rubbish_is_passed_over(pcm: Pcm | None) -> None:
    sound = ToneEngine()
    assert len(voice(Defective(pcm), sound).speak("네.", "ko")) < 8000
    assert len(sound.asked) == 1


def test_callers_who_want_the_same_new_text_share_one_synthesis() -> None:
    engine = ToneEngine()
    engine.gate.clear()
    speaking = voice(engine)
    lengths: list[int] = []
    started = threading.Barrier(5)

    def call() -> None:
        started.wait(10)
        lengths.append(len(speaking.speak("같은 말.", "ko")))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait(10)
    engine.gate.set()
    for thread in threads:
        thread.join()
    assert len(engine.asked) == 1
    assert len(set(lengths)) == 1
    assert len(lengths) == 4


@pytest.mark.parametrize("text", ["", "   ", "😀", "...", "?!"])
def test_what_has_no_words_is_silent_and_ready(text: str) -> None:
    engine = ToneEngine()
    speaking = voice(engine)
    assert speaking.is_ready(text, "ko")
    assert len(speaking.speak(text, "ko")) == 0
    assert engine.asked == []


def test_preparing_reports_progress_and_failures() -> None:
    engine = ToneEngine()
    speaking = voice(engine)
    seen: list[tuple[int, int]] = []
    phrases = [Phrase("하나.", "ko"), Phrase("둘.", "ko"), Phrase("하나.", "ko"), Phrase("drei", "de")]
    assert speaking.prepare(phrases, lambda done, of: seen.append((done, of))) == 1
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert speaking.is_ready("둘.", "ko")
    assert speaking.prepare(phrases[:2]) == 0
    assert len(engine.asked) == 2


def test_what_the_best_engine_has_no_time_for_is_there_in_the_next_voice_and_made_better_later() -> None:
    now = 0.0

    class Slow(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            nonlocal now
            now += 5.0
            return super().synthesise(text, language, style)

    slow, quick = Slow("slow"), ToneEngine("quick")
    slow.concurrency = 1
    speaking = TelephoneVoice([slow, quick], SoundCache(None), clock=lambda: now)
    phrases = [
        Phrase(f"{word} 상품을 찾아보겠습니다.", "ko") for word in ("첫", "둘째", "셋째", "넷째", "다섯째", "여섯째")
    ]
    assert speaking.prepare(phrases, within_s=4.0) == 0
    assert quick.asked
    assert all(speaking.is_ready(phrase.text, "ko") for phrase in phrases)
    assert speaking.prepare(phrases) == 0
    assert len(slow.asked) == len(phrases)


class Clock(ToneEngine):
    """Takes `seconds` for everything."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(name)
        self.seconds, self.now = seconds, 0.0
        self.concurrency = 1

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        self.now += self.seconds
        return super().synthesise(text, language, style)


def slow_and_quick(rates: dict[str, float], seconds: float) -> tuple[TelephoneVoice, Clock, ToneEngine]:
    """A voice whose pace is known."""
    slow, quick = Clock("slow", seconds), ToneEngine("quick")
    error_rates = {(name, "ko"): rate for name, rate in rates.items()}
    speaking = TelephoneVoice([slow, quick], SoundCache(None), error_rates=error_rates, clock=lambda: slow.now)
    speaking.speak("주문하신 상품을 찾습니다.", "ko", within_s=AHEAD_S)
    slow.asked.clear()
    return speaking, slow, quick


@pytest.mark.parametrize(
    ("worse", "seconds", "name"),
    [(0.0, 2.0, "quick"), (0.1, 2.0, "slow"), (0.7, 5.0, "slow"), (0.7, 7.0, "quick"), (-0.1, 1.0, "slow")],
)
def test_callers_wait_longer_the_worse_they_would_understand_the_other_voice(
    worse: float, seconds: float, name: str
) -> None:
    speaking, slow, quick = slow_and_quick({"slow": 0.15, "quick": 0.15 + worse}, seconds)
    speaking.speak("주문하신 가방을 찾습니다.", "ko")
    assert [engine.name for engine in (slow, quick) if engine.asked] == [name]


def test_before_the_first_call_nobody_is_waited_for_longer_however_good() -> None:
    speaking, slow, quick = slow_and_quick({"slow": 0.1, "quick": 0.9}, 4.0)
    assert speaking.prepare([Phrase("네, 말씀하세요. 듣고 있습니다.", "ko")], within_s=0.0) == 0
    assert quick.asked
    assert not slow.asked


def test_what_was_read_ahead_is_heard_where_the_voice_has_no_time_and_the_next_is_worse() -> None:
    def read(speaking: TelephoneVoice) -> None:
        for piece in ("주문하신…", "…가방을…", "…찾습니다."):
            speaking.readings.add(piece, "ko", ToneEngine().synthesise(piece, "ko", NORMAL))

    speaking, slow, quick = slow_and_quick({"slow": 0.15, "quick": 0.85}, 3.0)
    read(speaking)
    assert speaking.is_ready("주문하신 가방을 찾습니다.", "ko")
    assert len(speaking.speak("주문하신 가방을 찾습니다.", "ko"))
    assert not slow.asked
    assert not quick.asked
    assert len(speaking.speak("주문하신 우산을 찾습니다.", "ko"))
    assert [text for text, _, _ in slow.asked] == ["주문하신 우산을 찾습니다."]

    speaking, slow, quick = slow_and_quick({"slow": 0.15, "quick": 0.2}, 3.0)
    read(speaking)
    speaking.speak("주문하신 가방을 찾습니다.", "ko")
    assert quick.asked

    speaking, slow, _ = slow_and_quick({"slow": 0.15, "quick": 0.85}, 1.0)
    read(speaking)
    speaking.speak("주문하신 가방을 찾습니다.", "ko")
    assert slow.asked, "whole sentences are understood better"


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("loudness", [0.01, 0.2, 1.0])
def test_whatever_the_engine_makes_the_telephone_gets_one_loudness(rate: int, loudness: float) -> None:
    pcm = on_the_line(ToneEngine(rate=rate, loudness=loudness).synthesise("네", "ko", NORMAL))
    assert pcm.dtype == np.int16
    assert level(pcm[400:-800]) == pytest.approx(SPEECH_LEVEL, abs=1.5)
    assert np.abs(pcm.astype(int)).max() <= 32768 * 10 ** (PEAK / 20) + 1


def test_silence_is_trimmed_and_the_ends_do_not_click() -> None:
    pcm = on_the_line(ToneEngine().synthesise("네", "ko", NORMAL))
    assert 0.3 <= len(pcm) / SAMPLE_RATE < 0.45
    assert abs(int(pcm[0])) <= 1
    assert abs(int(pcm[-1])) <= 1


def test_the_embedded_voice_speaks_both_languages(pyttsx3_engine: Pyttsx3Engine) -> None:
    speaking = TelephoneVoice([pyttsx3_engine], SoundCache(None))
    for text, language in (("고객님의 상품은 11월 22일에 도착합니다.", "ko"), ("It arrives on November 22.", "en")):
        pcm = speaking.speak(text, language)
        assert 1.5 < len(pcm) / SAMPLE_RATE < 8
        assert -24 < level(pcm) < -17
