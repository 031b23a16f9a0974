"""The media stream protocol."""

from __future__ import annotations

import base64
import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media_stream import (
    KEYS,
    MU_LAW,
    Connected,
    Event,
    Key,
    Marked,
    Media,
    MediaFormat,
    MediaStream,
    Reason,
    Refused,
    Started,
    Stopped,
    StreamRefused,
)
from tests.telephony.twilio_side import FRAME, STREAM_SID, to_wire

START = Started(STREAM_SID, "CA1", "AC1", ("inbound",), MU_LAW, {"token": "t"})

_texts = st.text(max_size=40)
_SENT = {
    Connected: st.builds(Connected, _texts),
    Started: st.builds(
        Started,
        st.just(STREAM_SID),
        st.text("CA0123456789abcdef", min_size=1),
        _texts,
        st.lists(_texts).map(tuple),
        st.just(MU_LAW),
        st.dictionaries(_texts, _texts, max_size=4),
    ),
    Media: st.builds(
        Media, st.binary(min_size=1, max_size=400), st.integers(0, 10**9), st.integers(0, 10**9), st.just(0)
    ),
    Key: st.builds(Key, st.sampled_from(sorted(KEYS))),
    Marked: st.builds(Marked, _texts),
    Stopped: st.builds(Stopped),
}


def started() -> MediaStream:
    stream = MediaStream()
    assert stream.receive(to_wire(START), 0) == START
    return stream


def media(chunk: int, timestamp: int, payload: bytes = FRAME) -> str:
    return to_wire(Media(payload, chunk, timestamp))


def test_every_event_is_either_sent_by_twilio_or_made_by_us() -> None:
    assert set(get_args(Event)) == set(_SENT) | {Refused, StreamRefused}


@pytest.mark.parametrize("kind", _SENT, ids=lambda kind: kind.__name__)
def test_every_message_comes_out_as_it_went_in(kind: type) -> None:
    @settings(max_examples=40, deadline=None)
    @given(_SENT[kind])
    def comes_out(event: Event) -> None:
        stream = MediaStream() if kind in (Connected, Started) else started()
        assert stream.receive(to_wire(event), 0) == event
        assert not stream.refused

    comes_out()


def test_the_documented_examples_are_understood() -> None:
    stream = MediaStream()
    head = '"sequenceNumber":"1","streamSid":"MZ1"'
    events = [
        stream.receive(text, 0)
        for text in (
            '{"event":"connected","protocol":"Call","version":"1.0.0"}',
            '{"event":"start",' + head + ',"start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1",'
            '"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
            '"customParameters":{"FirstName":"Jane"}}}',
            '{"event":"media",' + head + ',"media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"//8="}}',
            '{"event":"dtmf",' + head + ',"dtmf":{"track":"inbound_track","digit":"1"}}',
            '{"event":"mark",' + head + ',"mark":{"name":"my label"}}',
            '{"event":"stop",' + head + ',"stop":{"accountSid":"AC1","callSid":"CA1"}}',
        )
    ]
    assert events == [
        Connected("1.0.0"),
        Started("MZ1", "CA1", "AC1", ("inbound",), MU_LAW, {"FirstName": "Jane"}),
        Media(b"\xff\xff", 2, 5),
        Key("1"),
        Marked("my label"),
        Stopped(),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x00\x01", Reason.BINARY),
        ('{"event":"media","x":"' + "y" * 70_000 + '"}', Reason.OVERSIZED),
        ("", Reason.NOT_JSON),
        ("{", Reason.NOT_JSON),
        ("[" * 60_000, Reason.NOT_JSON),
        ('{"event":' * 7_000, Reason.NOT_JSON),
        ("9" * 60_000, Reason.NOT_JSON),
        ("[]", Reason.NOT_AN_OBJECT),
        ("null", Reason.NOT_AN_OBJECT),
        ("{}", Reason.UNKNOWN_EVENT),
        ('{"event":["media"]}', Reason.UNKNOWN_EVENT),
        ('{"event":"video"}', Reason.UNKNOWN_EVENT),
        ('{"event":"media","media":{"payload":"//8="}}', Reason.MISSING_FIELD),
        (to_wire(Media(FRAME, 1, 20), sid="MZother"), Reason.WRONG_STREAM),
        (json.dumps({"event": "media", "streamSid": STREAM_SID}), Reason.MISSING_FIELD),
        (json.dumps({"event": "media", "streamSid": STREAM_SID, "media": {}}), Reason.MISSING_FIELD),
        (json.dumps({"event": "media", "streamSid": STREAM_SID, "media": {"payload": "a b"}}), Reason.BAD_PAYLOAD),
        (json.dumps({"event": "media", "streamSid": STREAM_SID, "media": {"payload": "가"}}), Reason.BAD_PAYLOAD),
        (json.dumps({"event": "media", "streamSid": STREAM_SID, "media": {"payload": ""}}), Reason.BAD_PAYLOAD),
        (
            json.dumps({"event": "media", "streamSid": STREAM_SID, "media": {"payload": "//8=", "track": "outbound"}}),
            Reason.WRONG_TRACK,
        ),
        (json.dumps({"event": "dtmf", "streamSid": STREAM_SID, "dtmf": {"digit": "12"}}), Reason.NOT_A_KEY),
        (json.dumps({"event": "dtmf", "streamSid": STREAM_SID, "dtmf": []}), Reason.MISSING_FIELD),
        (json.dumps({"event": "mark", "streamSid": STREAM_SID, "mark": {"name": 1}}), Reason.MISSING_FIELD),
        (to_wire(START), Reason.DUPLICATE_START),
    ],
)
def test_what_cannot_be_used_is_counted_and_passed_over(message: str | bytes, reason: Reason) -> None:
    stream = started()
    assert stream.receive(message, 0) == Refused(reason)
    assert stream.refused == {reason: 1}
    assert stream.receive(media(1, 100), 20) == Media(FRAME, 1, 100)


