"""What callers say, as it goes on the wire: made once, sent thousands of times."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telephony.phone.speech_span import Span, speech_span
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import encode

_NOISE_FRAMES = 250
"""Of each noise, after which it begins anew: five seconds."""
_NOISES = (4.0, 10.0, 20.0)
"""Levels (16-bit, root mean square) of the lines' noises: -78, -70 and -64 dB of full scale."""
_GAINS = (1.0, 0.7, 0.5, 1.3)
"""How loud callers are beside each other."""


@dataclass(frozen=True)
class Clip:
    """Something that a caller says."""

    text: str
    frames: tuple[bytes, ...]
    """20 ms of mu-law each, in base64."""
    speech: Span
    """Samples of its speech, counted from its own start."""

    @property
    def onset_ms(self) -> float:
        return self.speech.begin * 1000 / SAMPLE_RATE

    @property
    def end_ms(self) -> float:
        return self.speech.end * 1000 / SAMPLE_RATE


def frames_of(pcm: Pcm) -> tuple[bytes, ...]:
    """8 kHz samples as frames on the wire; what is left of the last is silence."""
    padded = np.concatenate((pcm, np.zeros(-len(pcm) % FRAME_SAMPLES, np.int16)))
    payload = encode(padded)
    return tuple(
        base64.b64encode(payload[start : start + FRAME_SAMPLES]) for start in range(0, len(payload), FRAME_SAMPLES)
    )


def line_noise(number: int, seconds: float = _NOISE_FRAMES * FRAME_MS / 1000) -> Pcm:
    """The noise of the line of that number: lines differ in level. The same for the same number."""
    random = np.random.default_rng(number)
    white = random.normal(0, _NOISES[number % len(_NOISES)], round(seconds * SAMPLE_RATE))
    return np.round(white).astype(np.int16)


@dataclass(frozen=True)
class Voice:
    """One caller's sounds: the same clips, as loud as this one speaks, on this one's line."""

    silence: tuple[bytes, ...]
    """What the line carries while the caller listens, over and over."""
    clips: tuple[Clip, ...]


def voice(number: int, recordings: Sequence[tuple[str, Pcm]]) -> Voice:
    """The sounds of the caller of that number, from texts with 8 kHz samples."""
    clips = []
    for text, pcm in recordings:
        loud = pcm.astype(np.float32) * _GAINS[number % len(_GAINS)]
        noisy = loud + line_noise(number, len(pcm) / SAMPLE_RATE)[: len(pcm)]
        clips.append(Clip(text, frames_of(np.clip(np.round(noisy), -32768, 32767).astype(np.int16)), speech_span(pcm)))
    return Voice(frames_of(line_noise(number)), tuple(clips))
