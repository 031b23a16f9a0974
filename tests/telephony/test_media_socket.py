"""The media socket: who may open it, how it paces, and that nothing of it stays behind. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from telephony.application import TelephonyApp
from telephony.call_states import CallState
from telephony.limits import Limits
from telephony.media_stream import MU_LAW, Connected, Key, Marked, Media, MediaFormat, Started, Stopped
from telephony.phone.virtual_time import run
from telephony.server import create_app
from tests.telephony.twilio_side import (
    FRAME,
    PUBLIC,
    STREAM_SID,
    TOKEN,
    Bot,
    Conversation,
    Wire,
    call_sid,
    sign,
    until_gone,
)
from voicebot.channel import Outcome
from voicebot.config import Configuration

SIGNED = {"x-twilio-signature": sign("wss://bot.example.com/twilio/media")}
GOODBYE = Outcome("hang_up", "goodbye")


class Line:
    """A service that has answered a call's webhook, and Twilio's end of the stream."""

    def __init__(self, script: Callable[[Conversation], Any] = until_gone, limits: Limits | None = None) -> None:
        self.bot = Bot(script)
        configuration = Configuration(twilio_auth_token=TOKEN, public_url=PUBLIC)  # type: ignore[arg-type]
        self.app: TelephonyApp = create_app(configuration, self.bot, limits=limits or Limits())
        self.tokens, self.states = self.app.exchange.tokens, self.app.exchange.states
        self.chunk = 0

    def token(self, stream: int = 1, number: int = 1) -> str:
        self.states.open(CallState(call_sid(number), "+821012345678", "ko"))
        self.states.change(call_sid(number), streams=stream, outcome=None)
        self.app.exchange.places.announce(call_sid(number))
        return self.tokens.issue(call_sid(number), stream)

    def open(self, token: str | None = None, *, sid: str = call_sid(), echo: bool = True, **headers: str) -> Wire:
        """Open the socket as Twilio does; `echo`: marks come back at once."""
        wire = Wire(self.app, headers=SIGNED | headers)
        if echo:
            wire.on_message = lambda m: wire.send(Marked(m["mark"]["name"])) if m["event"] == "mark" else None
        wire.send(Connected("1.0.0"))
        parameters = {"token": self.token() if token is None else token}
        wire.send(Started(STREAM_SID, sid, "AC1", ("inbound",), MU_LAW, parameters))
        return wire

    def frame(self, wire: Wire) -> None:
        self.chunk += 1
        wire.send(Media(FRAME, self.chunk, 79 + 20 * self.chunk))

    async def talk(self, wire: Wire, seconds: float) -> None:
        for _ in range(round(seconds * 50)):
            self.frame(wire)
            await asyncio.sleep(0.02)

    def post(self, path: str, **form: str) -> Any:
        """A webhook of this call."""
        form = {"CallSid": call_sid(), **form}
        headers = {"X-Twilio-Signature": sign(PUBLIC + path, form)}
        return self.app.flask.test_client().post(path, data=form, headers=headers)

    def end_call(self) -> None:
        """Twilio says in its status callback that the call is over."""
        assert self.post("/twilio/status", CallStatus="completed").status_code == 204

    @property
    def call(self) -> Conversation:
        return self.bot.calls[-1]

    def outcome(self) -> Outcome | None:
        state = self.states.find(call_sid())
        return state.outcome if state else None


def alone() -> None:
    """Nothing but the test itself runs on this loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    # `run` wraps the test in one task only.
    assert not others, others


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def in_virtual_time() -> None:
        run(test())

    in_virtual_time.__name__, in_virtual_time.__doc__ = test.__name__, test.__doc__
    return in_virtual_time


