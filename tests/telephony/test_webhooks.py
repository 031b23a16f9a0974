"""Twilio's webhooks, over HTTP into the application."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from prometheus_client import CollectorRegistry

from telephony.application import TelephonyApp
from telephony.limits import Limits
from telephony.phone.twiml import read
from telephony.server import create_app
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, call_sid, sign
from voicebot.channel import Outcome
from voicebot.config import Configuration

FORM = {
    "CallSid": call_sid(),
    "AccountSid": "AC" + "0" * 32,
    "From": "+821012345678",
    "To": "+8215881234",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "StirVerstat": "",
    "CallToken": "%7B%22parentCallInfoToken%22%3A1%7D",
}


def post(
    app: TelephonyApp, path: str, form: dict[str, str] | None = None, *, signature: str | None = None, **headers: str
) -> Any:
    form = FORM if form is None else form
    return app.flask.test_client().post(
        path,
        data=urlencode(form),
        content_type="application/x-www-form-urlencoded",
        base_url="http://internal:8080",
        headers={"X-Twilio-Signature": sign(PUBLIC + path, form) if signature is None else signature, **headers},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )


def verbs(response: Any) -> list[str]:
    """The verbs of a reply, which Twilio must be able to execute."""
    assert response.status_code == 200
    read(response.data, response.mimetype, document_url=PUBLIC + "/twilio/voice")
    return [verb.tag for verb in ElementTree.fromstring(response.data)]


def token_of(response: Any) -> str:
    found = re.search(r'<Parameter name="token" value="([^"]+)"', response.text)
    assert found
    return found[1]


class Service:
    """An application and the states of its calls."""

    def __init__(self, *, ready: Callable[[], bool] = lambda: True, **settings: Any) -> None:
        self.registry = CollectorRegistry()
        settings = {"twilio_auth_token": TOKEN, "public_url": PUBLIC} | settings
        self.app = create_app(Configuration(**settings), Bot(), ready=ready, registry=self.registry, limits=Limits())
        self.states = self.app.exchange.states


def test_a_call_is_connected_to_the_bot_and_redirected_afterwards() -> None:
    response = post(Service().app, "/twilio/voice")
    assert response.content_type.startswith("text/xml")
    assert verbs(response) == ["Connect", "Redirect"]
    document = ElementTree.fromstring(response.data)
    stream = document.find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == "wss://bot.example.com/twilio/media"
    assert document.findtext("Redirect") == "/twilio/after-stream?stream=1"


def test_a_public_url_with_a_path_stands_in_all_urls() -> None:
    service = Service(public_url="https://example.com/bot")
    form = FORM | {"CallSid": call_sid(7)}
    response = post(service.app, "/twilio/voice", form, signature=sign("https://example.com/bot/twilio/voice", form))
    assert "wss://example.com/bot/twilio/media" in response.text
    assert "/bot/twilio/after-stream?stream=1" in response.text


def test_a_retry_gets_the_same_answer() -> None:
    app = Service().app
    answers = [post(app, "/twilio/voice", **headers).text for headers in ({}, {}, {"I-Twilio-Idempotency-Token": "x"})]
    assert len(set(answers)) == 1
    assert app.calls == 1


@pytest.mark.parametrize(
    "path", ["voice", "after-stream", "after-stream?stream=1", "after-dial", "after-queue", "status"]
)
@pytest.mark.parametrize("signature", ["", "x", sign(PUBLIC + "/twilio/other", FORM)])
def test_who_does_not_sign_is_refused_everywhere(path: str, signature: str) -> None:
    service = Service()
    assert post(service.app, "/twilio/" + path, signature=signature).status_code == 403
    assert service.states.find(call_sid()) is None


def test_a_changed_added_or_missing_field_is_refused() -> None:
    app = Service().app
    signature = sign(PUBLIC + "/twilio/voice", FORM)
    for form in (FORM | {"From": "+15550001111"}, FORM | {"New": "1"}, {k: v for k, v in FORM.items() if k != "To"}):
        assert post(app, "/twilio/voice", form, signature=signature).status_code == 403
    assert (
        post(app, "/twilio/after-stream?stream=2", signature=sign(PUBLIC + "/twilio/after-stream", FORM)).status_code
        == 403
    )


def test_without_a_token_only_this_machine_is_served() -> None:
    app = Service(twilio_auth_token="", public_url="").app
    assert post(app, "/twilio/voice").status_code == 403
    client = app.flask.test_client()
    local = client.post("/twilio/voice", data=FORM, base_url="http://127.0.0.1:8080")
    assert "ws://127.0.0.1:8080/twilio/media" in local.text
    proxied = client.post(
        "/twilio/voice", data=FORM, base_url="http://127.0.0.1:8080", headers={"X-Forwarded-For": "127.0.0.1"}
    )
    assert proxied.status_code == 403


@pytest.mark.parametrize("form", [{}, {"CallSid": ""}, {"CallSid": "CA 1"}, {"CallSid": "C" * 65}, {"CallSid": "통화"}])
def test_a_request_without_a_usable_call_is_a_bad_one(form: dict[str, str]) -> None:
    assert post(Service().app, "/twilio/voice", form).status_code == 400


def test_a_body_that_is_too_large_is_refused() -> None:
    assert post(Service().app, "/twilio/voice", FORM | {"X": "x" * 70_000}).status_code == 413


def get(app: TelephonyApp, path: str, parameters: dict[str, str], signed_url: str = "") -> Any:
    """As Twilio asks where GET is configured: the parameters behind what the URL's query has already."""
    target = f"{path}{'&' if '?' in path else '?'}{urlencode(parameters)}"
    return app.flask.test_client().get(
        target,
        base_url="http://internal:8080",
        headers={"X-Twilio-Signature": sign(signed_url or PUBLIC + target)},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )


