"""Answering by keys: what each key chooses at the open question, and the words that offer it."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.dialogue.content import Slot
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.state import OPEN_KINDS, RATING_KINDS, Question

NEXT_PAGE = ""
"""What a key stands for that reads the next choices."""
GOODBYE_KEY = "9"
_ON_A_PAGE = 8
"""So many choices are read at once where there are more than nine; 9 is for the next ones then."""
_AT_FIRST = 3
"""So many of the menu are read to a caller who was not understood once; the star reads it all."""


def choices(draft: Draft) -> Mapping[str, str]:
    """What the keys choose now: values of a list, or intents; NEXT_PAGE for the next ones. Empty where nothing."""
    question = draft.state.question
    if question is None or question.kind in OPEN_KINDS:
        open_to = _paged(draft.state.menu, question.page if question else 0)
        if question is not None and question.kind == "anything_else":
            return {**open_to, GOODBYE_KEY: open_to.get(GOODBYE_KEY, "goodbye")}
        return open_to
    if question.kind == "choice":
        return _paged(question.options, question.page)
    slot = _slot(draft, question)
    return _paged(list(slot.values), question.page) if slot is not None and slot.type == "list" else {}


def _paged(options: list[str], page: int) -> dict[str, str]:
    if len(options) <= _ON_A_PAGE + 1:
        return {str(key): option for key, option in enumerate(options, start=1)}
    pages = -(-len(options) // _ON_A_PAGE)
    begin = page % pages * _ON_A_PAGE
    shown = {str(key): option for key, option in enumerate(options[begin : begin + _ON_A_PAGE], start=1)}
    return {**shown, "9": NEXT_PAGE}


def _slot(draft: Draft, question: Question) -> Slot | None:
    return draft.pack.slots[question.slot] if question.kind == "slot" else None


def ask_by_keys(draft: Draft) -> None:
    """The open question, with every key that answers it; once in a call also what keys do everywhere."""
    draft.keys_offered = True
    _offer(draft, draft.state.question, again=False)
    draft.say_first("keypad_everywhere")


def ask_with_keys(draft: Draft) -> None:
    """The open question for who was not understood once: to be answered by voice, or by these keys."""
    if draft.state.keys_only:
        ask_by_keys(draft)
        return
    draft.keys_offered = True
    _offer(draft, draft.state.question, again=True)


def accompany(draft: Draft) -> None:
    """For callers who answer by keys: put the keys behind a question that came without."""
    state = draft.state
    if draft.keys_offered or not draft.speaks or state.ended or state.waiting or state.question is None:
        return
    question = state.question
    draft.keys_offered = True
    if question.kind in RATING_KINDS:
        return
    slot = _slot(draft, question)
    if slot is not None and slot.type not in ("list", "yes_no"):
        if not (slot.secret or draft.has_keys_wording(question.reply)):
            _offer_entry(draft, question.slot, slot, again=False)
    elif question.kind == "anything_else":
        pieces = [draft.phrase("keypad_all"), _item(draft, GOODBYE_KEY, choices(draft)[GOODBYE_KEY])]
        _say_items(draft, pieces, person=True)
    else:
        _offer_keys(draft, question)
    draft.say_first("keypad_everywhere")


def _offer(draft: Draft, question: Question | None, *, again: bool) -> None:
    """The question and its keys. `again`: it may be answered by voice as well."""
    slot = _slot(draft, question) if question is not None else None
    if question is not None and slot is not None and slot.type not in ("list", "yes_no"):
        _offer_entry(draft, question.slot, slot, again=again)
        return
    if question is None or question.kind in OPEN_KINDS:
        if again and len(draft.state.menu) > _AT_FIRST + 1:
            first = [_item(draft, key, option) for key, option in list(choices(draft).items())[:_AT_FIRST]]
            _say_items(draft, [*first, draft.phrase("keypad_all")], person=True)
            return
    elif question.kind in RATING_KINDS:
        say_question(draft, question)
        return
    elif question.kind != "choice" or question.reply == "which_one":
        say_question(draft, question)
    _offer_keys(draft, question)


def _offer_keys(draft: Draft, question: Question | None) -> None:
    """Only the keys of a question that one key answers."""
    if options := choices(draft):
        if all(key == option for key, option in options.items()):
            draft.say("keypad_range", first=min(options), last=max(options))
            return
        pieces = [
            _item(draft, key, option) if option != NEXT_PAGE else draft.phrase("keypad_next", key=key)
            for key, option in options.items()
        ]
        _say_items(draft, pieces, person="agent" not in options.values())
    elif question is not None:
        confirms = question.kind in ("confirm_value", "confirm_intent")
        draft.say("keypad_yes_no" if confirms else "keypad_yes_or_no")
    else:
        draft.say("keypad_menu", items=draft.phrase("keypad_person"))


def _item(draft: Draft, key: str, option: str) -> str:
    question = draft.state.question
    if question is not None and question.kind == "slot":
        title = draft.spoken_value(question.slot, option)
    else:
        title = draft.title(option)
    return draft.phrase("keypad_item", title=title, key=key)


def _say_items(draft: Draft, pieces: list[str], *, person: bool) -> None:
    draft.say("keypad_menu", items=", ".join([*pieces, draft.phrase("keypad_person")] if person else pieces))


def _offer_entry(draft: Draft, name: str, slot: Slot, *, again: bool) -> None:
    """How a number or a date is keyed in."""
    way = "say_or_key" if again and not slot.secret else "keypad"
    # A number of several lengths, as one of no fixed length, is ended by a hash.
    form = slot.type if slot.type in ("date", "amount") or len(slot.lengths) == 1 else "number"
    draft.say(f"{way}_{form}", title=draft.slot_title(name), count=max(slot.lengths, default=0))


def say_question(draft: Draft, question: Question) -> None:
    """The question once more, as it was asked."""
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
