"""Callers who wait for an agent and talk with one through both browsers: two simulated ends, in virtual time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telephony.agent_line import AgentLine
from telephony.agent_line_bridge import LineBridge
from telephony.agent_line_end import MOST_WAITING, LineEnd
from telephony.agent_line_link import LineLink, pass_on
from telephony.agent_line_ports import LinePorts
from telephony.agent_line_socket import AgentSocket
from telephony.agent_lines import AgentLines
from telephony.media_stream import MediaStream, Started
from telephony.phone.virtual_time import run
from voicebot.audio import mulaw
from voicebot.audio.format import Pcm
from voicebot.channel import Caller, Channel, LiveCall, Outcome
from voicebot.live.desk import DeskQueue
from voicebot.office import local_office
from voicebot.store.bus import LocalBus
from voicebot.store.live import MemoryStore

ASKED = Outcome("hand_over", "asked", "support", language="ko")
START = json.dumps(
    {
        "event": "start",
        "streamSid": "MZ1",
        "start": {
            "streamSid": "MZ1",
            "callSid": "BR1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
    }
)


class Phone:
    """The caller's browser, as the browser phone's channel."""

    has_sound = True

    def __init__(self) -> None:
        self.line: LiveCall | None = None
        self.states: list[dict[str, Any]] = []
        self.captions: list[Mapping[str, Any]] = []
        self.frames: list[bytes] = []
        self.cleared = 0

    def play(self, pcm: Pcm, mark: str) -> None:
        line = self.line
        assert line is not None
        asyncio.get_running_loop().call_later(len(pcm) / 8000, line.played, mark)

    def clear(self) -> None:
        self.cleared += 1

    def voice(self, frame: bytes) -> None:
        self.frames.append(frame)

    def caption(self, line: Mapping[str, Any]) -> None:
        self.captions.append(line)

    def state(self, name: str, **about: Any) -> None:
        self.states.append({"name": name, **about})

    def said(self, words: str) -> bool:
        return any(words in line["text"] for line in self.captions)


class Desk:
    """An agent's browser: what it sends, and what it was sent."""

    def __init__(self) -> None:
        self._out: asyncio.Queue[str | None] = asyncio.Queue()
        self.told: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self.stalled: asyncio.Event | None = None

    async def texts(self) -> str | bytes | None:
        return await self._out.get()

    async def take(self, text: str) -> None:
        if self.stalled is not None:
            await self.stalled.wait()
        message = json.loads(text)
        if message["event"] == "media":
            self.frames.append(base64.b64decode(message["media"]["payload"]))
        else:
            self.told.append(message)

    def speak(self, frame: bytes) -> None:
        payload = base64.b64encode(frame).decode()
        self._send({"event": "media", "streamSid": "MZ1", "media": {"payload": payload}})

    def do(self, what: str, **values: Any) -> None:
        self._send({"event": "desk", "desk": {"do": what, **values}})

    def hang_up_the_socket(self) -> None:
        self._out.put_nowait(None)

    def _send(self, message: Mapping[str, Any]) -> None:
        self._out.put_nowait(json.dumps(message))

    @property
    def states(self) -> list[str]:
        return [message["state"]["name"] for message in self.told if message["event"] == "state"]

    def end(self) -> LineEnd:
        stream = MediaStream()
        assert isinstance(stream.receive(START, 0), Started)
        return LineEnd(stream, self.texts, self.take)


class Records:
    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []

    def close(self, call: str, result: str) -> None:
        self.closed.append((call, result))


class Bot:
    def __init__(self) -> None:
        self.answered: list[str] = []

    def answer(self, caller: Caller, channel: Channel) -> LiveCall:
        self.answered.append(caller.call_id)
        return None  # type: ignore[return-value]


class Service:
    """A worker: its lines, over a store and a bus that it may share with another one."""

    def __init__(self, live: MemoryStore | None = None, bus: LocalBus | None = None, address: str = "") -> None:
        self.bus = bus or LocalBus()
        self.queue = DeskQueue(live or MemoryStore(), self.bus)
        self.office, self.records, self.bot = local_office(), Records(), Bot()

        async def where() -> str:
            return address

        self.lines = AgentLines(
            LinePorts(self.queue, self.office, _sound, self.records, address=where),  # type: ignore[arg-type]
            self.bus,
            self.bot,
        )

    def hand_over(self, phone: Phone, call: str = "BR1") -> asyncio.Task[Outcome]:
        line = self.lines.people(Caller(call, "", "ko", "browser"), ASKED, phone)
        assert isinstance(line, AgentLine)
        phone.line = line
        return asyncio.ensure_future(line.run())

    async def join(self, desk: Desk, agent: str = "kim", call: str = "BR1") -> asyncio.Task[None]:
        assert self.queue.claim(call, agent)
        line = self.lines.find(call)
        assert line is not None
        joined = asyncio.ensure_future(line.join(agent, "김상담", desk.end()))
        await asyncio.sleep(3)  # the greeting
        return joined


