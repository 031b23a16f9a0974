"""The second listener with its real model, wherever that is."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from voicebot.asr.port import Domain, Sentence, Verdict
from voicebot.asr.second_listener import WhisperListener
from voicebot.asr.vocabulary import ModelError
from voicebot.asr.whisper import WhisperModel, installed
from voicebot.asr.whisper_features import log_mel, window_seconds
from voicebot.audio import mulaw
from voicebot.audio.wav import read_wav

COFFEE = Domain("coffee", "ko", (Sentence("나에게 커피를 줘", "coffee"), Sentence("불을 꺼 줘", "light")))
OPEN = Domain("open", "ko", (), open_question=True)


def telephone(path: Path) -> bytes:
    return mulaw.decode(mulaw.encode(read_wav(path))).tobytes()


def test_a_window_has_room_behind_the_utterance_and_never_more_than_the_model() -> None:
    assert window_seconds(1.0) == 12.0
    assert window_seconds(8.0) <= 12.0
    assert all(window_seconds(seconds) >= seconds + 3.5 for seconds in (0.0, 5.0, 12.0, 26.0))
    assert window_seconds(60.0) == 30.0


def test_features_are_those_of_the_reference() -> None:
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor()
    from voicebot.audio.resample import resample

    pcm = (np.random.default_rng(1).standard_normal(8000) * 3000).astype(np.int16)
    expected = extractor(resample(pcm, 8000, 16000).astype(np.float32) / 32768)
    ours = log_mel(pcm, 12.0)
    assert ours.shape == (80, 1200)
    np.testing.assert_allclose(ours[:, : expected.shape[1]], expected, atol=1e-4)
    assert np.all(ours[:, expected.shape[1] :] == ours.min())


@pytest.mark.parametrize("samples", [0, 1, 199, 401, 8000 * 31])
def test_features_of_any_length(samples: int) -> None:
    assert log_mel(np.ones(samples, np.int16), 30.0).shape == (80, 3000)


def test_a_folder_without_a_model_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    if not installed():
        pytest.skip("ctranslate2 and tokenizers are not installed")
    with pytest.raises(ModelError, match="voicebot models install whisper-base"):
        WhisperModel(tmp_path)


def test_telephone_speech_is_recognised(whisper: WhisperListener, speech: Path) -> None:
    found = whisper.second_opinion(telephone(speech / "ko/picovoice_demo/rhino_out.wav"), COFFEE)
    assert found is not None
    assert (found.verdict, found.text, found.language) == (Verdict.ACCEPT, "나에게 커피를 줘", "ko")
    assert found.evidence["window"] == 12.0
    assert found.cpu_seconds > 0


def test_english_in_a_korean_call_is_noticed(whisper: WhisperListener, speech: Path) -> None:
    found = whisper.second_opinion(telephone(speech / "en/picovoice/leopard_test.wav"), OPEN)
    assert found is not None
    assert found.language == "en"
    assert "middle classes" in found.text
    assert found.verdict is Verdict.CONFIRM


@pytest.mark.parametrize("domain", [COFFEE, OPEN])
@pytest.mark.parametrize("sound", ["nothing", "silence", "faint", "noise", "tone", "clipped", "one sample"])
def test_what_is_no_speech_is_rejected(whisper: WhisperListener, domain: Domain, sound: str) -> None:
    rng = np.random.default_rng(2)
    time = np.arange(16000) / 8000
    wave = {
        "nothing": np.zeros(0),
        "silence": np.zeros(16000),
        "faint": rng.standard_normal(16000) * 5,
        "noise": rng.standard_normal(16000) * 2000,
        "tone": np.sin(2 * np.pi * 440 * time) * 8000,
        "clipped": np.sign(np.sin(2 * np.pi * 150 * time)) * 32767,
        "one sample": np.ones(1) * 9000,
    }[sound]
    found = whisper.second_opinion(wave.astype(np.int16).tobytes(), domain)
    assert found is not None
    assert (found.verdict, found.text) == (Verdict.REJECT, "")


def test_an_odd_byte_is_ignored(whisper: WhisperListener) -> None:
    found = whisper.second_opinion(b"\x00\x01\x02", OPEN)
    assert found is not None
    assert found.verdict is Verdict.REJECT


def test_what_is_cancelled_is_not_read(whisper: WhisperListener) -> None:
    cancelled = threading.Event()
    cancelled.set()
    noise = (np.random.default_rng(2).standard_normal(16000) * 2000).astype(np.int16).tobytes()
    assert whisper.second_opinion(noise, OPEN, cancelled) is None
