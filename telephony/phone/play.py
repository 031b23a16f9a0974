"""Plays a scenario on a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from telephony.phone import scenario as written
from telephony.phone.checks import Check, Since, expected, present
from telephony.phone.line import Utterance
from telephony.phone.measures import measure
from telephony.phone.phone import Call, CallEvent
from telephony.phone.result import CallResult, StepResult
from telephony.phone.scenario import Scenario, describe
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Transport
from telephony.phone.turn_log import Turn, TurnLog
from voicebot.audio.format import Pcm

_LOOK_S = 0.1
"""Seconds between two looks at the turn log while something is expected."""
_FOLLOW_S = 0.5
"""Seconds between two looks while nothing is."""

_MOMENT_S = 1e-6
"""Times nearer to each other than this are the same: sums of floats are off by less."""

_TAIL_MS = 300.0
"""The bot's voice so long after the caller's act may be the rest of what it said before."""

NO_LOG = "the service does not offer its turns at /api/v1/calls/{call_sid}/turns, so what was said can't be checked"

OnTurn = Callable[[Turn], None]
OnEvent = Callable[[CallEvent], None]


class Failed(Exception):  # noqa: N818
    """A step can't be done; the rest of the scenario makes no sense any more."""


class Playing:
    """One scenario on one call."""

    def __init__(
        self,
        call: Call,
        scenario: Scenario,
        sounds: Mapping[str, Pcm],
        turn_log: TurnLog | None = None,
        on_turn: OnTurn | None = None,
    ) -> None:
        self._call, self._scenario, self._sounds = call, scenario, sounds
        self._log, self._on_turn = turn_log, on_turn
        self._texts: dict[tuple[str, str], Pcm] = {}
        self._since = Since()
        self._told = 0
        self.turns: tuple[Turn, ...] | None = None
        """The service's turn log as last seen; None while it offered none."""
        self.steps: list[StepResult] = []

    async def prepare(self) -> None:
        """Synthesise the caller's texts, which would hold up the line later."""
        synthesise = self._call.settings.synthesise
        for step in self._scenario.steps:
            if isinstance(step, written.Say) and synthesise is not None:
                language = step.language or self._scenario.language
                loop = asyncio.get_running_loop()
                self._texts[language, step.say] = await loop.run_in_executor(None, synthesise, step.say, language)

    async def run(self) -> None:
        """Do every step; afterwards the caller hangs up. A step that can't be done ends it early."""
        follower = asyncio.create_task(self._follow(), name="turn log")
        try:
            if await self._call.answered():
                for number, step in enumerate(self._scenario.steps, 1):
                    if not await self._do(number, step):
                        break
        finally:
            follower.cancel()
            await asyncio.wait({follower})
            self._call.hang_up()

    async def _do(self, number: int, step: written.Step) -> bool:
        outcome, detail, goes_on = "done", "", True
        try:
            checks = await self._step(step)
        except Failed as error:
            outcome, detail, goes_on = "failed", str(error), False
        else:
            wrong = [check.what for check in checks if check.met is False]
            if wrong:
                outcome, detail = "failed", "not so: " + "; ".join(wrong)
            elif checks:
                outcome, detail = "unchecked", NO_LOG
        at_ms = self._call.line.now_ms
        self.steps.append(StepResult(number, describe(step), outcome, at_ms, detail))  # type: ignore[arg-type]
        return goes_on

    async def _step(self, step: written.Step) -> list[Check]:
        """Do it; returns what was expected and is not so, or can't be told."""
        match step:
            case written.Play():
                await self._act(lambda: self._call.say(self._sounds[step.play], step.play, step.text or ""))
            case written.Say():
                await self._act(lambda: self._call.say(self._synthesised(step), step.say, step.say))
            case written.Press():
                await self._press(step.keys)
            case written.Wait():
                await self._call.line.until(lambda: False, step.wait)
            case written.WaitFor():
                await self._wait_for(step)
            case written.InterruptAfter():
                await self._interrupt(step)
            case written.Expect():
                return await self._expect(step.expect)
            case written.ExpectNot():
                return await self._expect_not(step.expect_not)
            case written.HangUp():
                self._call.hang_up()
        return []

    # The caller acts

    async def _act(self, begin: Callable[[], Utterance]) -> None:
        self._must_go_on()
        await self.look()
        since = self._here()
        utterance = begin()
        await utterance.done.wait()
        self._since = Since(utterance.end_ms, since.turns, since.events)

    async def _press(self, keys: str) -> None:
        self._must_go_on()
        await self.look()
        since = self._here()
        pressed = await self._call.press(keys)
        self._since = Since(pressed.end_ms, since.turns, since.events)

    def _synthesised(self, step: written.Say) -> Pcm:
        try:
            return self._texts[step.language or self._scenario.language, step.say]
        except KeyError:
            raise Failed("there is no synthesiser for the caller's texts; use play with a WAV file") from None

    def _here(self) -> Since:
        return Since(self._call.line.now_ms, len(self.turns or ()), len(self._call.events))

    def _must_go_on(self) -> None:
        if self._call.line.ended:
            raise Failed(f"the call was over before (ended by {self._call.ended_by})")

    # The caller waits

    async def _wait_for(self, step: written.WaitFor) -> None:
        line, call, since = self._call.line, self._call, self._since.at_ms

        def spoke() -> bool:
            # What still sounds for a moment is what the caller broke off, not the answer.
            return line.bot_onset_ms > since or line.bot_voice_ms > since + _TAIL_MS

        def finished() -> bool:
            handed_over = call.handed_over and call.stream is None
            return handed_over or (spoke() and (line.ended or line.now_ms - line.bot_voice_ms >= step.pause * 1000))

        conditions: dict[str, tuple[Callable[[], bool], str]] = {
            "bot_speech": (spoke, "the bot did not speak"),
            "bot_silence": (finished, "the bot did not speak and finish"),
            "hand_over": (lambda: call.handed_over, "the caller was not handed over"),
            "hang_up": (lambda: call.ended_by == "bot", "the bot did not hang up"),
        }
        condition, otherwise = conditions[step.wait_for]
        if not await line.until(condition, step.within) and not condition():
            over = f", the call was over (ended by {call.ended_by})" if line.ended else f" within {step.within:g} s"
            raise Failed(otherwise + over)

    async def _interrupt(self, step: written.InterruptAfter) -> None:
        line = self._call.line
        begin_ms = max(line.now_ms, 0.0)
        spoke_from = -1.0

        def long_enough() -> bool:
            nonlocal spoke_from
            if spoke_from < 0 and line.bot_voice_ms > begin_ms:
                spoke_from = line.bot_voice_ms
            return spoke_from >= 0 and line.now_ms - spoke_from >= step.interrupt_after * 1000

        if not await line.until(long_enough, step.within):
            raise Failed(f"the bot did not speak for {step.interrupt_after:g} s, so it can't be interrupted then")

    # Checks

    async def _expect(self, expect: written.Expectation) -> list[Check]:
        loop = asyncio.get_running_loop()
        limit = loop.time() + expect.within
        while True:
            await self.look()
            open_checks = [
                check for check in expected(expect, self._call, self.turns, self._since) if check.met is not True
            ]
            over = self._call.line.ended or loop.time() >= limit - _MOMENT_S
            # Without a turn log a stream's words stay unknown, however long one waits; a later <Say> would be seen.
            unknown = self.turns is None and self._call.state == "stream"
            if not open_checks or over or (unknown and all(check.met is None for check in open_checks)):
                return open_checks
            await self._call.line.until(lambda: False, min(_LOOK_S, limit - loop.time()))

    async def _expect_not(self, absence: written.Absence) -> list[Check]:
        loop = asyncio.get_running_loop()
        limit = loop.time() + absence.during
        while True:
            await self.look()
            checks = present(absence, self._call, self.turns, self._since)
            there = [Check("not: " + check.what, False) for check in checks if check.met]
            unknown = [check for check in checks if check.met is None]
            if there or self._call.line.ended or loop.time() >= limit - _MOMENT_S:
                return there or unknown
            await self._call.line.until(lambda: False, min(_LOOK_S, limit - loop.time()))

    # The turn log

    async def look(self) -> None:
        """Read the turn log, and tell what is new in it."""
        if self._log is None:
            return
        turns = await self._log.read(self._call.sid)
        if turns is not None:
            self.turns = turns
            if self._on_turn is not None:
                for turn in turns[self._told :]:
                    self._on_turn(turn)
            self._told = max(self._told, len(turns))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_FOLLOW_S)
            await self.look()


