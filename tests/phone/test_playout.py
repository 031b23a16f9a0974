"""Twilio's playout buffer, without a clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telephony.phone.playout import SILENT_FRAME, PlayoutBuffer


def test_sound_is_played_in_order_and_the_rest_of_a_frame_is_silence() -> None:
    buffer = PlayoutBuffer()
    buffer.add(b"a" * 100)
    buffer.add(b"b" * 100)
    assert buffer.step()[0] == b"a" * 100 + b"b" * 60
    assert buffer.step()[0] == b"b" * 40 + b"\xff" * 120
    assert buffer.step() == (SILENT_FRAME, ())


def test_a_mark_waits_for_the_frame_that_is_being_played() -> None:
    buffer = PlayoutBuffer()
    buffer.add(b"a" * 160)
    buffer.step()
    assert buffer.mark("m") == ()
    assert buffer.step()[1] == ("m",)


_acts = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 500)),
        st.tuples(st.just("mark"), st.integers(0, 9)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("step"), st.just(0)),
    ),
    max_size=60,
)


@given(_acts)
def test_every_mark_comes_back_once_in_order_and_no_sound_is_lost_or_made_up(acts: list[tuple[str, int]]) -> None:
    buffer = PlayoutBuffer()
    sent: list[str] = []
    back: list[str] = []
    added = played = 0
    cleared = False
    for act, number in acts:
        match act:
            case "add":
                buffer.add(b"a" * number)
                added += number
            case "mark":
                sent.append(f"{len(sent)}-{number}")
                back.extend(buffer.mark(sent[-1]))
            case "clear":
                back.extend(buffer.clear())
                cleared = True
                assert buffer.outstanding == ()
                assert buffer.buffered_ms == 0
            case _:
                frame, names = buffer.step()
                assert len(frame) == 160
                played += frame.count(b"a")
                back.extend(names)
        assert (*back, *buffer.outstanding) == tuple(sent)
        assert played <= added
    for _ in range(added // 160 + len(acts) + 2):
        frame, names = buffer.step()
        played += frame.count(b"a")
        back.extend(names)
    assert back == sent
    assert cleared or played == added
