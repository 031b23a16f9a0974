"""The browser phone's socket: who may open it, what it carries, that a lost one is gone on with. In virtual time."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.browser_phone import BrowserPhone
from telephony.browser_phone_stream import BrowserStream, Paced, Written
from telephony.limits import Limits
from telephony.media_stream import MU_LAW, Connected, Key, Marked, Media, Refused, Started, Stopped
from telephony.phone.virtual_time import run
from telephony.server import create_app
from tests.telephony.test_media_socket import alone, virtual
from tests.telephony.twilio_side import FRAME, STREAM_SID, Bot, Conversation, Wire, to_wire, until_gone
from voicebot.channel import Outcome, Screen
from voicebot.config import Configuration
from voicebot.console.talk.line import Leave

OURS = {"origin": "https://bot.example.com"}


class Browser:
    """A page with leave to call."""

    def __init__(
        self,
        script: Callable[[Conversation], Any] = until_gone,
        people: Any = None,
        most_calls: int = 10,
        **limits: Any,
    ) -> None:
        self.bot = Bot(script)
        app = create_app(Configuration(most_calls=most_calls), self.bot, limits=Limits(**limits))
        self.exchange = app.exchange
        self.phone = BrowserPhone(app.exchange, self.bot, takes_calls=app.takes_calls, public_url="", people=people)
        self.chunk = 0

    def leave(self, *, sound: bool = True) -> Leave:
        leave = self.phone.open("ko", sound=sound)
        assert isinstance(leave, Leave)
        return leave

    def open(self, leave: Leave, headers: dict[str, str] = OURS) -> Wire:
        wire = Wire(self.phone, headers=headers)
        wire.on_message = lambda m: wire.send(Marked(m["mark"]["name"])) if m["event"] == "mark" else None
        wire.send(Connected("1.0.0"))
        wire.send(Started(STREAM_SID, leave.call_id, "", ("inbound",), MU_LAW, {"token": leave.token}))
        return wire

    def frame(self, wire: Wire) -> None:
        self.chunk += 1
        wire.send(Media(FRAME, self.chunk, 20 * self.chunk))

    async def talk(self, wire: Wire, seconds: float) -> None:
        for _ in range(round(seconds * 50)):
            self.frame(wire)
            await asyncio.sleep(0.02)

    @property
    def call(self) -> Conversation:
        return self.bot.calls[-1]


def own(event: str, content: Any, sid: str = STREAM_SID) -> str:
    return json.dumps({"event": event, "streamSid": sid, event: content})


def states(wire: Wire) -> list[str]:
    return [message["state"]["name"] for message in wire.sent("state")]


@virtual
async def test_a_call_goes_both_ways_and_ends_with_a_reason() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(0.5, "hello")
        await call.said("hello")
        while not call.keys:
            await asyncio.sleep(0.01)
        return Outcome("hang_up", "goodbye")

    browser = Browser(script)
    wire = browser.open(browser.leave())
    await browser.talk(wire, 1.0)
    wire.send(Key("5"))
    await wire.ended()
    assert browser.call.caller.channel == "browser"
    assert browser.call.caller.call_id.startswith("BR")
    assert browser.call.keys == ["5"]
    sound = b"".join(b64decode(message["media"]["payload"]) for message in wire.sent("media"))
    assert len(sound) == 0.5 * 8000
    assert wire.sent("state")[-1]["state"] == {"name": "ended", "kind": "hang_up", "reason": "goodbye"}
    assert wire.close_code == 1000
    assert browser.exchange.places.taken == 0
    alone()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
        {"origin": "https://bot.example.com.evil.example"},
    ],
)
def test_another_sites_page_gets_no_socket(headers: dict[str, str]) -> None:
    async def test() -> None:
        browser = Browser()
        wire = browser.open(browser.leave(), headers)
        await wire.ended()
        assert not wire.accepted
        assert not browser.bot.calls

    run(test())


@virtual
async def test_leave_is_good_once() -> None:
    browser = Browser()
    leave = browser.leave()
    first = browser.open(leave)
    await browser.talk(first, 0.2)
    again = browser.open(leave)
    await again.ended()
    assert again.close_code == 1008
    assert len(browser.bot.calls) == 1
    other = browser.open(Leave(browser.leave().call_id, leave.token))
    await other.ended()
    assert other.close_code == 1008
    first.send(Stopped())
    await first.ended()
    alone()


@virtual
async def test_who_says_nothing_is_closed() -> None:
    browser = Browser()
    wire = Wire(browser.phone, headers=OURS)
    await wire.ended()
    assert wire.close_code == 1008
    alone()


@virtual
async def test_a_lost_connection_is_gone_on_with_until_the_caller_hangs_up() -> None:
    browser = Browser()
    leave = browser.leave()
    first = browser.open(leave)
    await browser.talk(first, 0.2)
    first.break_off()
    await first.ended()
    again = browser.phone.again(leave.call_id)
    assert isinstance(again, Leave)
    second = browser.open(again)
    await browser.talk(second, 0.2)
    assert [call.caller.call_id for call in browser.bot.calls] == [leave.call_id] * 2
    second.send(Stopped())
    await second.ended()
    assert browser.phone.again(leave.call_id) == "over"
    assert browser.phone.again("BR0") == "over"
    alone()


@virtual
async def test_beyond_capacity_callers_may_still_write() -> None:
    browser = Browser(most_calls=1)
    browser.leave()
    assert browser.phone.open("ko", sound=True) == "full"
    wire = browser.open(browser.leave(sound=False))
    await asyncio.sleep(1.0)
    browser.call.say(1.0, "greeting")
    await browser.call.said("greeting")
    assert not wire.sent("media"), "nobody hears it"
    wire.send_text(own("text", {"text": "배송 언제 와요"}))
    await asyncio.sleep(1.0)
    assert browser.call.texts == ["배송 언제 와요"]
    assert 80 <= len(browser.call.heard) <= 101, "the call's clock goes on without sound"
    wire.send(Stopped())
    await wire.ended()
    alone()


@virtual
async def test_written_calls_have_a_limit_of_their_own() -> None:
    browser = Browser(written_calls=1)
    wire = browser.open(browser.leave(sound=False))
    await asyncio.sleep(0.1)
    assert browser.phone.open("ko", sound=False) == "full"
    wire.send(Stopped())
    await wire.ended()


@virtual
async def test_silence_stands_for_a_microphone_that_stopped() -> None:
    browser = Browser()
    wire = browser.open(browser.leave())
    await browser.talk(wire, 0.5)
    await asyncio.sleep(5.0)
    assert 250 <= len(browser.call.heard) <= 280
    wire.send(Stopped())
    await wire.ended()


@virtual
async def test_who_sends_sound_faster_than_anybody_speaks_wins_nothing() -> None:
    browser = Browser()
    wire = browser.open(browser.leave())
    await asyncio.sleep(0.1)
    for _ in range(3000):
        browser.frame(wire)
    await asyncio.sleep(0.5)
    assert len(browser.call.heard) < 300
    wire.send(Stopped())
    await wire.ended()


@virtual
async def test_hostile_messages_are_passed_over() -> None:
    browser = Browser()
    wire = browser.open(browser.leave())
    await asyncio.sleep(0.1)
    wire.send_binary(b"\x00" * 100)
    for text in (
        "",
        "{",
        "[]",
        "x" * 100_000,
        own("text", {"text": "가" * 301}),
        own("text", {"text": 5}),
        own("text", "x"),
        own("text", {"text": "다른 통화"}, sid="MZ2"),
        own("pace", {"rate": "fast"}),
        own("pace", {"rate": -1}),
        '{"event":"media","streamSid":"' + STREAM_SID + '","media":{"payload":"!"}}',
    ):
        wire.send_text(text)
    wire.send(Key("7"))
    await asyncio.sleep(0.1)
    assert browser.call.keys == ["7"]
    assert browser.call.texts == []
    wire.send(Stopped())
    await wire.ended()
    alone()


@virtual
async def test_captions_show_what_was_said_and_no_judgement_of_it() -> None:
    browser = Browser()
    leave = browser.leave()
    wire = browser.open(leave)
    await browser.talk(wire, 0.1)

    def entry(**content: Any) -> None:
        assert isinstance(browser.call.channel, Screen)
        browser.call.channel.line({"at_ms": 20, **content})

    entry(who="bot", text="안녕하세요.", wait_ms=3)
    entry(who="caller", text="[8 keys]", listener="keys")
    entry(who="caller", text="[...]", listener="vosk-ko")
    entry(who="caller", text="음", decision="ignored: noise")
    entry(who="caller", text="취소", listener="operator", facts={"by": "kim"})
    entry(who="call", decision="hang_up", text="x")
    await browser.talk(wire, 0.1)
    assert [message["caption"] for message in wire.sent("caption")] == [
        {"who": "bot", "text": "안녕하세요.", "at_ms": 20},
        {"who": "caller", "text": "", "keys": 8, "at_ms": 20},
        {"who": "caller", "text": "", "hidden": True, "at_ms": 20},
    ]
    wire.send(Stopped())
    await wire.ended()


@virtual
async def test_people_take_over_on_the_same_line() -> None:
    async def script(_call: Conversation) -> Outcome:
        return Outcome("hand_over", "asked", "support")

    agents = Bot()
    taken: list[Outcome] = []

    def people(caller: Any, outcome: Outcome, channel: Any) -> Any:
        taken.append(outcome)
        return agents.answer(caller, channel)

    browser = Browser(script, people=people)
    wire = browser.open(browser.leave())
    await browser.talk(wire, 0.5)
    agents.calls[-1].channel.voice(FRAME)
    wire.send(Key("1"))
    await browser.talk(wire, 0.1)
    assert taken == [Outcome("hand_over", "asked", "support")]
    assert agents.calls[-1].keys == ["1"]
    assert agents.calls[-1].heard
    assert states(wire) == ["begun", "people"]
    assert len(wire.sent("media")) == 1
    wire.send(Stopped())
    await wire.ended()
    assert states(wire)[-1] == "ended"
    alone()


@virtual
async def test_a_service_that_stops_hands_browsers_over_too() -> None:
    browser = Browser()
    wire = browser.open(browser.leave())
    await browser.talk(wire, 0.1)
    browser.exchange.streams.hand_over()
    await browser.talk(wire, 0.1)
    assert browser.call.wanted_back
    wire.send(Stopped())
    await wire.ended()


@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_nothing_that_a_page_sends_raises(message: str | bytes) -> None:
    stream = BrowserStream()
    stream.receive(to_wire(Started(STREAM_SID, "BR1", "", (), MU_LAW, {})), 0)
    stream.receive(message, 20)


@given(
    st.dictionaries(
        st.sampled_from(["event", "text", "pace", "streamSid", "media"]),
        st.sampled_from(["text", "pace", STREAM_SID])
        | st.dictionaries(st.sampled_from(["text", "rate"]), st.integers() | st.floats() | st.text()),
    )
)
def test_the_pages_own_messages_are_taken_or_refused(message: dict[str, Any]) -> None:
    stream = BrowserStream()
    stream.receive(to_wire(Started(STREAM_SID, "BR1", "", (), MU_LAW, {})), 0)
    event = stream.receive(json.dumps(message), 20)
    if isinstance(event, Written):
        assert 0 < len(event.text) <= 300
    elif isinstance(event, Paced):
        assert 0 < event.rate < 10
    else:
        assert isinstance(event, Refused)