async def place_call(
    transport: Transport,
    settings: CallSettings,
    scenario: Scenario,
    sounds: Mapping[str, Pcm] | None = None,
    *,
    turn_log: TurnLog | None = None,
    on_event: OnEvent | None = None,
    on_turn: OnTurn | None = None,
) -> tuple[CallResult, Call]:
    """Call a service and play a scenario on the call.

    `sounds`: the scenario's files by name. `on_event` and `on_turn` are told what happens as it happens. Raises
    UnreachableError where there is no service.
    """
    call = Call(transport, settings)
    call.on_event = on_event
    playing = Playing(call, scenario, sounds or {}, turn_log, on_turn)
    await playing.prepare()
    line = asyncio.create_task(call.run(), name="call")
    caller = asyncio.create_task(playing.run(), name="caller")
    try:
        await asyncio.wait({line, caller}, return_when=asyncio.ALL_COMPLETED)
        await playing.look()
    finally:
        for task in (line, caller):
            task.cancel()
        await asyncio.wait({line, caller})
    for task in (line, caller):
        task.result()
    if call.unreachable is not None:
        raise call.unreachable
    return _result(call, playing, scenario), call


def _result(call: Call, playing: Playing, scenario: Scenario) -> CallResult:
    done = len(playing.steps) == len(scenario.steps) and all(step.outcome == "done" for step in playing.steps)
    return CallResult(
        call_sid=call.sid,
        scenario=scenario.name,
        passed=done and not call.failure,
        ended_by=call.ended_by,
        failure=call.failure,
        status=call.status,
        duration_ms=call.line.now_ms,
        handed_over=call.handed_over,
        dialled=tuple(call.dialled),
        queued=tuple(call.queued),
        steps=tuple(playing.steps),
        measures=measure(call.line, call.events),
        turns=playing.turns,
        warnings=tuple(event.detail for event in call.events if event.kind == "warning"),
        events=tuple(call.events),
        late_ms=round(call.line.late_ms, 1),
    )
