"""Where flows are, and what became of them: told from the state before and after a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.dialogue.actions import Action, HandOver, HangUp, Note
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.program import Query
from voicebot.dialogue.state import State

_INNER = 1000
"""Places of a flow that another one calls lie between the places of that one."""


@dataclass(frozen=True)
class Place:
    """Where a flow is."""

    flow: str
    """Empty where none is under way."""
    step: str
    """`ask SLOT`, `confirm SLOT`, `yes_no REPLY` or `query OPERATION`; empty between steps."""
    number: int
    """Greater further on in the flow."""


@dataclass(frozen=True)
class FlowResult:
    """What became of a flow."""

    flow: str
    result: str
    """`completed`, `hand_over`, `caller_left` or `dropped`."""
    reason: str
    """Of the hand-over or the hang-up, or the decision that dropped it."""


def place(pack: Pack, state: State) -> Place:
    """Where the flow under way is. Flows that only others call count as part of their caller."""
    outer = next((n for n in range(len(state.stack) - 1, -1, -1) if state.stack[n].flow not in pack.internal), None)
    if outer is None:
        return Place("", "", 0)
    number = state.stack[outer].at * _INNER
    if outer + 1 < len(state.stack):
        number += min(state.stack[outer + 1].at + 1, _INNER - 1)
    return Place(state.stack[outer].flow, _step(pack, state), number)


def _step(pack: Pack, state: State) -> str:
    frame, question = state.stack[-1], state.question
    code = pack.varied(state.variants).flows.get(frame.flow, ())
    if state.waiting == "flow" and frame.at < len(code):
        step = code[frame.at]
        return f"query {step.operation}" if isinstance(step, Query) else ""
    if question is None:
        return ""
    match question.kind:
        case "slot":
            return f"ask {question.slot}"
        case "confirm_value":
            return f"confirm {question.slot}"
        case "yes_no":
            return f"yes_no {question.reply}"
    return ""


def results(pack: Pack, before: State, after: State, actions: Sequence[Action]) -> list[FlowResult]:
    """The flows that were under way before the turn, or began in it, and are not any more."""
    open_before, open_after = _open(pack, before), _open(pack, after)
    over = _over(actions)
    found = []
    completed = [flow for flow in after.solved if flow not in before.solved or flow in open_before]
    for flow in completed:
        if flow not in open_after:
            found.append(FlowResult(flow, "completed", ""))
    left = [flow for flow in open_before if flow not in open_after and flow not in completed]
    if after.ended and not before.ended:
        left += [flow for flow in open_after if flow not in left]
    decision = next((action.decision for action in actions if isinstance(action, Note)), "")
    result, reason = over or ("dropped", decision)
    return found + [FlowResult(flow, result, reason) for flow in left]


def begun(pack: Pack, before: State, after: State) -> list[str]:
    """The flows that began in the turn, those included that it also completed."""
    earlier = {*_open(pack, before), *before.solved}
    return [flow for flow in dict.fromkeys([*after.solved, *_open(pack, after)]) if flow not in earlier]


def is_settled(pack: Pack, before: State, after: State, *, answered: bool) -> bool:
    """Whether a call that ends between these states got what it was for. `answered`: by the knowledge base."""
    return (bool(after.solved) or answered) and not _open(pack, after) and not _open(pack, before)


def _open(pack: Pack, state: State) -> list[str]:
    return [flow for flow in dict.fromkeys(frame.flow for frame in state.stack) if flow not in pack.internal]


def _over(actions: Sequence[Action]) -> tuple[str, str] | None:
    for action in actions:
        match action:
            case HandOver():
                return "hand_over", action.reason
            case HangUp():
                return "caller_left" if action.reason == "caller" else "dropped", action.reason
    return None
