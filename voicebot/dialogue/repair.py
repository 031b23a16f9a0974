"""What the bot says when a turn failed: silence, words it did not understand, keys that fit nothing."""

from __future__ import annotations

from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.state import OPEN_KINDS, Question


def no_match(draft: Draft) -> None:
    """Not understood: ask again with an example, then offer keys and a person, then give the call to a person."""
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
        offer_keys(draft)
        return
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
    draft.note("no_input")
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
    if question.kind in OPEN_KINDS:
        draft.say("example", sentence=_example(draft))
    else:
        _say_question(draft, question)


def _say_question(draft: Draft, question: Question) -> None:
    match question.kind:
        case "confirm_value":
            draft.say("confirm_value", value=draft.spoken_value(question.slot, question.value))
        case "confirm_intent":
            draft.say("confirm_intent", title=draft.title(question.intent))
        case "choice" if question.reply == "which_one":
            first, second = (draft.title(option) for option in question.options)
            draft.say("which_one", first=first, second=second)
        case _:
            draft.say(question.reply)


def _example(draft: Draft) -> str:
    """Another sentence each time: those of the menu's flows take turns."""
    flows = draft.state.menu or [intent for intent in draft.language.sentences if not is_command(intent)]
    flow = flows[draft.state.uses.get("example", 0) % len(flows)]
    return next((s.text for s in draft.language.sentences[flow] if "{" not in s.text), draft.title(flow))


def offer_keys(draft: Draft) -> None:
    """How to answer the open question by keys."""
    question = draft.state.question
    if question is None or question.kind in OPEN_KINDS:
        _say_menu(draft, [draft.title(flow) for flow in draft.state.menu])
        return
    if question.kind == "choice":
        _say_menu(draft, [draft.title(option) for option in question.options])
        return
    if question.kind != "slot":
        _say_question(draft, question)
        draft.say("keypad_yes_no")
        return
    slot = draft.pack.slots[question.slot]
    if slot.type == "digits":
        draft.say("keypad_digits", count=max(slot.lengths), title=draft.slot_title(question.slot))
    elif slot.type == "list" and len(slot.values) <= 9:
        _say_question(draft, question)
        _say_menu(draft, [draft.spoken_value(question.slot, value) for value in slot.values])
    elif slot.type == "yes_no":
        _say_question(draft, question)
        draft.say("keypad_yes_no")
    else:
        _say_question(draft, question)
        draft.say("offer_person")


def _say_menu(draft: Draft, titles: list[str]) -> None:
    items = [draft.phrase("keypad_item", title=title, key=number) for number, title in enumerate(titles, start=1)]
    draft.say("keypad_menu", items=", ".join([*items, draft.phrase("keypad_person")]))
