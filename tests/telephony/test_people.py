"""Callers come to people, or leave what brings people to them: whole calls in virtual time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.people.moving import Moving, open_moving
from telephony.phone.phone import Call
from telephony.phone.settings import DialOutcome, QueueOutcome
from telephony.twilio_rest import CallGoneError, CredentialsError, UnavailableError
from tests.telephony.people_side import (
    AGENT,
    CONTEXT,
    MONDAY_NOON,
    SECOND_AGENT,
    SUNDAY_NOON,
    WORKING_DAYS,
    hand_over,
    heard,
    office_at,
    paths,
    pressing,
    voice,
    whispered,
)
from tests.telephony.twilio_side import PUBLIC
from voicebot.channel import Outcome
from voicebot.config import Configuration, ConfigurationError, load

NOBODY_THERE = QueueOutcome("bridged", wait_s=10_000)
TWO = {"agent_numbers": {"support": [AGENT, SECOND_AGENT]}}


# Cold and warm


def test_a_cold_transfer_connects_the_agent_without_a_word() -> None:
    call = hand_over(agent_number=AGENT, transfer="cold")
    assert call.dialled == [AGENT]
    assert "bridged" in [event.kind for event in call.events]
    assert whispered(call) == ""
    assert call.ended_by == "bot"


def test_a_warm_transfer_tells_the_agent_what_it_is_about_and_waits_for_a_key() -> None:
    call = hand_over(agent_number=AGENT)
    said = whispered(call)
    assert "가온몰 상담 전화입니다." in said
    assert "반품 신청, 주문 번호" in said
    assert "1234" not in said, "digits are written out as they are said"
    assert "고객이 화가 나 있습니다." in said
    assert "일 번" in said
    assert "bridged" in [event.kind for event in call.events]


def test_an_agent_is_spoken_to_in_his_own_language() -> None:
    call = hand_over(agent_number=AGENT, agent_language="en")
    said = whispered(call)
    assert "A call for Gaon Mall." in said
    assert "Return an item" in said
    assert "The caller speaks Korean." in said


def test_an_agent_may_hear_it_again() -> None:
    call = hand_over(agent_number=AGENT, phone={"dials": (DialOutcome(agent_keys="*1"),)})
    assert whispered(call).count("반품") == 2
    assert "bridged" in [event.kind for event in call.events]


@pytest.mark.parametrize(
    "first",
    [
        DialOutcome("busy"),
        DialOutcome("no-answer"),
        DialOutcome("failed"),
        DialOutcome("answered", agent_keys="2"),
        DialOutcome("answered", agent_keys=""),
        DialOutcome("answered", agent_keys="****"),
    ],
    ids=["busy", "no answer", "failed", "declined", "a machine answers", "listens for ever"],
)
def test_an_agent_who_does_not_take_the_call_leads_to_the_next(first: DialOutcome) -> None:
    call = hand_over(phone={"dials": (first, DialOutcome())}, **TWO)
    assert call.dialled == [AGENT, SECOND_AGENT]
    assert "다른 상담원에게 연결해 드리겠습니다" in heard(call)
    assert [event.detail for event in call.events if event.kind == "bridged"] == [SECOND_AGENT]


def test_after_the_last_agent_comes_the_queue() -> None:
    call = hand_over(phone={"dial": DialOutcome("busy")}, **TWO)
    assert call.dialled == [AGENT, SECOND_AGENT]
    assert call.queued == ["support"]
    assert "모든 상담원이 통화 중입니다" in heard(call)


def test_no_more_than_five_numbers_are_rung() -> None:
    numbers = [f"+8221588{n:04d}" for n in range(20)]
    call = hand_over(phone={"dial": DialOutcome("busy")}, agent_numbers={"support": numbers})
    assert call.dialled == numbers[:5]
    assert call.queued


def test_hand_overs_of_another_queue_ring_its_own_people() -> None:
    ends = Outcome("hand_over", "flow", "returns", language="ko")
    call = hand_over(outcome=ends, agent_number=AGENT, agent_numbers={"returns": [SECOND_AGENT]})
    assert call.dialled == [SECOND_AGENT]


def test_what_was_tried_is_told_to_whoever_takes_over() -> None:
    office = office_at()
    call = hand_over(office=office, phone={"dials": (DialOutcome("busy"), DialOutcome(agent_keys="2"))}, **TWO)
    context = office.hand_overs.find(call.sid)
    assert context is not None
    assert context.tried[:2] == ("rang 1: busy", "rang 2: declined")
    assert context.tried[-1].startswith("queue support: bridged")


# The queue


def test_a_waiting_caller_hears_place_and_wait() -> None:
    call = hand_over(phone={"queue": QueueOutcome(wait_s=60, place=3, average_s=130)})
    said = heard(call)
    assert "현재 대기 순서는 세 번째입니다." in said
    assert "예상 대기 시간은 약 삼 분입니다." in said
    assert "두 번째" in said, "it is told again"
    assert "bridged" in [event.kind for event in call.events]


def test_a_waiting_caller_hears_it_in_english_too() -> None:
    ends = Outcome("hand_over", "asked", language="en")
    call = hand_over(outcome=ends, phone={"queue": QueueOutcome(wait_s=40, place=2, average_s=20)})
    assert "You are number two in line." in heard(call)
    assert "very soon" in heard(call)


@pytest.mark.parametrize("key", ["1", "2"])
def test_a_waiting_caller_chooses_not_to_wait(key: str) -> None:
    office = office_at()

    async def choose(call: Call) -> None:
        await call.line.until(lambda: call.state == "gather", 30)
        await call.press(key)
        if key == "2":
            await call.line.until(lambda: call.state == "record", 60)
            await call.say(voice()).done.wait()

    call = hand_over(choose, office=office, phone={"queue": NOBODY_THERE})
    assert call.ended_by == "bot"
    if key == "1":
        assert [one.number for one in office.callbacks.all()] == [call.settings.caller]
        assert office.callbacks.all()[0].summary == CONTEXT.summaries["ko"]
        assert "접수되었습니다" in heard(call)
    else:
        assert [one.number for one in office.voicemails.all()] == [call.settings.caller]
        assert "녹음되며" in heard(call)


def test_nobody_waits_for_ever() -> None:
    call = hand_over(phone={"queue": NOBODY_THERE}, queue_longest_s=120)
    assert "오래 기다리시게 해서 죄송합니다" in heard(call)
    assert "다시 전화해 주시기 바랍니다" in heard(call)
    assert call.ended_by == "bot"
    assert call.line.now_ms < 240_000


@pytest.mark.parametrize("result", ["queue-full", "error"])
def test_a_queue_that_takes_nobody_leads_to_a_callback(result: str) -> None:
    office = office_at()
    call = hand_over(pressing("1", "1"), office=office, phone={"queue": QueueOutcome(result)})  # type: ignore[arg-type]
    assert "전화를 받을 수 있는 상담원이 없습니다" in heard(call)
    assert len(office.callbacks.all("waiting")) == 1


def test_without_a_queue_the_choice_comes_at_once() -> None:
    call = hand_over(phone={"dial": DialOutcome("no-answer")}, agent_number=AGENT, queue_longest_s=0)
    assert not call.queued
    assert "음성 메시지를 남기시려면 이 번" in heard(call)


# TaskRouter


def test_taskrouter_gets_a_task_with_what_its_workflow_decides_from() -> None:
    seen: list[str] = []

    async def look(call: Call) -> None:
        original = call.transport.request

        async def request(*arguments: object, **options: object) -> object:
            reply = await original(*arguments, **options)  # type: ignore[arg-type]
            seen.append(reply.body.decode())
            return reply

        call.transport.request = request  # type: ignore[method-assign, assignment]

    call = hand_over(look, taskrouter_workflow="WW" + "0" * 32)
    assert call.queued == ["WW" + "0" * 32]
    document = next(text for text in seen if "<Task" in text)
    written = document.partition("<Task")[2].partition(">")[2].partition("</Task>")[0]
    task = json.loads(written.replace("&quot;", '"'))
    assert task["intent"] == "return_item"
    assert task["language"] == "ko"
    assert task["feeling"] == "angry"
    assert task["priority"] == 3
    assert task["summary"] == CONTEXT.summaries["ko"]
    assert 'priority="3"' in document


# Opening hours


def test_outside_opening_hours_the_hours_are_said_and_a_callback_is_offered() -> None:
    office = office_at(SUNDAY_NOON, WORKING_DAYS)
    call = hand_over(pressing("1", "1"), office=office, agent_number=AGENT)
    assert not call.dialled
    said = heard(call)
    assert "지금은 상담 시간이 아닙니다." in said
    assert "상담 시간은 평일 오전 아홉 시부터 오후 여섯 시까지입니다." in said
    assert "내일 오전 아홉 시 이후에 전화드리겠습니다." in said
    assert len(office.callbacks.all("waiting")) == 1


@pytest.mark.parametrize(
    ("outside", "last"),
    [("voicemail", "after-voicemail"), ("callback", "callback-number"), ("message", "after-stream")],
)
def test_what_happens_outside_is_configured(outside: str, last: str) -> None:
    office = office_at(SUNDAY_NOON, WORKING_DAYS.model_copy(update={"outside": outside}))

    async def act(call: Call) -> None:
        await call.line.until(lambda: call.state == "record", 40)
        if call.state == "record":
            await call.say(voice()).done.wait()

    call = hand_over(act, office=office, outcome=Outcome("hand_over", "asked", language="en"))
    assert paths(call)[-1] == last
    assert "Our agents are not available at this time." in heard(call)


def test_on_a_public_holiday_nobody_is_rung() -> None:
    chuseok = MONDAY_NOON.replace(month=9, day=25)
    call = hand_over(office=office_at(chuseok, WORKING_DAYS), agent_number=AGENT)
    assert not call.dialled
    assert "오늘은 쉬는 날이라" in heard(call)
    assert "월요일 오전 아홉 시부터" in heard(call)


# Call-backs and voicemail


def test_a_caller_who_withholds_the_number_keys_one_in() -> None:
    office = office_at()
    keys = pressing("1", "01098765432#", "1")
    phone = {"queue": QueueOutcome("queue-full"), "caller": "anonymous"}
    call = hand_over(keys, office=office, phone=phone, context=None)
    assert "전화 받으실 번호를" in heard(call)
    assert "공일공, 구팔칠육, 오사삼이번으로" in heard(call)
    assert [one.number for one in office.callbacks.all()] == ["+821098765432"]


def test_numbers_that_cost_dear_are_not_called_back_and_a_message_can_be_left() -> None:
    office = office_at()

    async def act(call: Call) -> None:
        await pressing("1", "00123456789#", "0601234567#", "12#")(call)
        await call.line.until(lambda: call.state == "record", 60)
        await call.say(voice()).done.wait()

    phone = {"queue": QueueOutcome("queue-full"), "caller": "+88216123456"}
    call = hand_over(act, office=office, phone=phone)
    assert heard(call).count("그 번호로는 전화드릴 수 없습니다") == 2
    assert office.callbacks.all() == []
    assert len(office.voicemails.all()) == 1


def test_silence_after_asking_for_a_callback_is_consent_to_the_known_number() -> None:
    office = office_at()
    hand_over(pressing("1"), office=office, phone={"queue": QueueOutcome("queue-full")})
    assert len(office.callbacks.all("waiting")) == 1


def test_who_asks_twice_is_called_back_once() -> None:
    office = office_at()
    for _ in range(2):
        hand_over(pressing("1", "1"), office=office, phone={"queue": QueueOutcome("queue-full")})
    assert len(office.callbacks.all()) == 1


def test_a_voicemail_is_kept_with_consent_once_and_also_where_the_caller_just_hangs_up() -> None:
    office = office_at()

    async def speak_and_go(call: Call) -> None:
        await pressing("2")(call)
        await call.line.until(lambda: call.state == "record", 60)
        await call.say(voice()).done.wait()
        call.hang_up()

    call = hand_over(speak_and_go, office=office, phone={"queue": QueueOutcome("queue-full")})
    kept = office.voicemails.all()
    assert [(one.call_id, one.number) for one in kept] == [(call.sid, call.settings.caller)]
    assert kept[0].url.startswith("https://api.twilio.com/")
    assert kept[0].summary == CONTEXT.summaries["ko"]
    assert "녹음되며, 상담을 위해서만 사용됩니다" in heard(call)


def test_an_empty_message_is_asked_for_once_more() -> None:
    call = hand_over(pressing("2"), phone={"queue": QueueOutcome("queue-full")})
    assert paths(call).count("voicemail-empty") == 2
    assert "녹음된 말씀이 없습니다" in heard(call)
    assert call.ended_by == "bot"


def test_who_says_nothing_to_the_menu_is_told_when_to_call() -> None:
    call = hand_over(phone={"queue": QueueOutcome("queue-full")})
    assert heard(call).count("음성 메시지를 남기시려면") == 3
    assert heard(call).endswith("감사합니다. 안녕히 계세요.")


def test_keys_without_a_meaning_do_not_trap_anybody() -> None:
    call = hand_over(pressing("9", "*", "7"), phone={"queue": QueueOutcome("queue-full")})
    assert "잘못 누르셨습니다" in heard(call)
    assert call.ended_by == "bot"


def test_a_callback_that_cannot_be_put_down_becomes_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    office = office_at()

    def away(*_: object, **__: object) -> str:
        raise OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(office.callbacks, "add", away)
    call = hand_over(pressing("1", "1"), office=office, phone={"queue": QueueOutcome("queue-full")})
    assert "녹음되며" in heard(call)


# By the API


class Api:
    """Twilio's API: moves the phone's call, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.call: Call | None = None
        self.moved: list[str] = []

    def move(self, call_sid: str, url: str) -> None:
        if self.failure is not None:
            raise self.failure
        assert self.call is not None
        assert self.call.sid == call_sid
        self.moved.append(url)
        self.call.move(url)

    def create(self, call: object) -> str:
        raise AssertionError("no call is made")


