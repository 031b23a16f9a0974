"""The phone's end of a media stream, against a small service of its own."""

from __future__ import annotations

import asyncio
import base64

import numpy as np
import pytest

from telephony.phone.phone import Call
from tests.phone.calls import place, streaming
from tests.phone.service import HANG_UP, STREAM, Service, Wire, tone
from voicebot.audio.format import SAMPLE_RATE


def test_messages_have_the_form_and_order_of_twilios() -> None:
    async def talk(wire: Wire) -> None:
        await wire.pass_time(1)

    service = streaming(talk)
    call = place(service)
    assert service.wire is not None
    got = [message for _, message in service.wire.got]
    assert got[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    start = got[1]
    assert start["start"]["callSid"] == call.sid
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert start["start"]["customParameters"] == {"token": "t1"}
    assert [message["sequenceNumber"] for message in got[1:]] == [str(n) for n in range(1, len(got))]
    media = service.wire.of("media")
    assert [message["media"]["chunk"] for message in media] == [str(n) for n in range(1, len(media) + 1)]
    assert {len(base64.b64decode(message["media"]["payload"])) for message in media} == {160}
    stamps = [int(message["media"]["timestamp"]) for message in media]
    assert stamps[0] >= 80
    assert all(abs(step - 20) <= 2 for step in np.diff(stamps))


def test_silence_is_sent_every_20_ms() -> None:
    async def talk(wire: Wire) -> None:
        await wire.pass_time(1)

    service = streaming(talk)
    place(service)
    assert service.wire is not None
    times = [at for at, message in service.wire.got if message["event"] == "media"]
    assert np.allclose(np.diff(times), 0.02)


def test_a_mark_comes_back_when_the_sound_before_it_was_played() -> None:
    at: dict[str, float] = {}

    async def talk(wire: Wire) -> None:
        now = asyncio.get_running_loop().time
        await wire.next("media")
        begin = now()
        await wire.play(tone(500), "a")
        await wire.play(tone(300), "b")
        for _ in range(2):
            message = await wire.next("mark")
            at[message["mark"]["name"]] = now() - begin

    place(streaming(talk))
    assert list(at) == ["a", "b"]
    assert at["a"] == pytest.approx(0.5, abs=0.021)
    assert at["b"] == pytest.approx(0.8, abs=0.021)


def test_a_mark_with_nothing_before_it_comes_back_at_once() -> None:
    waited: list[float] = []

    async def talk(wire: Wire) -> None:
        begin = asyncio.get_running_loop().time()
        await wire.send("mark", mark={"name": "m"})
        await wire.next("mark")
        waited.append(asyncio.get_running_loop().time() - begin)

    place(streaming(talk))
    assert waited == [0.0]


def test_clear_brings_back_all_outstanding_marks_in_order_and_silences_the_line() -> None:
    names: list[str] = []

    async def talk(wire: Wire) -> None:
        await wire.play(tone(5000), "long")
        await wire.play(tone(5000), "longer")
        await wire.pass_time(1)
        await wire.send("clear")
        names.extend([(await wire.next("mark"))["mark"]["name"] for _ in range(2)])
        await wire.pass_time(1)

    call = place(streaming(talk))
    assert names == ["long", "longer"]
    assert np.abs(call.line.bot_side()[:SAMPLE_RATE]).max() > 1000
    assert np.abs(call.line.bot_side()[int(SAMPLE_RATE * 1.1) :]).max() == 0
    assert [event.kind for event in call.events].count("clear") == 1


def test_both_sides_are_recorded_aligned() -> None:
    """The service answers a caller's sound at once: the recording shows the frame that it took to hear it."""

    async def talk(wire: Wire) -> None:
        while True:
            message = await wire.next("media")
            if base64.b64decode(message["media"]["payload"])[0] != 0xFF:
                continue
            payload = base64.b64decode(message["media"]["payload"])
            if payload != b"\xff" * 160:
                break
        await wire.play(tone(200))
        await wire.pass_time(0.5)

    async def caller(call: Call) -> None:
        await asyncio.sleep(0.5)
        await call.say(tone(400)).done.wait()

    call = place(streaming(talk), caller)
    recording = call.line.recording()
    assert recording.shape == (call.line.frames * 160, 2)
    first_caller = int(np.flatnonzero(np.abs(recording[:, 0]) > 500)[0])
    first_bot = int(np.flatnonzero(np.abs(recording[:, 1]) > 500)[0])
    assert 0 < first_bot - first_caller <= 2 * 160 + 8


def test_keys_arrive_one_message_each() -> None:
    digits: list[str] = []

    async def talk(wire: Wire) -> None:
        for _ in range(5):
            message = await wire.next("dtmf")
            assert message["dtmf"]["track"] == "inbound_track"
            digits.append(message["dtmf"]["digit"])

    async def caller(call: Call) -> None:
        await asyncio.sleep(0.1)
        await call.press("1234#")

    place(streaming(talk), caller)
    assert digits == list("1234#")


def test_after_the_service_closes_the_stream_the_action_is_requested() -> None:
    async def talk(wire: Wire) -> None:
        await wire.pass_time(0.2)

    service = streaming(talk)
    call = place(service)
    assert [path for path, _, _ in service.forms] == ["/twilio/voice", "/twilio/after-stream", "/twilio/status"]
    assert service.form("/twilio/after-stream")["CallStatus"] == "in-progress"
    assert call.ended_by == "bot"


def test_without_an_action_the_next_verb_follows() -> None:
    async def talk(wire: Wire) -> None:
        await wire.pass_time(0.2)

    call = place(Service({"/twilio/voice": STREAM.replace(' action="/twilio/after-stream"', "")}, talk))
    assert [event.detail for event in call.events if event.kind == "say"] == ["아무도 없습니다"]


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5])
def test_a_caller_who_hangs_up_sends_stop_and_a_status_callback(seconds: float) -> None:
    async def talk(wire: Wire) -> None:
        while True:
            await wire.next()

    async def caller(call: Call) -> None:
        await call.line.until(lambda: call.stream is not None, 5)
        await asyncio.sleep(seconds)
        call.hang_up()

    service = streaming(talk)
    call = place(service, caller)
    assert service.wire is not None
    assert service.disconnected
    assert service.wire.got[-1][1]["event"] == "stop"
    assert service.wire.got[-1][1]["stop"]["callSid"] == call.sid
    status = service.form("/twilio/status")
    assert (status["CallStatus"], status["SequenceNumber"]) == ("completed", "0")
    assert call.ended_by == "caller"


