"""Calls by keys over Twilio's webhooks, where no stream can be had."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.untrained import untrained

from telephony.call_states import CallState
from tests.telephony.keypad_calls import KeyedCaller, Service, ToneVoice, backend_of
from tests.telephony.twilio_side import call_sid
from voicebot.audio.mulaw_wav import read_mulaw_wav
from voicebot.backends.port import BackendError
from voicebot.call.continuing import KeptCall, KeptCalls
from voicebot.dialogue.events import CallStarted, Heard
from voicebot.store.live import MemoryStore


def test_beyond_capacity_the_caller_is_told_why_and_helped_by_keys() -> None:
    caller = KeyedCaller(Service())
    said = caller.call()
    assert said.startswith("지금은 통화가 많아 버튼으로 도와드릴게요.")
    assert "상담원과 통화하시려면 언제든지 영 번을" in said or "언제든지 0번을" in said
    assert "가온몰입니다" in said
    assert "배송 조회는" in said
    assert caller.verbs == ["Gather"]
    gather = caller.document.find("Gather")
    assert gather is not None
    assert gather.attrib == {
        "input": "dtmf",
        "action": "/twilio/keypad?step=1",
        "method": "POST",
        "numDigits": "1",
        "finishOnKey": "",
        "timeout": "6",
        "actionOnEmptyResult": "true",
    }
    assert caller.service.app.calls == 0


def test_while_speech_is_not_loaded_callers_are_helped_by_keys() -> None:
    assert "버튼으로 도와드릴게요" in KeyedCaller(Service(ready=False, capacity=9)).call()
    assert "keypad" in KeyedCaller(Service("bank", "en", ready=False)).call()


def test_before_the_content_is_loaded_and_while_draining_callers_go_to_people() -> None:
    caller = KeyedCaller(Service(loaded=False))
    caller.call()
    assert caller.verbs == ["Say", "Enqueue"]


def test_after_a_second_broken_stream_the_conversation_goes_on_by_keys() -> None:
    service = Service(capacity=9)
    caller = KeyedCaller(service)
    caller.call()
    assert caller.verbs == ["Connect", "Redirect"]
    dialogue = untrained("shop")
    state, _ = dialogue.turn(dialogue.begin("ko"), CallStarted("ko", "2026-11-22"))
    state, _ = dialogue.turn(state, Heard("배송 언제 와요"))
    KeptCalls(service.live).keep(caller.sid, KeptCall(1, state, 9000, ()))
    caller.post("/twilio/after-stream?stream=1")
    assert "Connect" in caller.verbs
    caller.post("/twilio/after-stream?stream=2")
    assert "이어서 도와드릴게요" in caller.said
    assert "주문번호" in caller.said
    assert "운동화" in caller.press("12345678")


def test_an_order_is_told_and_the_call_ended_by_keys() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    assert "주문번호" in caller.press("1")
    gather = caller.document.find("Gather")
    assert gather is not None
    assert (gather.get("numDigits"), gather.get("finishOnKey"), gather.get("timeout")) == ("8", "#", "10")
    said = caller.press("12345678")
    assert "운동화가 지금 배송 중" in said
    assert "마치기는" in said or "통화 마치기" in said
    caller.press("9")
    assert caller.verbs == ["Say", "Redirect"]
    caller.post("/twilio/after-stream?stream=1")
    assert caller.verbs == ["Hangup"]


def test_zero_is_a_person_at_any_time() -> None:
    caller = KeyedCaller(Service("bank"))
    caller.call()
    caller.press("0")
    assert caller.verbs == ["Say", "Redirect"]
    caller.post("/twilio/after-stream?stream=1")
    assert "Enqueue" in caller.verbs
    other = KeyedCaller(caller.service, call_sid(2))
    other.call()
    other.press("2")
    other.press("0#")
    assert other.leaves


def test_star_goes_back_and_hash_repeats() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    asked = caller.press("1")
    assert caller.press("#") == asked
    assert "배송 조회는" in caller.press("*") or "전체 메뉴는 별표" in caller.said
    assert "배송 조회는" in caller.press("*")


def test_a_finger_that_slipped_is_corrected_by_star() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    caller.press("2")
    caller.press("20261103")
    assert "주문번호" in caller.press("*")


def test_a_star_amid_a_number_begins_it_anew() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    asked = caller.press("1")
    assert caller.press("12*") == asked
    assert "운동화" in caller.press("12345678")
    other = KeyedCaller(caller.service, call_sid(2))
    other.call()
    other.press("1")
    assert "자릿수가 맞지 않아요" in other.press("12*34567")
    assert "운동화" in other.press("*12345678"[1:])


def test_silence_is_asked_about_and_ends_with_a_person() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    assert "누르신 번호가 없어요" in caller.press("")
    assert "아직 번호를" in caller.press("")
    caller.press("")
    assert caller.leaves


def test_a_repeated_request_gets_the_same_document_and_moves_nothing() -> None:
    caller = KeyedCaller(Service())
    first = caller.post("/twilio/voice", {"CallStatus": "ringing"}).data
    assert caller.post("/twilio/voice", {"CallStatus": "ringing"}).data == first
    once = caller.post("/twilio/keypad?step=1", {"Digits": "1"}).data
    assert caller.post("/twilio/keypad?step=1", {"Digits": "1"}).data == once
    assert caller.post("/twilio/keypad?step=1", {"Digits": "3"}).data == once, "a stale step"
    for step in ("0", "7", "-1", "x", ""):
        assert caller.post(f"/twilio/keypad?step={step}", {"Digits": "0"}).data == once


def test_the_same_idempotency_token_moves_nothing() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    headers = {"I-Twilio-Idempotency-Token": "t1"}
    once = caller.post("/twilio/keypad?step=1", {"Digits": "1"}, **headers).data
    assert caller.post("/twilio/keypad?step=2", {"Digits": "12345678"}, **headers).data == once


def test_two_requests_at_the_same_moment_move_the_call_once() -> None:
    asked: list[str] = []

    class Counting:
        def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
            asked.append(operation)
            return backend_of("shop").call(operation, arguments)

    service = Service(backend=Counting())
    caller = KeyedCaller(service)
    caller.call()
    caller.press("1")
    got: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: got.append(KeyedCaller(service).post("/twilio/keypad?step=2", {"Digits": "12345678"}).data)
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1
    assert asked == ["order.find"]


def test_who_does_not_sign_moves_nothing() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    response = caller.post("/twilio/keypad?step=1", {"Digits": "1"}, **{"X-Twilio-Signature": "x"})
    assert response.status_code == 403
    assert "주문번호" in caller.press("1")


def test_a_call_that_nobody_holds_goes_to_people() -> None:
    caller = KeyedCaller(Service())
    caller.post("/twilio/keypad?step=1", {"Digits": "1"})
    assert "Enqueue" in caller.verbs


def test_a_call_that_is_over_answers_no_keys() -> None:
    caller = KeyedCaller(Service())
    caller.call()
    caller.post("/twilio/status", {"CallStatus": "completed"})
    assert len(caller.service.journal(caller.sid)) > 1
    caller.post("/twilio/keypad?step=1", {"Digits": "1"})
    assert "주문번호" not in caller.said
    caller.post("/twilio/voice", {"CallStatus": "ringing"})
    assert caller.verbs == ["Hangup"]


class Slow:
    """A back end that answers when it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.go.wait(20)
        return backend_of("shop").call(operation, arguments)


