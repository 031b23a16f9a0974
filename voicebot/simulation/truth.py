"""What should come of a wish: the flow walked through with the caller's true values, without any dialogue.

Independent of the engine on purpose, so that the engine can be wrong. It works on the compiled program, a back end of
its own, and the caller's decisions where a flow asks yes or no.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voicebot.backends.port import Backend, BackendError
from voicebot.dialogue import conditions, program
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.replies import value_at
from voicebot.dialogue.state import Frame

_MOST_STEPS = 500

Operation = tuple[str, str]
"""An operation of the back end and its arguments, as JSON with sorted keys."""


class NoTruthError(Exception):
    """This wish leads nowhere with these values: they lack something, or the flow would begin anew."""


@dataclass(frozen=True)
class Truth:
    """What a call must have done for the wish to be fulfilled."""

    operations: frozenset[Operation]
    """What the back end is asked."""
    replies: frozenset[str]
    """What is told."""
    asked: frozenset[str]
    """Slots whose values are the caller's to give."""
    decisions: Mapping[str, bool]
    """The caller's answers to the flow's yes-or-no questions, by reply."""
    by_person: bool
    """Whether the flow itself gives the call to a person."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    """What is known at the end, of earlier wishes too."""
    results: Mapping[str, Any] = field(default_factory=dict)
    """What the back end answered, by its name."""


def operation(name: str, arguments: Mapping[str, Any]) -> Operation:
    return name, json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False, default=str)


def truth_of(
    pack: Pack,
    flow: str,
    values: Mapping[str, Any],
    backend: Backend,
    decide: Callable[[str], bool],
    known: Mapping[str, Any],
    before: Truth | None = None,
) -> Truth:
    """Walk through `flow`. `values`: slot -> what the caller answers; `known`: caller, today and the like;
    `before`: what earlier wishes of the call left. Raises NoTruthError."""
    if flow in pack.faq:
        rest = (before.slots, before.results) if before else ({}, {})
        return Truth(frozenset(), frozenset({flow}), frozenset(), {}, by_person=False, slots=rest[0], results=rest[1])
    return _Walk(pack, values, backend, decide, known, before).through(flow)


class _Walk:
    def __init__(
        self,
        pack: Pack,
        values: Mapping[str, Any],
        backend: Backend,
        decide: Callable[[str], bool],
        known: Mapping[str, Any],
        before: Truth | None,
    ) -> None:
        self._pack, self._values, self._backend, self._decide, self._known = pack, values, backend, decide, known
        self._slots = dict(before.slots) if before else {}
        self._results = dict(before.results) if before else {}
        self._operations: set[Operation] = set()
        self._replies: set[str] = set()
        self._asked: set[str] = set()
        self._decisions: dict[str, bool] = {}
        self._by_person = False

    def through(self, flow: str) -> Truth:
        stack = [Frame(flow)]
        for _ in range(_MOST_STEPS):
            while stack and stack[-1].at >= len(self._pack.flows[stack[-1].flow]):
                stack.pop()
            if not stack or self._by_person:
                break
            frame = stack[-1]
            called = self._step(frame, self._pack.flows[frame.flow][frame.at])
            if called == _END:
                break
            if called:
                stack.append(Frame(called))
        else:
            raise NoTruthError("goes round")
        if not self._operations and not self._replies and not self._by_person:
            raise NoTruthError("tells and does nothing")
        return Truth(
            frozenset(self._operations),
            frozenset(self._replies),
            frozenset(self._asked),
            self._decisions,
            by_person=self._by_person,
            slots=self._slots,
            results=self._results,
        )

    def _step(self, frame: Frame, step: program.Instruction) -> str:
        """Carry out one instruction; returns the flow that it calls, empty for none."""
        frame.at += 1
        everything = {**self._known, **self._results, **self._slots}
        match step:
            case program.Ask(slot, _):
                self._ask(slot)
            case program.Query():
                frame.at = self._query(step, everything, frame.at)
            case program.Switch():
                frame.at = dict(step.cases).get(str(value_at(everything, step.path)), step.otherwise)
            case program.Test(condition, otherwise):
                frame.at = frame.at if conditions.holds(condition, everything) else otherwise
            case program.Assign(values):
                self._slots.update(values)
            case program.Do(flow):
                return flow
            case program.Speak(reply):
                self._replies.add(reply)
            case program.AskYesNo(reply, yes, no):
                self._replies.add(reply)
                self._decisions[reply] = self._decide(reply)
                frame.at = yes if self._decisions[reply] else no
            case program.Jump(to):
                frame.at = to
            case program.Clear(slots):
                for slot in slots:
                    self._slots.pop(slot, None)
            case program.Restart():
                raise NoTruthError("begins anew")
            case program.Transfer():
                self._by_person = True
            case program.Goodbye():
                return _END
        return ""

    def _ask(self, slot: str) -> None:
        if slot in self._slots:
            return
        if slot not in self._values or slot in self._asked:
            raise NoTruthError(f"asks for {slot}")
        self._asked.add(slot)
        self._slots[slot] = self._values[slot]

    def _query(self, step: program.Query, everything: Mapping[str, Any], following: int) -> int:
        arguments = {name: value_at(everything, path) for name, path in step.arguments}
        try:
            result = self._backend.call(step.operation, arguments)
        except BackendError:
            raise NoTruthError(f"{step.operation} failed") from None
        self._operations.add(operation(step.operation, arguments))
        if result is None:
            self._results.pop(step.into, None)
            return step.not_found
        self._results[step.into] = dict(result)
        return following


_END = "\0"


def effects(pack: Pack) -> frozenset[str]:
    """Operations that flows do only behind a yes: what a call must not do unless its caller wants it."""
    free: set[str] = set()
    every: set[str] = set()
    for flow, code in pack.flows.items():
        every |= {step.operation for step in code if isinstance(step, program.Query)}
        if flow not in pack.internal:
            free |= _unasked(pack, flow, set())
    return frozenset(every - free)


def _unasked(pack: Pack, flow: str, seen: set[tuple[str, int]]) -> set[str]:
    """Operations that a flow gets to without a question of yes or no."""
    code, found, waiting = pack.flows[flow], set(), [0]
    while waiting:
        at = waiting.pop()
        if at >= len(code) or (flow, at) in seen:
            continue
        seen.add((flow, at))
        match code[at]:
            case program.AskYesNo() | program.Restart() | program.Transfer() | program.Goodbye():
                continue
            case program.Query(operation=name, not_found=missing, failed=failed):
                found.add(name)
                waiting += [at + 1, missing, *([failed] if failed is not None else [])]
            case program.Switch(cases=cases, otherwise=otherwise):
                waiting += [otherwise, *(to for _, to in cases)]
            case program.Test(otherwise=otherwise):
                waiting += [at + 1, otherwise]
            case program.Jump(to):
                waiting.append(to)
            case program.Do(called):
                found |= _unasked(pack, called, seen)
                waiting.append(at + 1)
            case _:
                waiting.append(at + 1)
    return found
