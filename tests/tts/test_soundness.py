"""What is no speech is told from what is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tts.speech_like import speech_like
from voicebot.audio.format import Pcm
from voicebot.tts.port import NORMAL, Sound
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.soundness import distorted, unusable

WORDS = "your order arrives tomorrow before noon"
RATE = 22_050


def noise(seconds: float, *, smooth: int = 1) -> Pcm:
    white = np.random.default_rng(1).normal(0, 4000, int(RATE * seconds))
    return np.convolve(white, np.ones(smooth) / smooth, mode="same").astype(np.int16)


@pytest.mark.parametrize("peak", [0.05, 0.5, 0.95])
def test_speech_is_usable_at_any_loudness(peak: float) -> None:
    assert unusable(Sound(speech_like(12, RATE, peak=peak), RATE), WORDS) == ""


@pytest.mark.parametrize(
    ("pcm", "reason"),
    [
        (noise(2.5), "only noise"),
        (noise(2.5, smooth=3), "only noise"),
        (np.full(RATE * 2, 9000, np.int16), "only silence"),
        (np.zeros(RATE, np.int16), "only silence"),
        (np.zeros(0, np.int16), "only silence"),
        (np.tile(speech_like(12, RATE), 60), "s for 39 characters"),
        (np.zeros(100, np.float32), "no 16-bit mono samples"),
        (np.zeros((100, 2), np.int16), "no 16-bit mono samples"),
    ],
    ids=["white", "coloured", "constant", "silence", "nothing", "endless", "floats", "stereo"],
)
def test_rubbish_is_not(pcm: Pcm, reason: str) -> None:
    assert reason in unusable(Sound(pcm, RATE), WORDS)


@pytest.mark.parametrize("named", [6_000, 96_000])
def test_a_rate_that_is_not_the_samples_own_is_noticed(named: int) -> None:
    assert "wrong sample rate" in distorted(Sound(speech_like(12, RATE), named), WORDS, "en")


@pytest.mark.parametrize("rate", [0, -8000, 1_000_000])
def test_an_impossible_rate_is_refused(rate: int) -> None:
    assert "Hz" in unusable(Sound(speech_like(12, RATE), rate), WORDS)


@pytest.mark.parametrize("rate", [0.6, 1.0, 1.6])
def test_slow_and_quick_speech_on_purpose_is_no_mistake(rate: float) -> None:
    length = round(1 / rate * 12)
    sound = Sound(speech_like(length, RATE), RATE)
    assert unusable(sound, WORDS, rate) == distorted(sound, WORDS, "en", rate) == ""


def test_clipping_is_noticed_and_loud_speech_is_not_clipping() -> None:
    loud = speech_like(12, RATE, peak=1.0)
    cut = np.clip(loud.astype(int) * 6, -32768, 32767).astype(np.int16)
    assert distorted(Sound(loud, RATE), WORDS, "en") == ""
    assert distorted(Sound(cut, RATE), WORDS, "en") == "clipped sound"


@pytest.mark.parametrize("words", ["가" * 160, "a" * 160, "hm", "aaa " * 3])
def test_what_is_no_text_has_no_speed(words: str) -> None:
    assert distorted(Sound(speech_like(4, RATE), RATE), words, "en") == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("고객님의 상품은 십일월 이십이일에 도착합니다.", "ko"),
        ("네.", "ko"),
        ("일이삼사, 오육칠팔", "ko"),
        ("It arrives on November twenty-second.", "en"),
        ("Yes.", "en"),
        ("S", "en"),
    ],
)
def test_a_real_engine_passes(pyttsx3_engine: Pyttsx3Engine, text: str, language: str) -> None:
    sound = pyttsx3_engine.synthesise(text, language, NORMAL)
    assert unusable(sound, text) == distorted(sound, text, language) == ""
