"""Call-backs from the request to the person: dialled over Twilio's API (a double), answered by the simulated phone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from twilio.rest import Client

from telephony.application import TelephonyApp
from telephony.callbacks import CallbackRounds, CallbackSettingsError, scheduled
from telephony.phone import virtual_time
from telephony.phone.phone import Call
from telephony.phone.settings import CallSettings
from telephony.phone.transport import InProcess
from telephony.server import create_app
from telephony.twilio_rest import TwilioCalls
from tests.peers.rewritten_host import RewrittenHost
from tests.peers.twilio_double import ACCOUNT, AUTH_TOKEN, Fault, TwilioDouble
from tests.telephony.people_side import MONDAY_NOON, SEOUL, SUNDAY_NOON, WORKING_DAYS, heard, office_at, paths
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, Conversation, call_sid, sign
from voicebot.channel import Outcome
from voicebot.config import Configuration
from voicebot.hours import Hours

NUMBER = "+821012345678"


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble() as double:
        yield double


class Line:
    """A service that calls back, its clock, and Twilio."""

    def __init__(
        self, twilio: TwilioDouble, now: datetime = MONDAY_NOON, hours: Hours | None = None, **settings: Any
    ) -> None:
        self.now = now
        self.office = replace(office_at(now, hours), now=lambda: self.now)
        settings = {"twilio_number": "+8215881234", "public_url": PUBLIC, "twilio_auth_token": TOKEN} | settings
        self.configuration = Configuration(**settings)
        self.pauses: list[float] = []
        client = Client(ACCOUNT, AUTH_TOKEN, http_client=RewrittenHost(twilio.url))
        api = TwilioCalls(client, self.configuration.twilio_number, sleep=lambda _s: None)
        self.rounds = CallbackRounds(self.configuration, self.office, api, sleep=self.pauses.append)
        self.bot = Bot(self._goodbye)
        self.twilio = twilio

    async def _goodbye(self, _conversation: Conversation) -> Outcome:
        return Outcome("hang_up", "goodbye")

    def wish(self, number: str = NUMBER, language: str = "ko") -> str:
        return self.office.callbacks.add(number, "asked", "배송 문의", self.now, language=language)

    def app(self) -> TelephonyApp:
        return create_app(self.configuration, self.bot, office=self.office)

    def pick_up(self, answered_by: str, form: dict[str, list[str]] | None = None) -> Call:
        """The call that was made last is answered."""
        form = form or self.twilio.calls[-1]
        app = self.app()

        async def run() -> Call:
            async with InProcess(app) as transport:
                call = Call(
                    transport,
                    CallSettings(
                        voice_url=form["Url"][0],
                        status_url=form["StatusCallback"][0],
                        direction="outbound-api",
                        answered_by=answered_by,
                        caller=form["From"][0],
                        called=form["To"][0],
                        auth_token=TOKEN,
                        seed=1,
                    ),
                )
                await call.run()
                return call

        call = virtual_time.run(run(), limit_s=600)
        assert not call.failure, call.failure
        return call

    def status(self, status: str, form: dict[str, list[str]] | None = None) -> int:
        """Twilio tells what became of the call that was made last."""
        url = (form or self.twilio.calls[-1])["StatusCallback"][0]
        told = {"CallSid": call_sid(), "CallStatus": status, "Direction": "outbound-api", "To": NUMBER}
        parts = urlsplit(url)
        response = (
            self.app()
            .flask.test_client()
            .post(
                f"{parts.path}?{parts.query}",
                data=urlencode(told),
                content_type="application/x-www-form-urlencoded",
                headers={"X-Twilio-Signature": sign(url, told)},
                environ_base={"REMOTE_ADDR": "203.0.113.9"},
            )
        )
        return response.status_code

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.office.callbacks.all()]


def test_a_person_who_answers_is_connected_to_the_bot_and_told_why_we_call(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    assert [one.number for one in line.rounds.run()] == [NUMBER]
    form = twilio.calls[0]
    assert (form["To"], form["From"]) == ([NUMBER], ["+8215881234"])
    assert form["MachineDetection"] == ["DetectMessageEnd"]
    call = line.pick_up("human")
    assert heard(call) == "안녕하세요. 가온몰입니다. 요청하신 전화를 드렸습니다."
    assert [conversation.caller.number for conversation in line.bot.calls] == [NUMBER]
    assert "after-stream" in paths(call)
    assert line.states == ["reached"]


def test_the_language_is_the_one_that_the_request_was_made_in(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish(language="en")
    line.rounds.run()
    assert heard(line.pick_up("unknown")) == "Hello, this is Gaon Mall. You asked us to call you back."
    assert line.bot.calls[0].caller.language == "en"


@pytest.mark.parametrize("machine", ["machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other"])
def test_a_machine_is_told_that_we_called_and_tried_again_later(twilio: TwilioDouble, machine: str) -> None:
    line = Line(twilio)
    line.wish()
    line.rounds.run()
    call = line.pick_up(machine)
    assert "받지 않으셨습니다. 나중에 다시 전화드리겠습니다." in heard(call)
    assert not line.bot.calls
    assert line.states == ["waiting"]
    line.now += timedelta(minutes=14)
    assert line.rounds.run() == []
    line.now += timedelta(minutes=1)
    assert len(line.rounds.run()) == 1


def test_the_last_message_promises_no_further_call(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.office = replace(line.office)
    line.wish()
    for gap in (timedelta(), timedelta(minutes=15), timedelta(hours=1)):
        line.now += gap
        assert len(line.rounds.run()) == 1
        call = line.pick_up("machine_end_beep")
    assert "필요하시면 언제든지 전화해 주세요" in heard(call)
    assert line.states == ["given_up"]


def test_machines_are_told_nothing_where_that_is_configured(twilio: TwilioDouble) -> None:
    line = Line(twilio, callback_message=False)
    line.wish()
    line.rounds.run()
    assert twilio.calls[0]["MachineDetection"] == ["Enable"]
    assert heard(line.pick_up("machine_start")) == ""
    assert line.states == ["waiting"]


def test_a_fax_is_not_called_again(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    line.rounds.run()
    assert heard(line.pick_up("fax")) == ""
    assert line.states == ["given_up"]


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_who_is_not_reached_is_called_again_with_growing_pauses_and_not_for_ever(
    twilio: TwilioDouble, status: str
) -> None:
    line = Line(twilio)
    line.wish()
    for gap in (timedelta(), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)):
        line.now += gap
        if line.rounds.run():
            assert line.status(status) == 204
    assert len(twilio.calls) == 3
    assert line.states == ["given_up"]


def test_statuses_may_come_twice_and_in_any_order(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    line.rounds.run()
    for status in ("initiated", "completed", "ringing", "completed"):
        assert line.status(status) == 204
    assert line.states == ["waiting"]
    line.pick_up("human")
    assert line.states == ["reached"]
    line.status("no-answer")
    assert line.states == ["reached"]


def test_nobody_is_called_outside_opening_hours(twilio: TwilioDouble) -> None:
    line = Line(twilio, SUNDAY_NOON, WORKING_DAYS)
    line.wish()
    assert line.rounds.run() == []
    line.now = MONDAY_NOON
    assert len(line.rounds.run()) == 1


@pytest.mark.parametrize(("hour", "called"), [(3, 0), (8, 0), (9, 1), (19, 1), (20, 0)])
def test_without_opening_hours_nobody_is_called_at_night(twilio: TwilioDouble, hour: int, called: int) -> None:
    line = Line(twilio, datetime(2026, 11, 22, hour, tzinfo=SEOUL))
    line.wish()
    assert len(line.rounds.run()) == called


def test_one_a_second_and_so_many_at_once(twilio: TwilioDouble) -> None:
    line = Line(twilio, callbacks_at_once=3)
    for n in range(5):
        line.wish(f"+82101234567{n}")
    assert len(line.rounds.run()) == 3
    assert line.pauses == [1.0, 1.0, 1.0]
    assert line.rounds.run() == []
    line.status("busy")
    assert len(line.rounds.run()) == 1


def test_numbers_that_cost_dear_are_never_dialled(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish("+88216123456")
    assert line.rounds.run() == []
    assert twilio.calls == []
    assert line.states == ["given_up"]


def test_two_workers_do_not_dial_the_same_person(twilio: TwilioDouble) -> None:
    line = Line(twilio, callbacks_at_once=10)
    line.wish()
    line.rounds.run()
    line.rounds.run()
    assert len(twilio.calls) == 1


def test_where_nobody_knows_whether_a_call_was_made_no_second_one_is(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    twilio.faults = [Fault(503)]
    line.rounds.run()
    assert line.states == ["dialling"]
    line.now += timedelta(minutes=9)
    assert line.rounds.run() == []
    line.now += timedelta(minutes=20)
    line.rounds.run()
    line.now += timedelta(minutes=16)
    assert len(line.rounds.run()) == 1
    assert len(twilio.calls) == 1


def test_a_refused_call_counts_as_an_attempt(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    twilio.faults = [Fault(400, 21211)]
    line.rounds.run()
    assert line.states == ["waiting"]
    assert line.office.callbacks.all()[0].result == "failed"


def test_an_answer_to_no_callback_of_ours_is_hung_up_on(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()
    line.rounds.run()
    form = {name: list(values) for name, values in twilio.calls[0].items()}
    form["Url"] = [form["Url"][0].replace("callback=", "callback=x")]
    call = line.pick_up("human", form)
    assert (heard(call), line.bot.calls) == ("", [])


def test_the_urls_say_which_attempt_they_are_of(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    known = line.wish()
    line.rounds.run()
    for name, path in (("Url", "answered"), ("StatusCallback", "status")):
        parts = urlsplit(twilio.calls[0][name][0])
        assert parts.path == f"/twilio/callback-{path}"
        assert parse_qs(parts.query) == {"callback": [known], "attempt": ["1"]}


def test_the_service_looks_by_itself(twilio: TwilioDouble) -> None:
    line = Line(twilio)
    line.wish()

    async def dialled() -> None:
        with scheduled(line.rounds, 0.01):
            async with asyncio.timeout(10):
                while not twilio.calls:
                    await asyncio.sleep(0.01)

    asyncio.run(dialled())
    assert len(twilio.calls) == 1


@pytest.mark.parametrize(
    ("setting", "told"), [("public_url", "VOICEBOT_PUBLIC_URL"), ("twilio_number", "TWILIO_NUMBER")]
)
def test_what_callbacks_need_is_told(twilio: TwilioDouble, setting: str, told: str) -> None:
    with pytest.raises(CallbackSettingsError, match=told):
        Line(twilio, **{setting: ""})


def test_a_call_that_is_over_before_its_stream_gives_its_place_back(twilio: TwilioDouble) -> None:
    line = Line(twilio, most_calls=1)
    line.wish()
    line.rounds.run()
    app = line.app()
    form = twilio.calls[0]
    for url, told in (
        (form["Url"][0], {"AnsweredBy": "human"}),
        (form["StatusCallback"][0], {"CallStatus": "completed"}),
    ):
        parameters = {"CallSid": call_sid(), "Direction": "outbound-api", "To": NUMBER, **told}
        parts = urlsplit(url)
        app.flask.test_client().post(
            f"{parts.path}?{parts.query}",
            data=urlencode(parameters),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": sign(url, parameters)},
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        )
    assert app.calls == 0
    assert line.states == ["reached"]
