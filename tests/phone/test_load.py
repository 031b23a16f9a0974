"""Load tests: a lean phone against services that answer in known ways, and the figures made of what it heard."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from telephony.phone.load.beat import Beat
from telephony.phone.load.call import CallReport
from telephony.phone.load.caller import Caller, Done
from telephony.phone.load.figures import answers, figures, spread
from telephony.phone.load.measures import waits
from telephony.phone.load.plot import plot
from telephony.phone.load.script import CALLERS, Act, Habits, LoadScriptError, cast
from telephony.phone.load.sounds import frames_of, voice
from telephony.phone.load.stage import Plan, Stage
from telephony.phone.load.stream import LoadStream
from telephony.phone.load.websocket import LeanSocket, connect, frame_of
from telephony.phone.transport import HandshakeRefusedError
from telephony.phone.turn_log import Turn
from voicebot.audio.mulaw import decode, encode

Serves = Callable[[ServerConnection], Awaitable[None]]


def on_wire(serves: Serves, caller: Callable[[LeanSocket], Awaitable[None]]) -> None:
    async def run() -> None:
        async with serve(serves, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            socket = await connect(f"ws://127.0.0.1:{port}/twilio/media", {})
            try:
                await asyncio.wait_for(caller(socket), 10)
            finally:
                socket.close()

    asyncio.run(run())


@pytest.mark.parametrize("length", [1, 125, 126, 65_535, 65_536])
def test_messages_of_all_lengths_come_back_from_another_implementation(length: int) -> None:
    text = b"x" * length

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def caller(socket: LeanSocket) -> None:
        came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        socket.on_text = came.set_result
        socket.send(frame_of(text))
        assert await came == text

    on_wire(echo, caller)


def test_a_ping_is_answered_and_a_close_tells_its_code() -> None:
    async def serves(connection: ServerConnection) -> None:
        await (await connection.ping())
        await connection.close(1008)

    async def caller(socket: LeanSocket) -> None:
        closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        socket.on_close = closed.set_result
        assert await closed == 1008

    on_wire(serves, caller)


def test_a_refused_upgrade_tells_its_status() -> None:
    async def run() -> None:
        async with serve(lambda _: None, "127.0.0.1", 0, process_request=lambda c, _: c.respond(403, "no")) as server:  # type: ignore[arg-type,return-value]
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(HandshakeRefusedError) as refused:
                await connect(f"ws://127.0.0.1:{port}/", {})
            assert refused.value.status == 403

    asyncio.run(run())


class Clockwork:
    """A socket that goes nowhere, at a time that is told."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sent: list[dict[str, Any]] = []
        self.unsent = 0
        self.on_text: Callable[[bytes], None] = lambda _: None

    def now(self) -> float:
        return self.time

    def send(self, frame: bytes) -> None:
        assert frame[0] == 0x81
        text = frame[8:] if frame[1] & 0x7F == 126 else frame[6:]
        self.sent.append(json.loads(text))

    def plays(self, pcm: np.ndarray[Any, Any]) -> None:
        payload = base64.b64encode(encode(pcm)).decode()
        self.on_text(f'{{"event":"media","streamSid":"MZ1","media":{{"payload":"{payload}"}}}}'.encode())

    def says(self, **message: Any) -> None:
        self.on_text(json.dumps({"streamSid": "MZ1", **message}).encode())


def tone(ms: int) -> np.ndarray[Any, Any]:
    return (8000 * np.sin(np.arange(ms * 8) * 0.5)).astype(np.int16)


def test_sound_is_played_in_its_order_and_marks_come_back_when_it_was() -> None:
    socket = Clockwork()
    stream = LoadStream(socket, "MZ1", 0.0)  # type: ignore[arg-type]
    socket.time = 0.1
    socket.plays(tone(200))
    socket.says(event="mark", mark={"name": "1:a"})
    socket.plays(tone(200))
    socket.says(event="mark", mark={"name": "2:b"})
    stream.send(b"", 0.29)
    assert [m["event"] for m in socket.sent] == ["media"]
    stream.send(b"", 0.31)
    assert socket.sent[-1]["mark"] == {"name": "1:a"}
    assert socket.sent[-1]["sequenceNumber"] == "3"
    heard = stream.bot_side()
    assert len(heard) == 8 * 500
    assert not heard[: 8 * 100].any()
    assert np.array_equal(heard[8 * 100 : 8 * 300], decode(encode(tone(200))))
    assert stream.holes == []
    assert stream.mistakes == []


