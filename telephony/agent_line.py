"""Browser callers after the bot: they wait for an agent, talk with one through both browsers, or go back to the bot.

The caller's socket stays where it is, in the worker that held the conversation; the agent's comes there, through
`agent_line_link` where another worker accepted it. Frames are passed on one by one, in their order and without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog

from telephony.after_bot import Next
from telephony.agent_line_end import Command, LineEnd
from telephony.agent_line_phrases import line_said
from telephony.agent_line_voice import LineVoice, Speak
from telephony.media_stream import Key, Media
from telephony.people.phrases import said
from voicebot.channel import Caller
from voicebot.failure import place
from voicebot.live.desk import DeskQueue
from voicebot.nlu.entities.phones import phone_number
from voicebot.office import Office
from voicebot.store.hand_overs import HandOverContext

_log = structlog.get_logger(__name__)

_ANNOUNCED_EVERY_S = 25.0
_LONGEST_NUMBER = 15
_LONGEST_SAID = 300

Left = Literal["lost", "hang_up", "bot", "transfer"]
"""How an agent's part ended: the line was lost, or as the agent chose."""


class Listening(Protocol):
    """Makes captions of one side; see `voicebot.live.desk_captions`. Called on the event loop, and returns at once."""

    def push(self, payload: bytes) -> None:
        """Mu-law, any length."""
        ...

    def close(self) -> None: ...


Captioned = Callable[[Mapping[str, Any]], None]
"""Is given a caption: `who`, `text`, `at_ms`, `final`."""
Captions = Callable[[str, str, Captioned], Listening | None]
"""Who speaks (`caller`, `agent`), in which language, and who is told; None where nobody listens."""


class Records(Protocol):
    """What the history is told; see `voicebot.live.desk_records`. Blocking."""

    def close(self, call: str, result: Literal["abandoned", "call_back"]) -> object:
        """What became of a caller whom no agent served."""
        ...


@dataclass(frozen=True)
class LinePorts:
    """What lines need of the rest of the service."""

    queue: DeskQueue
    office: Office
    speak: Speak
    records: Records
    captions: Captions = lambda _who, _language, _told: None
    may_call: Callable[[str], bool] = lambda _number: True
    """Whether a number may be dialled at our cost."""


@dataclass(eq=False)
class _Agent:
    name: str
    shown: str
    end: LineEnd
    left: asyncio.Future[Left]
    held: bool = False


