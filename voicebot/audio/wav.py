"""WAV files in and out."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample
from voicebot.errors import VoicebotError

_MOST_SECONDS = 3600


class AudioFileError(VoicebotError):
    """A sound file that can't be read or written."""


def read_wav(path: Path, rate: int = SAMPLE_RATE) -> Pcm:
    """Samples of a PCM WAV file (8, 16, 24 or 32 bits, any rate, any channels), mixed to mono at `rate` Hertz.

    Raises AudioFileError for what is no such file, and for more than an hour of sound.
    """
    try:
        with wave.open(str(path), "rb") as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            own_rate, frames = file.getframerate(), file.getnframes()
            if not 1000 <= own_rate <= 768_000 or channels < 1:
                raise AudioFileError(
                    f"{path}: {own_rate} Hz with {channels} channels is no sound that can be used; "
                    "save it as 8 to 48 kHz mono or stereo."
                )
            if frames > _MOST_SECONDS * own_rate:
                raise AudioFileError(f"{path}: longer than an hour; cut it into shorter files.")
            raw = file.readframes(frames)
    except FileNotFoundError:
        raise AudioFileError(f"{path}: there is no such file; check the path.") from None
    except OSError as error:
        raise AudioFileError(f"{path}: can't be read ({error.strerror}); check the path and its permissions.") from None
    except (wave.Error, EOFError):
        raise AudioFileError(
            f"{path}: not a PCM WAV file; convert it, for example with: ffmpeg -i {path.name} -ar 8000 -ac 1 out.wav"
        ) from None
    samples = _to_16_bit(raw[: len(raw) // (width * channels) * width * channels], width)
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return resample(samples, own_rate, rate)


def _to_16_bit(raw: bytes, width: int) -> Pcm:
    match width:
        case 1:
            return ((np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8).astype(np.int16)
        case 2:
            return np.frombuffer(raw, "<i2").astype(np.int16)
        case 3:
            bytes_ = np.frombuffer(raw, np.uint8).reshape(-1, 3)
            return (bytes_[:, 1].astype(np.uint16) | (bytes_[:, 2].astype(np.uint16) << 8)).view(np.int16)
        case _:
            return (np.frombuffer(raw, "<i4") >> 16).astype(np.int16)


def write_wav(path: Path, pcm: Pcm, rate: int = SAMPLE_RATE) -> None:
    """Write 16-bit PCM; `pcm` has shape (n,) for mono or (n, channels). Makes the folder where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(pcm.astype("<i2").tobytes())
    except OSError as error:
        raise AudioFileError(f"{path}: can't be written ({error.strerror}); choose another place.") from None
