"""Who waits for an agent, who talks with one, and which agents are there: shared by all workers.

Everything stands in the live store, so that a caller is given to one agent, whichever worker is asked; the bus tells
the others to look again. Blocking: not for the event loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from voicebot.channel import AGENT
from voicebot.live import topics
from voicebot.store.bus import Bus
from voicebot.store.hand_overs import HandOverContext
from voicebot.store.live import LiveStore

_KIND = "desk"
_CALLERS = "callers"
_AGENTS = "agents"
_LOST_KEY = "lost "
_KEPT_S = 6 * 3600.0

COMES_BACK_S = 180.0
"""For which a caller whose connection was lost keeps a place in front."""

RENEWED_S = 10.0
"""How often whoever holds a browser caller says that the line is open."""
_LOST = timedelta(seconds=35)
"""Without word from its worker a browser caller is gone, with the worker."""
_PHONE_LOST = timedelta(hours=2)
"""The longest that Twilio queues somebody."""
_RESERVED = timedelta(seconds=30)
"""For which a caller whom an agent took over from the bot is that agent's alone."""
_AGENT_LOST = timedelta(seconds=45)
"""Without an open desk an agent is not there."""

AgentState = Literal["available", "break", "after_call"]
AGENT_STATES: tuple[AgentState, ...] = ("available", "break", "after_call")
Way = Literal["browser", "twilio"]


@dataclass(frozen=True)
class DeskCaller:
    """A caller for people: waiting, or with an agent."""

    call: str
    since: str
    """When the wait began; UTC, ISO 8601, as all times here."""
    way: Way
    queue: str = ""
    language: str = "ko"
    reason: str = ""
    priority: int = 0
    summaries: Mapping[str, str] = field(default_factory=dict)
    feeling: str = ""
    wanted: str = ""
    """The agent whose caller it is: who took it over from the bot, or whom another agent passed it to."""
    first: bool = False
    """In front of all others: an agent's line was lost."""
    passed: tuple[str, ...] = ()
    """Agents who declined."""
    holder: str = ""
    """Of a browser caller: where its sound is (`telephony.agent_line_link`)."""
    agent: str = ""
    """Who took the call; empty while the caller waits."""
    accepted: str = ""
    seen: str = ""

    def waited_s(self, now: datetime) -> float:
        """Seconds of waiting so far, or until an agent took the call."""
        until = datetime.fromisoformat(self.accepted) if self.accepted else now
        return max((until - datetime.fromisoformat(self.since)).total_seconds(), 0.0)

    @classmethod
    def of(cls, context: HandOverContext, way: Way, *, holder: str = "") -> DeskCaller:
        """The caller whom a hand-over is about. An operator who took over stands in its queue, as `agent:NAME`."""
        wanted = context.queue.removeprefix(AGENT) if context.queue.startswith(AGENT) else ""
        return cls(
            call=context.call_id,
            since=context.at,
            way=way,
            queue="" if wanted else context.queue,
            language=context.language,
            reason=context.reason,
            priority=context.priority,
            summaries=dict(context.summaries),
            feeling=str(context.feeling.get("name", "")),
            wanted=wanted,
            holder=holder,
        )


@dataclass(frozen=True)
class DeskAgent:
    """An agent whose desk is open."""

    name: str
    shown: str
    state: AgentState
    since: str
    seen: str


_T = TypeVar("_T", DeskCaller, DeskAgent)
Callers = dict[str, DeskCaller]


