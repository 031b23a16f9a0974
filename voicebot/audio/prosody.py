"""How something was said: level, rate and pitch, and how they differ from the caller's own way of speaking.

Loud, fast and high speech is aroused speech: Juslin and Laukka, Communication of emotions in vocal expression and music
performance (Psychological Bulletin 129, 2003), for intensity, rate and F0 in anger and joy alike. It tells nothing of
good and bad. People and lines differ more than moods do, so only the difference from the same caller's first
utterances counts. The weights here were set by hand: there is no emotional Korean telephone speech to fit them to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import SAMPLE_RATE, Pcm

_Floats = NDArray[np.float32]

_FRAME = 320
"""Samples: 40 ms, two and a half periods of the lowest voice."""
_HOP = 160
_TRANSFORM = 1024
"""Points of the Fourier transform: more than frame and longest lag together, so that the correlation doesn't wrap."""
_LOWEST_HZ, _HIGHEST_HZ = 65, 420
_SHORTEST_LAG, _LONGEST_LAG = SAMPLE_RATE // _HIGHEST_HZ, SAMPLE_RATE // _LOWEST_HZ
_SMOOTH_HZ = 1500
"""Higher sound is left out of the correlation: its peaks would be narrower than the step between two lags."""
_PERIODIC = 0.5
"""Normalised autocorrelation from which a frame is voiced; Boersma (1993) uses 0.45."""
_SHORT_LAG_BONUS = 0.05
"""How much an octave higher counts in favour of a lag: of the multiples of a period, the first is wanted."""
_BELOW_LOUDEST_DB = 25.0
"""Frames this far below the loudest tenth are pauses."""
_SILENCE_DB = -60.0
"""Level below which nothing is speech: two steps of mu-law."""

LEVEL_STEP_DB, RATE_STEP, PITCH_STEP = 6.0, 0.25, 4.0
"""Differences that each count as one: decibels, share of the rate, semitones."""
_LEVEL_WEIGHT, _RATE_WEIGHT, _PITCH_WEIGHT = 0.4, 0.25, 0.35
BASELINE_MS = 6000
"""Milliseconds of speech that make up a caller's own way of speaking; what is said later is compared with it."""
_LEAST_BASELINE_MS = 800
_LEAST_SPEECH_MS = 240
"""An utterance with less speech shows nothing: a short "네" differs from sentences by being one."""
_SURE_MS = 1500


@dataclass(frozen=True)
class Prosody:
    """How one utterance was said."""

    speech_ms: int
    """Milliseconds of sound, pauses left out."""
    level_db: float | None
    """dBFS (RMS; 0 is a full-scale square wave) of the voiced frames; None where nothing is voiced."""
    rate: float | None
    """Syllables per second of speech; None where there is too little speech or no text."""
    pitch_hz: float | None
    """Geometric mean over the voiced frames; None where nothing is voiced."""
    pitch_range: float | None
    """Semitones between the 10th and the 90th percentile."""


@dataclass(frozen=True)
class Baseline:
    """A caller's own way of speaking, from the first utterances. Grows with `after`; survives JSON."""

    speech_ms: int = 0
    """Of what it was taken from."""
    level_db: float | None = None
    rate: float | None = None
    pitch_hz: float | None = None

    def after(self, said: Prosody) -> Baseline:
        """The baseline with one more utterance, by its length; the same once there is enough, or of no speech."""
        if self.speech_ms >= BASELINE_MS or said.speech_ms < _LEAST_SPEECH_MS or said.level_db is None:
            return self
        share = said.speech_ms / (self.speech_ms + said.speech_ms)

        def mean(before: float | None, now: float | None) -> float | None:
            if before is None or now is None:
                return now if before is None else before
            return before + share * (now - before)

        pitch = mean(_semitones(self.pitch_hz), _semitones(said.pitch_hz))
        return Baseline(
            self.speech_ms + said.speech_ms,
            mean(self.level_db, said.level_db),
            mean(self.rate, said.rate),
            None if pitch is None else 2 ** (pitch / 12),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Baseline:
        """The baseline that `to_json` made `data` of. Raises ValueError where it is no such thing."""
        try:
            return cls(**data)
        except TypeError as error:
            raise ValueError(f"not a baseline: {error}") from None


@dataclass(frozen=True)
class VoiceFeeling:
    """How a voice differs from its own baseline."""

    arousal: float = 0.0
    """-1 to 1: quieter, slower and lower than usual, or louder, faster and higher; 0 is as usual."""
    confidence: float = 0.0
    """0 to 1: how much speech this was told from."""
    level_db: float | None = None
    """Decibels louder than usual."""
    rate: float | None = None
    """Share by which it is faster than usual."""
    pitch: float | None = None
    """Semitones higher than usual."""


def measure(pcm: Pcm, text: str, language: str) -> Prosody:
    """How one utterance was said: 8 kHz samples, shape (n,), and what was heard in them. About a millisecond a second.

    Pitch is the first peak of the autocorrelation of 40 ms frames, divided by the window's own: Boersma, Accurate
    short-term analysis of the fundamental frequency (IFA Proceedings 17, 1993), without its path search.
    """
    nothing = Prosody(0, None, None, None, None)
    if len(pcm) < _FRAME:
        return nothing
    frames = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float32) / 32768, _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.mean(frames**2, axis=1)
    loudest = float(np.quantile(power, 0.9))
    active = power > max(loudest * 10 ** (-_BELOW_LOUDEST_DB / 10), 10 ** (_SILENCE_DB / 10))
    speech_ms = int(active.sum()) * _HOP * 1000 // SAMPLE_RATE
    if not speech_ms:
        return nothing
    correlation = _autocorrelation(frames[active])
    lags = np.arange(_SHORTEST_LAG, _LONGEST_LAG + 1)
    strength = correlation[:, _SHORTEST_LAG : _LONGEST_LAG + 1]
    # A peak, not the slope down from lag 0.
    peak = (strength >= correlation[:, _SHORTEST_LAG - 1 : _LONGEST_LAG]) & (
        strength >= correlation[:, _SHORTEST_LAG + 1 : _LONGEST_LAG + 2]
    )
    bonus = (_SHORT_LAG_BONUS * np.log2(_LONGEST_LAG / lags)).astype(np.float32)
    best = np.argmax(np.where(peak, strength + bonus, -1.0), axis=1)
    rows = np.arange(len(best))
    voiced = peak[rows, best] & (strength[rows, best] > _PERIODIC)
    rate = syllables(text, language) * 1000 / speech_ms if text and speech_ms >= _LEAST_SPEECH_MS else None
    if not voiced.any():
        return Prosody(speech_ms, None, rate or None, None, None)
    level = 10 * math.log10(float(power[active][voiced].mean()))
    pitch = 12 * np.log2(SAMPLE_RATE / _refined(correlation, rows, best + _SHORTEST_LAG)[voiced])
    # Octave errors stand apart from the rest.
    pitch = pitch[np.abs(pitch - np.quantile(pitch, 0.5, method="nearest")) < 9]
    low, high = np.quantile(pitch, (0.1, 0.9))
    return Prosody(
        speech_ms,
        round(level, 2),
        round(rate, 3) if rate else None,
        round(float(2 ** (pitch.mean() / 12)), 1),
        round(float(high - low), 2),
    )


