"""What the bot says when a turn failed: silence, words it did not understand, keys that fit nothing."""

from __future__ import annotations

from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.key_menus import ask_by_keys, ask_with_keys, say_question
from voicebot.dialogue.state import OPEN_KINDS


def no_match(draft: Draft) -> None:
    """Not understood: ask again, by voice or by keys; then by keys, with a person as well; then give it to a person."""
    draft.state.misses += 1
    _climb(draft)


def misheard(draft: Draft) -> None:
    """The caller said that it was not so: the same ladder, one step on, since guessing again annoys."""
    draft.state.misses = max(draft.state.misses + 1, 2)
    _climb(draft)


def _climb(draft: Draft) -> None:
    question = draft.state.question
    if question is not None and question.kind == "slot" and draft.pack.slots[question.slot].secret:
        draft.say("keypad_only")
        ask_by_keys(draft)
        return
    match draft.state.misses:
        case 1:
            draft.say("no_match_1")
            if question is None or question.kind in OPEN_KINDS:
                draft.say("example", sentence=_example(draft))
            ask_with_keys(draft)
        case 2:
            draft.say("no_match_2")
            ask_by_keys(draft)
        case _:
            draft.say("no_match_3")
            draft.hand_over("no_match", announce=False)


def no_input(draft: Draft) -> None:
    """Silence: ask again, then shorter and with keys, then a person."""
    draft.begin_turn()
    draft.note("no_input")
    draft.state.silences += 1
    match draft.state.silences:
        case 1:
            draft.say("no_input_1")
            ask_again(draft)
        case 2:
            draft.say("no_input_2")
            ask_by_keys(draft)
        case _:
            draft.say("no_input_3")
            draft.hand_over("no_input", announce=False)


def wrong_keys(draft: Draft) -> None:
    """Keys that fit nothing here."""
    draft.state.misses += 1
    if draft.state.misses > 2:
        draft.say("no_match_3")
        draft.hand_over("no_match", announce=False)
        return
    question = draft.state.question
    asked_for_number = question is not None and question.kind == "slot" and draft.pack.slots[question.slot].lengths
    draft.say("keypad_wrong_length" if asked_for_number else "keypad_unknown")
    ask_by_keys(draft)


def ask_again(draft: Draft) -> None:
    """The open question once more; where anything may be said, with an example of how others say it."""
    question = draft.state.question
    if question is None:
        return
    if draft.state.keys_only:
        ask_by_keys(draft)
    elif question.kind in OPEN_KINDS:
        draft.say("example", sentence=_example(draft))
    else:
        say_question(draft, question)


def _example(draft: Draft) -> str:
    """Another sentence each time: those of the menu's flows take turns."""
    flows = draft.state.menu or [intent for intent in draft.language.sentences if not is_command(intent)]
    flow = flows[draft.state.uses.get("example", 0) % len(flows)]
    return next((s.text for s in draft.language.sentences[flow] if "{" not in s.text), draft.title(flow))
