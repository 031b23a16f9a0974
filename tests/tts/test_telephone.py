"""What callers get of a sound: the line's band and loudness, consonants that survive, joins without clicks."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from tests.tts.speech_like import speech_like
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.tts.port import Sound
from voicebot.tts.telephone import (
    PEAK,
    PRESENCE_DB,
    SPEECH_LEVEL,
    join,
    level,
    limit,
    on_the_line,
    pause,
    shape,
)

MOST = 32768 * 10 ** (PEAK / 20)


def tone(hertz: float, seconds: float = 1.0, size: float = 8000.0) -> Pcm:
    return np.round(size * np.sin(2 * np.pi * hertz * np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE)).astype(
        np.int16
    )


def gain_db(hertz: float) -> float:
    before, after = tone(hertz).astype(float)[800:-800], shape(tone(hertz))[800:-800]
    return float(10 * np.log10((after**2).mean() / (before**2).mean()))


def speech_level(pcm: Pcm) -> float:
    frames = pcm[: len(pcm) // 160 * 160].astype(float).reshape(-1, 160)
    levels = 10 * np.log10(np.maximum((frames / 32768) ** 2, 1e-10).mean(axis=1))
    return float(10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 25] / 10))))


def test_consonants_are_lifted_and_vowels_are_not() -> None:
    assert gain_db(500) == pytest.approx(0, abs=0.3)
    assert gain_db(2600) == pytest.approx(PRESENCE_DB, abs=0.3)


@pytest.mark.parametrize(("hertz", "at_most"), [(60, -25), (120, -18), (3900, -8)])
def test_what_a_line_does_not_carry_takes_no_level_from_the_rest(hertz: float, at_most: float) -> None:
    assert gain_db(hertz) < at_most


def test_a_hum_under_the_speech_changes_nothing_that_callers_hear() -> None:
    speech = speech_like(rate=SAMPLE_RATE)
    hum = speech + tone(50, len(speech) / SAMPLE_RATE, 4000)[: len(speech)]
    plain, hummed = on_the_line(Sound(speech, SAMPLE_RATE)), on_the_line(Sound(hum, SAMPLE_RATE))
    assert speech_level(hummed) == pytest.approx(speech_level(plain), abs=1.0)


def test_peaky_speech_is_as_loud_as_any_other() -> None:
    speech = speech_like(rate=SAMPLE_RATE).astype(float) / 20
    speech[::1600] *= 12
    pcm = level(speech)
    assert speech_level(pcm) == pytest.approx(SPEECH_LEVEL, abs=1.0)
    assert np.abs(pcm.astype(int)).max() <= MOST


@given(
    st.lists(st.floats(-90_000, 90_000), min_size=1, max_size=400),
    st.integers(1, 50),
)
@settings(max_examples=60, deadline=None)
def test_nothing_passes_the_limiter_and_what_is_quiet_stays_as_it_is(samples: list[float], stretch: int) -> None:
    sound = np.repeat(np.array(samples), stretch)
    limited = limit(sound)
    assert len(limited) == len(sound)
    assert np.abs(limited.astype(int)).max() <= MOST
    quiet = np.clip(sound, -20_000, 20_000)
    assert np.array_equal(limit(quiet), np.round(quiet).astype(np.int16))


def test_the_limiter_gives_way_without_corners() -> None:
    loud = tone(300, size=10_000).astype(float)
    loud[3000:3200] *= 6
    limited = limit(loud).astype(float)
    ratio = limited[np.abs(loud) > 3000] / loud[np.abs(loud) > 3000]
    assert ratio.min() < 0.6
    assert np.abs(np.diff(ratio)).max() < 0.15


PARTS = st.lists(
    st.tuples(st.sampled_from(["tone", "noise", "pause", "step"]), st.integers(0, 900), st.integers(0, 30_000)),
    max_size=6,
)


def part(kind: str, length: int, size: int) -> Pcm:
    match kind:
        case "tone":
            return tone(200 + size / 100, length / SAMPLE_RATE, size)
        case "noise":
            return np.random.default_rng(size).normal(0, size / 4, length).clip(-32768, 32767).astype(np.int16)
        case "step":
            return np.full(length, size, np.int16)
        case _:
            return np.zeros(length, np.int16)


@given(PARTS)
@settings(max_examples=150, deadline=None)
def test_joins_do_not_click(parts: list[tuple[str, int, int]]) -> None:
    sounds = [part(*of) for of in parts]
    joined = join(sounds)
    assert len(joined) <= sum(map(len, sounds))
    whole = [sound for sound in sounds if len(sound)]
    if len(whole) < 2:
        return
    assert len(joined) >= sum(map(len, whole)) - 64 * (len(whole) - 1)
    steepest = max(int(np.abs(np.diff(sound.astype(int))).max(initial=0)) for sound in whole)
    loudest = max(int(np.abs(sound.astype(int)).max()) for sound in whole)
    shortest = min(map(len, whole))
    ramp = min(shortest // 2, 40)
    # A step of the signal itself, or a ramp over what there is room for: no jump beyond these.
    assert np.abs(np.diff(joined.astype(int))).max(initial=0) <= 2 * steepest + 4 * loudest / max(ramp, 1) + 2


def test_a_piece_that_ends_amid_sound_fades_into_a_pause() -> None:
    joined = join([tone(400, 0.2), pause(100), tone(400, 0.2)])
    assert len(joined) == int(SAMPLE_RATE * 0.5)
    quiet = joined[1600:2400]
    assert not quiet.any()
    assert np.abs(np.diff(joined.astype(int))).max() < 3000
    assert joined[0] == joined[-1] == 0


def test_one_part_alone_is_left_as_it_is() -> None:
    sound = tone(400, 0.1)
    assert np.array_equal(join([sound]), sound)
    assert len(join([])) == 0
