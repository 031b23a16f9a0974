"""From an engine's or a recording's sound to the telephone line's: its band, its loudness, no clicks anywhere.

The order: trimmed, resampled, shaped for the line, levelled, limited, faded. Why these amounts: see
docs/decisions/telephone-sound.md.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample
from voicebot.tts.port import Sound

TREATMENT = "2"
"""Counts the versions of this module's treatment: part of the cache's key, so that a change reaches the callers."""

SPEECH_LEVEL = -20.0
"""RMS of the frames with speech in dB relative to full scale. Telephone speech is measured at -26 dBov (ITU-T P.56,
G.191); announcements lie above conversation, and -20 leaves speech's crest factor of 12 to 18 dB its room."""
PEAK = -1.0
"""Highest sample in dB relative to full scale."""
PRESENCE_DB = 6.0
"""How much 2 to 3.2 kHz are lifted over 300 to 1000 Hz: where consonants tell themselves apart, and where mu-law's
noise, which follows the vowels' level, hides them."""
LIMITED_DB = 9.0
"""The most that the limiter takes from a peak; speech that is peakier still ends up softer."""
_TAPS = 161
"""Of the filter, 20 ms: its edge at 300 Hz falls by 20 dB within 150 Hz."""
_SPEECH_BELOW_LOUDEST = 25.0
"""dB: frames weaker than the loudest frame by more than this are pauses, not speech."""
_SILENCE_BELOW_LOUDEST = 45.0
"""dB: what an engine leaves before and after its speech is weaker than this; consonants are not."""
_LEAD_MS, _TAIL_MS = 10, 30
"""Milliseconds of an engine's own sound that stay around the speech, so that no onset is cut."""
_FADE_MS = 5
_CROSS_FADE_MS = 8
"""Of pieces that are joined without a pause: longer than a period of any voice's lowest tone would be heard twice."""
_LIMITER_MS = 5
"""How long before a peak the limiter begins to give way: shorter is heard as distortion."""


def on_the_line(sound: Sound) -> Pcm:
    """8 kHz samples of `sound`: trimmed at both ends, shaped, levelled, faded. Empty for pure silence."""
    pcm = trim(resample(np.ascontiguousarray(sound.pcm), sound.rate, SAMPLE_RATE))
    return fade(level(shape(pcm)))


def trim(pcm: Pcm) -> Pcm:
    """Without the silence at both ends. Empty where there is nothing else."""
    loudness = _frame_levels(pcm)
    if not len(loudness) or loudness.max() < -70:
        return pcm[:0]
    loud = np.flatnonzero(loudness > loudness.max() - _SILENCE_BELOW_LOUDEST)
    start = loud[0] * FRAME_SAMPLES - _LEAD_MS * SAMPLE_RATE // 1000
    end = (loud[-1] + 1) * FRAME_SAMPLES + _TAIL_MS * SAMPLE_RATE // 1000
    return pcm[max(0, start) : end]


