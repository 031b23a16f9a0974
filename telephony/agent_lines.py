"""The browser callers of this worker who are with people."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import structlog

from telephony.after_bot import Next
from telephony.agent_line import AgentLine, LinePorts
from telephony.agent_line_end import LineEnd, sender_of, texts_of
from telephony.asgi import Receive, Send
from telephony.media_stream import MediaStream
from voicebot.channel import Caller, Outcome
from voicebot.failure import place
from voicebot.live.desk import RENEWED_S, DeskCaller
from voicebot.store.hand_overs import HandOverContext

_log = structlog.get_logger(__name__)

_JOINS_WITHIN_S = 25.0
"""Between claiming a caller and the open socket: an agent may be asked for the microphone first."""


class AgentLines:
    """The browser callers of this worker who are with people. Implements `telephony.after_bot.AfterBot`."""

    def __init__(self, ports: LinePorts, *, address: str = "") -> None:
        """`address`: where other workers reach this one's lines (`agent_line_link`)."""
        self.ports, self.address = ports, address
        self._lines: dict[str, AgentLine] = {}
        self._pool = ThreadPoolExecutor(1, "agent lines")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None

    async def take(self, caller: Caller, outcome: Outcome, stream: MediaStream, receive: Receive, send: Send) -> Next:
        """See `AfterBot`."""
        return await self.hold(caller, outcome, LineEnd(stream, texts_of(receive), sender_of(send)))

    async def hold(self, caller: Caller, outcome: Outcome, end: LineEnd) -> Next:
        """As `take`, for a socket of any kind."""
        self._loop = asyncio.get_running_loop()
        context = await asyncio.to_thread(self._context, caller, outcome)
        line = AgentLine(self.ports, caller, context, end)
        call = caller.call_id
        self._lines[call] = line
        renewing = asyncio.create_task(self._renew(call, line))
        try:
            await asyncio.to_thread(self.ports.queue.join, DeskCaller.of(context, "browser", holder=self.address))
            return await line.hold()
        finally:
            renewing.cancel()
            if self._lines.get(call) is line:
                del self._lines[call]
                # Not awaited: whoever is cancelled here is in a hurry.
                self._pool.submit(self._settle, call, line.lost)

    def find(self, call: str) -> AgentLine | None:
        """A caller of this worker."""
        return self._lines.get(call)

    def look(self) -> None:
        """From any thread: the line changed, so all callers of this worker hear of their places."""
        if self._loop is not None and self._lines:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and with it all lines
                self._loop.call_soon_threadsafe(self._look_soon)

    def close(self) -> None:
        """Put down what is left, and give back the thread."""
        self._pool.shutdown()

    def _look_soon(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        for line in tuple(self._lines.values()):
            await line.look()

    def _settle(self, call: str, lost: bool) -> None:
        """Who is still in the line, or with an agent, has left."""
        try:
            gone = self.ports.queue.leave(call, comes_back=lost)
            if gone is not None and not gone.accepted:
                self.ports.records.close(call, "abandoned")
        except Exception as error:
            _log.error("a caller's end could not be put down", error=type(error).__name__, place=place(error))

    async def _renew(self, call: str, line: AgentLine) -> None:
        """Say that the line is open; a caller whom an agent claimed and never spoke to goes back to the line."""
        queue = self.ports.queue
        claimed_by, since = "", 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RENEWED_S)
            await asyncio.to_thread(queue.renew, (call,))
            known = await asyncio.to_thread(queue.find, call) if line.is_waiting else None
            agent = known.agent if known else ""
            if agent != claimed_by:
                claimed_by, since = agent, loop.time()
            elif agent and loop.time() - since > _JOINS_WITHIN_S:
                await asyncio.to_thread(queue.release, call, agent)

    def _context(self, caller: Caller, outcome: Outcome) -> HandOverContext:
        """What is known of the caller, as the agent is told."""
        office = self.ports.office
        context = office.hand_overs.find(caller.call_id)
        if context is None:
            now = office.now().astimezone(UTC).isoformat(timespec="seconds")
            context = HandOverContext(
                caller.call_id, now, outcome.reason, outcome.queue, outcome.language or caller.language or "ko"
            )
            office.hand_overs.put(context)
        return context
