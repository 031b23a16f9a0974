"""What callers may say at any moment: a person, again, slower, back, cancel, help, keys, another language, goodbye."""

from __future__ import annotations

from voicebot.dialogue import answers, flows, key_menus, program, rating, repair
from voicebot.dialogue.actions import Forget, RequestCallback
from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.state import OPEN_KINDS
from voicebot.nlu.understanding import Understanding

SLOWEST = 0.7
"""Relative speed that "slower" goes down to, in steps of 0.15."""


def urgent(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """A person, before anything else: that wish is never an answer to a question."""
    return meaning.intent == "agent" and command(draft, text, meaning, sure)


def command(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:  # noqa: ARG001
    """Carry out a command; ask first where it was not heard well."""
    intent = meaning.intent
    if intent is None or not is_command(intent) or intent in ("yes", "no") or meaning.score < answers.POSSIBLE:
        return False
    if sure and meaning.score >= answers.SURE:
        carry_out(draft, intent)
    else:
        draft.guess(intent)
    return True


def key(draft: Draft, keys: str) -> bool:
    """Keys that mean the same everywhere: 0 a person, * back, at the beginning to the whole menu, # again."""
    intent = {"0": "agent", "*": "go_back", "#": "repeat"}.get(keys)
    if intent is None:
        return False
    question = draft.state.question
    if intent == "go_back" and not draft.state.stack and question is not None and question.kind in OPEN_KINDS:
        draft.understood()
        key_menus.ask_by_keys(draft)
    else:
        carry_out(draft, intent)
    return True


def carry_out(draft: Draft, intent: str) -> None:
    """Do what the command says, and come back to the question that is open."""
    draft.understood()
    match intent:
        case "agent":
            draft.hand_over("asked")
        case "repeat":
            _repeat(draft)
        case "slower":
            draft.state.rate = max(SLOWEST, round(draft.state.rate - 0.15, 2))
            draft.say("slower")
            _repeat(draft)
        case "briefer":
            draft.state.brief = True
            draft.say("briefer")
            repair.ask_again(draft)
        case "go_back":
            _go_back(draft)
        case "cancel":
            _cancel(draft)
        case "help":
            draft.say("help")
            repair.ask_again(draft)
        case "keypad":
            draft.state.keys_only = True
            key_menus.ask_by_keys(draft)
        case "language":
            _change_language(draft)
        case "callback":
            draft.actions.append(RequestCallback("asked", draft.summary()))
            draft.say("callback_promised")
            draft.state.stack, draft.state.queue = [], []
            flows.run(draft)
        case "forget_me":
            draft.state.profile, draft.state.forgotten = {}, True
            draft.actions.append(Forget())
            draft.say("forgot_you")
            repair.ask_again(draft)
        case "goodbye":
            rating.farewell(draft)
        case _:
            raise ValueError(f"{intent} is no command")


def _repeat(draft: Draft) -> None:
    draft.keys_offered = True
    if not draft.said_before:
        draft.say("nothing_to_repeat")
    for text in draft.said_before:
        draft.say_text(text)


def _go_back(draft: Draft) -> None:
    """To the question before this one: the last value that the flow got is asked for again."""
    state = draft.state
    if not state.stack:
        draft.say("nothing_to_go_back")
        repair.ask_again(draft)
        return
    frame = state.stack[-1]
    asked = [step.slot for step in draft.pack.flows[frame.flow][: frame.at] if isinstance(step, program.Ask)]
    filled = [slot for slot in asked if slot in state.slots]
    if filled:
        del state.slots[filled[-1]]
        frame.at = 0
    else:
        # A part that was only called goes together with the subject that called it.
        while state.stack and state.stack.pop().flow in draft.pack.internal:
            pass
    flows.run(draft)


def _cancel(draft: Draft) -> None:
    state = draft.state
    draft.say("cancelled" if state.stack else "nothing_to_cancel")
    for frame in state.stack:
        assigned = [step for step in draft.pack.flows[frame.flow] if isinstance(step, program.Assign)]
        names = [name for step in assigned for name, _ in step.values]
        for slot in (*flows.slots_of(draft, frame.flow), *names):
            state.slots.pop(slot, None)
    state.stack, state.queue = [], []
    flows.run(draft)


def _change_language(draft: Draft) -> None:
    state = draft.state
    others = [language for language in draft.pack.languages if language != state.language]
    if not others:
        draft.say("language_only")
    else:
        state.language = others[0]
        draft.say("language_changed")
    repair.ask_again(draft)