@virtual
async def test_a_call_is_bridged_both_ways() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(0.5, "hello")
        await call.said("hello")
        while not call.keys:
            await asyncio.sleep(0.01)
        return Outcome("hand_over", "asked", "support")

    line = Line(script)
    wire = line.open()
    await line.talk(wire, 1.0)
    wire.send(Key("5"))
    await wire.ended()
    assert wire.accepted
    assert wire.close_code == 1000
    assert line.call.caller.call_id == call_sid()
    assert line.call.caller.number == "+821012345678"
    assert line.call.keys == ["5"]
    assert len(line.call.heard) == 50
    assert set(line.call.heard) == {bytes(320)}
    assert len(wire.sound()) == 25 * 160
    assert line.outcome() == Outcome("hand_over", "asked", "support")
    alone()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-twilio-signature": ""},
        {"x-twilio-signature": "x"},
        {"x-twilio-signature": sign("https://bot.example.com/twilio/media")},
    ],
)
def test_an_upgrade_that_is_not_signed_is_not_accepted(headers: dict[str, str]) -> None:
    async def test() -> None:
        line = Line()
        wire = line.open(**headers)
        await wire.ended()
        assert not wire.accepted
        assert wire.close_code == 1008
        assert not line.bot.calls
        alone()

    run(test())


@virtual
async def test_a_trailing_slash_in_the_signed_url_is_accepted() -> None:
    line = Line()
    wire = line.open(**{"x-twilio-signature": sign("wss://bot.example.com/twilio/media/")})
    await asyncio.sleep(0.1)
    assert line.bot.calls
    wire.break_off()
    await wire.ended()


@virtual
async def test_a_token_opens_one_stream_and_no_more() -> None:
    line = Line()
    token = line.token()
    first = line.open(token)
    await asyncio.sleep(0.1)
    second = line.open(token)
    await second.ended()
    assert second.close_code == 1008
    assert first.close_code is None
    assert len(line.bot.calls) == 1
    first.break_off()
    await first.ended()
    alone()


@pytest.mark.parametrize("token", ["", "x", "가" * 10])
def test_a_made_up_token_is_refused(token: str) -> None:
    async def test() -> None:
        line = Line()
        wire = line.open(token)
        await wire.ended()
        assert (wire.close_code, line.bot.calls) == (1008, [])

    run(test())


@virtual
async def test_another_calls_sid_is_refused() -> None:
    line = Line()
    wire = line.open(line.token(), sid=call_sid(99))
    await wire.ended()
    assert wire.close_code == 1008
    assert not line.bot.calls
    assert line.states.find(call_sid(99)) is None


@virtual
async def test_who_does_not_start_is_turned_away_in_time() -> None:
    line = Line()
    wire = Wire(line.app, headers=SIGNED)
    for _ in range(20):
        wire.send_text("{}")
        await asyncio.sleep(0.2)
    assert wire.close_code is None
    await wire.ended()
    assert wire.close_code == 1008
    assert asyncio.get_running_loop().time() == pytest.approx(5.0)
    alone()


