import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import mulaw


def test_known_codes_of_g711() -> None:
    # Both ends and the two zeros of table 2a/2b of ITU-T G.711.
    assert list(mulaw.decode(b"\x00\x80\xff\x7f")) == [-32124, 32124, 0, 0]


@given(st.binary(max_size=400))
def test_what_was_decoded_encodes_to_the_same_sound(payload: bytes) -> None:
    pcm = mulaw.decode(payload)
    assert list(mulaw.decode(mulaw.encode(pcm))) == list(pcm)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=400))
def test_a_sample_loses_at_most_a_sixteenth_of_its_level(samples: list[int]) -> None:
    pcm = np.array(samples, np.int16)
    back = mulaw.decode(mulaw.encode(pcm)).astype(int)
    assert np.all(np.abs(back - np.clip(pcm.astype(int), -32124, 32124)) <= np.abs(pcm.astype(int)) / 16 + 8)


def test_silence_is_silent() -> None:
    assert list(mulaw.decode(mulaw.SILENCE * 3)) == [0, 0, 0]
