"""How flows go on: their instructions, what back ends answer, and subjects that begin, wait and come back."""

from __future__ import annotations

from typing import Any

from voicebot.dialogue import commands, conditions, events, opening, program, rating, repair
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.replies import value_at
from voicebot.dialogue.state import Frame, Question

MOST_RESTARTS = 2
"""So often a flow may begin anew before the caller is given to a person."""
DEEPEST = 8
"""So many subjects may wait for one another; the oldest is dropped then."""
_MOST_STEPS = 1000

KNOWLEDGE = "knowledge.search"
"""The operation that looks a question up."""


def run(draft: Draft) -> None:
    """Go on with the flow under way until it asks something, waits, or everything is done."""
    state = draft.state
    state.question = None
    for _ in range(_MOST_STEPS):
        if not state.stack:
            if not state.queue:
                break
            intent = state.queue.pop(0)
            draft.say("next_subject", title=draft.title(intent))
            _begin(draft, intent)
            continue
        frame = state.stack[-1]
        code = draft.pack.flows[frame.flow]
        if frame.at >= len(code):
            _finish_flow(draft)
        elif _step(draft, frame, code[frame.at]):
            return
    else:
        raise RuntimeError(f"flow {state.stack[-1].flow} goes round without asking anything")
    draft.say("anything_else")
    draft.ask_open("anything_else", "anything_else")


def _finish_flow(draft: Draft) -> None:
    state = draft.state
    done = state.stack.pop()
    if done.flow not in draft.pack.internal:
        state.solved = [intent for intent in state.solved if intent != done.flow] + [done.flow]
        _resume(draft)


def _resume(draft: Draft) -> None:
    """A subject is done: the one that waited comes back. A part that it called begins anew: much may be settled now."""
    stack = draft.state.stack
    if not stack:
        return
    for depth in range(len(stack) - 1, -1, -1):
        if stack[depth].flow not in draft.pack.internal:
            draft.say("resuming", title=draft.title(stack[depth].flow))
            return
        stack[depth].at = 0


def _step(draft: Draft, frame: Frame, step: program.Instruction) -> bool:
    """Carry out one instruction; True where the turn ends with it."""
    state = draft.state
    match step:
        case program.Ask(slot, reply):
            if slot not in state.slots:
                draft.say(reply)
                draft.ask(Question("slot", reply, slot=slot))
                return True
            frame.at += 1
        case program.Query():
            draft.query(step.operation, {name: value_at(draft.values, path) for name, path in step.arguments})
            return True
        case program.Switch():
            value = str(value_at(draft.values, step.path))
            frame.at = dict(step.cases).get(value, step.otherwise)
        case program.Test(condition, otherwise):
            frame.at = frame.at + 1 if conditions.holds(condition, draft.values) else otherwise
        case program.Assign(values):
            state.slots.update(values)
            frame.at += 1
        case program.Do(flow):
            frame.at += 1
            state.stack.append(Frame(flow))
        case program.Speak(reply):
            draft.say(reply)
            frame.at += 1
        case program.AskYesNo(reply, yes, no):
            draft.say(reply)
            draft.ask(Question("yes_no", reply, yes=yes, no=no))
            return True
        case program.Jump(to):
            frame.at = to
        case program.Clear(slots):
            for slot in slots:
                state.slots.pop(slot, None)
            frame.at += 1
        case program.Restart():
            return _restart(draft, frame)
        case program.Transfer(queue):
            draft.hand_over("flow", queue)
            return True
        case program.Goodbye():
            state.stack.pop()
            rating.farewell(draft)
            return True
    return False


def _restart(draft: Draft, frame: Frame) -> bool:
    frame.restarts += 1
    frame.at = 0
    if frame.restarts <= MOST_RESTARTS:
        return False
    draft.say("too_often")
    draft.hand_over("flow", announce=False)
    return True


def fill(draft: Draft, slot: str, value: Any) -> None:
    """A value is certain: keep it and go on."""
    draft.understood()
    draft.state.corrections = 0
    draft.state.slots[slot] = value
    run(draft)


def decide(draft: Draft, question: Question, yes: bool) -> None:
    """The caller said yes or no to the question."""
    match question.kind:
        case "yes_no":
            draft.understood()
            draft.state.stack[-1].at = question.yes if yes else question.no
            run(draft)
        case "confirm_value" if yes:
            fill(draft, question.slot, question.value)
        case "confirm_value":
            draft.state.corrections += 1
            draft.ask(Question("slot", question.reply, slot=question.slot))
            repair.misheard(draft)
        case "confirm_intent" if yes:
            draft.understood()
            take_up(draft, question.intent, question.slots)
        case "confirm_intent" if question.reply == "predict_intent":
            draft.ask_open("open", "go_ahead")
            draft.understood()
            draft.say("go_ahead")
        case "confirm_intent":
            _denied(draft, question)
        case "consent":
            opening.consent_answered(draft, yes)
        case "more":
            draft.understood()
            _say_known(draft, draft.state.more if yes else [])


