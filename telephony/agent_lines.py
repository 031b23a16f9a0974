"""The browser callers of this worker who are with people."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import cast

import structlog

from telephony.agent_line import BACK_TO_THE_BOT, AgentLine
from telephony.agent_line_ports import LinePorts
from telephony.agent_line_voice import CallerChannel
from voicebot.channel import Answering, Caller, Channel, LiveCall, Outcome
from voicebot.failure import place
from voicebot.live import topics
from voicebot.live.desk import COMES_BACK_S
from voicebot.store.bus import Bus, Message

_log = structlog.get_logger(__name__)

_MOST_LOST = 1000


class AgentLines:
    """Takes callers whom the bot hands over (`browser_phone_call.People`), and those who come back to an agent's line.

    `people` and `answering` are for the browser phone.
    """

    def __init__(self, ports: LinePorts, bus: Bus, answering: Answering) -> None:
        """`answering`: the bot."""
        self.ports = ports
        self._answering = answering
        self._lines: dict[str, AgentLine] = {}
        self._lost: dict[str, tuple[float, Outcome]] = {}
        """Callers whose connection was lost, here or in another worker: until when they may come back, and to whom."""
        self._pool = ThreadPoolExecutor(1, "agent lines")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stops = [bus.subscribe(topics.DESK, self._changed), bus.subscribe(topics.DESK_LOST, self._was_lost)]
        self._bus = bus

    def people(self, caller: Caller, outcome: Outcome, channel: CallerChannel) -> LiveCall | None:
        """Whoever holds the caller next: the line to an agent, or the bot again."""
        if outcome.reason == BACK_TO_THE_BOT:
            return self._answering.answer(caller, channel)
        return AgentLine(self.ports, caller, outcome, channel, begins=self._begins, ends=self._ends)

    def answer(self, caller: Caller, channel: Channel) -> LiveCall:
        """See `Answering`. A caller whose connection to an agent was lost is not asked by the bot what it is about."""
        until, outcome = self._lost.pop(caller.call_id, (0.0, Outcome("failed")))
        if until > time.monotonic():
            return AgentLine(
                self.ports, caller, outcome, cast(CallerChannel, channel), begins=self._begins, ends=self._ends
            )
        return self._answering.answer(caller, channel)

    def find(self, call: str) -> AgentLine | None:
        """A caller of this worker."""
        return self._lines.get(call)

    def close(self) -> None:
        """Put down what is left, and give back the thread."""
        for stop in self._stops:
            stop()
        self._pool.shutdown()

    def _begins(self, line: AgentLine) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines[line.caller.call_id] = line

    def _ends(self, line: AgentLine, over: Outcome) -> None:
        call = line.caller.call_id
        if self._lines.get(call) is line:
            del self._lines[call]
            # Not awaited: a socket that is gone is in a hurry.
            self._pool.submit(self._settle, call, line.outcome, over)

    def _settle(self, call: str, outcome: Outcome, over: Outcome) -> None:
        """Who is still in the line, or with an agent, has left."""
        lost = over.kind in ("caller_left", "failed")
        try:
            if lost:
                self._bus.publish(topics.DESK_LOST, {"call": call, "outcome": asdict(outcome)})
            gone = self.ports.queue.leave(call, comes_back=lost)
            if gone is not None and not gone.accepted:
                self.ports.records.close(call, "abandoned")
        except Exception as error:
            _log.error("a caller's end could not be put down", error=type(error).__name__, place=place(error))

    # What the bus tells, on its own thread

    def _changed(self, _message: Message) -> None:
        if self._loop is not None and self._lines:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and with it all lines
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        for line in self._lines.values():
            line.look()

    def _was_lost(self, message: Message) -> None:
        while len(self._lost) >= _MOST_LOST:
            del self._lost[next(iter(self._lost))]
        self._lost[str(message["call"])] = (time.monotonic() + COMES_BACK_S, Outcome(**message["outcome"]))
