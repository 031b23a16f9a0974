"""What the bot says when a turn failed: silence, words it did not understand, keys that fit nothing."""

from __future__ import annotations

from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.state import Question

_OPEN = ("open", "anything_else")


def no_match(draft: Draft) -> None:
    """Not understood: ask again with an example, then offer keys and a person, then give the call to a person."""
    draft.state.misses += 1
    _climb(draft)


def misheard(draft: Draft) -> None:
    """The caller said that it was not so: the same ladder, one step on, since guessing again annoys."""
    draft.state.misses = max(draft.state.misses + 1, 2)
    _climb(draft)


def _climb(draft: Draft) -> None:
    match draft.state.misses:
        case 1:
            draft.say("no_match_1")
            ask_again(draft)
        case 2:
            draft.say("no_match_2")
            offer_keys(draft)
        case _:
            draft.say("no_match_3")
            draft.hand_over("no_match", announce=False)


def no_input(draft: Draft) -> None:
    """Silence: ask again, then shorter and with keys, then a person."""
    draft.begin_turn()
    draft.state.silences += 1
    match draft.state.silences:
        case 1:
            draft.say("no_input_1")
            ask_again(draft)
        case 2:
            draft.say("no_input_2")
            offer_keys(draft)
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
    draft.say("keypad_unknown")
    offer_keys(draft)


def ask_again(draft: Draft) -> None:
    """The open question once more; where anything may be said, with an example of how others say it."""
    question = draft.state.question
    if question is None:
        return
    if question.kind in _OPEN:
        draft.say("example", sentence=_example(draft))
    else:
        _say_question(draft, question)


def _say_question(draft: Draft, question: Question) -> None:
    match question.kind:
        case "confirm_value":
            draft.say("confirm_value", value=draft.spoken_value(question.slot, question.value))
        case "confirm_intent":
            draft.say("confirm_intent", title=draft.title(question.intent))
        case _:
            draft.say(question.reply)


def _example(draft: Draft) -> str:
    """Another sentence each time: those of the menu's flows take turns."""
    flows = draft.pack.menu or tuple(intent for intent in draft.language.sentences if not is_command(intent))
    flow = flows[draft.state.uses.get("example", 0) % len(flows)]
    return next((s.text for s in draft.language.sentences[flow] if "{" not in s.text), draft.title(flow))


def offer_keys(draft: Draft) -> None:
    """How to answer the open question by keys."""
    question = draft.state.question
    kind = question.kind if question else "open"
    if question is not None and kind == "slot":
        slot = draft.pack.slots[question.slot]
        if slot.type == "digits":
            draft.say("keypad_digits", count=max(slot.lengths))
        else:
            _say_question(draft, question)
    elif question is not None and kind not in _OPEN:
        _say_question(draft, question)
        draft.say("keypad_yes_no")
    else:
        items = [
            draft.phrase("keypad_item", title=draft.title(flow), key=number)
            for number, flow in enumerate(draft.pack.menu, start=1)
        ]
        draft.say("keypad_menu", items=", ".join([*items, draft.phrase("keypad_person")]))