def test_a_get_is_answered_as_a_post() -> None:
    service = Service()
    ringing = get(service.app, "/twilio/voice", FORM | {"CallerName": " 홍 길동&=+ "})
    assert verbs(ringing) == ["Connect", "Redirect"]
    assert ringing.headers["Cache-Control"] == "no-store"
    assert post(service.app, "/twilio/voice").text == ringing.text
    state = service.states.find(call_sid())
    assert state is not None
    assert state.number == FORM["From"]
    assert verbs(get(service.app, "/twilio/after-stream?stream=1", FORM)) == ["Say", "Connect", "Redirect"]
    assert verbs(get(service.app, "/twilio/after-dial", FORM | {"DialCallStatus": "completed"})) == ["Hangup"]
    full = get(service.app, "/twilio/after-queue", FORM | {"QueueResult": "queue-full"})
    assert verbs(full) == ["Gather", "Redirect"]
    assert get(service.app, "/twilio/status", FORM | {"CallStatus": "completed"}).status_code == 204
    assert verbs(get(service.app, "/twilio/voice", FORM)) == ["Hangup"]


def test_a_get_is_signed_for_its_url_with_the_query() -> None:
    service = Service()
    for wrong in ("/twilio/voice", "/twilio/voice?" + urlencode(FORM | {"From": "+15550001111"})):
        assert get(service.app, "/twilio/voice", FORM, PUBLIC + wrong).status_code == 403
    assert get(service.app, "/twilio/voice", {"CallSid": ""}).status_code == 400
    other = service.app.flask.test_client().put("/twilio/voice", data=FORM)
    assert other.status_code == 405


def test_beyond_capacity_and_before_the_models_are_loaded_callers_go_to_people() -> None:
    full = Service(most_calls=1).app
    assert verbs(post(full, "/twilio/voice")) == ["Connect", "Redirect"]
    other = FORM | {"CallSid": call_sid(2)}
    assert verbs(post(full, "/twilio/voice", other)) == ["Say", "Enqueue"]
    loading = Service(ready=lambda: False, agent_number="+82215881234").app
    assert verbs(post(loading, "/twilio/voice")) == ["Say", "Dial"]


def outcome_after(outcome: Outcome | None, **settings: Any) -> Any:
    service = Service(**settings)
    post(service.app, "/twilio/voice")
    service.states.change(call_sid(), begun=1, outcome=outcome)
    return post(service.app, "/twilio/after-stream?stream=1")


def test_a_hand_over_rings_the_agent() -> None:
    response = outcome_after(Outcome("hand_over", "asked", "support", "배송 문의"), agent_number="+82215881234")
    assert verbs(response) == ["Say", "Dial"]
    dial = ElementTree.fromstring(response.data).find("Dial")
    assert dial is not None
    assert dial.get("action", "").startswith("/twilio/after-dial?")
    assert dial.findtext("Number") == "+82215881234"


def test_a_hand_over_without_a_number_waits_in_the_queue_it_names() -> None:
    response = outcome_after(Outcome("hand_over", "asked", "returns"))
    assert verbs(response) == ["Say", "Enqueue"]
    assert ElementTree.fromstring(response.data).findtext("Enqueue") == "returns"
    assert ">support</Enqueue>" in outcome_after(Outcome("hand_over")).text