def moved_by(api: Api) -> Call:
    async def know(call: Call) -> None:
        api.call = call

    moving = Moving(api, PUBLIC)
    try:
        ends = Outcome("hand_over", "asked", "returns", language="ko")
        return hand_over(know, outcome=ends, moving=moving, agent_numbers={"returns": [AGENT]})
    finally:
        moving.close()


def test_the_api_moves_a_call_while_its_stream_is_open() -> None:
    api = Api()
    call = moved_by(api)
    assert api.moved == [PUBLIC + "/twilio/to-people?l=ko&q=returns&n=0&a=0"]
    assert call.dialled == [AGENT]
    assert "after-stream" not in paths(call)


@pytest.mark.parametrize("failure", [UnavailableError("no answer"), CallGoneError("gone")])
def test_where_the_api_fails_twiml_leads_to_the_same_people(failure: Exception) -> None:
    call = moved_by(Api(failure))
    assert call.dialled == [AGENT]
    assert "after-stream" in paths(call)


def test_a_caller_who_never_spoke_with_the_bot_has_a_context_too() -> None:
    office = office_at()
    call = hand_over(office=office, context=None, outcome=Outcome("failed", language="ko"), agent_number=AGENT)
    context = office.hand_overs.find(call.sid)
    assert context is not None
    assert (context.reason, context.number) == ("trouble", call.settings.caller)
    assert "시스템 문제로 연결합니다." in whispered(call)


