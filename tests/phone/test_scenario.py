"""Calls written as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.phone import virtual_time
from telephony.phone.play import place_call
from telephony.phone.result import CallResult
from telephony.phone.scenario import describe, seconds
from telephony.phone.scenario_file import ScenarioError, load, parse
from telephony.phone.settings import CallSettings
from telephony.phone.transport import InProcess
from telephony.phone.turn_log import ServiceTurnLog
from tests.phone.calls import streaming
from tests.phone.service import Service, Wire, tone
from voicebot.audio.wav import write_wav

DEMO = Path(__file__).parents[2] / "prompts/shop/demo/parcel.yaml"
BASE = "https://bot.example.com"


def play(service: Service, text: str, **settings: Any) -> CallResult:
    scenario, _ = parse(text, "call.yaml")

    async def run() -> CallResult:
        async with InProcess(service) as transport:
            result, _ = await place_call(
                transport,
                CallSettings(voice_url=f"{BASE}/twilio/voice", synthesise=lambda *_: tone(600), seed=1, **settings),
                scenario,
                turn_log=ServiceTurnLog(transport, BASE),
            )
            return result

    return virtual_time.run(run(), limit_s=600)


def answering(service: Service, answer_after_s: float = 0.5) -> Service:
    """Greets, and answers each sound of the caller's after so many seconds of silence; logs its turns if asked to."""

    async def talk(wire: Wire) -> None:
        def log(who: str, text: str) -> None:
            if service.turns is not None:
                service.turns.append({"who": who, "text": text, "at_ms": 0, "surprise": 1})

        log("bot", "안녕하세요. 무엇을 도와드릴까요?")
        await wire.play(tone(1000), "greeting")
        quiet, heard = 0.0, False
        while True:
            message = await wire.next("media")
            if message["media"]["payload"] != SILENT:
                heard, quiet = True, 0.0
            elif heard:
                quiet += 0.02
                if quiet >= answer_after_s - 1e-6:
                    heard = False
                    log("caller", "배송 조회")
                    log("bot", "주문 번호를 말씀해 주세요.")
                    await wire.play(tone(800), "answer")

    service.talk = talk
    return service


SILENT = "/" * 213 + "w=="


def failures(result: CallResult) -> list[tuple[int, str]]:
    return [(step.number, step.outcome) for step in result.steps if step.outcome != "done"]


def test_a_scenario_whose_expectations_hold_passes() -> None:
    service = answering(streaming(_quiet))
    service.turns = []
    result = play(
        service,
        """
        steps:
          - wait_for: bot_silence
          - expect: {said: 무엇을 도와 드릴까요}
          - say: 배송 언제 와요
          - expect: {said: [주문번호, 말씀해], heard: 배송조회, response_ms: 600, within: 3 s}
          - expect_not: {hand_over: true, during: 1 s}
          - wait_for: bot_silence
          - hang_up
        """,
    )
    assert failures(result) == []
    assert result.passed
    assert result.ended_by == "caller"
    assert [measure.response_ms for measure in result.measures] == [pytest.approx(510, abs=25)]


async def _quiet(wire: Wire) -> None:
    await wire.pass_time(60)


def test_what_was_said_before_the_callers_last_act_does_not_count() -> None:
    service = answering(streaming(_quiet))
    service.turns = []
    result = play(
        service,
        "steps: [{wait_for: bot_silence}, {say: 네}, {expect: {said: 무엇을 도와드릴까요, within: 2 s}}]",
    )
    assert failures(result) == [(3, "failed")]
    assert not result.passed
    assert "무엇을 도와드릴까요" in result.steps[-1].detail


def test_without_a_turn_log_words_are_unchecked_and_the_call_does_not_pass() -> None:
    result = play(answering(streaming(_quiet)), "steps: [{wait_for: bot_silence}, {expect: {said: 안녕하세요}}]")
    assert failures(result) == [(2, "unchecked")]
    assert "does not offer its turns" in result.steps[-1].detail
    assert not result.passed
    assert result.turns is None


def test_a_say_of_twilios_needs_no_turn_log() -> None:
    service = Service({"/twilio/voice": "<Response><Say>잠시만 기다려 주세요</Say><Pause length='9'/></Response>"})
    assert play(service, "steps: [{expect: {said: 기다려 주세요}}]").passed


def test_a_bot_that_answers_too_late_fails_the_time_limit() -> None:
    result = play(
        answering(streaming(_quiet), answer_after_s=1.5),
        "steps: [{wait_for: bot_silence}, {say: 네}, {expect: {response_ms: 700, within: 5 s}}]",
    )
    assert failures(result) == [(3, "failed")]
    assert "it took 1" in result.steps[-1].detail


def test_a_silent_bot_fails_the_wait_and_ends_the_scenario() -> None:
    result = play(streaming(_quiet), "steps: [{wait_for: bot_speech, within: 3 s}, {say: 네}]")
    assert failures(result) == [(1, "failed")]
    assert len(result.steps) == 1
    assert result.ended_by == "caller"


