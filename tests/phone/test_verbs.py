"""What the phone does with TwiML, apart from streams."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from telephony.phone.phone import Call
from telephony.phone.settings import DialOutcome, QueueOutcome
from telephony.phone.signature import signature
from tests.phone.calls import place
from tests.phone.service import HANG_UP, Service, tone

VOICE = "/twilio/voice"


def kinds(call: Call) -> list[str]:
    return [event.kind for event in call.events]


def service(**documents: str) -> Service:
    """`voice` is the Voice URL's document, others are at their own names."""
    return Service(
        {
            VOICE if name == "voice" else f"/{name}": f"<Response>{inside}</Response>"
            for name, inside in documents.items()
        }
    )


def paths(answered: Service) -> list[str]:
    return [path for path, _, _ in answered.forms]


def test_the_first_request_is_twilios() -> None:
    answered = service(voice="<Hangup/>")
    call = place(answered, auth_token="secret", caller="+821000000000")
    path, form, headers = answered.forms[0]
    assert (path, form["CallStatus"], form["Direction"]) == (VOICE, "ringing", "inbound")
    assert form["From"] == form["Caller"] == "+821000000000"
    assert form["CallSid"] == call.sid
    assert form["CallToken"].startswith("%7B%22parentCallInfoToken")
    assert form["FromCity"] == ""
    assert headers["content-type"].startswith("application/x-www-form-urlencoded")
    expected = signature("secret", "https://bot.example.com/twilio/voice", form.items())
    assert headers["x-twilio-signature"] == expected


def test_without_a_token_nothing_is_signed() -> None:
    answered = service(voice="<Hangup/>")
    place(answered)
    assert "x-twilio-signature" not in answered.forms[0][2]


def test_say_and_pause_take_their_time() -> None:
    call = place(service(voice="<Say language='ko-KR'>안녕</Say><Pause length='2'/>"), synthesise=lambda *_: tone(500))
    assert call.line.now_ms == pytest.approx(2540, abs=41)
    assert np.abs(call.line.bot_side()[:3500]).max() > 1000
    assert call.ended_by == "bot"


def test_a_reject_never_answers() -> None:
    answered = service(voice="<Reject reason='busy'/>")
    call = place(answered)
    assert "answered" not in kinds(call)
    assert (call.status, answered.form("/twilio/status")["CallStatus"]) == ("busy", "busy")


def test_redirects_are_followed_and_a_loop_of_them_is_cut() -> None:
    answered = service(voice="<Redirect method='GET'>/next?step=1</Redirect>", next="<Hangup/>")
    assert place(answered).ended_by == "bot"
    assert answered.form("/next")["step"] == "1"
    looping = place(service(voice="<Redirect>voice</Redirect>"))
    assert "11215" in looping.failure


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        ({}, "status 404"),
        ({VOICE: "<Response><Jump/></Response>"}, "no verb"),
        ({VOICE: "{}"}, "not well-formed"),
    ],
)
def test_a_bad_answer_ends_the_call_with_a_sentence(documents: dict[str, str], sentence: str) -> None:
    call = place(Service(documents))
    assert call.ended_by == "failure"
    assert sentence in call.failure


