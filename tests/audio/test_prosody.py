"""Level, rate and pitch of an utterance, and what differs from the caller's own way of speaking."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voicebot.audio.format import Pcm
from voicebot.audio.mulaw import decode, encode
from voicebot.audio.prosody import Baseline, Prosody, VoiceFeeling, measure, syllables, voice_feeling
from voicebot.audio.resample import resample
from voicebot.audio.wav import read_wav

SPEECH = Path(__file__).parents[2] / "../shared/speech/ko"


def voice(hertz: float, seconds: float = 1.0, level: float = 3000.0, syllable_s: float = 0.0) -> Pcm:
    """A voice of many harmonics as the telephone passes it: the fundamental itself is below the band.

    `syllable_s`: the sound goes on and off at this pace.
    """
    time = np.arange(int(8000 * seconds)) / 8000
    tone = sum(np.sin(2 * np.pi * hertz * k * time + k) / k for k in range(1, 40) if 300 < hertz * k < 3400)
    if syllable_s:
        tone = tone * (np.mod(time, syllable_s) < 0.7 * syllable_s)
    return decode(encode((level * np.asarray(tone)).clip(-32768, 32767).astype(np.int16)))


def clip(name: str) -> tuple[Pcm, str]:
    """A synthesised sentence as the telephone passes it, and its text."""
    manifest = SPEECH.parent / "manifest.jsonl"
    if not manifest.exists():
        pytest.skip("needs the clips of ../shared/speech")
    rows = (json.loads(row) for row in manifest.read_text(encoding="utf-8").splitlines())
    text = next(row["text"] for row in rows if row["path"] == f"ko/mbrola_hn1/{name}.wav")
    return decode(encode(read_wav(SPEECH / "mbrola_hn1" / f"{name}.wav"))), text


@pytest.mark.parametrize("hertz", [75, 95, 130, 180, 240, 320, 400])
def test_pitch_is_found_though_its_fundamental_is_cut_off(hertz: int) -> None:
    said = measure(voice(hertz), "가나다", "ko")
    assert said.pitch_hz == pytest.approx(hertz, rel=0.02)
    assert said.pitch_range == pytest.approx(0, abs=0.3)


def test_pitch_is_found_in_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 300, 8000)
    said = measure((voice(160) + noise).astype(np.int16), "가나다", "ko")
    assert said.pitch_hz == pytest.approx(160, rel=0.03)


def test_a_glide_has_a_range() -> None:
    glide = np.concatenate([voice(hertz, 0.2) for hertz in (120, 150, 180, 220, 240)])
    said = measure(glide, "가나다라마", "ko")
    assert said.pitch_range == pytest.approx(12, abs=2)


def test_twice_the_amplitude_is_six_decibels() -> None:
    soft, loud = (measure(voice(150, level=level), "가", "ko").level_db for level in (2000, 4000))
    assert soft is not None
    assert loud == pytest.approx(soft + 6.02, abs=0.3)


def test_the_rate_counts_syllables_of_speech_and_not_pauses() -> None:
    pause = np.zeros(8000, np.int16)
    said = measure(np.concatenate([pause, voice(150), pause, voice(150), pause]), "가나다라마바사아", "ko")
    assert said.speech_ms == pytest.approx(2000, abs=150)
    assert said.rate == pytest.approx(4, rel=0.08)


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("안녕하세요", "ko", 5),
        ("3번이요", "ko", 4),
        ("", "ko", 0),
        ("where is my order", "en", 5),
        ("make", "en", 1),
        ("table", "en", 2),
        ("waited", "en", 2),
        ("asked", "en", 1),
        ("the", "en", 1),
        ("delivery 42", "en", 6),
    ],
)
def test_syllables(text: str, language: str, count: int) -> None:
    assert syllables(text, language) == count


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros(100, np.int16), np.zeros(8000, np.int16)])
def test_silence_shows_nothing(pcm: Pcm) -> None:
    said = measure(pcm, "네", "ko")
    assert said == Prosody(0, None, None, None, None)
    assert voice_feeling(said, Baseline(5000, -20.0, 5.0, 120.0)) == VoiceFeeling()
    assert Baseline().after(said) == Baseline()


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(2).normal(0, 2000, 16000).astype(np.int16)
    assert measure(noise, "네", "ko").pitch_hz is None


@given(arrays(np.int16, st.integers(0, 1600)), st.text(max_size=20), st.sampled_from(["ko", "en"]))
@settings(max_examples=60, deadline=None)
def test_any_sound_is_measured(pcm: Pcm, text: str, language: str) -> None:
    said = measure(pcm, text, language)
    feeling = voice_feeling(said, Baseline().after(said))
    assert -1 <= feeling.arousal <= 1
    assert 0 <= feeling.confidence <= 1


def test_the_baseline_is_the_first_utterances_and_survives_json() -> None:
    usual = Baseline()
    for _ in range(3):
        usual = usual.after(measure(voice(120, 2.5), "가나다라마바사", "ko"))
    assert usual.speech_ms >= 6000
    assert usual.pitch_hz == pytest.approx(120, rel=0.02)
    assert usual.after(measure(voice(300, 2.5, 9000), "가나다", "ko")) == usual
    assert Baseline.from_json(json.loads(json.dumps(usual.to_json()))) == usual
    with pytest.raises(ValueError, match="not a baseline"):
        Baseline.from_json({"loudness": 1})


def usual_voice() -> Baseline:
    return Baseline().after(measure(voice(120, 6.5, syllable_s=0.25), "가" * 20, "ko"))


def test_ones_usual_voice_shows_nothing() -> None:
    assert voice_feeling(measure(voice(120, 2.0, syllable_s=0.25), "가" * 6, "ko"), usual_voice()).arousal == (
        pytest.approx(0, abs=0.12)
    )


@pytest.mark.parametrize(
    ("hertz", "level", "number"),
    [(120, 6000, 6), (155, 3000, 6), (120, 3000, 10), (150, 6000, 9)],
    ids=["louder", "higher", "faster", "all"],
)
def test_louder_higher_and_faster_is_aroused(hertz: int, level: int, number: int) -> None:
    said = measure(voice(hertz, 2.0, level, syllable_s=0.25), "가" * number, "ko")
    assert voice_feeling(said, usual_voice()).arousal > 0.2


def test_quieter_lower_and_slower_is_the_opposite() -> None:
    said = measure(voice(100, 2.0, 1500, syllable_s=0.25), "가" * 4, "ko")
    assert voice_feeling(said, usual_voice()).arousal < -0.5


def test_little_speech_is_little_evidence() -> None:
    short = voice_feeling(measure(voice(160, 0.4, 6000), "네", "ko"), usual_voice())
    long = voice_feeling(measure(voice(160, 2.0, 6000), "가" * 9, "ko"), usual_voice())
    assert 0 < short.confidence < 0.4 < long.confidence
    assert voice_feeling(measure(voice(160), "가", "ko"), Baseline()) == VoiceFeeling()


def test_one_sentence_at_three_speeds() -> None:
    rates = [measure(*clip(f"hn1_{speed}_03"), "ko").rate for speed in ("m105slow", "m120", "m140fast")]
    slow, usual, fast = (rate or 0 for rate in rates)
    assert slow < usual < fast


def test_a_voice_raised_over_its_own_baseline() -> None:
    usual = Baseline()
    for number in range(4):
        usual = usual.after(measure(*clip(f"hn1_m120_{number:02}"), "ko"))
    pcm, text = clip("hn1_m120_05")
    calm = voice_feeling(measure(pcm, text, "ko"), usual)
    # Played faster, so higher too, and louder.
    raised = (2.0 * resample(pcm, 8000, 6700).astype(np.float32)).clip(-32768, 32767).astype(np.int16)
    upset = voice_feeling(measure(raised, text, "ko"), usual)
    assert abs(calm.arousal) < 0.35
    assert upset.arousal > 0.6
    assert (upset.level_db or 0) > 4
    assert (upset.pitch or 0) > 2
    assert (upset.rate or 0) > 0