def test_sound_before_the_start_and_anything_after_the_stop_is_passed_over() -> None:
    stream = MediaStream()
    assert stream.receive(media(1, 0), 0) == Refused(Reason.BEFORE_START)
    assert stream.receive(to_wire(START), 0) == START
    assert stream.receive(to_wire(Stopped()), 0) == Stopped()
    assert stream.receive(media(1, 0), 0) == Refused(Reason.AFTER_STOP)


@pytest.mark.parametrize(
    "media_format",
    [
        MediaFormat("audio/x-l16", 16000, 1),
        MediaFormat("audio/x-mulaw", 16000, 1),
        MediaFormat("audio/x-mulaw", 8000, 2),
    ],
)
def test_a_format_that_cannot_be_decoded_refuses_the_stream(media_format: MediaFormat) -> None:
    start = Started(STREAM_SID, "CA1", "AC1", ("inbound",), media_format)
    assert MediaStream().receive(to_wire(start), 0) == StreamRefused(media_format)


def taken(stream: MediaStream, chunk: int, timestamp: int, at_ms: int) -> int | None:
    """The milliseconds lost before the sound; None where it was refused for its place."""
    event = stream.receive(media(chunk, timestamp), at_ms)
    if event == Refused(Reason.OUT_OF_ORDER):
        return None
    assert isinstance(event, Media)
    return event.lost_ms


def test_lost_sound_is_told_from_the_timestamps() -> None:
    stream = started()
    # Real timestamps: they don't begin at 0 and are off by a millisecond or two.
    times = [99, 119, 138, 159, 219, 239]
    assert [taken(stream, i, t, t) for i, t in enumerate(times, 1)] == [0, 0, 0, 0, 40, 0]
    assert stream.lost_ms == 40


def test_every_second_frame_lost_is_noticed() -> None:
    stream = started()
    for i in range(50):
        taken(stream, i + 1, 100 + 40 * i, 40 * i)
    assert stream.lost_ms == 49 * 20


def test_sound_that_was_held_up_and_comes_all_together_is_not_lost() -> None:
    stream = started()
    assert taken(stream, 1, 100, 20) == 0
    # Three seconds nothing, of which the first is lost.
    assert taken(stream, 51, 1120, 3020) == 1000
    assert [taken(stream, 51 + i, 1120 + 20 * i, 3020) for i in range(1, 90)] == [0] * 89
    assert stream.lost_ms == 1000


