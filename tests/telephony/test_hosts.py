"""Hosts that share live state: each holds what it can, callers go where there is room, and sockets leave who drains."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import pytest
from support.redis_server import RedisServer

from telephony.hosts import Hosts
from telephony.limits import Limits
from telephony.places import Places
from telephony.server import create_app
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, Wire, call_sid, sign
from voicebot.config import Configuration
from voicebot.store.live import LiveStore, MemoryStore
from voicebot.store.live_redis import RedisStore


def host(store: LiveStore, name: str, most: int = 3, ready: bool = True) -> Any:
    """One host's application; it has told the others whether it has room."""
    configuration = Configuration(twilio_auth_token=TOKEN, public_url=PUBLIC)  # type: ignore[arg-type]
    app = create_app(
        configuration, Bot(), live=store, capacity=lambda: most, service_id=name, machine=name, ready=lambda: ready
    )
    app.exchange.hosts.tell(has_room=ready and most > 0)
    return app


def post(app: Any, path: str, **form: str) -> str:
    headers = {"X-Twilio-Signature": sign(PUBLIC + path, form)}
    return str(app.flask.test_client().post(path, data=form, headers=headers).text)


def redirected_to(document: str) -> str:
    found = re.search(r"<Response><Redirect[^>]*>([^<]+)</Redirect></Response>", document)
    assert found, document
    return unescape(found[1])


def test_each_host_counts_its_own_calls_and_sends_on_what_it_has_no_room_for() -> None:
    store = MemoryStore()
    one, two = host(store, "one", most=1), host(store, "two", most=1)
    assert "<Connect" in post(one, "/twilio/voice", CallSid=call_sid(1))
    again = redirected_to(post(one, "/twilio/voice", CallSid=call_sid(2)))
    assert again == "/twilio/voice?hop=1"
    assert "<Connect" in post(two, again, CallSid=call_sid(2))
    assert (one.calls, two.calls) == (1, 1)
    two.exchange.hosts.tell(has_room=False)
    assert "<Enqueue" in post(one, "/twilio/voice", CallSid=call_sid(3)), "nobody has room"


def test_a_call_is_not_sent_round_for_ever() -> None:
    store = MemoryStore()
    one, _ = host(store, "one", most=0), host(store, "two")
    path, hops = "/twilio/voice", 0
    while "<Redirect" in (document := post(one, path, CallSid=call_sid(1))):
        path, hops = redirected_to(document), hops + 1
    assert hops == Limits().hops
    assert "<Enqueue" in document


def test_a_broken_call_goes_on_at_a_host_that_takes_calls() -> None:
    store = MemoryStore()
    one, loading = host(store, "one"), host(store, "two", ready=False)
    post(one, "/twilio/voice", CallSid=call_sid(1))
    one.exchange.states.change(call_sid(1), begun=1)
    again = redirected_to(post(loading, "/twilio/after-stream?stream=1", CallSid=call_sid(1)))
    assert again == "/twilio/after-stream?stream=1&hop=1"
    assert "<Connect" in post(one, again, CallSid=call_sid(1))


def test_a_host_that_says_nothing_is_not_there() -> None:
    now = [0.0]
    store = MemoryStore(clock=lambda: now[0])
    one, two = (Hosts(store, name, lease_s=20) for name in ("one", "two"))
    two.tell(has_room=True)
    assert one.others_have_room()
    now[0] = 21.0
    assert not one.others_have_room()
    assert not Hosts(store, "", lease_s=20).others_have_room(), "a host that is alone"


def test_a_place_moves_to_the_host_that_the_stream_comes_to() -> None:
    store = MemoryStore()
    one, two = (
        Places(store, lambda: 1, service=name, announced_s=20, lease_s=20, machine=name) for name in ("one", "two")
    )
    assert one.take("CA1")
    two.hold("CA1")
    assert (one.taken, two.taken, one.ours, two.ours) == (0, 1, 0, 1)
    assert one.take("CA2")
    two.give_back("CA2")  # Twilio told the other host that the caller hung up
    assert (one.taken, two.taken) == (0, 1)


@pytest.mark.parametrize("has_other", [True, False])
def test_sockets_leave_a_host_that_drains_where_there_is_another(has_other: bool) -> None:
    async def test() -> None:
        store = MemoryStore()
        one = host(store, "one")
        if has_other:
            host(store, "two")
        post(one, "/twilio/voice", CallSid=call_sid(1))
        draining = asyncio.create_task(one.drain(0))
        await asyncio.sleep(0)
        sent: list[Any] = []
        scope = Wire(lambda *_: asyncio.sleep(0)).scope | {"extensions": {"websocket.http.response": {}}}
        came = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}])

        async def receive() -> Any:
            return next(came)

        async def send(message: Any) -> None:
            sent.append(message)

        scope["headers"].append((b"x-twilio-signature", sign("wss://bot.example.com/twilio/media").encode()))
        await one(scope, receive, send)
        if has_other:
            assert sent[0]["type"] == "websocket.http.response.start"
            assert sent[0]["status"] == 503
        else:
            assert sent[0]["type"] == "websocket.accept"
        draining.cancel()

    asyncio.run(test())


def test_a_call_that_one_host_answered_goes_on_at_another_by_redis(redis_server: RedisServer) -> None:
    one, two = (host(RedisStore(redis_server.url, within_s=30), name, most=1) for name in ("one", "two"))
    post(one, "/twilio/voice", CallSid=call_sid(1), From="+821012345678")
    state = two.exchange.states.find(call_sid(1))
    assert state is not None
    assert state.number == "+821012345678"
    token = two.exchange.tokens.issue(call_sid(1), 1)
    assert two.exchange.tokens.redeem(token, call_sid(1)) == 1
    assert one.exchange.tokens.redeem(token, call_sid(1)) == 0, "good once, wherever"
    again = redirected_to(post(one, "/twilio/voice", CallSid=call_sid(2)))
    assert "<Connect" in post(two, again, CallSid=call_sid(2))
    for app in (one, two):
        app.exchange.live.close()