def test_a_goodbye_hangs_up_and_a_failure_goes_to_people() -> None:
    assert verbs(outcome_after(Outcome("hang_up", "goodbye"))) == ["Hangup"]
    failed = outcome_after(Outcome("failed"))
    assert verbs(failed) == ["Say", "Enqueue"]
    assert "시스템에 문제가 생겨" in failed.text


@pytest.mark.parametrize("outcome", [None, Outcome("caller_left")])
def test_a_broken_stream_is_connected_once_more_and_then_people_take_over(outcome: Outcome | None) -> None:
    service = Service()
    first = token_of(post(service.app, "/twilio/voice"))
    service.states.change(call_sid(), begun=1, outcome=outcome)
    again = post(service.app, "/twilio/after-stream?stream=1")
    assert verbs(again) == ["Say", "Connect", "Redirect"]
    assert token_of(again) != first
    assert post(service.app, "/twilio/after-stream?stream=1").text == again.text, "a retry"
    service.states.change(call_sid(), begun=2, outcome=outcome)
    assert verbs(post(service.app, "/twilio/after-stream?stream=2")) == ["Say", "Enqueue"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999", ""])
def test_an_odd_stream_number_still_leads_somewhere(number: str) -> None:
    service = Service()
    post(service.app, "/twilio/voice")
    assert verbs(post(service.app, f"/twilio/after-stream?stream={number}"))[0] == "Say"


def test_a_call_whose_worker_died_is_taken_up_by_another_one() -> None:
    assert verbs(post(Service().app, "/twilio/after-stream?stream=1")) == ["Say", "Connect", "Redirect"]


def test_an_outcome_survives_a_retry_of_the_question() -> None:
    service = Service()
    post(service.app, "/twilio/voice")
    service.states.change(call_sid(), begun=1, outcome=Outcome("hang_up"))
    assert [verbs(post(service.app, "/twilio/after-stream?stream=1")) for _ in range(2)] == [["Hangup"]] * 2


def test_a_recorded_request_does_not_open_the_call_again() -> None:
    service = Service()
    post(service.app, "/twilio/voice")
    service.states.change(call_sid(), begun=1, outcome=Outcome("hang_up"))
    assert verbs(post(service.app, "/twilio/voice")) == ["Hangup"]


def test_a_status_is_taken_note_of_without_a_word_and_only_moves_forward() -> None:
    service = Service()
    post(service.app, "/twilio/voice")
    for status in ("completed", "ringing"):
        response = post(service.app, "/twilio/status", FORM | {"CallStatus": status})
        assert (response.status_code, response.data) == (204, b"")
    state = service.states.find(call_sid())
    assert state is not None
    assert state.ended
    assert verbs(post(service.app, "/twilio/after-stream?stream=1")) == ["Hangup"]


@pytest.mark.parametrize("status", ["completed", "failed", "busy", "no-answer", "canceled"])
def test_a_call_that_ends_before_its_stream_came_gives_its_place_back(status: str) -> None:
    service = Service(most_calls=1)
    token = token_of(post(service.app, "/twilio/voice"))
    assert not service.app.admits(call_sid(2))
    post(service.app, "/twilio/status", FORM | {"CallStatus": "in-progress"})
    assert not service.app.admits(call_sid(2))
    post(service.app, "/twilio/status", FORM | {"CallStatus": status})
    assert service.app.admits(call_sid(2))
    other = post(service.app, "/twilio/voice", FORM | {"CallSid": call_sid(2)})
    assert verbs(other) == ["Connect", "Redirect"]
    assert token_of(other) != token


def test_a_withheld_number_is_none() -> None:
    service = Service()
    post(service.app, "/twilio/voice", FORM | {"From": "anonymous"})
    state = service.states.find(call_sid())
    assert state is not None
    assert state.number == ""


def test_a_mistake_of_ours_sends_the_caller_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    monkeypatch.setattr(service.app.exchange.states, "find", lambda _call_sid: 1 / 0)
    assert verbs(post(service.app, "/twilio/voice")) == ["Say", "Enqueue"]


def test_webhooks_are_counted() -> None:
    service = Service()
    post(service.app, "/twilio/voice")
    post(service.app, "/twilio/voice", signature="x")
    metrics = service.app.flask.test_client().get("/metrics").text
    assert 'voicebot_twilio_webhooks_total{endpoint="voice",reply="stream"} 1.0' in metrics
    assert 'voicebot_twilio_webhooks_total{endpoint="voice",reply="403"} 1.0' in metrics