@pytest.mark.parametrize(
    ("sequence", "chunk", "timestamp"),
    [(11, 12, 320), (12, 11, 320), (12, 12, 300), (10, 10, 280), (2, 1, 100), (12, 12, 5), (1, 10**9, 10**9)],
)
def test_sound_that_is_not_ahead_by_each_of_its_numbers_is_dropped(sequence: int, chunk: int, timestamp: int) -> None:
    stream = started()
    for i in range(1, 12):
        taken(stream, i, 80 + 20 * i, 20 * i)
    late = to_wire(Media(FRAME, chunk, timestamp), sequence)
    assert stream.receive(late, 230) == Refused(Reason.OUT_OF_ORDER)
    assert taken(stream, 12, 320, 240) == 0
    assert stream.lost_ms == 0


@pytest.mark.parametrize("when", [1, 2, 500], ids=["as the first", "early", "late"])
@pytest.mark.parametrize("far", [9_999_999, 10**14])
def test_numbers_from_the_far_future_neither_lose_sound_nor_refuse_what_follows(when: int, far: int) -> None:
    stream = started()
    for i in range(1, 600):
        if i == when:
            for absurd in (Media(FRAME, far, 80 + 20 * i), Media(FRAME, i, far), Media(FRAME, far, far)):
                text = to_wire(absurd, far if absurd.chunk == far else i)
                assert isinstance(stream.receive(text, 20 * i), Media | Refused)
        # The absurd ones counted as sound, or took a place: 20 ms each at most.
        assert taken(stream, i, 80 + 20 * i, 20 * i) == 0 or i <= when + 3
    assert stream.lost_ms == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60) | st.integers(0, 3_000),
            st.integers(0, 10_000) | st.integers(0, 10**15 - 1),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_a_streams_sound_with_its_gaps_is_never_longer_than_the_time_that_passed(
    steps: list[tuple[int, int, bool]],
) -> None:
    """Apart from sound that really came; whatever the timestamps are."""
    stream = started()
    now = taken_ms = 0
    for chunk, (pause, stamp, counted) in enumerate(steps, 1):
        now += pause
        event = stream.receive(to_wire(Media(FRAME, chunk if counted else 10**14, stamp)), now)
        taken_ms += 20 * isinstance(event, Media)
        assert stream.lost_ms <= now + taken_ms


def test_our_messages_are_what_twilio_documents() -> None:
    stream = started()
    assert json.loads(stream.media(FRAME)) == {
        "event": "media",
        "streamSid": STREAM_SID,
        "media": {"payload": base64.b64encode(FRAME).decode()},
    }
    assert json.loads(stream.mark("말 1")) == {"event": "mark", "streamSid": STREAM_SID, "mark": {"name": "말 1"}}
    assert json.loads(stream.clear()) == {"event": "clear", "streamSid": STREAM_SID}
    with pytest.raises(ValueError, match="160"):
        stream.media(b"\xff")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_almost = st.fixed_dictionaries(
    {"event": st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop"])},
    optional={
        "streamSid": st.just(STREAM_SID) | _json,
        "start": _json
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("callSid", "streamSid", "tracks", "mediaFormat", "customParameters"), _json)
        ),
        "media": _json
        | st.fixed_dictionaries({}, optional=dict.fromkeys(("payload", "chunk", "timestamp", "track"), _json)),
        "dtmf": _json | st.fixed_dictionaries({"digit": _json}),
        "mark": _json | st.fixed_dictionaries({"name": _json}),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text() | st.binary() | _json.map(json.dumps) | _almost.map(json.dumps), max_size=12))
def test_nothing_that_arrives_raises_or_spoils_the_stream(messages: list[str | bytes]) -> None:
    stream = started()
    stopped = False
    for message in messages:
        event = stream.receive(message, 0)
        assert isinstance(event, get_args(Event))
        stopped = stopped or isinstance(event, Stopped)
    after = stream.receive(media(10**12, 10**12), 20)
    assert isinstance(after, Refused if stopped else Media)
    json.loads(stream.media(FRAME))
