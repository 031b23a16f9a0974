"""A browser caller after the bot: waits for an agent, talks with one through both browsers, or goes back to the bot.

The caller's socket stays where it is, in the worker that held the conversation; the agent's comes there, through
`agent_line_link` where another worker accepted it. Frames are passed on one by one, in their order and without waiting.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

import numpy as np
import structlog

from telephony.agent_line_end import Command, LineEnd
from telephony.agent_line_phrases import LinePhrase, line_said, people_said
from telephony.agent_line_ports import LinePorts, Listening
from telephony.agent_line_voice import CallerChannel, LineVoice
from telephony.media_stream import Media
from telephony.people.phrases import Phrase
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_SAMPLES
from voicebot.channel import Caller, Outcome
from voicebot.failure import place
from voicebot.live.desk import RENEWED_S, DeskCaller
from voicebot.nlu.entities.phones import phone_number
from voicebot.store.hand_overs import HandOverContext

_log = structlog.get_logger(__name__)

_ANNOUNCED_EVERY_S = 25.0
_LONGEST_NUMBER = 15
_LONGEST_TEXT = 300
_JOINS_WITHIN_S = 25.0
"""Between claiming a caller and the open socket: an agent may be asked for the microphone first."""

_CLOSING: tuple[Phrase, ...] = ("nobody", "call_again", "bye")

BACK_TO_THE_BOT = "bot"
"""The reason of an outcome by which a caller goes back to the bot."""

Left = Literal["lost", "hang_up", "bot", "transfer", "caller"]
"""How an agent's part ended: the agent's line was lost, as the agent chose, or with the caller."""


@dataclass(eq=False)
class _Agent:
    name: str
    shown: str
    end: LineEnd
    left: asyncio.Future[Left]
    held: bool = False


class AgentLine:
    """Implements `voicebot.channel.LiveCall`. Used on one event loop."""

    def __init__(
        self,
        ports: LinePorts,
        caller: Caller,
        outcome: Outcome,
        channel: CallerChannel,
        *,
        begins: Callable[[AgentLine], None] = lambda _line: None,
        ends: Callable[[AgentLine, Outcome], None] = lambda _line, _outcome: None,
    ) -> None:
        """`outcome`: how the bot left the caller. `begins` and `ends` are told when the line does."""
        self._ports, self.caller, self.outcome, self._channel = ports, caller, outcome, channel
        self._begins, self._ends = begins, ends
        self._language = outcome.language or caller.language or "ko"
        self._context: HandOverContext | None = None
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._voice = LineVoice(ports.speak, channel, lambda text: self._show("bot", text))
        self._agent: _Agent | None = None
        self._over: asyncio.Future[Outcome] = self._loop.create_future()
        self._digits: str | None = None
        """What was keyed of a number so far; None where none is asked for."""
        self._doing: asyncio.Task[None] | None = None
        """What the caller hears while nobody talks."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._place = 0
        self._rest = b""
        self._listening: dict[str, Listening] = {}
        self._log = _log.bind(call=caller.call_id)

    @property
    def is_waiting(self) -> bool:
        """Whether no agent is on the line."""
        return self._agent is None

    # What the channel calls

    def audio(self, pcm: bytes) -> None:
        """See `LiveCall`."""
        agent = self._agent
        if agent is not None and not agent.held:
            agent.end.play(mulaw.encode(np.frombuffer(pcm, np.int16)))
            self._listen("caller", pcm)

    def key(self, digit: str) -> None:
        """See `LiveCall`. While waiting: 1 leaves a number, 0 goes back to the bot."""
        if self._agent is not None or self._over.done():
            return
        if self._digits is not None:
            self._number_key(digit)
        elif digit == "1":
            self._digits = ""
            self._channel.state("number")
            self._do(self._say_and_wait("number"))
        elif digit == "0":
            self._do(self._back_to_the_bot())

    def typed(self, text: str) -> None:
        """See `LiveCall`. What the caller writes is shown to the agent."""
        text = text[:_LONGEST_TEXT]
        if self._agent is None and text.strip() in ("0", "1"):
            self.key(text.strip())
        else:
            self._show("caller", text)

    def played(self, mark: str) -> None:
        """See `LiveCall`."""
        self._voice.played(mark)

    def hung_up(self) -> None:
        """See `LiveCall`."""
        self._finish(Outcome("caller_left", "caller", language=self._language))

    def hand_over(self) -> None:
        """See `LiveCall`. Who waits is asked to call again; who talks with an agent goes on."""
        if self._agent is None:
            texts = [people_said(self._language, name) for name in _CLOSING]
            self._do(self._end_with(Outcome("hang_up", "closing", language=self._language), *texts))

    async def run(self) -> Outcome:
        """See `LiveCall`."""
        over = Outcome("failed", "cancelled", language=self._language)
        self._begins(self)
        renewing = asyncio.create_task(self._stay())
        try:
            self._do(self._wait())
            over = await self._over
        finally:
            self._over.cancel()
            renewing.cancel()
            if self._agent is not None:
                self._agent.end.tell({"event": "state", "state": {"name": "caller_left"}})
                self._leave(self._agent, "caller")
            await asyncio.gather(renewing, *self._cancelled(), return_exceptions=True)
            for listening in self._listening.values():
                listening.close()
            self._ends(self, over)
        return over

    def _cancelled(self) -> list[asyncio.Task[Any]]:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    async def _stay(self) -> None:
        """In the line: join it, and say now and then that the caller is there still.

        Whom an agent claimed and never spoke to goes back to the line.
        """
        queue, call = self._ports.queue, self.caller.call_id
        self._context = await asyncio.to_thread(self._told)
        address = await self._ports.address()
        await asyncio.to_thread(queue.join, DeskCaller.of(self._context, "browser", holder=address))
        self.look()
        claimed_by, since = "", 0.0
        while True:
            await asyncio.sleep(RENEWED_S)
            await asyncio.to_thread(queue.renew, (call,))
            known = await asyncio.to_thread(queue.find, call) if self._agent is None else None
            if known is None and self._agent is None:
                # What was written while this host was cut off from the others has given way to what they wrote.
                await asyncio.to_thread(queue.join, DeskCaller.of(self._context, "browser", holder=address))
            agent = known.agent if known else ""
            if agent != claimed_by:
                claimed_by, since = agent, self._loop.time()
            elif agent and self._loop.time() - since > _JOINS_WITHIN_S:
                await asyncio.to_thread(queue.release, call, agent)

    def _told(self) -> HandOverContext:
        """What agents are told of the caller; of one who never spoke with the bot that is little."""
        hand_overs, outcome, call = self._ports.office.hand_overs, self.outcome, self.caller.call_id
        context = hand_overs.find(call)
        if context is None:
            now = self._ports.office.now().astimezone(UTC).isoformat(timespec="seconds")
            context = HandOverContext(call, now, outcome.reason, outcome.queue, self._language)
            hand_overs.put(context)
        return context

    def look(self) -> None:
        """The line changed: tell the caller about the place in it, if that is another one."""
        self._soon(self._look())

    async def _look(self) -> None:
        if self._agent is None and not self._over.done():
            place_now = await asyncio.to_thread(self._ports.queue.place, self.caller.call_id)
            if place_now and place_now != self._place and self._agent is None:
                self._place = place_now
                self._channel.state("waiting", place=place_now)

    # The agent

    async def join(self, name: str, shown: str, end: LineEnd) -> None:
        """An agent who has claimed the caller is on the line, until either is done."""
        if self._agent is not None:
            # A second page of the same agent, or a connection that is not yet known to be dead.
            self._leave(self._agent, "lost")
        agent = self._agent = _Agent(name, shown, end, self._loop.create_future())
        self._place, self._digits = 0, None
        self._begin(agent)
        reading = asyncio.create_task(self._read(agent))
        writing = asyncio.create_task(end.write())
        try:
            await _first_of(reading, writing, agent.left)
        finally:
            self._leave(agent, "lost")
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            if self._agent is agent:
                self._agent = None
                if not self._over.done():
                    await self._go_on(agent)
            await end.finish()

    def _begin(self, agent: _Agent) -> None:
        self._channel.state("agent", agent=agent.shown)
        agent.end.tell({"event": "state", "state": {"name": "joined"}})
        for who in ("caller", "agent"):
            if who not in self._listening:
                listening = self._ports.captions(self._language, functools.partial(self._show, who))
                if listening is not None:
                    self._listening[who] = listening
        self._say("joined")

    @staticmethod
    def _leave(agent: _Agent, how: Left) -> None:
        if not agent.left.done():
            agent.left.set_result(how)

    async def _go_on(self, agent: _Agent) -> None:
        """Without this agent: the caller is in the line again, with the bot, or said goodbye to."""
        call, queue, left = self.caller.call_id, self._ports.queue, agent.left.result()
        if left == "hang_up":
            self._do(self._end_with(Outcome("hang_up", "agent", language=self._language), self._text("over")))
        elif left == "bot":
            self._do(self._back_to_the_bot())
        elif left == "transfer":
            self._do(self._wait("moved"))
            self.look()
        else:
            self._log.warning("an agent's line was lost", agent=agent.name)
            self._channel.state("line_lost")
            await asyncio.to_thread(queue.release, call, agent.name)
            self._do(self._wait("lost"))
            self.look()

    async def _read(self, agent: _Agent) -> None:
        while (event := await agent.end.next()) is not None:
            if type(event) is Media:
                if not agent.held and not self._voice.speaking and self._agent is agent:
                    self._voiced(event.payload)
            elif type(event) is Command:
                await self._command(agent, event)

    def _voiced(self, payload: bytes) -> None:
        sound = self._rest + payload
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            self._channel.voice(sound[start : start + FRAME_SAMPLES])
        if "agent" in self._listening:
            self._listen("agent", mulaw.decode(payload).tobytes())

    async def _command(self, agent: _Agent, command: Command) -> None:
        values = command.values
        text = str(values.get("text", "")).strip()[:_LONGEST_TEXT]
        match command.do:
            case "hold":
                self._hold(agent, bool(values.get("on")))
            case "say" if text:
                self._do(self._voice.say(text, language=self._language, also=agent.end))
            case "write" if text:
                self._show("agent", text)
            case "hang_up":
                self._leave(agent, "hang_up")
            case "bot":
                self._leave(agent, "bot")
            case "transfer":
                queue, to = str(values.get("queue", ""))[:64], str(values.get("to", ""))[:64]
                transfer = functools.partial(self._ports.queue.transfer, queue=queue, to=to)
                await asyncio.to_thread(transfer, self.caller.call_id, agent.name)
                self._leave(agent, "transfer")

    def _hold(self, agent: _Agent, on: bool) -> None:
        if agent.held == on:
            return
        agent.held = on
        if on:
            self._channel.state("held")
            self._do(self._say_and_wait("held"))
        else:
            self._channel.state("agent", agent=agent.shown)
            self._say("resumed")
        agent.end.tell({"event": "state", "state": {"name": "held" if on else "joined"}})

    # A number to call back

    def _number_key(self, digit: str) -> None:
        assert self._digits is not None
        if digit == "*":
            self._digits, self._place = None, 0
            self._do(self._wait())
            self.look()
        elif digit != "#":
            self._digits = (self._digits + digit)[:_LONGEST_NUMBER]
        else:
            number = phone_number(self._digits, english=self._language == "en") or ""
            if number and self._ports.may_call(number):
                self._do(self._call_back(number))
            else:
                self._digits = ""
                self._do(self._say_and_wait("number_wrong"))

    async def _call_back(self, number: str) -> None:
        call, office = self.caller.call_id, self._ports.office

        def put_down() -> None:
            office.callbacks.add(
                number,
                "people",
                self._context.summary(self._language) if self._context else "",
                office.now(),
                language=self._language,
                context={"call_id": call, "queue": self.outcome.queue},
            )
            office.hand_overs.note(call, "call-back asked for")
            self._ports.queue.leave(call)
            self._ports.records.close(call, "call_back")

        await asyncio.to_thread(put_down)
        texts = (people_said(self._language, "callback_now"), people_said(self._language, "bye"))
        await self._end_with(Outcome("hang_up", "call_back", language=self._language), *texts)

    # What the caller hears while nobody talks

    def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do this in place of what was done before."""
        if self._doing is not None:
            self._doing.cancel()
        self._doing = self._soon(doing)

    def _soon(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("a line's announcement failed", error=type(error).__name__, place=place(error))

    def _say(self, phrase: LinePhrase) -> None:
        self._do(self._voice.say(self._text(phrase), language=self._language))

    async def _say_and_wait(self, phrase: LinePhrase) -> None:
        await self._voice.say(self._text(phrase), language=self._language)
        while True:
            await self._voice.be_quiet(_ANNOUNCED_EVERY_S)
            if phrase == "held":
                await self._voice.say(self._text(phrase), language=self._language)

    async def _wait(self, first: Literal["", "lost", "moved"] = "") -> None:
        if first:
            await self._voice.say(self._text(first), language=self._language)
        while True:
            await self._voice.say(*await asyncio.to_thread(self._announcement), language=self._language)
            await self._voice.be_quiet(_ANNOUNCED_EVERY_S)

    def _announcement(self) -> list[str]:
        language, office = self._language, self._ports.office
        if not office.hours().is_open(office.now()) and not self._ports.queue.agents():
            return [people_said(language, "closed"), self._text("choice")]
        place_now = self._ports.queue.place(self.caller.call_id)
        texts = [people_said(language, "place", place=place_now)] if place_now > 1 else []
        return [*texts, self._text("waiting"), self._text("choice")]

    async def _back_to_the_bot(self) -> None:
        await asyncio.to_thread(self._ports.queue.leave, self.caller.call_id)
        outcome = Outcome("hand_over", BACK_TO_THE_BOT, language=self._language)
        await self._end_with(outcome, self._text("bot"))

    async def _end_with(self, outcome: Outcome, *texts: str) -> None:
        await self._voice.say(*texts, language=self._language)
        self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        if not self._over.done():
            self._over.set_result(outcome)

    # Captions

    def _listen(self, who: str, pcm: bytes) -> None:
        if (listening := self._listening.get(who)) is not None:
            listening.push(pcm)

    def _show(self, who: str, text: str, final: bool = True) -> None:
        """A line of the conversation, to both."""
        at_ms = round((self._loop.time() - self._began) * 1000)
        line = {"who": who, "text": text, "at_ms": at_ms, "final": final}
        if final:
            self._channel.caption(line)
        if self._agent is not None:
            self._agent.end.tell({"event": "caption", "caption": line})

    def _text(self, phrase: LinePhrase) -> str:
        return line_said(self._language, phrase)


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