def test_a_hole_amid_a_chunk_is_late_sound_and_one_behind_a_mark_is_not() -> None:
    socket = Clockwork()
    stream = LoadStream(socket, "MZ1", 0.0)  # type: ignore[arg-type]
    socket.plays(tone(200))
    socket.time = 0.26
    socket.plays(tone(200))
    socket.says(event="mark", mark={"name": "1:a"})
    socket.time = 1.0
    socket.plays(tone(200))
    assert stream.holes == [pytest.approx(0.06)]


def test_clear_ends_the_sound_and_gives_all_marks_back() -> None:
    socket = Clockwork()
    stream = LoadStream(socket, "MZ1", 0.0)  # type: ignore[arg-type]
    socket.plays(tone(1000))
    socket.says(event="mark", mark={"name": "1:a"})
    socket.time = 0.3
    socket.says(event="clear")
    stream.send(b"", 0.3)
    assert [m["event"] for m in socket.sent] == ["media", "mark"]
    assert len(stream.bot_side()) == 8 * 300


def test_lost_marks_and_messages_of_other_streams_are_mistakes() -> None:
    socket = Clockwork()
    stream = LoadStream(socket, "MZ1", 0.0)  # type: ignore[arg-type]
    socket.says(event="mark", mark={"name": "2:b"})
    socket.on_text(b'{"event":"clear","streamSid":"MZ2"}')
    socket.on_text(b"rubbish")
    assert len(stream.mistakes) == 3


def test_waits_are_measured_on_the_sound() -> None:
    bot = np.zeros(8 * 3000, np.int16)
    bot[8 * 500 : 8 * 1250] = tone(750)  # speaks on for 250 ms after the caller cuts in at 1000
    bot[8 * 2400 : 8 * 3000] = tone(600)
    act = Act("배송 언제 도착하나요", 0)
    (wait,) = waits(bot, [Done(act, 1000.0, 2000.0, cut_in=True)])
    assert wait.silence_ms == 250
    assert wait.response_ms == pytest.approx(400, abs=1)
    assert waits(bot[: 8 * 2000], [Done(act, 1500.0, 1900.0, cut_in=False)])[0].response_ms is None


def test_the_shops_callers_are_there_and_voices_differ() -> None:
    callers = cast(sorted(CALLERS.glob("*.yaml")), lambda *_: np.zeros(0, np.int16))
    assert len(callers.scripts) == 6
    assert all(script.acts for script in callers.scripts)
    first, second = (voice(number, callers.recordings[:1]) for number in (0, 1))
    assert first.clips[0].speech == second.clips[0].speech
    assert first.clips[0].frames != second.clips[0].frames
    assert all(len(base64.b64decode(frame)) == 160 for frame in frames_of(np.zeros(161, np.int16)))


def test_a_scenario_in_which_nobody_speaks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "silent.yaml"
    file.write_text("name: silent\nsteps:\n  - wait: 1 s\n")
    with pytest.raises(LoadScriptError, match=r"silent\.yaml"):
        cast([file], lambda *_: np.zeros(0, np.int16))


def test_who_has_talked_enough_takes_the_time_to_think() -> None:
    def pauses(talked: float) -> list[float]:
        habits = Habits(7, 0.35)
        return [habits.thinks_s(talked) for _ in range(200)]

    assert 0.5 < float(np.median(pauses(0.3))) < 0.7
    assert min(pauses(0.45)) > 2.0
    assert not Habits(7, 0.35).cuts_in(0.36)
    assert Habits(7, 0.35).cuts_in(0.3)