_AGENTS = st.builds(
    DialOutcome,
    status=st.sampled_from(["answered", "busy", "no-answer", "failed"]),
    agent_keys=st.text("12*9", max_size=4),
)
_QUEUES = st.builds(
    QueueOutcome,
    result=st.sampled_from(["bridged", "leave", "queue-full", "error"]),
    wait_s=st.sampled_from([5.0, 10_000.0]),
    place=st.integers(1, 40),
    average_s=st.integers(0, 4000),
)


@settings(max_examples=25, deadline=None)
@given(
    agents=st.lists(_AGENTS, max_size=3),
    last=_AGENTS,
    queue=_QUEUES,
    keys=st.lists(st.text("0129*", min_size=1, max_size=1), max_size=6),
    outside=st.sampled_from(["open", "choice", "voicemail", "callback", "message"]),
    caller=st.sampled_from(["+821012345678", "anonymous", "+88216123456"]),
    language=st.sampled_from(["ko", "en"]),
)
def test_whatever_happens_the_way_to_people_ends_well(
    agents: list[DialOutcome],
    last: DialOutcome,
    queue: QueueOutcome,
    keys: list[str],
    outside: str,
    caller: str,
    language: str,
) -> None:
    """With a person, a call-back, a message, or the time to call again: in no more than 25 minutes."""
    hours = None if outside == "open" else WORKING_DAYS.model_copy(update={"outside": outside})
    office = office_at(SUNDAY_NOON, hours)

    async def act(call: Call) -> None:
        for key in keys:
            await call.line.until(lambda: call.state == "gather", 900)
            await call.line.until(lambda: False, 0.3)
            await call.press(key)

    call = hand_over(
        act,
        office=office,
        outcome=Outcome("hand_over", "asked", "support", language=language),
        phone={"dials": tuple(agents), "dial": last, "queue": queue, "caller": caller},
        **TWO,
    )
    assert call.ended_by == "bot"
    assert call.line.now_ms < 25 * 60_000
    bridged = any(event.kind == "bridged" for event in call.events)
    goodbye = heard(call).endswith(("안녕히 계세요.", "goodbye."))
    assert bridged != goodbye
    if office.callbacks.all() or office.voicemails.all():
        assert goodbye