def voice_feeling(said: Prosody, usual: Baseline) -> VoiceFeeling:
    """How an utterance differs from its caller's baseline; nothing where either holds too little speech."""
    if said.speech_ms < _LEAST_SPEECH_MS or usual.speech_ms < _LEAST_BASELINE_MS:
        return VoiceFeeling()
    level = None if said.level_db is None or usual.level_db is None else said.level_db - usual.level_db
    rate = None if said.rate is None or not usual.rate else said.rate / usual.rate - 1
    higher, usual_pitch = _semitones(said.pitch_hz), _semitones(usual.pitch_hz)
    pitch = None if higher is None or usual_pitch is None else higher - usual_pitch
    parts = [
        (weight, max(-1.5, min(1.5, value / step)))
        for weight, value, step in (
            (_LEVEL_WEIGHT, level, LEVEL_STEP_DB),
            (_RATE_WEIGHT, rate, RATE_STEP),
            (_PITCH_WEIGHT, pitch, PITCH_STEP),
        )
        if value is not None
    ]
    if not parts:
        return VoiceFeeling()
    confidence = min(1.0, said.speech_ms / _SURE_MS) * min(1.0, usual.speech_ms / (BASELINE_MS / 2))
    arousal = sum(weight * value for weight, value in parts)
    return VoiceFeeling(
        round(max(-1.0, min(1.0, arousal)), 3),
        round(confidence, 3),
        None if level is None else round(level, 2),
        None if rate is None else round(rate, 3),
        None if pitch is None else round(pitch, 2),
    )


def syllables(text: str, language: str) -> int:
    """Syllables of `text` as it is read aloud; digits and single letters count as one each.

    In English, groups of vowels, without a silent final e.
    """
    if language != "en":
        return len(re.findall(r"[가-힣0-9a-zA-Z]", text))
    count = len(re.findall(r"[0-9]", text))
    for word in re.findall(r"[a-z']+", text.lower()):
        spoken = re.sub(r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^td])ed$", "", word)
        count += max(1, len(re.findall(r"[aeiouy]+", spoken)))
    return count


def _autocorrelation(frames: _Floats) -> _Floats:
    """Normalised autocorrelation of each frame, shape (frames, lags): 1 at lag 0, 1 at the period of a steady tone."""
    window = np.hanning(_FRAME + 2)[1:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames * window, _TRANSFORM)
    power = spectrum.real**2 + spectrum.imag**2
    power[:, _SMOOTH_HZ * _TRANSFORM // SAMPLE_RATE :] = 0
    correlation = np.fft.irfft(power, _TRANSFORM)[:, : _LONGEST_LAG + 3]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _TRANSFORM)) ** 2, _TRANSFORM)[: _LONGEST_LAG + 3]
    normal: _Floats = (correlation / np.maximum(correlation[:, :1], 1e-12) / (own / own[0])).astype(np.float32)
    return normal


def _refined(correlation: _Floats, rows: NDArray[np.intp], lags: NDArray[np.intp]) -> _Floats:
    """Lags between samples, by the parabola through each peak and its neighbours."""
    before, at, after = correlation[rows, lags - 1], correlation[rows, lags], correlation[rows, lags + 1]
    curve = before - 2 * at + after
    shift = np.where(np.abs(curve) > 1e-6, 0.5 * (before - after) / np.where(curve == 0, 1, curve), 0)
    refined: _Floats = lags + np.clip(shift, -0.5, 0.5)
    return refined


def _semitones(hertz: float | None) -> float | None:
    return 12 * math.log2(hertz) if hertz else None