def test_an_interruption_is_measured() -> None:
    async def talk(wire: Wire) -> None:
        await wire.play(tone(10_000), "long")
        while (await wire.next("media"))["media"]["payload"] == SILENT:
            pass
        await wire.pass_time(0.28)
        await wire.send("clear")
        await wire.pass_time(5)

    result = play(
        streaming(talk),
        """
        steps:
          - interrupt_after: 2 s
          - say: 잠깐만요
          - expect: {silence_ms: 500}
          - expect_not: {speech: true, during: 2 s}
        """,
    )
    assert failures(result) == []
    (measure,) = result.measures
    assert measure.barge_in
    assert measure.clear_ms == pytest.approx(310, abs=25)
    assert measure.silence_ms == pytest.approx(310, abs=35)
    assert measure.onset_ms == pytest.approx(2000, abs=100)


def test_an_absence_that_does_not_hold_fails() -> None:
    result = play(answering(streaming(_quiet)), "steps: [{expect_not: {speech: true, during: 2 s}}]")
    assert failures(result) == [(1, "failed")]


def test_a_hand_over_and_its_number_are_seen() -> None:
    service = streaming(_briefly)
    service.documents["/twilio/after-stream"] = "<Response><Dial>+8215881234</Dial></Response>"
    result = play(
        service,
        """
        dial: {status: answered, ring: 1 s, talk: 3 s}
        steps:
          - wait_for: hand_over
          - expect: {hand_over: true, dialled: "+8215881234"}
          - expect: {state: bridged}
          - wait_for: hang_up
        """,
    )
    assert failures(result) == []
    assert result.handed_over


async def _briefly(wire: Wire) -> None:
    await wire.pass_time(1)


def test_a_call_that_ends_early_fails_what_was_still_to_be_done() -> None:
    result = play(streaming(_briefly), "steps: [{wait: 5 s}, {say: 여보세요}]")
    assert failures(result) == [(2, "failed")]
    assert "over before" in result.steps[-1].detail


def test_the_demonstration_can_be_read() -> None:
    scenario, sounds = load(DEMO)
    assert set(sounds) == {"hn1_m120_00.wav", "hn1_m120_02.wav"}
    assert "keys: 12345678#" in [describe(step) for step in scenario.steps]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "call.yaml:1: a scenario is a mapping"),
        ("steps: []", "call.yaml:1: steps can't be []"),
        ("name: x", "the key steps is missing"),
        (
            "steps:\n  - plya: a.wav",
            "call.yaml:2: entry 1 can't be {'plya': 'a.wav'}; a step has exactly one of play,",
        ),
        ("steps:\n  - {play: a.wav, keys: '1'}", "exactly one of"),
        (
            "steps:\n  - wait: 1 s\n  - keys: 0123",
            "call.yaml:3: keys can't be 123; write keys 0-9, *, # and A-D in",
        ),
        ("steps:\n  - wait: soon", "call.yaml:2: wait can't be 'soon'; write a time"),
        ("steps:\n  - wait_for: silence", "write 'bot_silence', 'bot_speech', 'hand_over' or 'hang_up'"),
        ("steps:\n  - expect: {}", "call.yaml:2: expect can't be {}; write what to expect"),
        ("steps:\n  - expect:\n      said: x\n      wihtin: 2 s", "call.yaml:4: there is no key called wihtin"),
        ("steps:\n  - expect: {said: 12}", "write a text"),
        ("steps: [\n", "not valid YAML"),
        ("steps: []\nsteps: []", "not valid YAML"),
        ("language: fr\nsteps: [hang_up]", "call.yaml:1: language can't be 'fr'; write 'ko' or 'en'"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "call.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_broken_sound_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "call.yaml"
    file.write_text("steps:\n  - wait: 1 s\n  - play: a.wav\n")
    with pytest.raises(ScenarioError, match=r"call\.yaml:3: .*there is no such file"):
        load(file)
    (tmp_path / "a.wav").write_bytes(b"RIFFnonsense")
    with pytest.raises(ScenarioError, match="not a PCM WAV"):
        load(file)
    write_wav(tmp_path / "a.wav", tone(100))
    assert len(load(file)[1]["a.wav"]) == 800


@pytest.mark.parametrize(("written", "length"), [("1.5 s", 1.5), ("800ms", 0.8), (2, 2), ("2 min", 120), (0.5, 0.5)])
def test_times(written: object, length: float) -> None:
    assert seconds(written) == pytest.approx(length)


@given(st.text(max_size=80))
def test_any_text_is_a_scenario_or_a_sentence(text: str) -> None:
    try:
        parse(text, "call.yaml")
    except ScenarioError as error:
        message = str(error)
        assert message.startswith("call.yaml:")
