"""How many calls are held: counted in all workers, told, and handed over at the end."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from telephony.limits import Limits
from telephony.phone.virtual_time import run
from telephony.places import Places
from telephony.server import create_app
from tests.telephony.test_media_socket import Line
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, Conversation, call_sid, sign
from voicebot.capacity import capacity, cores
from voicebot.channel import Outcome
from voicebot.config import Configuration
from voicebot.store.live import LiveStore, MemoryStore


def worker(store: LiveStore, most: int = 3, service: str = "one") -> Any:
    configuration = Configuration(twilio_auth_token=TOKEN, public_url=PUBLIC)  # type: ignore[arg-type]
    return create_app(configuration, Bot(), live=store, capacity=lambda: most, service_id=service)


def post(app: Any, path: str, **form: str) -> str:
    headers = {"X-Twilio-Signature": sign(PUBLIC + path, form)}
    return str(app.flask.test_client().post(path, data=form, headers=headers).text)


def test_workers_admit_no_more_than_all_of_them_hold() -> None:
    store = MemoryStore()
    workers = [worker(store), worker(store)]
    answers = [post(workers[n % 2], "/twilio/voice", CallSid=call_sid(n)) for n in range(5)]
    assert ["<Connect" in answer for answer in answers] == [True, True, True, False, False]
    assert workers[0].calls == workers[1].calls == 3
    post(workers[1], "/twilio/status", CallSid=call_sid(0), CallStatus="completed")
    assert "<Connect" in post(workers[0], "/twilio/voice", CallSid=call_sid(7))
    # One that was admitted is not turned away when it asks again, or comes back.
    assert "<Connect" in post(workers[1], "/twilio/voice", CallSid=call_sid(1))
    assert "<Connect" in post(workers[1], "/twilio/after-stream?stream=1", CallSid=call_sid(1))


def test_a_call_that_one_worker_answered_goes_on_at_another() -> None:
    store = MemoryStore()
    one, other = worker(store), worker(store)
    post(one, "/twilio/voice", CallSid=call_sid(), From="+821012345678")
    state = other.exchange.states.find(call_sid())
    assert state is not None
    assert (state.number, state.streams) == ("+821012345678", 1)
    other.exchange.states.change(call_sid(), outcome=Outcome("hand_over", "asked", "support"), begun=1)
    assert "<Enqueue" in post(one, "/twilio/after-stream?stream=1", CallSid=call_sid())


def test_the_places_of_a_worker_that_died_are_free_after_their_lease() -> None:
    now = [0.0]
    places = Places(MemoryStore(clock=lambda: now[0]), lambda: 1, service="a", announced_s=20, lease_s=20)
    assert places.take("CA1")
    places.hold("CA1")
    assert not places.take("CA2")
    now[0] = 21.0
    assert places.take("CA2")
    assert (places.taken, places.ours) == (1, 1)


def test_capacity_is_told_by_readyz_and_metrics() -> None:
    async def test() -> None:
        trouble = [""]
        configuration = Configuration(twilio_auth_token=TOKEN, most_calls=7)  # type: ignore[arg-type]
        app = create_app(
            configuration, Bot(), ready=lambda: not trouble[0], trouble=lambda: trouble[0], capacity=lambda: 7
        )
        app.admits("CA1")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
            state = (await http.get("/readyz")).json()
            assert (state["capacity"], state["calls"], state["room"], state["worker"]["calls"]) == (7, 1, 6, 0)
            metrics = (await http.get("/metrics")).text
            assert "voicebot_twilio_capacity 7.0" in metrics
            assert "voicebot_twilio_places_taken 1.0" in metrics
            trouble[0] = "the speech model vosk-ko is not on this machine."
            reply = await http.get("/readyz")
            assert reply.status_code == 503
            assert reply.json()["reason"] == trouble[0]

    run(test())


def test_when_the_time_for_draining_is_up_callers_are_handed_over() -> None:
    async def until_wanted(call: Conversation) -> Outcome:
        while not call.wanted_back:
            await asyncio.sleep(0.01)
        call.say(2.0, "closing")
        await call.said("closing")
        return Outcome("hand_over", "closing", "support")

    async def test() -> None:
        line = Line(until_wanted, Limits(after_stream_within_s=0.1))
        wire = line.open()
        talking = asyncio.create_task(line.talk(wire, 12.0))
        await asyncio.sleep(1)
        draining = asyncio.create_task(line.app.drain(5.0))
        await wire.ended()
        assert asyncio.get_running_loop().time() >= 6.0
        assert line.outcome() == Outcome("hand_over", "closing", "support")
        assert "<Enqueue" in line.post("/twilio/after-stream?stream=1").text
        assert await draining == 0
        talking.cancel()

    run(test())


@pytest.mark.parametrize(("cores", "listening", "calls"), [(2, 0.1, 29), (2, 0.02, 73), (1, 0.1, 14), (0.1, 1, 1)])
def test_capacity_follows_from_what_listening_costs(cores: float, listening: float, calls: int) -> None:
    assert capacity(cores, listening).calls == calls
    assert capacity(10_000, listening).calls <= 1000


def test_a_machine_has_cores() -> None:
    assert cores() > 0
