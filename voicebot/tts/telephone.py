"""From an engine's or a recording's sound to the telephone line's: trimmed, resampled, levelled, without clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample
from voicebot.tts.port import Sound

TREATMENT = "1"
"""Counts the versions of this module's treatment: part of the cache's key, so that a change reaches the callers."""

SPEECH_LEVEL = -20.0
"""RMS of the frames with speech in dB relative to full scale. Telephone speech is measured at -26 dBov (ITU-T P.56,
G.191); announcements lie above conversation, and -20 leaves speech's crest factor of 12 to 18 dB its room."""
PEAK = -1.0
"""Highest sample in dB relative to full scale."""
_SPEECH_BELOW_LOUDEST = 25.0
"""dB: frames weaker than the loudest frame by more than this are pauses, not speech."""
_SILENCE_BELOW_LOUDEST = 45.0
"""dB: what an engine leaves before and after its speech is weaker than this; consonants are not."""
_LEAD_MS, _TAIL_MS = 10, 30
"""Milliseconds of an engine's own sound that stay around the speech, so that no onset is cut."""
_FADE_MS = 5


def on_the_line(sound: Sound) -> Pcm:
    """8 kHz samples of `sound`: band-limited, silence trimmed at both ends, levelled, faded. Empty for pure silence."""
    pcm = trim(resample(np.ascontiguousarray(sound.pcm), sound.rate, SAMPLE_RATE))
    return fade(level(pcm))


def trim(pcm: Pcm) -> Pcm:
    """Without the silence at both ends. Empty where there is nothing else."""
    loudness = _frame_levels(pcm)
    if not len(loudness) or loudness.max() < -70:
        return pcm[:0]
    loud = np.flatnonzero(loudness > loudness.max() - _SILENCE_BELOW_LOUDEST)
    start = loud[0] * FRAME_SAMPLES - _LEAD_MS * SAMPLE_RATE // 1000
    end = (loud[-1] + 1) * FRAME_SAMPLES + _TAIL_MS * SAMPLE_RATE // 1000
    return pcm[max(0, start) : end]


def level(pcm: Pcm) -> Pcm:
    """At the telephone's loudness; peaks stay below clipping, so very peaky speech ends up softer."""
    loudness = _frame_levels(pcm)
    if not len(loudness) or loudness.max() < -70:
        return pcm
    speech = loudness[loudness > loudness.max() - _SPEECH_BELOW_LOUDEST]
    now = 10 * np.log10(np.mean(10 ** (speech / 10)))
    peak = 20 * np.log10(np.abs(pcm.astype(np.int32)).max() / 32768)
    gain = min(SPEECH_LEVEL - now, PEAK - peak)
    levelled: Pcm = np.round(pcm * 10 ** (gain / 20)).astype(np.int16)
    return levelled


def fade(pcm: Pcm) -> Pcm:
    """With 5 ms of fading at both ends."""
    length = min(_FADE_MS * SAMPLE_RATE // 1000, len(pcm) // 2)
    if not length:
        return pcm
    ramp = np.arange(length) / length
    out = pcm.astype(np.float64)
    out[:length] *= ramp
    out[len(out) - length :] *= ramp[::-1]
    return np.round(out).astype(np.int16)


def pause(milliseconds: int) -> Pcm:
    """Silence."""
    return np.zeros(milliseconds * SAMPLE_RATE // 1000, np.int16)


def _frame_levels(pcm: Pcm) -> NDArray[np.float64]:
    """RMS of every 20 ms, the last one padded, in dB relative to full scale; -100 for digital silence."""
    padded = np.pad(pcm.astype(np.float64), (0, -len(pcm) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum((padded / 32768) ** 2, 1e-10).mean(axis=1))
    return levels
