import numpy as np
import pytest

from voicebot.audio.format import FRAME_BYTES
from voicebot.audio.turn_taking import TurnKnobs, is_backchannel, silence_to_end
from voicebot.audio.vad import Segmenter

SILENCE = bytes(FRAME_BYTES)


def voice(frames: int, seed: int = 1) -> list[bytes]:
    """Something that the VAD takes for speech: a pulse train through two resonances."""
    rng = np.random.default_rng(seed)
    n = frames * 160
    pulses = np.zeros(n)
    pulses[::64] = 1.0
    t = np.arange(200) / 8000
    ring = np.exp(-t * 300) * (np.sin(2 * np.pi * 700 * t) + 0.6 * np.sin(2 * np.pi * 1200 * t))
    sound = np.convolve(pulses, ring)[:n] * 9000 + rng.normal(0, 30, n)
    raw = sound.astype(np.int16).tobytes()
    return [raw[i : i + FRAME_BYTES] for i in range(0, len(raw), FRAME_BYTES)]


def test_silence_is_no_speech() -> None:
    segmenter = Segmenter()
    assert not any(segmenter.push(SILENCE) for _ in range(100))
    assert not segmenter.speaking


def test_the_sound_before_the_onset_is_kept() -> None:
    segmenter = Segmenter()
    for _ in range(50):
        segmenter.push(SILENCE)
    sounds = [segmenter.push(frame) for frame in voice(30)]
    first = next(sound for sound in sounds if sound)
    assert len(first) == 15 * FRAME_BYTES  # 300 ms of pre-roll, the onset among it
    began = sounds.index(first)
    assert b"".join(voice(30)[: began + 1]) in first
    assert all(len(sound) == FRAME_BYTES for sound in sounds[began + 1 :])


def test_a_click_is_no_speech() -> None:
    segmenter = Segmenter()
    click = np.zeros(160, np.int16)
    click[80] = 20000
    for frame in [SILENCE] * 20 + [click.tobytes()] + [SILENCE] * 20:
        assert segmenter.push(frame) == b""


def test_voice_and_silence_are_measured() -> None:
    segmenter = Segmenter()
    for frame in [SILENCE] * 20 + voice(25) + [SILENCE] * 30:
        segmenter.push(frame)
    assert 440 <= segmenter.voiced_ms <= 620  # the VAD itself goes on a little
    assert 440 <= segmenter.silence_ms <= 600
    segmenter.end()
    assert not segmenter.speaking


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="320"):
        Segmenter().push(b"\0" * 318)


def test_a_complete_sentence_ends_the_turn_sooner_and_digits_later() -> None:
    knobs = TurnKnobs()
    complete = silence_to_end(knobs, complete=True, amid_digits=True)
    usual = silence_to_end(knobs, complete=False, amid_digits=False)
    digits = silence_to_end(knobs, complete=False, amid_digits=True)
    assert complete < usual < digits


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("네", "ko", True),
        ("네 네", "ko", True),
        ("", "ko", True),
        ("네 취소할게요", "ko", False),
        ("Okay.", "en", True),
    ],
)
def test_backchannels(text: str, language: str, answer: bool) -> None:
    assert is_backchannel(text, language) is answer