def _sound(text: str, language: str) -> Pcm:
    return np.zeros(1600, np.int16)


def tone(number: int) -> bytes:
    return bytes([number % 256]) * 160


def scene(play: Callable[[Service, Phone, Desk], Coroutine[Any, Any, None]]) -> None:
    async def played() -> None:
        service, phone, desk = Service(), Phone(), Desk()
        await play(service, phone, desk)
        service.lines.close()

    run(played())


def test_who_waits_hears_the_place_in_the_line_and_what_the_keys_do() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        other = Phone()
        first, second = service.hand_over(other, "BR0"), service.hand_over(phone)
        await asyncio.sleep(30)
        assert {"name": "waiting", "place": 2} in phone.states
        assert phone.said("0번")
        assert other.line is not None
        other.line.hung_up()
        await first
        service.lines.close()
        await asyncio.sleep(1)
        assert phone.states[-1] == {"name": "waiting", "place": 1}
        second.cancel()

    scene(play)


def test_frames_pass_both_ways_in_their_order_and_none_waits() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        line = phone.line
        assert line is not None
        for number in range(100):
            desk.speak(tone(number))
            line.audio(mulaw.decode(tone(number)).tobytes())
            await asyncio.sleep(0.02)
            # After each frame time both have heard what the other said until then: nothing is held back.
            assert len(phone.frames) == len(desk.frames) == number + 1
        assert phone.frames == [tone(number) for number in range(100)]
        decoded = [mulaw.decode(frame).tolist() for frame in desk.frames]
        assert decoded == [mulaw.decode(tone(number)).tolist() for number in range(100)]
        line.hung_up()
        assert (await held).kind == "caller_left"

    scene(play)


def test_an_agent_whose_socket_stalls_hears_the_newest_and_not_the_past() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        desk.stalled = asyncio.Event()
        line = phone.line
        assert line is not None
        for number in range(100):
            line.audio(mulaw.decode(tone(number)).tobytes())
            await asyncio.sleep(0)
        desk.stalled.set()
        desk.stalled = None
        await asyncio.sleep(1)
        assert len(desk.frames) <= MOST_WAITING + 1
        assert desk.frames[-1] == mulaw.encode(mulaw.decode(tone(99)))
        line.hung_up()
        await held

    scene(play)


def test_the_agents_line_is_lost_and_the_caller_is_first_in_the_line() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        joined = await service.join(desk)
        service.hand_over(Phone(), "BR2")
        desk.hang_up_the_socket()
        await joined
        await asyncio.sleep(5)
        assert [state["name"] for state in phone.states][-2:] == ["line_lost", "waiting"]
        assert phone.said("끊어졌습니다")
        assert [one.call for one in service.queue.waiting()] == ["BR1", "BR2"]
        assert not held.done()
        again = Desk()
        await service.join(again, "lee")
        again.speak(tone(7))
        await asyncio.sleep(0.1)
        assert phone.frames == [tone(7)]
        held.cancel()

    scene(play)


def test_the_callers_line_is_lost_the_agent_is_told_and_who_comes_back_is_first() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        joined = await service.join(desk)
        assert phone.line is not None
        phone.line.hung_up()
        await asyncio.gather(held, joined)
        assert desk.states[-1] == "caller_left"
        await asyncio.sleep(1)
        assert service.queue.find("BR1") is None
        service.hand_over(Phone(), "BR2")
        await asyncio.sleep(1)
        back = Phone()
        line = service.lines.answer(Caller("BR1", "", "ko", "browser"), back)  # type: ignore[arg-type]
        assert isinstance(line, AgentLine)
        back.line = line
        task = asyncio.ensure_future(line.run())
        await asyncio.sleep(1)
        assert [one.call for one in service.queue.waiting()] == ["BR1", "BR2"]
        task.cancel()

    scene(play)


def test_on_hold_nobody_hears_the_other() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        line = phone.line
        assert line is not None
        desk.do("hold", on=True)
        await asyncio.sleep(2)
        desk.speak(tone(1))
        line.audio(mulaw.decode(tone(1)).tobytes())
        await asyncio.sleep(1)
        assert (phone.frames, desk.frames) == ([], [])
        assert phone.said("잠시만 기다려 주세요")
        desk.do("hold", on=False)
        await asyncio.sleep(2)
        desk.speak(tone(2))
        await asyncio.sleep(1)
        assert phone.frames == [tone(2)]
        line.hung_up()
        await held

    scene(play)