@virtual
async def test_openers_alone_do_not_fill_the_machine() -> None:
    line = Line(limits=Limits(sockets_without_start=2))
    idle = [Wire(line.app, headers=SIGNED) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert [wire.accepted for wire in idle] == [True, True, False]
    await asyncio.gather(*(wire.ended() for wire in idle))
    alone()


@virtual
async def test_a_format_that_cannot_be_decoded_is_refused() -> None:
    line = Line()
    wire = Wire(line.app, headers=SIGNED)
    media_format = MediaFormat("audio/x-l16", 16000, 1)
    wire.send(Started(STREAM_SID, call_sid(), "AC1", ("inbound",), media_format, {"token": line.token()}))
    await wire.ended()
    assert wire.close_code == 1008
    assert not line.bot.calls


@virtual
async def test_sound_is_sent_at_most_a_second_ahead_of_real_time() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(5.0, "long")
        await call.said("long")
        return GOODBYE

    line = Line(script)
    wire = line.open()
    await line.talk(wire, 6.0)
    await wire.ended()
    times = [when for when, message in wire.out if message["event"] == "media"]
    assert len(times) == 25
    ahead = [(i + 1) * 0.2 - (when - times[0]) for i, when in enumerate(times)]
    assert max(ahead) <= 1.0 + 0.011
    assert min(before - 0.2 for before in ahead[5:]) >= 0.78, "never close to running dry"
    assert [message["event"] for _, message in wire.out][-1] == "mark"


@virtual
async def test_sound_is_sent_in_frames_of_160_bytes_and_the_last_is_filled_with_silence() -> None:
    async def script(call: Conversation) -> Outcome:
        call.channel.play(np.full(170, 1000, np.int16), "odd")
        call.channel.play(np.empty(0, np.int16), "empty")
        await call.said("odd", "empty")
        return GOODBYE

    line = Line(script)
    wire = line.open()
    await wire.ended()
    assert len(wire.sound()) == 320
    assert wire.sound()[170:] == b"\xff" * 150
    assert [message["event"] for _, message in wire.out] == ["media", "mark", "mark"]
    assert line.call.marks == ["odd", "empty"]


@virtual
async def test_clear_is_on_the_wire_at_once_and_every_play_is_answered_once() -> None:
    cleared_at: list[float] = []

    async def script(call: Conversation) -> Outcome:
        call.say(0.2, "one")
        call.say(5.0, "two")
        call.say(1.0, "three")
        await asyncio.sleep(2.5)
        call.channel.clear()
        cleared_at.append(asyncio.get_running_loop().time())
        call.say(0.1, "four")
        await call.said("one", "two", "three", "four")
        return GOODBYE

    line = Line(script)
    wire = line.open(echo=False)
    pending: list[str] = []

    def twilio(message: dict[str, Any]) -> None:
        # Twilio: marks come back when their sound was played, and all outstanding ones after a clear.
        if message["event"] == "mark":
            pending.append(message["mark"]["name"])
        if message["event"] == "clear" or (message["event"] == "mark" and wire.sent("clear")):
            for name in pending:
                wire.send(Marked(name))
            pending.clear()

    wire.on_message = twilio
    await line.talk(wire, 4.0)
    await wire.ended()
    assert [when for when, message in wire.out if message["event"] == "clear"] == cleared_at
    after = [message["event"] for when, message in wire.out if when >= cleared_at[0]]
    assert after == ["clear", "media", "mark"]
    assert sorted(line.call.marks) == ["four", "one", "three", "two"]
    alone()


@virtual
async def test_marks_that_twilio_swallows_count_as_played_in_the_end() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(1.0, "lost")
        await call.said("lost")
        return GOODBYE

    line = Line(script)
    wire = line.open(echo=False)
    await line.talk(wire, 5.0)
    await wire.ended()
    assert wire.close_code == 1000
    assert line.call.marks == ["lost"]


@virtual
async def test_unknown_and_repeated_marks_are_ignored() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(0.1, "a")
        await asyncio.sleep(1)
        return GOODBYE

    line = Line(script)
    wire = line.open(echo=False)
    wire.send(Marked("nobody's"))

    def thrice(message: dict[str, Any]) -> None:
        if message["event"] == "mark":
            for _ in range(3):
                wire.send(Marked(message["mark"]["name"]))

    wire.on_message = thrice
    await line.talk(wire, 1.5)
    await wire.ended()
    assert line.call.marks == ["a"]


@virtual
async def test_bad_messages_do_not_end_a_good_call() -> None:
    line = Line()
    wire = line.open()
    for bad in ("", "{", "[" * 60_000, "x" * 100_000, '{"event":"media"}', '{"event":"start"}', "{}", "null"):
        wire.send_text(bad)
        line.frame(wire)
    wire.send_binary(b"\x00\xff")
    wire.send(Media(FRAME, 1, 20))
    wire.send(Started(STREAM_SID, call_sid(), "AC1", (), MU_LAW, {}))
    await line.talk(wire, 0.1)
    assert len(line.call.heard) == 8 + 5
    assert wire.close_code is None
    wire.send(Stopped())
    await wire.ended()
    metrics = line.app.flask.test_client().get("/metrics").text
    assert 'voicebot_twilio_messages_refused_total{reason="duplicate_start"} 2.0' in metrics
    assert 'voicebot_twilio_messages_refused_total{reason="not_json"} 3.0' in metrics


@virtual
async def test_lost_sound_becomes_silence_up_to_a_limit() -> None:
    line = Line(limits=Limits(gap_filled_ms=200))
    wire = line.open()
    await asyncio.sleep(0.02)
    for chunk, timestamp, pause_s in (
        (1, 100, 0.02),
        (2, 120, 0.08),
        (3, 200, 2.0),
        (4, 2200, 0.02),
        (5, 900_000, 0.02),
    ):
        wire.send(Media(b"\x00" * 160, chunk, timestamp))
        await asyncio.sleep(pause_s)
    silent = [pcm == bytes(320) for pcm in line.call.heard]
    assert silent == [False, False, True, True, True, False, *[True] * 10, False, False]
    wire.break_off()
    await wire.ended()
    # The metric has all that was lost, but nothing of a timestamp that can't be.
    assert "voicebot_twilio_lost_seconds_total 2.04" in line.app.flask.test_client().get("/metrics").text


@virtual
async def test_a_line_that_brings_nothing_usable_counts_as_hung_up() -> None:
    line = Line()
    wire = line.open()
    await line.talk(wire, 1.0)
    for _ in range(40):
        wire.send(Media(FRAME, 1, 99))
        wire.send_text("{}")
        await asyncio.sleep(1.0)
    await wire.ended()
    assert len(line.call.heard) == 50
    assert line.outcome() == Outcome("caller_left")


@virtual
async def test_a_line_that_goes_dead_counts_as_hung_up() -> None:
    line = Line()
    wire = line.open()
    await line.talk(wire, 1.0)
    await wire.ended()
    assert asyncio.get_running_loop().time() == pytest.approx(31.0, abs=0.1)
    assert line.outcome() == Outcome("caller_left")
    alone()


async def _never_ends(call: Conversation) -> Outcome:
    while True:
        call.say(0.3, "more")
        await asyncio.sleep(0.2)


async def _has_no_end(_call: Conversation) -> Outcome:
    await asyncio.Event().wait()
    return GOODBYE


@pytest.mark.parametrize("end", ["stop", "break", "task cancelled", "call over"])
@pytest.mark.parametrize("script", [until_gone, _never_ends, _has_no_end])
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5, 8, 13, 40])
def test_a_caller_who_leaves_at_any_instant_leaves_nothing_running(
    script: Callable[[Conversation], Any], end: str, steps: int
) -> None:
    async def test() -> None:
        line = Line(script)
        wire = line.open()
        for step in range(steps):
            # First turn by turn of the loop, then frame by frame.
            await asyncio.sleep(0 if step < 8 else 0.02)
            line.frame(wire)
        if end == "stop":
            wire.send(Stopped())
        elif end == "break":
            wire.break_off()
        elif end == "task cancelled":
            wire.task.cancel()
        else:
            line.end_call()
            if not line.bot.calls:
                wire.break_off()
        await asyncio.wait({wire.task}, timeout=60)
        assert wire.task.done()
        await asyncio.sleep(0)
        alone()
        assert all(not call.running for call in line.bot.calls)
        assert not (line.bot.calls and line.app.calls)

    run(test())