class DeskQueue:
    """The desk of one installation."""

    def __init__(self, live: LiveStore, bus: Bus, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._live, self._bus, self._now = live, bus, now

    # Callers

    def join(self, caller: DeskCaller) -> None:
        """A caller waits from now on. One who is there already keeps the place; whose line was lost is first."""
        returns = self._live.get(_KIND, _LOST_KEY + caller.call) is not None
        if returns:
            self._live.remove(_KIND, _LOST_KEY + caller.call)

        def joined(callers: Callers) -> None:
            known = callers.get(caller.call)
            if known is None:
                callers[caller.call] = replace(caller, first=caller.first or returns, seen=self._iso())
            elif caller.holder:
                holder = {"holder": caller.holder, "way": caller.way, "seen": self._iso()}
                callers[caller.call] = replace(known, agent="", accepted="", **holder)  # type: ignore[arg-type]

        self._change(joined)

    def leave(self, call: str, *, comes_back: bool = False) -> DeskCaller | None:
        """The caller is gone, or served; who that was. `comes_back`: the connection was lost, and may be back soon."""
        gone: list[DeskCaller] = []

        def left(callers: Callers) -> None:
            gone.clear()
            if (known := callers.pop(call, None)) is not None:
                gone.append(known)

        if comes_back:
            self._live.put(_KIND, _LOST_KEY + call, "1", COMES_BACK_S)
        self._change(left)
        return gone[0] if gone else None

    def renew(self, calls: tuple[str, ...]) -> None:
        """These callers' lines are open still. Tells nobody: nothing changed."""
        if calls:
            now = self._iso()

            def renewed(callers: Callers) -> None:
                for call in calls:
                    if call in callers:
                        callers[call] = replace(callers[call], seen=now)

            self._change(renewed, tell=False)

    def claim(self, call: str, agent: str) -> DeskCaller | None:
        """The agent takes the caller; None where somebody else was quicker, or may, or the caller is gone."""
        mine: list[DeskCaller] = []

        def claimed(callers: Callers) -> None:
            mine.clear()  # may be called more than once
            known = callers.get(call)
            if known is None or known.agent not in ("", agent) or not self._may_take(known, agent):
                return
            accepted = known.accepted or self._iso()
            callers[call] = replace(known, agent=agent, accepted=accepted, first=False)
            mine.append(callers[call])

        self._change(claimed)
        return mine[0] if mine else None

    def release(self, call: str, agent: str, *, first: bool = True) -> None:
        """The agent has the caller no more: back to the line; `first`: in front of all others."""
        self._alter(call, agent, lambda known: replace(known, agent="", accepted="", first=first))

    def pass_on(self, call: str, agent: str) -> None:
        """The agent does not take this caller; for the others nothing changes."""

        def passed(callers: Callers) -> None:
            known = callers.get(call)
            if known is not None and not known.agent and agent not in known.passed:
                wanted = "" if known.wanted == agent else known.wanted
                callers[call] = replace(known, passed=(*known.passed, agent), wanted=wanted)

        self._change(passed)

    def transfer(self, call: str, agent: str, *, queue: str = "", to: str = "") -> None:
        """The agent gives the caller to another queue, or to an agent by name; all others may take the call."""
        self._alter(
            call,
            agent,
            lambda known: replace(
                known, agent="", accepted="", first=True, queue=queue or known.queue, wanted=to, passed=(agent,)
            ),
        )

    def find(self, call: str) -> DeskCaller | None:
        """A caller who waits or is with an agent."""
        return self._callers().get(call)

    def waiting(self) -> list[DeskCaller]:
        """Who waits, in the order in which they are to be taken: lost lines, priority, time."""
        return sorted((one for one in self._callers().values() if not one.agent), key=_order)

    def waiting_for(self, agent: str) -> list[DeskCaller]:
        """As this agent sees the line: those who wait for this agent first, without those that were declined."""
        here = [one for one in self.waiting() if agent not in one.passed]
        return sorted(here, key=lambda one: one.wanted != agent)

    def with_agent(self, agent: str) -> DeskCaller | None:
        """The caller whom this agent talks with."""
        return next((one for one in self._callers().values() if one.agent == agent), None)

    def place(self, call: str) -> int:
        """The caller's place in the line, from 1; 0 for one who does not wait."""
        return next((n for n, one in enumerate(self.waiting(), 1) if one.call == call), 0)

    # Agents

    def present(self, name: str, shown: str, state: AgentState | None = None) -> DeskAgent:
        """The agent's desk is open; `state` changes what the agent does. Who comes anew is on a break."""
        now = self._iso()

        def here(agents: dict[str, DeskAgent]) -> None:
            known = agents.get(name) or DeskAgent(name, shown, "break", now, now)
            since = now if state not in (None, known.state) else known.since
            agents[name] = replace(known, shown=shown, state=state or known.state, since=since, seen=now)

        before = self._agents().get(name)
        agents = self._change_agents(here)
        if before is None or (state is not None and before.state != state):
            self._tell()
        return agents[name]

    def agents(self) -> list[DeskAgent]:
        """Whose desk is open, by name."""
        return sorted(self._agents().values(), key=lambda one: one.shown)

    # In the store

    def _may_take(self, caller: DeskCaller, agent: str) -> bool:
        return caller.wanted in ("", agent) or caller.waited_s(self._now()) > _RESERVED.total_seconds()

    def _alter(self, call: str, agent: str, altered: Callable[[DeskCaller], DeskCaller]) -> None:
        """Change a caller whom this agent has."""

        def alter(callers: Callers) -> None:
            known = callers.get(call)
            if known is not None and known.agent == agent:
                callers[call] = altered(known)

        self._change(alter)

    def _callers(self) -> Callers:
        return self._fresh(_read(self._live.get(_KIND, _CALLERS), DeskCaller))

    def _fresh(self, callers: Callers) -> Callers:
        now = self._now()

        def is_here(one: DeskCaller) -> bool:
            silent = now - datetime.fromisoformat(one.seen or one.since)
            return silent < (_LOST if one.way == "browser" else _PHONE_LOST)

        return {call: one for call, one in callers.items() if is_here(one)}

    def _change(self, change: Callable[[Callers], None], *, tell: bool = True) -> None:
        def changed(text: str | None) -> str:
            callers = self._fresh(_read(text, DeskCaller))
            change(callers)
            return _text(callers)

        self._live.change(_KIND, _CALLERS, changed, _KEPT_S)
        if tell:
            self._tell()

    def _agents(self) -> dict[str, DeskAgent]:
        return self._present(_read(self._live.get(_KIND, _AGENTS), DeskAgent))

    def _present(self, agents: dict[str, DeskAgent]) -> dict[str, DeskAgent]:
        now = self._now()
        return {name: one for name, one in agents.items() if now - datetime.fromisoformat(one.seen) < _AGENT_LOST}

    def _change_agents(self, change: Callable[[dict[str, DeskAgent]], None]) -> dict[str, DeskAgent]:
        def changed(text: str | None) -> str:
            agents = self._present(_read(text, DeskAgent))
            change(agents)
            return _text(agents)

        return _read(self._live.change(_KIND, _AGENTS, changed, _KEPT_S), DeskAgent)

    def _tell(self) -> None:
        self._bus.publish(topics.DESK, {})

    def _iso(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="milliseconds")


def _order(caller: DeskCaller) -> tuple[bool, int, str]:
    return (not caller.first, -caller.priority, caller.since)


def _text(values: Mapping[str, DeskCaller] | Mapping[str, DeskAgent]) -> str:
    return json.dumps({name: asdict(value) for name, value in values.items()}, ensure_ascii=False)


def _read(text: str | None, kind: type[_T]) -> dict[str, _T]:
    """What stands in the store; nothing where another version wrote it."""
    known = {one.name for one in fields(kind)}
    made: Callable[..., _T] = kind
    try:
        found: dict[str, dict[str, Any]] = json.loads(text) if text else {}
        return {name: made(**{key: _fit(one[key]) for key in known & one.keys()}) for name, one in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _fit(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
