"""Whether a recording can be used: format, clipping, noise, silence, length; and its loudness and its ends."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import Pcm
from voicebot.audio.resample import resample
from voicebot.audio.wav import read_wav
from voicebot.tts.recordings.clip import RecordingError
from voicebot.tts.recordings.loudness import loudness_of
from voicebot.tts.recordings.script import expected_seconds

RATE = 16_000
"""Hertz of what is kept: twice the telephone's, so that the second listener and the browser phone lose nothing."""
LOUDNESS = -23.0
"""LUFS to which all recordings are brought: the target of EBU R 128, with room for the peaks of close speech."""
HIGHEST_PEAK = -1.0
"""dB relative to full scale, which limits how far a very peaky recording is raised."""

LOWEST_RATE = 8000
_SILENT_DB = -55.0
"""dB relative to full scale: speech below it drowns in the noise of the line."""
_CLIPPED_RUN = 3
_CLIPPED_SHARE, _CLIPPED_HINT = 1e-3, 1e-5
"""Share of samples in runs at full scale that can be heard as crackling, and the one that is worth a word."""
_NOISY_DB, _HISSING_DB = 18.0, 30.0
"""Speech over noise: what is refused, since every join would let the hiss come and go, and what is worth a word."""
_EDGE_MS = 40
_CUT_OFF_DB = 12.0
"""A file that begins or ends less than this below its speech has no silence there: it was cut in a word."""
_SHORTEST, _LONGEST, _SHORTER_S, _LONGER_S = 0.4, 2.6, 0.05, 0.6
"""Times the expected length, and seconds less or more, for single syllables are clipped or drawn out. Beyond them words
are missing, or others were read: quick readers say 11 syllables a second, slow ones 3."""
_FRAME_MS = 10
_SPEECH_BELOW_LOUDEST = 35.0
"""dB."""
_FULL_SCALE = 32_700
_STEADY_DB = 4.0
"""Where the ends of a file are within this of its quietest moments, they are noise rather than speech."""
_LEAD_MS, _TAIL_MS = 10, 30


@dataclass(frozen=True)
class Checked:
    """A usable recording, trimmed and at LOUDNESS."""

    pcm: Pcm
    """At RATE."""
    loudness: float
    """LUFS before."""
    seconds: float
    """After trimming."""
    hints: tuple[str, ...]
    """What could be better, a sentence each."""


def check(path: Path, words: str, language: str) -> Checked:
    """Read, check, trim and equalise one WAV file in which `words` are to be heard.

    Raises RecordingError and AudioFileError, each one sentence that names the file and what to do.
    """
    rate = _rate(path)
    pcm = read_wav(path, rate)
    levels = _levels(pcm, rate)
    if not len(levels) or levels.max() < _SILENT_DB:
        raise RecordingError(f"{path.name}: there is only silence in it; record it again.")
    hints = []
    clipped = _clipped(pcm)
    if clipped > _CLIPPED_SHARE:
        raise RecordingError(
            f"{path.name}: {clipped:.1%} of it is clipped; turn the microphone down and record it again."
        )
    if clipped > _CLIPPED_HINT:
        hints.append(f"{path.name}: clipped in a few places; turn the microphone down a little.")
    speech = _mean(levels[levels > levels.max() - _SPEECH_BELOW_LOUDEST])
    noise = _noise(path, levels, speech)
    if speech - noise < _HISSING_DB:
        hints.append(
            f"{path.name}: noise only {speech - noise:.0f} dB below the speech; a quieter room would be better."
        )
    start, end = _span(levels, noise)
    _check_length(path, (end - start) * _FRAME_MS / 1000, words, language)
    lead, tail = start * _FRAME_MS - _LEAD_MS, end * _FRAME_MS + _TAIL_MS
    kept = resample(pcm[max(0, lead * rate // 1000) : tail * rate // 1000], rate, RATE)
    loudness = loudness_of(kept, RATE)
    return Checked(_at_loudness(kept, loudness), loudness, len(kept) / RATE, tuple(hints))


def _rate(path: Path) -> int:
    """Hertz."""
    try:
        with wave.open(str(path), "rb") as file:
            rate = file.getframerate()
    except (OSError, EOFError, wave.Error):
        read_wav(path)
        raise RecordingError(f"{path.name}: can't be read; save it as a PCM WAV file.") from None
    if rate < LOWEST_RATE:
        raise RecordingError(f"{path.name}: recorded at {rate} Hz; record it at 16000 to 48000 Hz.")
    return rate


def _levels(pcm: Pcm, rate: int) -> NDArray[np.float64]:
    """RMS of every 10 ms in dB relative to full scale; -100 for digital silence."""
    size = rate * _FRAME_MS // 1000
    frames = pcm[: len(pcm) // size * size].astype(np.float64).reshape(-1, size) / 32768
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-10))
    return levels


def _mean(levels: NDArray[np.float64]) -> float:
    """The level of the mean power."""
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))


def _clipped(pcm: Pcm) -> float:
    """Share of the samples in runs at full scale."""
    edges = np.diff(np.concatenate(([0], (np.abs(pcm.astype(np.int32)) >= _FULL_SCALE).astype(np.int8), [0])))
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return float(runs[runs >= _CLIPPED_RUN].sum() / len(pcm))


def _noise(path: Path, levels: NDArray[np.float64], speech: float) -> float:
    """The level of the noise, from the silence before and after the speech."""
    edge = _EDGE_MS // _FRAME_MS
    before, after = _mean(levels[:edge]), _mean(levels[-edge:])
    floor = float(np.percentile(levels, 5))
    noise = min(before, after)
    if speech - noise < _NOISY_DB and max(before, after) - floor < _STEADY_DB:
        raise RecordingError(
            f"{path.name}: noise only {max(0, speech - noise):.0f} dB below the speech; record it in a quiet room."
        )
    for level, where in ((before, "begins"), (after, "ends")):
        if speech - level < _CUT_OFF_DB:
            raise RecordingError(
                f"{path.name}: it {where} inside a word; record it again with half a second of silence around it."
            )
    return noise


def _span(levels: NDArray[np.float64], noise: float) -> tuple[int, int]:
    """The frames with speech: from the first to behind the last."""
    loud = np.flatnonzero(levels > max(levels.max() - _SPEECH_BELOW_LOUDEST, min(noise + 6, levels.max() - 10)))
    return int(loud[0]), int(loud[-1]) + 1


def _check_length(path: Path, seconds: float, words: str, language: str) -> None:
    expected = expected_seconds(words, language)
    if seconds < _SHORTEST * expected - _SHORTER_S or seconds > _LONGEST * expected + _LONGER_S:
        raise RecordingError(
            f"{path.name}: {seconds:.1f} s of speech, where about {expected:.1f} s are expected; "
            f'check that it says "{words}".'
        )


def _at_loudness(pcm: Pcm, loudness: float) -> Pcm:
    peak = 20 * np.log10(np.abs(pcm.astype(np.int32)).max() / 32768)
    gain = min(LOUDNESS - loudness, HIGHEST_PEAK - peak)
    equalised: Pcm = np.round(pcm * 10 ** (gain / 20)).astype(np.int16)
    return equalised