def test_a_slow_back_end_is_waited_for_and_then_answered() -> None:
    slow = Slow()
    caller = KeyedCaller(Service(backend=slow, answer_within_s=0.05))
    caller.call()
    caller.press("1")
    assert "조회하고 있어요" in caller.press("12345678")
    gather = caller.document.find("Gather")
    assert gather is not None
    assert gather.get("timeout") == "1"
    slow.go.set()
    assert "운동화가" in "".join(caller.press("") for _ in range(3))


def test_a_back_end_that_never_answers_is_given_up() -> None:
    slow = Slow()
    caller = KeyedCaller(Service(backend=slow, answer_within_s=0.01))
    caller.call()
    caller.press("1")
    caller.press("12345678")
    said = [caller.press("") for _ in range(2)]
    slow.go.set()
    assert "조금 더 걸리네요" in said[0]
    assert "너무 오래 걸리네요" in said[-1]
    assert "전화 요청은" in said[-1]


def test_a_person_can_be_had_while_a_back_end_is_slow() -> None:
    slow = Slow()
    caller = KeyedCaller(Service(backend=slow, answer_within_s=0.01))
    caller.call()
    caller.press("1")
    caller.press("12345678")
    caller.press("0")
    slow.go.set()
    assert caller.leaves


def test_another_worker_goes_on_with_the_call() -> None:
    live = MemoryStore()
    first = KeyedCaller(Service("bank", live=live))
    first.call()
    first.press("2")
    first.press("12345678")
    second = KeyedCaller(Service("bank", live=live))
    second.document = first.document
    assert "김민서" in second.press("2580")
    entries = second.service.journal(first.sid)
    assert sum(entry.startswith("caller") for entry in entries) == 3


