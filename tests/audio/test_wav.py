import wave
from pathlib import Path

import numpy as np
import pytest

from voicebot.audio.resample import StreamResampler, resample
from voicebot.audio.wav import AudioFileError, read_wav, write_wav


def tone(rate: int, seconds: float = 0.5, hertz: float = 440) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def test_a_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_wav(tmp_path / "new folder" / "a.wav", tone(8000))
    assert np.array_equal(read_wav(tmp_path / "new folder" / "a.wav"), tone(8000))


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_sample_width_is_read(tmp_path: Path, width: int) -> None:
    wanted = tone(8000)
    raw = {
        1: ((wanted >> 8) + 128).astype(np.uint8).tobytes(),
        2: wanted.astype("<i2").tobytes(),
        3: b"".join(int(s).to_bytes(2, "little", signed=True).rjust(3, b"\0") for s in wanted),
        4: (wanted.astype("<i4") << 16).tobytes(),
    }[width]
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, width, 8000, 0, "NONE", ""))
        file.writeframes(raw)
    assert np.max(np.abs(read_wav(tmp_path / "a.wav").astype(int) - wanted)) <= (255 if width == 1 else 0)


def test_stereo_at_another_rate_becomes_mono_at_the_wanted_one(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.stack([tone(44100), tone(44100)], axis=1), 44100)
    assert abs(len(read_wav(tmp_path / "a.wav", 8000)) - 4000) <= 1


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "not a PCM WAV"), (b"RIFF\x10\0\0\0WAVEfmt ", "not a PCM WAV"), ("안녕".encode(), "not a PCM WAV")],
)
def test_what_is_no_wav_gets_one_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioFileError, match=told) as error:
        read_wav(tmp_path / "a.wav")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"gone\.wav: there is no such file"):
        read_wav(tmp_path / "gone.wav")


def test_resampling_in_pieces_gives_as_much_as_at_once() -> None:
    stream, whole = StreamResampler(48000, 8000), tone(48000, 1.0)
    pieces = [stream.push(whole[i : i + 480]) for i in range(0, len(whole), 480)]
    pieces.append(stream.push(np.zeros(0, np.int16), last=True))
    assert abs(sum(map(len, pieces)) - len(resample(whole, 48000, 8000))) <= 1
