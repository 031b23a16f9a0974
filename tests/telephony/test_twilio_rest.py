"""What the service asks of Twilio's REST API, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from twilio.rest import Client

from telephony.twilio_rest import (
    CallGoneError,
    CredentialsError,
    NewCall,
    RefusedError,
    TwilioCalls,
    UnavailableError,
    open_calls,
)
from tests.peers.rewritten_host import RewrittenHost
from tests.peers.twilio_double import ACCOUNT, AUTH_TOKEN, Fault, TwilioDouble
from voicebot.config import Configuration

SID = "CA" + "1" * 32
URL = "https://bot.example.com/twilio/to-people?l=ko&q=support"


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble() as double:
        yield double


def calls_of(twilio: TwilioDouble, pauses: list[float] | None = None, timeout: float = 5.0) -> TwilioCalls:
    client = Client(ACCOUNT, AUTH_TOKEN, http_client=RewrittenHost(twilio.url, timeout=timeout))
    return TwilioCalls(client, "+8215881234", sleep=(pauses if pauses is not None else []).append)


def new_call(**changes: object) -> NewCall:
    return NewCall(**{"to": "+821012345678", "url": URL, "status_url": URL, **changes})  # type: ignore[arg-type]


def test_a_call_is_moved_to_a_url(twilio: TwilioDouble) -> None:
    calls_of(twilio).move(SID, URL)
    assert twilio.updates == [(SID, {"Url": [URL], "Method": ["POST"]})]


def test_a_call_is_made_with_machine_detection(twilio: TwilioDouble) -> None:
    assert calls_of(twilio).create(new_call(rings_s=25)).startswith("CA")
    calls_of(twilio).create(new_call(wait_for_beep=True))
    first, second = twilio.calls
    assert (first["To"], first["From"], first["Timeout"]) == (["+821012345678"], ["+8215881234"], ["25"])
    assert (first["MachineDetection"], second["MachineDetection"]) == (["Enable"], ["DetectMessageEnd"])
    assert first["StatusCallback"] == [URL]


@pytest.mark.parametrize("fault", [Fault(404, 20404), Fault(400, 21220), Fault(404, 20404, problem_details=True)])
def test_a_call_that_is_over_is_gone(twilio: TwilioDouble, fault: Fault) -> None:
    twilio.faults = [fault]
    with pytest.raises(CallGoneError):
        calls_of(twilio).move(SID, URL)
    assert twilio.requests == 1


@pytest.mark.parametrize("fault", [Fault(401, 20003), Fault(400, 21211), Fault(403, 20008, problem_details=True)])
def test_what_twilio_refuses_is_not_asked_again(twilio: TwilioDouble, fault: Fault) -> None:
    twilio.faults = [fault]
    with pytest.raises(RefusedError) as refused:
        calls_of(twilio).create(new_call())
    assert twilio.requests == 1
    assert str(fault.code) in str(refused.value)
    assert ACCOUNT not in str(refused.value)
    assert "\033" not in str(refused.value)


@pytest.mark.parametrize("fault", [Fault(429, 20429), Fault(429, 20429, problem_details=True)])
def test_too_many_requests_are_asked_again_with_growing_pauses(twilio: TwilioDouble, fault: Fault) -> None:
    twilio.faults = [fault, fault]
    pauses: list[float] = []
    calls_of(twilio, pauses).create(new_call())
    assert len(twilio.calls) == 1
    assert 0.25 <= pauses[0] <= 0.5 < pauses[1] <= 1.5
    twilio.faults = [fault] * 3
    with pytest.raises(UnavailableError):
        calls_of(twilio).create(new_call())


def test_a_call_is_not_made_twice_where_nobody_knows_whether_it_was_made(twilio: TwilioDouble) -> None:
    twilio.faults = [Fault(503)]
    with pytest.raises(UnavailableError):
        calls_of(twilio).create(new_call())
    assert twilio.requests == 1
    twilio.faults = [Fault(503)]
    calls_of(twilio).move(SID, URL)
    assert len(twilio.updates) == 1, "moving twice does no harm"


def test_twilio_that_does_not_answer_is_not_waited_for(twilio: TwilioDouble) -> None:
    twilio.faults = [Fault(0, hang=True)]
    with pytest.raises(UnavailableError, match="ReadTimeout"):
        calls_of(twilio, timeout=0.05).create(new_call())


def test_twilio_that_is_not_there_is_unavailable(twilio: TwilioDouble) -> None:
    class Unreachable(RewrittenHost):
        def request(self, *arguments: object, **options: object) -> object:
            self.asked.append("")
            raise requests.ConnectTimeout

    client = Unreachable(twilio.url)
    with pytest.raises(UnavailableError):
        TwilioCalls(Client(ACCOUNT, AUTH_TOKEN, http_client=client), sleep=lambda _s: None).create(new_call())
    assert len(client.asked) == 3, "no connection, no call: it may be asked again"


def test_the_account_region_and_edge_are_the_configured_ones(twilio: TwilioDouble) -> None:
    settings = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": AUTH_TOKEN, "twilio_number": "+8215881234"}
    there = RewrittenHost(twilio.url)
    open_calls(Configuration(**settings, twilio_region="ie1", twilio_edge="dublin"), there).move(SID, URL)
    assert there.asked[0].startswith("https://api.dublin.ie1.twilio.com/")
    with pytest.raises(CredentialsError, match="TWILIO_ACCOUNT_SID"):
        open_calls(Configuration(twilio_account_sid=""))


def test_by_default_no_request_waits_for_ever() -> None:
    calls = open_calls(Configuration(twilio_account_sid=ACCOUNT, twilio_auth_token=AUTH_TOKEN))
    assert calls._client.http_client.timeout == 10