def shape(pcm: Pcm, *, presence_db: float = PRESENCE_DB) -> NDArray[np.float64]:
    """Only what a telephone line carries, with its upper half lifted by `presence_db`. Of the same length."""
    if not len(pcm):
        return np.zeros(0)
    taps = _filter(presence_db)
    size = 1 << (len(pcm) + len(taps) - 2).bit_length()
    spectrum = np.fft.rfft(pcm.astype(np.float64), size) * np.fft.rfft(taps, size)
    shaped: NDArray[np.float64] = np.fft.irfft(spectrum, size)[len(taps) // 2 : len(taps) // 2 + len(pcm)]
    return shaped


@functools.lru_cache(maxsize=8)
def _filter(presence_db: float) -> NDArray[np.float64]:
    """A linear-phase FIR: below 300 Hz nothing gets through a line (ITU-T G.712) but would take level from the rest."""
    lift = 10 ** (presence_db / 20)
    half = 10 ** (presence_db / 40)
    hertz = (0, 150, 280, 1000, 1500, 2000, 3200, 3600, 4000)
    gain = (0, 0.05, 1, 1, half, lift, lift, 0.5 * lift, 0)
    # By frequency sampling, as scipy.signal.firwin2 does it; numpy alone, for scipy.signal takes half a second to load.
    grid = np.linspace(0, SAMPLE_RATE / 2, 513)
    half_spectrum = np.interp(grid, hertz, gain) * np.exp(-0.5j * (_TAPS - 1) * np.pi * grid / (SAMPLE_RATE / 2))
    taps: NDArray[np.float64] = np.fft.irfft(half_spectrum)[:_TAPS] * np.hamming(_TAPS)
    return taps


def level(pcm: NDArray[np.number]) -> Pcm:
    """At the telephone's loudness, its peaks softly limited."""
    loudness = _frame_levels(pcm)
    if not len(loudness) or loudness.max() < -70:
        return np.round(pcm).astype(np.int16)
    speech = loudness[loudness > loudness.max() - _SPEECH_BELOW_LOUDEST]
    now = 10 * np.log10(np.mean(10 ** (speech / 10)))
    peak = 20 * np.log10(np.abs(pcm.astype(np.float64)).max() / 32768)
    gain = min(SPEECH_LEVEL - now, PEAK - peak + LIMITED_DB)
    return limit(pcm * 10 ** (gain / 20))


def limit(samples: NDArray[np.float64]) -> Pcm:
    """With no sample above PEAK: the level gives way before a peak and comes back after it, without a corner.

    The gain that each sample needs, held for a window around it and then averaged over a window of the same length, is
    nowhere above what is needed.
    """
    most = 32768 * 10 ** (PEAK / 20)
    needed = np.maximum(np.abs(samples) / most, 1.0)
    if needed.max(initial=1.0) > 1.0:
        width = 2 * (_LIMITER_MS * SAMPLE_RATE // 1000) + 1
        around = np.pad(needed, width // 2, mode="edge")
        held = 1 / np.lib.stride_tricks.sliding_window_view(around, width).max(axis=1)
        window = np.hanning(width + 2)[1:-1]
        padded = np.pad(held, width // 2, mode="edge")
        samples = samples * np.convolve(padded, window / window.sum(), mode="valid")
    return np.clip(np.round(samples), -most, most).astype(np.int16)


def fade(pcm: Pcm, *, start: bool = True, end: bool = True) -> Pcm:
    """With 5 ms of fading at both ends, or one."""
    length = min(_FADE_MS * SAMPLE_RATE // 1000, len(pcm) // 2)
    if not length:
        return np.zeros_like(pcm)
    ramp = np.arange(length) / length
    out = pcm.astype(np.float64)
    if start:
        out[:length] *= ramp
    if end:
        out[len(out) - length :] *= ramp[::-1]
    return np.round(out).astype(np.int16)


def join(parts: Sequence[Pcm]) -> Pcm:
    """The parts one after the other, without clicks.

    Where one begins or ends with silence, such as a `pause`, its neighbour fades; parts that meet amid sound are
    cross-faded over at most 8 ms, at equal power. It begins and ends at zero where there is more than one part.
    """
    sounds = [part for part in parts if len(part)]
    if len(sounds) < 2:
        return sounds[0] if sounds else np.zeros(0, np.int16)
    joined = sounds[0].astype(np.float64)
    for sound in sounds[1:]:
        joined = _met(joined, sound.astype(np.float64))
    return fade(np.round(joined).clip(-32768, 32767).astype(np.int16))


def _met(before: NDArray[np.float64], behind: NDArray[np.float64]) -> NDArray[np.float64]:
    length = min(_CROSS_FADE_MS * SAMPLE_RATE // 1000, len(before) // 2, len(behind) // 2)
    if not length:
        return np.concatenate((before, behind))
    angle = (np.arange(length) + 0.5) / length * np.pi / 2
    falling, rising = before[-length:] * np.cos(angle), behind[:length] * np.sin(angle)
    if not before[-length:].any() or not behind[:length].any():
        return np.concatenate((before[:-length], falling, rising, behind[length:]))
    return np.concatenate((before[:-length], falling + rising, behind[length:]))


def pause(milliseconds: int) -> Pcm:
    """Silence."""
    return np.zeros(milliseconds * SAMPLE_RATE // 1000, np.int16)


def _frame_levels(pcm: NDArray[np.number]) -> NDArray[np.float64]:
    """RMS of every 20 ms, the last one padded, in dB relative to full scale; -100 for digital silence."""
    padded = np.pad(pcm.astype(np.float64), (0, -len(pcm) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum((padded / 32768) ** 2, 1e-10).mean(axis=1))
    return levels
