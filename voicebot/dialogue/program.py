"""Flows made executable: nested steps become a list of instructions, so that a place in a flow is one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.dialogue import content


@dataclass(frozen=True)
class Ask:
    """Ask for a slot unless it is filled; go on with the next instruction when it is."""

    slot: str
    reply: str


@dataclass(frozen=True)
class Query:
    """Ask the back end; go on with the next instruction, or elsewhere where nothing was found or it failed."""

    operation: str
    arguments: tuple[tuple[str, str], ...]
    into: str
    not_found: int
    failed: int | None
    """None: the engine's own apology, and a person."""


@dataclass(frozen=True)
class Switch:
    """Go where the value of `path` leads."""

    path: str
    cases: tuple[tuple[str, int], ...]
    otherwise: int


@dataclass(frozen=True)
class Test:
    """Go on with the next instruction where the condition holds, else elsewhere."""

    condition: str
    otherwise: int


@dataclass(frozen=True)
class Assign:
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Do:
    """Do another flow, then go on with the next instruction."""

    flow: str


@dataclass(frozen=True)
class Speak:
    reply: str


@dataclass(frozen=True)
class AskYesNo:
    reply: str
    yes: int
    no: int


@dataclass(frozen=True)
class Jump:
    to: int


@dataclass(frozen=True)
class Clear:
    slots: tuple[str, ...]


@dataclass(frozen=True)
class Restart:
    """Begin the flow again; the engine counts."""


@dataclass(frozen=True)
class Transfer:
    queue: str


@dataclass(frozen=True)
class Goodbye:
    pass


Instruction = Ask | Query | Switch | Test | Assign | Do | Speak | AskYesNo | Jump | Clear | Restart | Transfer | Goodbye
Program = tuple[Instruction, ...]


def compile_flow(steps: Sequence[content.Step]) -> Program:
    """The steps as instructions; running past the last one ends the flow."""
    code: list[Instruction] = []
    _append(code, steps)
    return tuple(code)


def _append(code: list[Instruction], steps: Sequence[content.Step]) -> None:
    for step in steps:
        match step:
            case content.Collect():
                code.append(Ask(step.collect, step.ask or f"ask_{step.collect}"))
            case content.LookUp():
                _append_query(code, step)
            case content.Branch():
                _append_branches(code, step.cases, step.otherwise, step.branch)
            case content.When():
                _append_test(code, step)
            case content.SetSlots():
                code.append(Assign(tuple(step.set.items())))
            case content.CallFlow():
                code.append(Do(step.call))
            case content.Reply():
                code.append(Speak(step.reply))
            case content.Confirm():
                _append_question(code, step)
            case content.Forget():
                code.append(Clear(tuple(step.forget)))
            case content.Again():
                code.append(Restart())
            case content.HandOverStep():
                code.append(Transfer(step.hand_over))
            case content.Finish():
                code.append(Goodbye())


def _append_query(code: list[Instruction], step: content.LookUp) -> None:
    at = len(code)
    code.append(Jump(0))  # replaced below, when the targets are known
    code.append(Jump(0))
    not_found = len(code)
    ends = [at + 1, *_append_block(code, step.not_found)]
    failed = None
    if step.failed:
        failed = len(code)
        ends += _append_block(code, step.failed)
    code[at] = Query(step.look_up, tuple(step.with_.items()), step.into, not_found, failed)
    _join(code, ends)


def _append_branches(
    code: list[Instruction], cases: Mapping[str, Sequence[content.Step]], otherwise: Sequence[content.Step], path: str
) -> None:
    at = len(code)
    code.append(Jump(0))
    targets, ends = [], []
    for value, steps in cases.items():
        targets.append((value, len(code)))
        ends += _append_block(code, steps)
    default = len(code)
    ends += _append_block(code, otherwise)
    code[at] = Switch(path, tuple(targets), default)
    _join(code, ends)


def _append_test(code: list[Instruction], step: content.When) -> None:
    at = len(code)
    code.append(Jump(0))
    ends = _append_block(code, step.then)
    code[at] = Test(step.when, len(code))
    ends += _append_block(code, step.else_)
    _join(code, ends)


def _append_question(code: list[Instruction], step: content.Confirm) -> None:
    at = len(code)
    code.append(Jump(0))
    yes = len(code)
    ends = _append_block(code, step.yes)
    no = len(code)
    ends += _append_block(code, step.no)
    code[at] = AskYesNo(step.confirm, yes, no)
    _join(code, ends)


def _append_block(code: list[Instruction], steps: Sequence[content.Step]) -> list[int]:
    """The steps, and a jump behind them whose target is set by `_join`; returns where that jump stands."""
    _append(code, steps)
    code.append(Jump(0))
    return [len(code) - 1]


def _join(code: list[Instruction], jumps: Sequence[int]) -> None:
    for at in jumps:
        code[at] = Jump(len(code))