@virtual
async def test_a_peer_who_does_not_read_is_given_up() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(60.0, "a")
        return await until_gone(call)

    line = Line(script)
    wire = line.open()
    wire.slow = asyncio.Event()
    await line.talk(wire, 12.0)
    await wire.ended()
    assert line.outcome() == Outcome("caller_left")
    alone()


@virtual
async def test_a_full_queue_drops_sound_but_answers_its_mark() -> None:
    async def script(call: Conversation) -> Outcome:
        call.say(0.5, "fits")
        call.say(5.0, "too much")
        await call.said("fits", "too much")
        return GOODBYE

    line = Line(script, limits=Limits(queued_s=2.0))
    wire = line.open()
    await line.talk(wire, 1.0)
    await wire.ended()
    assert len(wire.sound()) == 25 * 160
    assert line.call.marks == ["fits", "too much"]


async def _fails(call: Conversation) -> Outcome:
    raise RuntimeError(f"could not say 안녕하세요 to {call.caller.number}")


@virtual
async def test_a_conversation_that_fails_leaves_its_caller_to_people() -> None:
    line = Line(_fails)
    wire = line.open()
    await wire.ended()
    outcome = line.outcome()
    assert outcome is not None
    assert outcome.kind == "failed"
    assert wire.close_code == 1000
    alone()


