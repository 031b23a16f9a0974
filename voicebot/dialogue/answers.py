"""What the caller's words and keys are an answer to: the open question, an earlier one, or a new subject."""

from __future__ import annotations

import re
from typing import Any

from voicebot.dialogue import flows, key_menus, rating
from voicebot.dialogue.draft import Draft, is_command
from voicebot.dialogue.key_entries import entry_value
from voicebot.dialogue.state import OPEN_KINDS, YES_NO_KINDS, Frame, Question
from voicebot.nlu.understanding import Entity, Understanding

SURE = 0.6
"""Probability from which an understood intent is acted on at once."""
POSSIBLE = 0.25
"""Probability from which it is asked about; below, it counts as not understood."""
SURELY = 0.75
"""Probability from which an intent outweighs that the words could answer the question."""
ALSO_POSSIBLE = 0.08
"""Probability from which an intent is offered once the likeliest was denied."""
CERTAIN = 0.9
"""Probability from which even words that were not heard well may end a call."""
CLOSE = 0.15
"""Two intents nearer than this are both offered."""
MOST_QUEUED = 3
"""So many further wishes of one utterance are kept."""


def correction(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """As in "아니요, 2번이 아니라 3번이요": a value that was given is changed, and the flow goes back to it."""
    state = draft.state
    question = state.question
    if question is None:
        return False
    if question.kind == "slot" and _value(draft, question.slot, text) is not None:
        return False
    if question.kind == "confirm_value":
        return _corrected_value(draft, question, text, sure)
    for flow in _correctable(draft, meaning):
        for slot in reversed(flows.slots_of(draft, flow)):
            if slot not in state.slots or draft.pack.slots[slot].secret:
                continue
            found = draft.understander.entities(text, [slot], state.today).get(slot)
            if found is None or found.value == state.slots[slot] or _is_another_wish(draft, text, meaning, found):
                continue
            _change(draft, flow, slot, found.value, sure)
            return True
    return False


def _is_another_wish(draft: Draft, text: str, meaning: Understanding, value: Entity) -> bool:
    """Whether something else is surely wanted than what is under way, and the value is only a part of that."""
    intent = meaning.intent
    if intent is None or is_command(intent) or meaning.score < SURELY:
        return False
    mostly_value = 2 * len(value.text) >= len(text.replace(" ", ""))
    # "회원번호는 ...입니다" resembles the question where to find that number.
    number_for_a_question = value.type == "digits" and intent in draft.pack.faq
    return not (mostly_value or number_for_a_question) and all(frame.flow != intent for frame in draft.state.stack)


def _correctable(draft: Draft, meaning: Understanding) -> list[str]:
    """The flows whose values may be meant: those under way, or the one that was just done."""
    state = draft.state
    if state.stack:
        return list(dict.fromkeys((state.stack[-1].flow, state.stack[0].flow)))
    done = state.solved[-1] if state.solved else ""
    return [done] if done in draft.pack.flows and meaning.intent in (None, "no", done) else []


def _corrected_value(draft: Draft, question: Question, text: str, sure: bool) -> bool:
    """The answer to "1234, 맞으신가요?" is the right value instead of a no."""
    new = _value(draft, question.slot, text)
    if new is None or new == question.value:
        return False
    draft.state.corrections += 1
    _take_value(draft, question.slot, question.reply, new, sure and draft.state.corrections < 2)
    return True


def _change(draft: Draft, flow: str, slot: str, value: Any, sure: bool) -> None:
    state = draft.state
    state.corrections += 1
    del state.slots[slot]
    for depth, frame in enumerate(state.stack):
        if slot in flows.slots_of(draft, frame.flow):
            state.stack = state.stack[: depth + 1]
            frame.at = 0
            break
    else:
        state.stack = [Frame(flow)]
    if sure:
        draft.say("corrected", title=draft.slot_title(slot), value=draft.spoken_value(slot, value))
        draft.understood()
        state.slots[slot] = value
        flows.run(draft)
    else:
        _take_value(draft, slot, f"ask_{slot}", value, sure=False)


def answer(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """Take the words as the answer to the question; False where they are none."""
    question = draft.state.question
    if question is None:
        return False
    if question.kind == "slot":
        return _slot_answer(draft, question, text, meaning, sure)
    if question.kind in YES_NO_KINDS:
        said = {"yes": True, "no": False}.get(meaning.intent or "")
        if not sure and meaning.score < SURE:
            said = None
        if said is None and any(frame.flow == meaning.intent for frame in draft.state.stack):
            # "네 취소해 주세요": the wish that is being confirmed, said once more.
            said = draft.understander.leading_answer(text)
        if said is None:
            return False
        flows.decide(draft, question, said)
        return True
    if question.kind == "choice":
        return _choice(draft, question, text, meaning)
    return question.kind == "anything_else" and _anything_else(draft, text, meaning, sure)


def _slot_answer(draft: Draft, question: Question, text: str, meaning: Understanding, sure: bool) -> bool:
    """The value, and others that the flow would ask for later, in any order."""
    if draft.pack.slots[question.slot].secret:
        return False
    later = [slot for slot in flows.slots_of(draft, draft.state.stack[-1].flow) if slot not in draft.state.slots]
    found = draft.understander.entities(text, list(dict.fromkeys([question.slot, *later])), draft.state.today)
    found = {slot: entity for slot, entity in found.items() if not draft.pack.slots[slot].secret}
    if all(_is_another_wish(draft, text, meaning, entity) for entity in found.values()):
        return False
    for slot, entity in found.items():
        if slot != question.slot and sure and draft.pack.slots[slot].risk == "low":
            draft.state.slots[slot] = entity.value
    if question.slot in found:
        _take_value(draft, question.slot, question.reply, found[question.slot].value, sure)
    else:
        draft.understood()
        flows.run(draft)
    return True


def _take_value(draft: Draft, slot: str, reply: str, value: Any, sure: bool, *, keyed: bool = False) -> None:
    """Use a value: read back where it is sure, confirmed first where it is not, or where much hangs on it.

    Of keyed values more is read back than of spoken ones: a finger slips unheard.
    """
    kind = draft.pack.slots[slot]
    spoken = draft.spoken_value(slot, value)
    if not sure or kind.risk == "high":
        draft.say("confirm_value", value=spoken)
        draft.ask(Question("confirm_value", reply, slot=slot, value=value))
        return
    if kind.type != "list" and (kind.type == "digits" or keyed):
        draft.say("read_back", title=draft.slot_title(slot), value=spoken)
    flows.fill(draft, slot, value)


def _value(draft: Draft, slot: str, text: str) -> Any:
    found = draft.understander.entities(text, [slot], draft.state.today).get(slot)
    return None if found is None else found.value


def _choice(draft: Draft, question: Question, text: str, meaning: Understanding) -> bool:
    chosen = meaning.intent if meaning.intent in question.options else None
    if chosen is None and (number := draft.understander.ordinal(text)) is not None:
        chosen = _nth(question.options, number)
    if chosen is None:
        return False
    draft.understood()
    flows.take_up(draft, chosen, {**question.slots, **_values_for(draft, chosen, text)})
    return True


def _nth(options: list[str], number: int) -> str | None:
    if number == -1:
        return options[-1]
    return options[number - 1] if 1 <= number <= len(options) else None


def _anything_else(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    if meaning.intent not in ("yes", "no"):
        return False
    plain = meaning.score >= CERTAIN and draft.understander.leading_answer(text) is not None
    if meaning.intent == "no" and not (sure or plain):
        # It may be a correction that was not heard well: nobody is sent away for that.
        draft.guess("goodbye")
        return True
    draft.understood()
    if meaning.intent == "yes":
        draft.say("go_ahead")
        draft.ask_open("open", "go_ahead")
    else:
        rating.farewell(draft)
    return True


def new_subject(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """Take the words as something new that the caller wants; False where that is not likely enough."""
    if not sure and _is_half_a_number(draft, text):
        return False
    likeliest = meaning.alternatives[0] if meaning.alternatives else None
    # What was misheard seems to be about nothing known, and its likeliest meaning is worth asking about.
    intent = meaning.intent or (likeliest.name if likeliest else None)
    score = meaning.score if meaning.intent else likeliest.score if likeliest else 0.0
    if intent is None or is_command(intent) or intent in draft.pack.internal or score < POSSIBLE:
        return False
    slots = _values_for(draft, intent, text)
    rivals = [other for other in meaning.alternatives if other.name != intent and not is_command(other.name)]
    if score < SURE and rivals and score - rivals[0].score < CLOSE:
        titles = {"first": draft.title(intent), "second": draft.title(rivals[0].name)}
        draft.offer("which_one", [intent, rivals[0].name], **titles)
        if draft.state.question is not None:
            draft.state.question.slots = {**_values_for(draft, rivals[0].name, text), **slots}
    elif sure and meaning.intent and score >= SURE:
        draft.understood()
        _queue(draft, intent, meaning)
        flows.start(draft, intent, slots)
    else:
        likely = [other.name for other in rivals if other.score >= ALSO_POSSIBLE]
        draft.guess(intent, slots, [name for name in likely if name not in draft.pack.internal])
    return True


def _is_half_a_number(draft: Draft, text: str) -> bool:
    """Whether a number is asked for and some of one was heard: it was misheard, and is no question about the number."""
    question = draft.state.question
    if question is None or question.kind != "slot" or draft.pack.slots[question.slot].type != "digits":
        return False
    return _SOME_DIGITS.search(text) is not None


_SOME_DIGITS = re.compile(r"\d(?:[ -]?\d){2}|[공영일이삼사오육륙칠팔구](?: ?[공영일이삼사오육륙칠팔구]){3}")
"""Three figures or four digits in words: 이사 and 사이 are other words, too."""


def _queue(draft: Draft, intent: str, meaning: Understanding) -> None:
    state = draft.state
    for other in meaning.further_intents:
        known = other in draft.pack.faq or (other in draft.pack.flows and other not in draft.pack.internal)
        if known and other != intent and other not in state.queue and len(state.queue) < MOST_QUEUED:
            state.queue.append(other)


def _values_for(draft: Draft, intent: str, text: str) -> dict[str, Any]:
    """Values in the text for the slots that the intent's flow collects: callers often say them unasked."""
    wanted = [
        slot
        for slot in flows.slots_of(draft, intent)
        if not draft.pack.slots[slot].secret and draft.pack.slots[slot].risk == "low"
    ]
    if not wanted:
        return {}
    return {slot: entity.value for slot, entity in draft.understander.entities(text, wanted, draft.state.today).items()}


def bare_value(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:  # noqa: ARG001
    """A number without a wish, said when anything may be said: it is kept, and the wish asked for."""
    question = draft.state.question
    if not sure or question is None or question.kind not in OPEN_KINDS or draft.state.stack:
        return False
    for slot, kind in draft.pack.slots.items():
        if kind.type == "digits" and not kind.secret and min(kind.lengths) > 2 and kind.risk == "low":
            value = _value(draft, slot, text)
            if value is not None and draft.state.slots.get(slot) != value:
                draft.understood()
                draft.state.slots[slot] = value
                draft.say("noted_value", title=draft.slot_title(slot), value=draft.spoken_value(slot, value))
                draft.ask_open("open", "go_ahead")
                return True
    return False


def look_up(draft: Draft, text: str, meaning: Understanding, sure: bool) -> bool:
    """A question that no intent covers: the knowledge base may know."""
    question = draft.state.question
    asked_openly = question is not None and question.kind in OPEN_KINDS
    if not (draft.pack.knowledge and sure and asked_openly and meaning.intent is None and " " in text.strip()):
        return False
    draft.query(flows.KNOWLEDGE, {"question": text, "language": draft.state.language}, for_flow=False)
    return True


def keyed(draft: Draft, keys: str) -> bool:
    """Take keys as the answer to the question; False where they are none."""
    question = draft.state.question
    if question is None:
        return False
    if question.kind == "slot":
        return _keyed_slot(draft, question, keys)
    if question.kind in YES_NO_KINDS:
        if keys not in ("1", "2"):
            return False
        flows.decide(draft, question, keys == "1")
        return True
    chosen = key_menus.choices(draft).get(keys)
    if chosen is None:
        return False
    draft.understood()
    if chosen == key_menus.NEXT_PAGE:
        _next_page(draft, question)
    else:
        flows.take_up(draft, chosen, question.slots)
    return True


def _next_page(draft: Draft, question: Question) -> None:
    question.page += 1
    key_menus.ask_by_keys(draft)


def _keyed_slot(draft: Draft, question: Question, keys: str) -> bool:
    slot = draft.pack.slots[question.slot]
    if slot.type == "list":
        chosen = key_menus.choices(draft).get(keys)
        if chosen == key_menus.NEXT_PAGE:
            draft.understood()
            _next_page(draft, question)
        elif chosen is not None:
            flows.fill(draft, question.slot, chosen)
        return chosen is not None
    value = entry_value(slot, keys, draft.state.today)
    if value is None:
        return False
    if slot.secret or slot.type == "yes_no":
        flows.fill(draft, question.slot, value)
    else:
        _take_value(draft, question.slot, question.reply, value, sure=True, keyed=True)
    return True