def test_transfers_by_the_api_need_an_account_and_an_address() -> None:
    assert open_moving(Configuration()) is None
    with pytest.raises(CredentialsError, match="VOICEBOT_PUBLIC_URL"):
        open_moving(Configuration(transfer_by="rest"))
    with pytest.raises(CredentialsError, match="TWILIO_ACCOUNT_SID"):
        open_moving(Configuration(transfer_by="rest", public_url=PUBLIC))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("twilio_number", "15881234"),
        ("agent_numbers", {"support": ["agent one"]}),
        ("taskrouter_workflow", "WW1"),
        ("hours", {"open": {"monday": "9-18"}}),
    ],
)
def test_a_setting_of_people_that_cannot_be_used_stops_the_start(setting: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match="write"):
        load(**{setting: value})


def test_an_agent_who_can_be_told_nothing_gets_the_caller_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    office = office_at()
    monkeypatch.setattr(office.hand_overs, "find", lambda _call_id: 1 / 0)
    call = hand_over(office=office, agent_number=AGENT, transfer="cold")
    assert "bridged" in [event.kind for event in call.events]


def test_a_context_survives_json() -> None:
    context = replace(CONTEXT, tried=("rang 1: busy",), transcript=({"who": "bot", "at_ms": 20, "text": "안녕하세요"},))
    assert type(context).from_json(json.loads(json.dumps(context.to_json()))) == context
