"""Whole calls by keys alone, from the telephone: the simulated phone dials in, in virtual time, over real webhooks."""

from __future__ import annotations

import pytest

from telephony.calls_api import calls_blueprint
from telephony.phone import virtual_time
from telephony.phone.play import place_call
from telephony.phone.result import CallResult
from telephony.phone.scenario_file import parse
from telephony.phone.settings import CallSettings, DialOutcome
from telephony.phone.transport import InProcess
from telephony.phone.turn_log import ServiceTurnLog
from tests.telephony.keypad_calls import Service, ToneVoice
from tests.telephony.twilio_side import PUBLIC, TOKEN
from voicebot.call.continuing import KeptCalls
from voicebot.store.journal import Journal


def phone(service: Service, scenario: str, name: str = "scenario") -> CallResult:
    """Play a scenario on a call to the service."""

    def journal(call_id: str) -> Journal | None:
        kept = KeptCalls(service.live).find(call_id)
        found = Journal(call_id)
        found.entries[:] = kept.entries if kept else ()
        return found if kept else None

    service.app.flask.register_blueprint(calls_blueprint(journal))
    plan, _ = parse(scenario, name)
    settings = CallSettings(
        voice_url=PUBLIC + "/twilio/voice",
        status_url=PUBLIC + "/twilio/status",
        auth_token=TOKEN,
        language=plan.language,
        dial=DialOutcome(),
        seed=1,
    )

    async def run() -> CallResult:
        async with InProcess(service.app) as transport:
            log = ServiceTurnLog(transport, "http://127.0.0.1:8080")
            result, _ = await place_call(transport, settings, plan, turn_log=log)
            return result

    return virtual_time.run(run(), limit_s=900)


def steps(*pairs: tuple[str, str], end: str = "- hang_up") -> str:
    """A scenario: keys, and what the bot says then."""
    lines = ["steps:", "  - wait_for: bot_silence", "    within: 60 s"]
    for keys, said in pairs:
        if keys:
            lines.append(f'  - keys: "{keys}"')
        lines += [f'  - expect: {{said: "{said}", within: 30 s}}', "  - wait_for: bot_silence", "    within: 60 s"]
    return "\n".join([*lines, f"  {end}"])


FLOWS = [
    ("shop", "ko", (("", "버튼으로 도와드릴게요"), ("1", "주문번호"), ("12345678", "운동화가 지금 배송 중"))),
    ("shop", "en", (("", "by the keypad"), ("1", "order number"), ("12345678", "running shoes is on its way"))),
    ("shop", "ko", (("2", "주문번호"), ("20261103", "겨울 코트"), ("1", "취소했어요"))),
    ("bank", "ko", (("2", "고객번호"), ("12345678", "비밀번호"), ("2580", "어느 통장"), ("1", "원"))),
    ("bank", "en", (("2", "customer number"), ("12345678", "PIN"), ("2580", "Which account"), ("1", "won"))),
    ("civic", "ko", (("1", "어떤 증명서"), ("1", "주민등록등본"))),
    ("civic", "en", (("1", "Which certificate"), ("1", "resident register"))),
    (
        "hr",
        "ko",
        (
            ("7", "사번"),
            ("120345", "핀 번호"),
            ("2580", "쉬실 날짜"),
            ("1127", "어떤 휴가"),
            ("2", "신청할까요"),
            ("1", "신청했어요"),
        ),
    ),
    (
        "hr",
        "en",
        (
            ("7", "employee number"),
            ("120345", "PIN"),
            ("2580", "Which day"),
            ("1127", "kind of leave"),
            ("2", "morning"),
            ("1", "done"),
        ),
    ),
]


@pytest.mark.parametrize(("pack", "language", "turns"), FLOWS)
def test_a_flow_is_carried_through_by_keys_alone(pack: str, language: str, turns: tuple[tuple[str, str], ...]) -> None:
    result = phone(Service(pack, language, voice=ToneVoice()), steps(*turns))
    assert result.passed, [(step.step, step.detail) for step in result.steps if step.outcome != "done"] + [
        result.failure
    ]
    assert result.warnings == ()


@pytest.mark.parametrize("points", ["5", "1"])
def test_a_call_by_keys_alone_ends_with_the_question_how_it_was(points: str) -> None:
    turns = (("1", "주문번호"), ("12345678", "운동화가 지금 배송 중"), ("9", "1번부터 5번까지 눌러"), (points, "의견"))
    result = phone(Service(voice=ToneVoice(), rating_share=1), steps(*turns, end="- expect: {hung_up: true}"))
    assert result.passed, [(step.step, step.detail) for step in result.steps if step.outcome != "done"]


def test_zero_gives_the_caller_to_people_as_after_a_stream() -> None:
    result = phone(Service(voice=ToneVoice()), steps(("0", "상담원"), end="- wait_for: hand_over"))
    assert result.handed_over
    assert result.queued == ("support",)
    assert result.passed, result.steps


def test_a_key_stops_what_is_being_played() -> None:
    scenario = """
steps:
  - interrupt_after: 2 s
  - keys: "1"
  - expect: {said: 주문번호, within: 5 s}
  - hang_up
"""
    result = phone(Service(voice=ToneVoice()), scenario)
    assert result.passed, [(step.step, step.detail) for step in result.steps]


def test_a_caller_who_presses_nothing_is_given_to_people() -> None:
    scenario = "steps:\n  - {wait_for: hand_over, within: 200 s}\n  - hang_up\n"
    result = phone(Service(voice=ToneVoice()), scenario)
    assert result.handed_over
    assert result.passed, result.steps


def test_without_a_voice_of_our_own_twilios_carries_the_call() -> None:
    scenario = """
steps:
  - {wait: 30 s}
  - keys: "1"
  - {wait: 10 s}
  - keys: "12345678"
  - expect: {said: 운동화가, within: 5 s}
  - hang_up
"""
    result = phone(Service(), scenario)
    assert result.passed, [(step.step, step.detail) for step in result.steps]