class Exchange:
    """A stream on which a bot greets for 5.5 s, answers after half a second, for so long, and stops for who cuts in."""

    def __init__(self, answers_s: float) -> None:
        self.began = 0.0
        self.frames = 0
        self.voice_from, self.voice_end = -1.0, 0.0
        self._answers_s, self._begins = answers_s, 0.3

    def send(self, frame: bytes, now: float) -> None:
        self.frames += 1
        if now >= self._begins:
            length = 5.5 if now < 1 else self._answers_s
            self.voice_from, self.voice_end, self._begins = now, now + length, float("inf")

    def key(self, key: str) -> None:
        pass

    def acts(self) -> None:
        self.voice_from = -1.0
        self._begins = self.frames * 0.02 + 0.5

    def hears(self) -> None:
        self.voice_end = min(self.voice_end, self.frames * 0.02 + 0.3)


@pytest.mark.parametrize("answers_s", [3.0, 5.0, 7.5])
def test_callers_talk_a_third_of_the_time_however_long_the_answers(answers_s: float) -> None:
    shop = cast(sorted(CALLERS.glob("*.yaml")), lambda *_: np.zeros(0, np.int16))
    sounds = voice(0, shop.recordings)
    talked = frames = 0
    for number, script in enumerate(shop.scripts * 3):
        stream = Exchange(answers_s)
        caller = Caller(stream, script, sounds, Habits(number, 0.35))  # type: ignore[arg-type]
        before = 0
        handed_over = float("inf")
        while not caller.left and stream.frames * 0.02 < handed_over:
            caller.tick(stream.frames * 0.02)
            if len(caller.done) == len(script.acts) and not script.hangs_up:
                handed_over = min(handed_over, stream.frames * 0.02 + 4.5)
            if caller.talked > before:
                stream.hears()
            before = caller.talked
        talked += caller.talked
        frames += stream.frames
    assert 0.33 <= talked / frames <= 0.37


def test_a_late_beat_loses_no_tick() -> None:
    async def run() -> tuple[int, Beat]:
        beat, ticks = Beat(), 0

        def tick(_now: float) -> None:
            nonlocal ticks
            ticks += 1

        beat.join(tick)
        beat.start()
        while beat.ticks < 50:
            await asyncio.sleep(0)
        await beat.stop()
        return ticks, beat

    ticks, beat = asyncio.run(run())
    assert ticks == -(-beat.ticks // 5)


def report(decision: str, response_ms: float = 440.0) -> CallReport:
    bot = np.zeros(8 * 4000, np.int16)
    bot[int(8 * (2000 + response_ms)) :] = tone(4000)[: len(bot) - int(8 * (2000 + response_ms))]
    done = Done(Act("영업시간이 어떻게 되나요", 0), 1000.0, 2000.0, cut_in=False)
    turn = Turn("caller", "영업시간이 어떻게 되나요", 2010.0, "business_hours", decision=decision)
    return CallReport("questions", "stream", "queue", seconds=4.0, talked=0.25, waits=waits(bot, [done]), turns=(turn,))


def test_an_answer_is_wrong_where_it_never_was_given_without_load() -> None:
    unloaded = Stage(Plan(1, 1.0), [report("new_subject")])
    loaded = Stage(Plan(2, 1.0), [report("new_subject", 500.0), report("not_heard", 900.0)], call_seconds=8.0)
    found = figures(loaded, answers(unloaded))
    assert (found.checked, found.wrong) == (2, 1)
    assert found.wrong_turns == {"questions 1: not_heard business_hours": 1}
    assert found.response_ms is not None
    assert found.response_ms.most == pytest.approx(900, abs=1)
    assert json.loads(json.dumps(found.to_json()))["calls"] == 2
    assert "<svg" in plot([found], median_ms=500, p95_ms=900)


def test_percentiles() -> None:
    found = spread(list(range(100)))
    assert found is not None
    assert (found.median, found.p95, found.p99, found.most) == (50, 95, 99, 99)
    assert spread([]) is None


@pytest.mark.parametrize("sweep", ["10,x", "0", "10,,20"])
def test_a_sweep_that_is_none_is_refused_before_anything_starts(sweep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    from typer.testing import CliRunner

    from voicebot.cli import app, commands  # noqa: F401

    result = CliRunner().invoke(app, ["loadtest", "--sweep", sweep])
    assert "write numbers of calls" in str(result.exception)