class AgentLine:
    """One browser caller, from the bot's hand-over until the line is over. Used on one event loop."""

    def __init__(self, ports: LinePorts, caller: Caller, context: HandOverContext, end: LineEnd) -> None:
        self._ports, self._caller, self._context, self._end = ports, caller, context, end
        self._language = context.language
        self._loop = asyncio.get_running_loop()
        self._voice = LineVoice(ports.speak, end)
        self._agent: _Agent | None = None
        self._next: asyncio.Future[Next] = self._loop.create_future()
        self._digits: str | None = None
        """What was keyed of a number so far; None where none is asked for."""
        self._doing: asyncio.Task[None] | None = None
        """What the caller hears while nobody talks."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._place = 0
        self.lost = False
        """The caller's connection ended, and not by anybody's wish here."""
        self._listening: dict[str, Listening] = {}
        self._log = _log.bind(call=caller.call_id)

    async def hold(self) -> Next:
        """Until the line is over, or the caller goes back to the bot."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._end.write())
        self._do(self._wait())
        await self.look()
        try:
            await _first_of(reading, writing, self._next)
            if not self._next.done():
                for task in (reading, writing):
                    if task.done() and not isinstance(task.exception(), OSError | None):
                        self._log.error("a line failed", place=place(task.exception() or RuntimeError()))
                self._caller_lost()
                self.lost = True
                return "over"
            return self._next.result()
        finally:
            tasks = {reading, writing, *self._tasks}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for listening in self._listening.values():
                listening.close()
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                await self._end.flush()
            self._next.cancel()
            if self._agent is not None and not self._agent.left.done():
                self._agent.left.set_result("hang_up")

    @property
    def is_waiting(self) -> bool:
        """Whether no agent is on the line."""
        return self._agent is None

    async def look(self) -> None:
        """The line changed: tell the caller about the place in it, if that is another one."""
        if self._agent is None:
            place_now = await asyncio.to_thread(self._ports.queue.place, self._caller.call_id)
            if place_now and place_now != self._place and self._agent is None:
                self._place = place_now
                self._tell("waiting", place=place_now)

    # The agent

    async def join(self, name: str, shown: str, end: LineEnd) -> None:
        """An agent who has claimed the caller is on the line, until either is done. Used by one agent at a time."""
        if self._agent is not None and not self._agent.left.done():
            # A second page of the same agent, or a connection that is not yet known to be dead.
            self._agent.left.set_result("lost")
        agent = self._agent = _Agent(name, shown, end, self._loop.create_future())
        self._place, self._digits = 0, None
        self._do(self._greet(agent))
        reading = asyncio.create_task(self._read_agent(agent))
        writing = asyncio.create_task(end.write())
        left: Left = "lost"
        try:
            await _first_of(reading, writing, agent.left)
            left = agent.left.result() if agent.left.done() else "lost"
        finally:
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            if not agent.left.done():
                agent.left.set_result(left)
            if self._agent is agent:
                self._agent = None
                await self._go_on(agent, left)
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                await end.flush()

    async def _greet(self, agent: _Agent) -> None:
        self._end.clear()
        self._tell("joined", agent=agent.shown)
        agent.end.tell({"event": "state", "state": {"name": "joined"}})
        for who in ("caller", "agent"):
            if who not in self._listening:
                listening = self._ports.captions(who, self._language, self._captioned)
                if listening is not None:
                    self._listening[who] = listening
        await self._voice.say(line_said(self._language, "joined"), language=self._language)

    async def _go_on(self, agent: _Agent, left: Left) -> None:
        """Without this agent: the caller is in the line again, with the bot, or said goodbye to."""
        call, queue = self._caller.call_id, self._ports.queue
        if self._next.done():
            return
        if left == "lost":
            self._log.warning("an agent's line was lost", agent=agent.name)
            await asyncio.to_thread(queue.release, call, agent.name)
            self._tell("line_lost")
            self._do(self._wait("lost"))
        elif left == "transfer":
            self._do(self._wait("moved"))
        else:
            await asyncio.to_thread(queue.leave, call)
            self._tell("ended" if left == "hang_up" else "bot", reason="agent")
            self._do(self._end_with("over" if left == "hang_up" else "bot"))
            return
        await self.look()

    async def _read_agent(self, agent: _Agent) -> None:
        while (event := await agent.end.next()) is not None:
            if type(event) is Media:
                if not agent.held and not self._voice.speaking:
                    self._end.play(event.payload)
                    self._listen("agent", event.payload)
            elif type(event) is Command:
                await self._command(agent, event)

    async def _command(self, agent: _Agent, command: Command) -> None:
        values = command.values
        match command.do:
            case "hold":
                self._hold(agent, bool(values.get("on")))
            case "say" if text := str(values.get("text", "")).strip()[:_LONGEST_SAID]:
                self._do(self._voice.say(text, language=self._language, also=agent.end))
            case "hang_up" | "bot" if not agent.left.done():
                agent.left.set_result("hang_up" if command.do == "hang_up" else "bot")
            case "transfer" if not agent.left.done():
                queue, to = str(values.get("queue", ""))[:64], str(values.get("to", ""))[:64]
                call = self._caller.call_id
                await asyncio.to_thread(
                    functools.partial(self._ports.queue.transfer, call, agent.name, queue=queue, to=to)
                )
                agent.left.set_result("transfer")

    def _hold(self, agent: _Agent, on: bool) -> None:
        if agent.held == on:
            return
        agent.held = on
        self._tell("held" if on else "joined", agent=agent.shown)
        agent.end.tell({"event": "state", "state": {"name": "held" if on else "joined"}})
        self._do(self._held() if on else self._voice.say(line_said(self._language, "resumed"), language=self._language))

    async def _held(self) -> None:
        await self._voice.say(line_said(self._language, "held"), language=self._language)
        while True:
            await self._voice.be_quiet(_ANNOUNCED_EVERY_S)
            await self._voice.say(line_said(self._language, "waiting"), language=self._language)

    # The caller

    async def _read(self) -> None:
        while (event := await self._end.next()) is not None:
            agent = self._agent
            if type(event) is Media:
                if agent is not None and not agent.held:
                    agent.end.play(event.payload)
                    self._listen("caller", event.payload)
            elif type(event) is Key and agent is None:
                await self._key(event.digit)

    def _caller_lost(self) -> None:
        agent = self._agent
        if agent is not None:
            agent.end.tell({"event": "state", "state": {"name": "caller_left"}})
            self._log.info("a caller left the agent", agent=agent.name)

    async def _key(self, digit: str) -> None:
        if self._digits is not None:
            await self._number_key(digit)
        elif digit == "1":
            self._digits = ""
            self._tell("number")
            self._do(self._ask_number("number"))
        elif digit == "0":
            await asyncio.to_thread(self._ports.queue.leave, self._caller.call_id)
            self._tell("bot", reason="caller")
            self._do(self._end_with("bot"))

    async def _number_key(self, digit: str) -> None:
        assert self._digits is not None
        if digit == "*":
            self._digits = None
            self._place = 0
            self._do(self._wait())
            await self.look()
        elif digit != "#":
            self._digits = (self._digits + digit)[:_LONGEST_NUMBER]
        else:
            number = phone_number(self._digits, english=self._language == "en") or ""
            if number and self._ports.may_call(number):
                await self._call_back(number)
            else:
                self._digits = ""
                self._do(self._ask_number("number_wrong"))

    async def _call_back(self, number: str) -> None:
        call, office = self._caller.call_id, self._ports.office

        def put_down() -> None:
            office.callbacks.add(
                number,
                "people",
                self._context.summary(self._language),
                office.now(),
                language=self._language,
                context={"call_id": call, "queue": self._context.queue},
            )
            office.hand_overs.note(call, "call-back asked for")
            self._ports.queue.leave(call)
            self._ports.records.close(call, "call_back")

        await asyncio.to_thread(put_down)
        self._tell("ended", reason="call_back")
        self._do(self._end_with("over", said(self._language, "callback_now"), said(self._language, "bye")))

    # What the caller hears while nobody talks

    def _do(self, doing: Any) -> None:
        """Do this in place of what was done before."""
        if self._doing is not None:
            self._doing.cancel()
        self._doing = asyncio.create_task(doing)
        self._tasks.add(self._doing)
        self._doing.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("a line's announcement failed", error=type(error).__name__, place=place(error))

    async def _wait(self, first: Literal["", "lost", "moved"] = "") -> None:
        language = self._language
        if first:
            await self._voice.say(line_said(language, first), language=language)
        while True:
            await self._voice.say(*await asyncio.to_thread(self._announcement), language=language)
            await self._voice.be_quiet(_ANNOUNCED_EVERY_S)

    def _announcement(self) -> list[str]:
        language, office = self._language, self._ports.office
        if not office.hours().is_open(office.now()) and not self._ports.queue.agents():
            return [said(language, "closed"), line_said(language, "choice")]
        place_now = self._ports.queue.place(self._caller.call_id)
        texts = [line_said(language, "waiting")]
        if place_now > 1:
            texts.insert(0, said(language, "place", place=place_now))
        return [*texts, line_said(language, "choice")]

    async def _ask_number(self, phrase: Literal["number", "number_wrong"]) -> None:
        await self._voice.say(line_said(self._language, phrase), language=self._language)
        while True:
            await self._voice.be_quiet(_ANNOUNCED_EVERY_S)

    async def _end_with(self, what: Literal["over", "bot"], *texts: str) -> None:
        await self._voice.say(*(texts or (line_said(self._language, what),)), language=self._language)
        if not self._next.done():
            self._next.set_result(what)

    def _listen(self, who: str, payload: bytes) -> None:
        if (listening := self._listening.get(who)) is not None:
            listening.push(payload)

    def _captioned(self, caption: Mapping[str, Any]) -> None:
        message = {"event": "caption", "caption": dict(caption)}
        self._end.tell(message)
        if self._agent is not None:
            self._agent.end.tell(message)

    def _tell(self, name: str, **values: Any) -> None:
        self._end.tell({"event": "state", "state": {"name": name, **values}})


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
