"""Recordings at another speed: as long as asked, at their own pitch, without clicks."""

from __future__ import annotations

import numpy as np
import pytest
from tts.engines import ToneEngine

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.tts.cache import SoundCache
from voicebot.tts.port import NORMAL, Style
from voicebot.tts.recordings import Recordings
from voicebot.tts.stretching import stretch
from voicebot.tts.voice import TelephoneVoice


def voiced(hertz: float, seconds: float = 1.0) -> Pcm:
    time = np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 8))
    return np.asarray(wave * 6000, np.int16)


@pytest.mark.parametrize("rate", [0.6, 0.8, 1.25, 1.5])
@pytest.mark.parametrize("hertz", [90.0, 180.0, 260.0])
def test_it_is_as_long_as_asked_has_its_pitch_and_does_not_click(rate: float, hertz: float) -> None:
    pcm = voiced(hertz)
    stretched = stretch(pcm, rate)
    assert len(stretched) == pytest.approx(len(pcm) / rate, abs=2)
    inside = stretched[800:-800].astype(float)
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(len(inside))))
    peak = np.argmax(spectrum) * SAMPLE_RATE / len(inside)
    assert peak == pytest.approx(hertz, rel=0.03)
    assert np.abs(np.diff(inside)).max() < 1.3 * np.abs(np.diff(pcm.astype(float))).max()
    level = [np.sqrt(np.mean(part.astype(float)[800:-800] ** 2)) for part in (pcm, stretched)]
    assert level[1] == pytest.approx(level[0], rel=0.1)


@pytest.mark.parametrize("length", [0, 1, 100, 479])
def test_what_is_too_short_to_stretch_stays_as_it_is(length: int) -> None:
    assert len(stretch(np.ones(length, np.int16), 0.8)) == length


def test_recordings_are_slower_when_the_bot_speaks_slower() -> None:
    recordings = Recordings()
    for text in ("안녕하세요.", "배송비는…", "…삼천 원입니다."):
        recordings.add(text, "ko", ToneEngine().synthesise(text, "ko", NORMAL))
    engine = ToneEngine()
    voice = TelephoneVoice([engine], SoundCache(None), recordings)
    for text in ("안녕하세요.", "배송비는 3,000원입니다."):
        assert len(voice.speak(text, "ko", Style(rate=0.8))) == pytest.approx(
            len(voice.speak(text, "ko")) / 0.8, rel=0.05
        )
    assert engine.asked == []
