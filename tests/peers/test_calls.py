"""Calls in real time over real sockets, side by side; each scenario is a test of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from peers.callers import ASKS_FOR_PARCEL, asks_for_parcel, asks_for_person, gives_order_number, order_then_person
from peers.hostile_messages import HOSTILE_PAYLOADS, hostile_messages, untimely_media
from peers.independent_phone import Behaviour, CallReport, IndependentPhone, webhook_parameters
from peers.media_line import MediaLine
from peers.service_process import PUBLIC_URL, ServiceProcess

pytestmark = pytest.mark.model

Scenario = Callable[[IndependentPhone, ServiceProcess], Awaitable[None]]


async def the_demonstration_call_reaches_a_person(phone: IndependentPhone, service: ServiceProcess) -> None:
    report = await phone.call(order_then_person)
    _reached_a_person(report)
    _heard_about_the_parcel(report, service)


async def five_callers_at_once_all_reach_a_person(phone: IndependentPhone, service: ServiceProcess) -> None:
    reports = await asyncio.gather(*(phone.call(order_then_person) for _ in range(5)))
    for report in reports:
        _reached_a_person(report)
        _heard_about_the_parcel(report, service)


async def a_caller_who_speaks_into_the_greeting_is_listened_to(
    phone: IndependentPhone, service: ServiceProcess
) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        began = line.now
        speaking = asyncio.create_task(line.say(ASKS_FOR_PARCEL))
        await line.until(lambda: bool(line.seen.clears), 2.5, "a clear, as the caller speaks")
        cleared = line.seen.clears[0]
        line.note(f"cleared {cleared - began:.2f} s after the caller began")
        assert not line.outstanding_marks
        await speaking
        assert line.voice_since(cleared + 0.1) < 0.1, f"the bot talks on\n{line.story()}"
        if await line.bot_turn("asks for the order number, or whether it understood") < 3:
            await line.press("1")
            await line.bot_turn("asks for the order number")
        await gives_order_number(line)
        await asks_for_person(line)

    report = await phone.call(behave)
    _reached_a_person(report)
    _heard_about_the_parcel(report, service)


async def a_key_stops_the_bot_at_once(phone: IndependentPhone, service: ServiceProcess) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        assert line.outstanding_marks, "nothing tells the server how much was heard"
        echoed = len(line.seen.echoed)
        await line.press("1", gap_s=0)
        await line.until(lambda: bool(line.seen.clears), 1.0, "a clear after the key")
        assert len(line.seen.echoed) > echoed
        await line.bot_talks("asks for the order number", voice_s=1.0)
        before = len(line.seen.clears)
        await gives_order_number(line)
        assert len(line.seen.clears) == before + 1, f"one interruption, one clear\n{line.story()}"
        await line.press("0")
        await line.closed_by_server(20, "0 is a person")

    report = await phone.call(behave)
    _reached_a_person(report)
    _heard_about_the_parcel(report, service)


async def hostile_messages_do_not_disturb_a_call(phone: IndependentPhone, service: ServiceProcess) -> None:
    async def disturb(line: MediaLine) -> None:
        for message in hostile_messages(line.stream_sid, line.call_sid):
            await line.send_raw(message)
        for payload in HOSTILE_PAYLOADS:
            await line.send_media(payload)

    await _undisturbed(phone, service, disturb)


async def untimely_sound_does_not_disturb_a_call(phone: IndependentPhone, service: ServiceProcess) -> None:
    async def disturb(line: MediaLine) -> None:
        for message in untimely_media(line.stream_sid):
            await line.send_raw(message)

    await _undisturbed(phone, service, disturb)


async def _undisturbed(phone: IndependentPhone, service: ServiceProcess, disturb: Behaviour) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await disturb(line)
        await line.bot_turn("greets")
        await asks_for_parcel(line)
        await disturb(line)
        await line.press("1234")
        await disturb(line)
        await line.press("5678")
        await line.bot_turn("tells when the parcel comes")
        await line.press("0")
        await line.closed_by_server(20, "0 is a person")

    report = await phone.call(behave)
    _reached_a_person(report)
    _heard_about_the_parcel(report, service)


async def a_call_goes_on_where_its_connection_broke(phone: IndependentPhone, service: ServiceProcess) -> None:
    streams = []

    async def behave(line: MediaLine) -> None:
        streams.append(line.stream_sid)
        if len(streams) == 1:
            await line.bot_talks("greets")
            await line.press("1")
            await line.bot_talks("asks for the order number", voice_s=1.0)
            await line.lose()
        else:
            await line.bot_turn("asks for the order number again")
            await gives_order_number(line)
            await line.press("0")
            await line.closed_by_server(20, "0 is a person")

    report = await phone.call(behave)
    assert report.verbs.count("Connect") == 2, f"verbs: {report.verbs}\n{report.story}"
    assert report.handed_over is not None
    _heard_about_the_parcel(report, service)


async def a_silent_caller_is_asked_twice_and_given_to_a_person(
    phone: IndependentPhone, service: ServiceProcess
) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_turn("greets")
        await line.bot_turn("asks again")
        assert line.now < 20
        await line.bot_turn("asks once more, with keys")
        await line.closed_by_server(40, "the caller says nothing")

    _reached_a_person(await phone.call(behave))


async def callers_may_hang_up_at_any_moment(phone: IndependentPhone, service: ServiceProcess) -> None:
    async def at_once(line: MediaLine) -> None:
        pass

    async def in_the_greeting(line: MediaLine) -> None:
        await line.bot_talks("greets")

    async def in_a_sentence(line: MediaLine) -> None:
        await line.bot_turn("greets")
        speaking = asyncio.create_task(line.say(ASKS_FOR_PARCEL))
        await line.wait(1.0)
        speaking.cancel()

    async def before_the_answer(line: MediaLine) -> None:
        await line.bot_turn("greets")
        await line.say(ASKS_FOR_PARCEL)
        await line.wait(0.4)

    async def between_keys(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("1")
        await line.bot_talks("asks for the order number")
        await line.press("1234")

    def ending(until_then: Behaviour, way: str) -> Behaviour:
        async def behave(line: MediaLine) -> None:
            await until_then(line)
            ways = {"stop": line.hang_up, "close": line.drop, "reset": line.abort}
            await ways[way]()

        return behave

    moments = (at_once, in_the_greeting, in_a_sentence, before_the_answer, between_keys)
    for way in ("stop", "close", "reset"):
        reports = await asyncio.gather(*(phone.call(ending(moment, way)) for moment in moments))
        for report in reports:
            assert not report.seen.complaints
            over = webhook_parameters(report.call_sid, "completed") | {"CallDuration": "9"}
            status, _, _ = await phone.post(f"{PUBLIC_URL}/twilio/status", over)
            assert status in (200, 204)


SCENARIOS: list[Scenario] = [
    a_silent_caller_is_asked_twice_and_given_to_a_person,
    the_demonstration_call_reaches_a_person,
    a_caller_who_speaks_into_the_greeting_is_listened_to,
    a_key_stops_the_bot_at_once,
    hostile_messages_do_not_disturb_a_call,
    untimely_sound_does_not_disturb_a_call,
    a_call_goes_on_where_its_connection_broke,
    callers_may_hang_up_at_any_moment,
    five_callers_at_once_all_reach_a_person,
]


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, phone: IndependentPhone, service: ServiceProcess
) -> dict[Scenario, BaseException | None]:
    """How each of the scenarios that this run selected went."""
    chosen = {
        item.callspec.params["scenario"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    }

    async def run() -> list[BaseException | None]:
        return await asyncio.gather(*(scenario(phone, service) for scenario in wanted), return_exceptions=True)

    wanted = [scenario for scenario in SCENARIOS if scenario in chosen]
    return dict(zip(wanted, asyncio.run(run()), strict=True))


@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=scenario.__name__) for scenario in SCENARIOS])
def test_call(scenario: Scenario, results: dict[Scenario, BaseException | None]) -> None:
    failure = results[scenario]
    if failure is not None:
        raise failure


def test_nothing_of_a_call_is_left(service: ServiceProcess, results: dict[Scenario, Any]) -> None:
    deadline = time.monotonic() + 10
    while service.calls() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert service.calls() == 0
    assert service.process.poll() is None


def _heard_about_the_parcel(report: CallReport, service: ServiceProcess) -> None:
    said = service.said_by_the_bot(report.call_sid)
    assert "도착할 예정" in said, f"{said}\n{report.story}"


def _reached_a_person(report: CallReport) -> None:
    assert report.handed_over is not None, f"verbs: {report.verbs}\n{report.story}"
    assert not report.seen.complaints, report.seen.complaints
    assert report.verbs.count("Connect") == 1, f"the stream was lost and opened again\n{report.story}"