def test_a_refused_handshake_goes_on_with_the_twiml() -> None:
    service = Service({"/twilio/voice": STREAM, "/twilio/after-stream": HANG_UP}, talk=None)
    call = place(service)
    assert any("31920" in event.detail for event in call.events if event.kind == "warning")
    assert service.form("/twilio/after-stream")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "31951"),
        ('{"event": "say"}', "31951"),
        ('{"event": "clear", "streamSid": "MZ0"}', "31951"),
        ("[]", "31951"),
        ('{"event": "media", "streamSid": "SID", "media": {"payload": "???"}}', "31951"),
        ('{"event": "media", "streamSid": "SID", "media": {"payload": "AAAA", "chunk": 1}}', "31951"),
        ('{"event": "mark", "streamSid": "SID", "mark": {"name": 1}}', "31951"),
        ('{"event": "clear", "streamSid": "SID", "extra": 1}', "31951"),
    ],
)
def test_a_bad_message_is_a_warning_and_the_call_goes_on(text: str, code: str) -> None:
    async def talk(wire: Wire) -> None:
        await wire.raw(text.replace("SID", wire.sid))
        await wire.send("mark", mark={"name": "still here"})
        assert (await wire.next("mark"))["mark"]["name"] == "still here"

    call = place(streaming(talk))
    assert [event.detail[:5] for event in call.events if event.kind == "warning"] == [code]
    assert call.ended_by == "bot"


def test_a_call_comes_out_the_same_every_time() -> None:
    async def talk(wire: Wire) -> None:
        await asyncio.get_running_loop().run_in_executor(None, sum, range(10_000))
        await wire.play(tone(300), "m")
        await wire.next("mark")

    async def caller(call: Call) -> None:
        await asyncio.sleep(0.1)
        call.say(tone(100))

    def once() -> tuple[object, ...]:
        service = streaming(talk)
        call = place(service, caller)
        assert service.wire is not None
        return service.wire.got, call.events, call.line.recording().tobytes(), service.forms[0][1]

    assert once() == once()