def test_a_service_that_does_not_answer_in_time_is_given_up() -> None:
    class Slow(Service):
        async def _http(self, scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(16)
            await super()._http(scope, receive, send)

    call = place(Slow({VOICE: HANG_UP}))
    assert "within 15 s" in call.failure


GATHER = "<Gather numDigits='4' timeout='3' action='/menu'><Say>번호를 눌러 주세요</Say></Gather><Say>없네요</Say>"


async def _press(call: Call) -> None:
    await asyncio.sleep(0.5)
    await call.press("12#")


def test_a_gather_ends_with_the_finish_key_and_stops_its_prompt() -> None:
    answered = service(voice=GATHER, menu="<Hangup/>")
    call = place(answered, _press, synthesise=lambda *_: tone(5000))
    assert (answered.form("/menu")["Digits"], answered.form("/menu")["FinishedOnKey"]) == ("12", "#")
    assert call.line.now_ms < 2000


def test_a_gather_ends_with_the_last_digit() -> None:
    async def press(call: Call) -> None:
        await asyncio.sleep(0.5)
        await call.press("123456")

    answered = service(voice=GATHER, menu="<Pause length='5'/>")
    place(answered, press)
    assert answered.form("/menu")["Digits"] == "1234"


def test_a_gather_without_input_falls_to_the_next_verb() -> None:
    answered = service(voice=GATHER)
    call = place(answered)
    assert paths(answered) == [VOICE, "/twilio/status"]
    assert [event.detail for event in call.events if event.kind == "say"] == ["번호를 눌러 주세요", "없네요"]


def test_a_gather_that_listens_gets_the_words() -> None:
    async def say(call: Call) -> None:
        await asyncio.sleep(0.5)
        call.say(tone(800), "a.wav", "상담원")

    answered = service(voice="<Gather input='speech' action='/menu'/>", menu="<Hangup/>")
    place(answered, say)
    assert answered.form("/menu")["SpeechResult"] == "상담원"


def test_a_record_ends_in_silence() -> None:
    async def say(call: Call) -> None:
        await asyncio.sleep(1)
        call.say(tone(2000))

    answered = service(voice="<Record timeout='3' action='/done'/>", done="<Hangup/>")
    place(answered, say)
    assert answered.form("/done")["RecordingDuration"] in ("5", "6")
    assert answered.form("/done")["RecordingUrl"].startswith("https://api.twilio.com/")


@pytest.mark.parametrize(
    ("outcome", "status", "bridged"),
    [
        (DialOutcome("answered", talk_s=4), "completed", "true"),
        (DialOutcome("busy"), "busy", "false"),
        (DialOutcome("failed"), "failed", "false"),
        (DialOutcome("no-answer"), "no-answer", "false"),
    ],
)
def test_a_dial_tells_its_action_how_it_went(outcome: DialOutcome, status: str, bridged: str) -> None:
    answered = service(voice="<Dial action='/dialled' timeout='20'>+8215881234</Dial>", dialled="<Hangup/>")
    call = place(answered, dial=outcome)
    form = answered.form("/dialled")
    assert (form["DialCallStatus"], form["DialBridged"]) == (status, bridged)
    assert form.get("DialCallDuration") == ("4" if bridged == "true" else None)
    assert call.dialled == ["+8215881234"]
    if status == "no-answer":
        assert call.line.now_ms == pytest.approx(20_000, abs=100)


def test_a_dial_without_action_goes_on_with_the_next_verb() -> None:
    call = place(service(voice="<Dial>+8215881234</Dial><Say>죄송합니다</Say>"), dial=DialOutcome("busy"))
    assert "say" in kinds(call)


@pytest.mark.parametrize(("keys", "bridged"), [("1", "true"), ("", "false")])
def test_an_agent_accepts_or_declines_a_whispered_call(keys: str, bridged: str) -> None:
    answered = service(
        voice="<Dial action='/dialled'><Number url='/whisper'>+8215881234</Number></Dial>",
        whisper="<Gather numDigits='1' action='/accept'><Say>받으시려면 1번</Say></Gather><Hangup/>",
        accept="<Say>연결합니다</Say>",
        dialled="<Hangup/>",
    )
    place(answered, dial=DialOutcome(agent_keys=keys))
    assert answered.form("/dialled")["DialBridged"] == bridged
    assert answered.form("/whisper")["ParentCallSid"] == answered.forms[0][1]["CallSid"]


def test_a_dial_in_a_whisper_is_refused() -> None:
    call = place(
        service(voice="<Dial><Number url='/whisper'>+8215881234</Number></Dial>", whisper="<Dial>+8215881234</Dial>")
    )
    assert "13201" in call.failure


def test_a_caller_who_leaves_while_it_rings_is_reported_to_the_action() -> None:
    async def leave(call: Call) -> None:
        await call.line.until(lambda: call.state == "dial", 5)
        await asyncio.sleep(0.5)
        call.hang_up()

    answered = service(voice="<Dial action='/dialled'>+8215881234</Dial>", dialled="<Say>x</Say>")
    call = place(answered, leave)
    assert answered.form("/dialled")["CallStatus"] == "completed"
    assert "say" not in kinds(call)
    assert call.ended_by == "caller"


def test_a_call_that_rings_until_the_bridge_is_not_answered_before() -> None:
    call = place(service(voice="<Dial answerOnBridge='true'>+8215881234</Dial>"), dial=DialOutcome("busy"))
    assert "answered" not in kinds(call)


@pytest.mark.parametrize("result", ["bridged", "leave", "queue-full", "error"])
def test_an_enqueue_tells_its_action_how_it_went(result: Any) -> None:
    answered = service(
        voice="<Enqueue action='/left' waitUrl='/wait'>support</Enqueue>",
        wait="<Say>잠시만 기다려 주세요</Say><Pause length='4'/>",
        left="<Hangup/>",
    )
    call = place(answered, queue=QueueOutcome(result, wait_s=12))
    assert answered.form("/left")["QueueResult"] == result
    assert call.queued == ["support"]
    if result in ("bridged", "leave"):
        assert paths(answered).count("/wait") == 3
        assert answered.form("/wait")["QueuePosition"] == "1"


def test_a_caller_who_leaves_the_queue_is_reported() -> None:
    async def leave(call: Call) -> None:
        await call.line.until(lambda: call.state == "queue", 5)
        call.hang_up()

    answered = service(voice="<Enqueue action='/left'>support</Enqueue>", left="<Hangup/>")
    place(answered, leave)
    assert answered.form("/left")["QueueResult"] == "hangup"


def test_a_waiting_caller_presses_a_key_and_leaves_the_queue() -> None:
    answered = service(
        voice="<Enqueue action='/left' waitUrl='/wait'>support</Enqueue>",
        wait="<Gather numDigits='1' action='/chosen'><Say>기다리지 않으시려면 1번</Say><Pause length='30'/></Gather>",
        chosen="<Leave/>",
        left="<Hangup/>",
    )

    async def leave(call: Call) -> None:
        await call.line.until(lambda: call.state == "gather", 5)
        await call.press("1")

    call = place(answered, leave, queue=QueueOutcome("bridged", wait_s=60, place=3, average_s=90))
    assert answered.form("/chosen")["Digits"] == "1"
    assert answered.form("/left")["QueueResult"] == "leave"
    assert answered.form("/wait")["QueuePosition"] == "3"
    assert answered.form("/wait")["AvgQueueTime"] == "90"
    assert call.line.now_ms < 10_000


def test_dials_come_out_one_by_one_and_agents_press_key_after_key() -> None:
    whisper = "<Gather numDigits='1' action='/decided'><Say>받으시겠습니까?</Say></Gather><Hangup/>"
    answered = service(
        voice="<Dial action='/second'><Number url='/whisper'>+82211110000</Number></Dial>",
        second="<Dial action='/done'><Number url='/whisper'>+82211110001</Number></Dial>",
        whisper=whisper,
        decided="<Redirect>/whisper</Redirect>",
        done="<Hangup/>",
    )
    outcomes = (DialOutcome("busy"), DialOutcome("answered", agent_keys="**"))
    call = place(answered, dials=outcomes)
    assert call.dialled == ["+82211110000", "+82211110001"]
    assert answered.form("/second")["DialCallStatus"] == "busy"
    assert answered.form("/done")["DialBridged"] == "false"
    assert paths(answered).count("/decided") == 2
    assert [event.detail for event in call.events if event.kind == "whisper"] == ["받으시겠습니까?"] * 3


def test_a_recording_is_told_of_when_its_sound_is_ready_also_where_the_caller_hangs_up() -> None:
    def recording() -> Service:
        record = "<Record action='/kept' recordingStatusCallback='/ready' timeout='2'/>"
        return service(voice=record, kept="<Hangup/>", ready="")

    async def speak(call: Call) -> None:
        await call.line.until(lambda: call.state == "record", 5)
        await call.say(tone(1500)).done.wait()

    async def speak_and_go(call: Call) -> None:
        await speak(call)
        call.hang_up()

    answered = recording()
    place(answered, speak)
    assert answered.form("/ready")["RecordingStatus"] == "completed"
    assert answered.form("/ready")["RecordingSid"] == answered.form("/kept")["RecordingSid"]
    hung_up = recording()
    place(hung_up, speak_and_go)
    assert "/kept" not in paths(hung_up)
    assert hung_up.form("/ready")["RecordingStatus"] == "completed"


def test_an_outbound_call_tells_who_answered() -> None:
    answered = service(voice="<Pause length='1'/><Hangup/>")
    outbound = {"direction": "outbound-api", "answered_by": "machine_end_beep", "called": "+821012345678"}
    place(answered, caller="+8215881234", **outbound)
    form = answered.forms[0][1]
    assert (form["Direction"], form["AnsweredBy"], form["To"]) == (
        "outbound-api",
        "machine_end_beep",
        "+821012345678",
    )
    assert "CallToken" not in form


def test_a_call_that_is_moved_by_the_api_goes_on_elsewhere() -> None:
    answered = service(voice="<Say>하나</Say><Pause length='60'/>", other="<Hangup/>")

    async def move(call: Call) -> None:
        await call.sleep(2)
        call.move("https://bot.example.com/other")

    call = place(answered, move)
    assert paths(answered)[:2] == [VOICE, "/other"]
    assert call.line.now_ms < 5_000