def _denied(draft: Draft, question: Question) -> None:
    """It was not this: once the next best is offered, then the ladder. What was interrupted is asked again."""
    state = draft.state
    state.denied.append(question.intent)
    if question.interrupted is not None:
        draft.ask(question.interrupted)
        repair.misheard(draft)
        return
    others = [intent for intent in question.options if intent not in state.denied][:2]
    if state.misses or not others:
        draft.ask_open("open", "go_ahead")
        repair.misheard(draft)
        return
    state.misses += 1
    if len(others) == 2:
        draft.offer("which_one", others, first=draft.title(others[0]), second=draft.title(others[1]))
    else:
        draft.guess(others[0])


def take_up(draft: Draft, intent: str, slots: dict[str, Any]) -> None:
    """Do what an intent stands for: a command, a flow, or an answer."""
    if intent in draft.pack.flows or intent in draft.pack.faq:
        start(draft, intent, slots)
    else:
        commands.carry_out(draft, intent)


def start(draft: Draft, intent: str, slots: dict[str, Any]) -> None:
    """Begin what the caller wants. A flow under way waits, and goes on afterwards."""
    state = draft.state
    if intent in draft.pack.flows:
        _forget_old_values(draft, intent, slots)
        state.stack = [frame for frame in state.stack if frame.flow != intent][-DEEPEST:]
        state.slots.update(slots)
        _begin(draft, intent)
    else:
        draft.say(intent)
        state.solved.append(intent)
        _resume(draft)
    run(draft)


def _begin(draft: Draft, intent: str) -> None:
    if intent in draft.pack.flows:
        draft.state.stack.append(Frame(intent))
    else:
        draft.say(intent)
        draft.state.solved.append(intent)


def _forget_old_values(draft: Draft, intent: str, slots: dict[str, Any]) -> None:
    """A subject that comes up again is about something else; one that follows another, about the same thing."""
    state = draft.state
    for slot in slots_of(draft, intent):
        if slot in slots or slot not in state.slots:
            continue
        if intent in state.solved or draft.pack.slots[slot].secret:
            del state.slots[slot]
        elif draft.pack.slots[slot].type == "digits":
            draft.say("carried_over", title=draft.slot_title(slot), value=draft.spoken_value(slot, state.slots[slot]))


def slots_of(draft: Draft, flow: str) -> list[str]:
    """The slots that a flow asks for, in their order, those of the flows that it calls included."""
    found: list[str] = []
    waiting, seen = [flow], {flow}
    while waiting:
        for step in draft.pack.flows.get(waiting.pop(0), ()):
            if isinstance(step, program.Ask) and step.slot not in found:
                found.append(step.slot)
            elif isinstance(step, program.Do) and step.flow not in seen:
                seen.add(step.flow)
                waiting.append(step.flow)
    return found


def backend_answered(draft: Draft, event: events.BackendAnswered) -> None:
    """Go on with what was found out; an answer that nobody waits for is dropped."""
    state = draft.state
    if not state.waiting or event.request != state.request:
        return
    waiting, state.waiting = state.waiting, ""
    draft.begin_turn()
    if waiting == "knowledge":
        _known(draft, event)
        return
    frame = state.stack[-1]
    query = draft.pack.flows[frame.flow][frame.at]
    assert isinstance(query, program.Query)
    if event.error and query.failed is None:
        _apologise_for_back_end(draft, "backend_late" if event.error == events.TOO_LATE else "backend_failed")
        return
    if event.error and query.failed is not None:
        frame.at = query.failed
    elif event.result is None:
        state.results.pop(query.into, None)
        frame.at = query.not_found
    else:
        state.results[query.into] = dict(event.result)
        frame.at += 1
    run(draft)


def _apologise_for_back_end(draft: Draft, reply: str) -> None:
    """It can't be found out now: the request is kept, and a person or a call-back is offered."""
    draft.forget_secrets()
    if draft.state.uses.get("backend_failed", 0) + draft.state.uses.get("backend_late", 0):
        draft.hand_over("backend")
    else:
        draft.offer(reply, ["agent", "callback"])


def _known(draft: Draft, event: events.BackendAnswered) -> None:
    """What the knowledge base says to a question that no intent covers."""
    answer = event.result or {}
    if not answer.get("sure"):
        repair.no_match(draft)
        return
    draft.understood()
    _say_known(draft, [str(answer.get("text", "")), *map(str, answer.get("more", ()))])


def _say_known(draft: Draft, pieces: list[str]) -> None:
    """The first piece, and an offer of the others; then back to what waited."""
    draft.state.more = pieces[1:]
    if pieces:
        draft.say_text(pieces[0])
    if draft.state.more:
        draft.say("more_offer")
        draft.ask(Question("more", "more_offer"))
    else:
        _resume(draft)
        run(draft)