def test_the_agent_lets_the_bots_voice_say_it_and_hears_it_too() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        desk.do("say", text="배송은 이틀 걸립니다.")
        await asyncio.sleep(1)
        assert phone.said("배송은 이틀 걸립니다.")
        assert len(desk.frames) == 10
        held.cancel()

    scene(play)


def test_the_agent_ends_the_call_with_a_goodbye() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        desk.do("hang_up")
        assert await held == Outcome("hang_up", "agent", language="ko")
        assert phone.said("안녕히 계세요")
        service.lines.close()
        assert service.queue.find("BR1") is None

    scene(play)


def test_the_agent_gives_the_caller_to_another_queue() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        await service.join(desk)
        desk.do("transfer", queue="billing")
        await asyncio.sleep(3)
        [waiting] = service.queue.waiting()
        assert (waiting.queue, waiting.first) == ("billing", True)
        assert not held.done()
        held.cancel()

    scene(play)


def test_back_to_the_bot_by_the_agent_and_by_the_caller() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        for by_agent in (True, False):
            held = service.hand_over(phone)
            await asyncio.sleep(1)
            assert phone.line is not None
            if by_agent:
                await service.join(desk)
                desk.do("bot")
            else:
                phone.line.key("0")
            outcome = await held
            service.lines.people(phone.line.caller, outcome, phone)  # type: ignore[attr-defined]
        assert service.bot.answered == ["BR1", "BR1"]
        assert service.queue.waiting() == []

    scene(play)


def test_a_waiting_caller_leaves_a_number_by_keys() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        assert phone.line is not None
        for key in "1123#":  # no number
            phone.line.key(key)
        await asyncio.sleep(2)
        assert phone.said("그 번호로는 전화드릴 수 없습니다")
        for key in "01012345678#":
            phone.line.key(key)
        assert (await held).reason == "call_back"
        [callback] = service.office.callbacks.all()
        assert callback.number == "+821012345678"
        assert service.records.closed == [("BR1", "call_back")]

    scene(play)


def test_who_was_claimed_and_never_spoken_to_waits_again() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        assert service.queue.claim("BR1", "kim")
        await asyncio.sleep(60)
        assert service.queue.place("BR1") == 1
        held.cancel()

    scene(play)


def test_who_hangs_up_while_waiting_has_given_up() -> None:
    async def play(service: Service, phone: Phone, desk: Desk) -> None:
        held = service.hand_over(phone)
        await asyncio.sleep(1)
        assert phone.line is not None
        phone.line.hung_up()
        await held
        service.lines.close()
        assert service.records.closed == [("BR1", "abandoned")]

    scene(play)


@pytest.mark.parametrize("between", ["workers", "hosts"])
def test_an_agent_whose_socket_another_worker_accepted_speaks_with_the_caller(
    between: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    redis_url = request.getfixturevalue("redis_server").url if between == "hosts" else ""

    async def played() -> None:
        live, bus, link = MemoryStore(), LocalBus(), LineLink(tmp_path / "desk")
        here, there = LineBridge(redis_url), LineBridge(redis_url)
        address = here.address if redis_url else link.address
        holder, other = Service(live, bus, address), Service(live, bus, "elsewhere")
        joined = AgentSocket(holder.lines, None).join  # type: ignore[arg-type]
        await link.listen(joined)
        if redis_url:
            here.listen(joined)
        phone, desk = Phone(), Desk()
        held = holder.hand_over(phone)
        while holder.queue.place("BR1") == 0:
            await asyncio.sleep(0.01)
        claimed = other.queue.claim("BR1", "kim")
        assert claimed is not None
        desk._out.put_nowait(START)
        passes_on = there.pass_on if redis_url else pass_on
        passing = asyncio.ensure_future(passes_on(claimed.holder, "BR1", "kim", "김상담", desk.texts, desk.take))
        while "joined" not in desk.states or not phone.said("연결되었습니다"):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        for number in range(20):
            desk.speak(tone(number))
        while len(phone.frames) < 20:
            await asyncio.sleep(0.01)
        assert phone.frames == [tone(number) for number in range(20)]
        assert phone.line is not None
        phone.line.audio(mulaw.decode(tone(9)).tobytes())
        while not desk.frames:
            await asyncio.sleep(0.01)
        phone.line.hung_up()
        await asyncio.gather(held, passing)
        assert desk.states[-1] == "caller_left"
        here.close()
        await link.close()
        assert not Path(link.address).exists()

    asyncio.run(asyncio.wait_for(played(), 20))