def test_a_back_end_that_another_worker_waited_for_is_given_up() -> None:
    live, slow = MemoryStore(), Slow()
    first = KeyedCaller(Service(backend=slow, live=live, answer_within_s=0.01))
    first.call()
    first.press("1")
    first.press("12345678")
    second = KeyedCaller(Service(live=live))
    second.document = first.document
    assert "너무 오래 걸리네요" in second.press("")
    slow.go.set()


def test_a_mistake_of_the_back_end_is_apologised_for() -> None:
    class Down:
        def call(self, operation: str, arguments: Mapping[str, Any]) -> None:
            raise BackendError("unreachable")

    caller = KeyedCaller(Service(backend=Down()))
    caller.call()
    caller.press("1")
    assert "조회가 되지 않네요" in caller.press("12345678")


def test_the_voice_is_our_own_where_it_can_speak() -> None:
    caller = KeyedCaller(Service(voice=ToneVoice()))
    caller.call()
    urls = [play.text or "" for play in caller.document.iter("Play")]
    assert urls
    assert not list(caller.document.iter("Say"))
    for url in urls:
        response = caller.get(url)
        assert (response.status_code, response.mimetype) == (200, "audio/wav")
        sound = read_mulaw_wav(response.data)
        assert sound is not None
        assert len(sound) > 4000
    caller.press("1")
    assert caller.get(urls[0]).status_code == 404, "only what is to be heard now"
    assert caller.get(f"/twilio/sound/{caller.sid}/guess.wav").status_code == 404
    assert caller.get("/twilio/sound/CA9/guess.wav").status_code == 404


def test_where_our_voice_is_silent_twilios_speaks() -> None:
    caller = KeyedCaller(Service(voice=ToneVoice(mute=True)))
    caller.call()
    assert not list(caller.document.iter("Play"))
    say = caller.document.find("Gather/Say")
    assert say is not None
    assert (say.get("voice"), say.get("language")) == ("Polly.Seoyeon", "ko-KR")


def test_the_time_of_a_call_is_limited() -> None:
    caller = KeyedCaller(Service(longest_s=0))
    caller.call()
    assert "통화 시간이 길어져서" in caller.press("1")
    assert caller.leaves


def test_when_the_service_closes_callers_by_keys_are_given_to_people() -> None:
    service = Service()
    caller = KeyedCaller(service)
    caller.call()
    keypad = service.app._keypad
    assert keypad is not None
    assert len(keypad) == 1
    keypad.drain()
    assert keypad.first(CallState(call_sid(5)), "full") is None
    keypad.hand_over()
    caller.press("1")
    assert caller.leaves
    assert len(keypad) == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("0123456789*#ABCDabc\x00①٣ ", max_size=40), min_size=1, max_size=6))
def test_whatever_comes_as_digits_leads_on(entries: list[str]) -> None:
    caller = KeyedCaller(Service())
    caller.call()
    for entry in entries:
        gather = caller.document.find("Gather")
        if gather is None:
            break
        response = caller.post(gather.attrib["action"], {"Digits": entry})
        assert response.status_code == 200
        assert caller.verbs in (["Gather"], ["Say", "Redirect"], ["Say"] * (len(caller.verbs) - 1) + ["Redirect"])
