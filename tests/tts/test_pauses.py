"""Long pauses inside a sentence are cut short; all else stays."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.tts.pauses import LONGEST_MS, shortened
from voicebot.tts.port import Sound


def said(*ms: int) -> Sound:
    """Speech and silence in turn, so many milliseconds each."""
    time = np.arange(24 * 3000) / 24_000
    tone = (np.sin(2 * np.pi * 200 * time) * 8000).astype(np.int16)
    parts = [tone[: 24 * one] if n % 2 == 0 else np.zeros(24 * one, np.int16) for n, one in enumerate(ms)]
    return Sound(np.concatenate(parts), 24_000)


@pytest.mark.parametrize(
    ("pause", "left"), [(100, 100), (LONGEST_MS, LONGEST_MS), (700, LONGEST_MS), (1500, LONGEST_MS)]
)
def test_a_pause_is_at_most_so_long(pause: int, left: int) -> None:
    assert len(shortened(said(500, pause, 400)).pcm) == pytest.approx(24 * (900 + left), abs=240)


def test_each_pause_is_cut_slow_speech_keeps_longer_ones_and_the_ends_stay() -> None:
    assert len(shortened(said(500, 700, 400, 700, 300, 900)).pcm) == pytest.approx(
        24 * (2100 + 2 * LONGEST_MS), abs=480
    )
    assert len(shortened(said(500, 700, 400), 0.5).pcm) == pytest.approx(24 * (900 + 2 * LONGEST_MS), abs=240)


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros(5000, np.int16), np.ones(3, np.int16)])
def test_what_has_no_pause_stays_as_it_is(pcm: np.ndarray) -> None:
    assert np.array_equal(shortened(Sound(pcm, 24_000)).pcm, pcm)
