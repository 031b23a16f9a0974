"""How flows go on: their instructions, the answers to their questions, and new subjects that begin others."""

from __future__ import annotations

from typing import Any

from voicebot.dialogue import commands, events, program, repair
from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.replies import value_at
from voicebot.dialogue.state import Frame, Question
from voicebot.nlu.understanding import Understanding

SURE = 0.6
"""Probability from which an understood intent is acted on at once."""
POSSIBLE = 0.25
"""Probability from which it is asked about; below, it counts as not understood."""
CLOSE = 0.15
"""Two intents nearer than this are both offered."""
MOST_RESTARTS = 2
_MOST_STEPS = 1000


def run(draft: Draft) -> None:
    """Go on with the flow under way until it asks something, waits, or everything is done."""
    state = draft.state
    state.question = None
    for _ in range(_MOST_STEPS):
        if not state.stack:
            break
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
    done = draft.state.stack.pop()
    name = f"flow:{done.flow}"
    draft.state.uses[name] = draft.state.uses.get(name, 0) + 1
    if draft.state.stack:
        draft.say("resuming", title=draft.title(draft.state.stack[-1].flow))


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
            values = {**state.results, **state.slots}
            draft.query(step.operation, {name: value_at(values, path) for name, path in step.arguments})
            return True
        case program.Switch():
            value = str(value_at({**state.results, **state.slots}, step.path))
            frame.at = dict(step.cases).get(value, step.otherwise)
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
            frame.restarts += 1
            frame.at = 0
            if frame.restarts > MOST_RESTARTS:
                draft.say("too_often")
                draft.hand_over("flow")
                return True
        case program.Transfer(queue):
            draft.hand_over("flow", queue)
            return True
        case program.Goodbye():
            draft.say("goodbye")
            draft.hang_up("goodbye")
            return True
    return False


def answer(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """Take the words as the answer to the question; False where they are none."""
    question = draft.state.question
    if question is None:
        return False
    match question.kind:
        case "slot":
            return _slot_answer(draft, question, text, sure)
        case "yes_no" | "confirm_intent" | "confirm_value":
            return meaning.intent in ("yes", "no") and _decide(draft, question, meaning.intent == "yes")
        case "anything_else":
            return meaning.intent in ("yes", "no") and _anything_else(draft, meaning.intent == "yes")
        case _:
            return False


def keyed(draft: Draft, keys: str) -> bool:
    """Take keys as the answer to the question; False where they are none."""
    question = draft.state.question
    if question is None:
        return False
    if question.kind == "slot":
        slot = draft.pack.slots[question.slot]
        if slot.type != "digits" or len(keys) not in slot.lengths:
            return False
        _fill(draft, question.slot, keys)
        return True
    if question.kind in ("yes_no", "confirm_intent", "confirm_value"):
        return keys in ("1", "2") and _decide(draft, question, keys == "1")
    if keys.isdecimal() and 0 < int(keys) <= len(draft.pack.menu):
        draft.understood()
        start(draft, draft.pack.menu[int(keys) - 1], {})
        return True
    return False


def _slot_answer(draft: Draft, question: Question, text: str, sure: bool) -> bool:
    found = draft.understander.entities(text, [question.slot], draft.state.today).get(question.slot)
    if found is None:
        return False
    if sure:
        _fill(draft, question.slot, found.value)
        return True
    draft.say("confirm_value", value=draft.spoken_value(question.slot, found.value))
    draft.ask(Question("confirm_value", question.reply, slot=question.slot, value=found.value))
    return True


def _fill(draft: Draft, slot: str, value: Any) -> None:
    draft.understood()
    draft.state.slots[slot] = value
    run(draft)


def _decide(draft: Draft, question: Question, yes: bool) -> bool:
    """The caller said yes or no."""
    if question.kind == "yes_no":
        draft.understood()
        draft.state.stack[-1].at = question.yes if yes else question.no
        run(draft)
    elif yes and question.kind == "confirm_value":
        _fill(draft, question.slot, question.value)
    elif yes:
        draft.understood()
        if is_command(question.intent):
            commands.carry_out(draft, question.intent)
        else:
            start(draft, question.intent, question.slots)
    elif question.kind == "confirm_value":
        draft.ask(Question("slot", question.reply, slot=question.slot))
        repair.misheard(draft)
    else:
        draft.ask_open("open", "greeting")
        repair.misheard(draft)
    return True


def _anything_else(draft: Draft, yes: bool) -> bool:
    draft.understood()
    if yes:
        draft.say("go_ahead")
        draft.ask_open("open", "go_ahead")
    else:
        draft.say("goodbye")
        draft.hang_up("goodbye")
    return True


def new_subject(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """Take the words as something new that the caller wants; False where that is not likely enough."""
    intent = meaning.intent
    if intent is None or is_command(intent) or meaning.score < POSSIBLE:
        return False
    slots = _values_for(draft, intent, text)
    rivals = [other for other in meaning.alternatives if other.name != intent and not is_command(other.name)]
    if meaning.score < SURE and rivals and meaning.score - rivals[0].score < CLOSE:
        draft.say("which_one", first=draft.title(intent), second=draft.title(rivals[0].name))
        draft.ask_open("open", "which_one")
    elif sure and meaning.score >= SURE:
        draft.understood()
        start(draft, intent, slots)
    else:
        draft.say("confirm_intent", title=draft.title(intent))
        draft.ask(Question("confirm_intent", "confirm_intent", intent=intent, slots=slots))
    return True


def _values_for(draft: Draft, intent: str, text: str) -> dict[str, Any]:
    """Values in the text for the slots that the intent's flow collects: callers often say them unasked."""
    wanted = [step.slot for step in draft.pack.flows.get(intent, ()) if isinstance(step, program.Ask)]
    if not wanted:
        return {}
    found = draft.understander.entities(text, wanted, draft.state.today)
    return {slot: entity.value for slot, entity in found.items()}


def start(draft: Draft, intent: str, slots: dict[str, Any]) -> None:
    """Begin what the caller wants. A flow under way waits, and goes on afterwards."""
    state = draft.state
    if intent in draft.pack.flows:
        if any(frame.flow == intent for frame in state.stack):
            state.stack = [frame for frame in state.stack if frame.flow != intent]
        elif f"flow:{intent}" in state.uses:
            for step in draft.pack.flows[intent]:
                if isinstance(step, program.Ask):
                    state.slots.pop(step.slot, None)
        state.slots.update(slots)
        state.stack.append(Frame(intent))
    else:
        draft.say(intent)
        if state.stack:
            draft.say("resuming", title=draft.title(state.stack[-1].flow))
    run(draft)


def backend_answered(draft: Draft, event: events.BackendAnswered) -> None:
    """Go on with what the back end answered; an answer that nobody waits for is dropped."""
    state = draft.state
    if not state.waiting or event.request != state.request:
        return
    state.waiting = False
    frame = state.stack[-1]
    query = draft.pack.flows[frame.flow][frame.at]
    assert isinstance(query, program.Query)
    draft.begin_turn()
    if event.error and query.failed is None:
        draft.say("backend_failed")
        draft.hand_over("backend")
        return
    if event.error and query.failed is not None:
        frame.at = query.failed
    elif event.result is None:
        frame.at = query.not_found
    else:
        state.results[query.into] = dict(event.result)
        frame.at += 1
    run(draft)


def still_waiting(draft: Draft, event: events.Heard) -> None:
    """While the back end is asked, only the wish for a person counts."""
    if event.verdict != "reject":
        meaning = draft.understander.understand(event.text)
        commands.urgent(draft, event.text, meaning, event.verdict == "accept")