def test_what_went_wrong_is_logged_without_words_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        wire = Line(_fails).open()
        await wire.ended()

    run(test())
    logged = "".join(capsys.readouterr())
    assert "RuntimeError" in logged
    assert "test_media_socket.py" in logged
    assert "안녕하세요" not in logged
    assert "+82" not in logged


@virtual
async def test_a_conversation_that_fails_on_a_sound_is_ended_too() -> None:
    line = Line(_has_no_end)
    wire = line.open()
    await asyncio.sleep(0.1)
    line.call.heard = None  # type: ignore[assignment]
    line.frame(wire)
    await wire.ended()
    outcome = line.outcome()
    assert outcome is not None
    assert outcome.kind == "failed"
    alone()


@virtual
async def test_a_second_stream_of_a_call_ends_the_first_and_keeps_its_own_outcome() -> None:
    line = Line()
    first = line.open()
    await asyncio.sleep(0.1)
    second = line.open(line.token(2))
    await first.ended()
    assert line.outcome() is None
    assert second.close_code is None
    second.send(Stopped())
    await second.ended()
    assert line.outcome() == Outcome("caller_left")
    alone()


@pytest.mark.parametrize(
    ("end", "asked_after_s", "takes_s"),
    [
        ("bot", None, 5.0),
        ("bot", 0.5, 0.5),
        ("break", None, 5.0),
        ("break", 0.5, 0.5),
        ("stop", None, 0.0),
        ("call over", None, 0.0),
    ],
)
def test_draining_lets_twilio_ask_where_the_last_callers_go_and_waits_no_longer(
    end: str, asked_after_s: float | None, takes_s: float
) -> None:
    async def until_key(call: Conversation) -> Outcome:
        while not call.keys and not call.gone.is_set():
            await asyncio.sleep(0.01)
        return Outcome("hand_over", "asked") if call.keys else Outcome("caller_left")

    async def test() -> None:
        line = Line(until_key)
        wire = line.open()
        await line.talk(wire, 0.5)
        loop = asyncio.get_running_loop()
        began = loop.time()
        drained = asyncio.create_task(line.app.drain())
        await line.talk(wire, 1.0)
        assert not drained.done()
        {"bot": lambda: wire.send(Key("0")), "break": wire.break_off, "stop": lambda: wire.send(Stopped())}.get(
            end, line.end_call
        )()
        if asked_after_s is not None:
            await asyncio.sleep(asked_after_s)
            assert "<Enqueue" in line.post("/twilio/after-stream?stream=1").text
        assert await drained == 0
        assert loop.time() - began == pytest.approx(
            1.0 + takes_s + line.app.exchange.limits.last_webhooks_within_s, abs=0.2
        )
        await wire.ended()

    run(test())


@virtual
async def test_what_is_said_after_the_stream_is_in_the_language_that_was_spoken_last() -> None:
    async def switches(_call: Conversation) -> Outcome:
        return Outcome("hand_over", "asked", language="en")

    line = Line(switches)
    wire = line.open()
    await wire.ended()
    assert 'language="en-US"' in line.post("/twilio/after-stream?stream=1").text
    assert 'language="en-US"' in line.post("/twilio/after-queue", QueueResult="queue-full").text


@virtual
async def test_a_second_stream_begins_in_the_language_that_was_spoken_last() -> None:
    async def switches(call: Conversation) -> Outcome:
        await call.gone.wait()
        return Outcome("caller_left", language="en")

    line = Line(switches)
    wire = line.open()
    await asyncio.sleep(0.1)
    wire.break_off()
    await wire.ended()
    again = line.post("/twilio/after-stream?stream=1").text
    assert 'language="en-US"' in again
    second = line.open(again.partition('value="')[2].partition('"')[0])
    await asyncio.sleep(0.1)
    assert line.call.caller.language == "en"
    second.break_off()
    await second.ended()
