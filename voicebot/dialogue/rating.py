"""The end of a call: goodbye, and before it, in some calls, the question how well the caller was helped.

One question, tried once. Whatever is no answer to it is let go with the goodbye; who gives few points is asked, by
voice, what was not well, and that is tried once, too. Callers who go to a person or are upset are not asked.
"""

from __future__ import annotations

import re
from datetime import date

from voicebot.dialogue.actions import Rate
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.state import RATING_KINDS, Question
from voicebot.nlu.entities import Expected, find_entities

LOW = 2
"""Points from which down the caller is asked what was not well."""
_POINTS = range(1, 6)
_LONGEST_REMARK = 500
"""Characters."""


def farewell(draft: Draft) -> None:
    """The caller wants nothing more: goodbye, or first the question."""
    if not _is_due(draft):
        _say_goodbye(draft)
        return
    draft.state.rating = "asked"
    draft.understood()
    draft.keys_offered = True
    draft.say("ask_satisfaction")
    draft.ask(Question("rating", "ask_satisfaction"))


def _is_due(draft: Draft) -> bool:
    """Whether to ask: something was done for the caller, nothing of ours failed, and they are not upset."""
    state = draft.state
    served = bool(state.solved or state.request)
    failed = state.uses.get("backend_failed", 0) + state.uses.get("backend_late", 0) + state.uses.get("stumbled", 0)
    # Who was angry once stays unasked, unless glad by now.
    angry = state.feeling.get("name") == "angry" or bool(state.uses.get("apology", 0))
    upset = angry and state.feeling.get("name") != "glad"
    return state.rating == "due" and served and not (failed or upset or state.forgotten)


def is_asking(draft: Draft) -> bool:
    return draft.state.question is not None and draft.state.question.kind in RATING_KINDS


def heard(draft: Draft, text: str) -> bool:
    """Take words as the points; False where no points are asked for, or none were said."""
    question = draft.state.question
    points = read_points(draft, text) if question is not None and question.kind == "rating" and text else None
    if points is None:
        return False
    _rate(draft, points, by_keys=False)
    return True


def keyed(draft: Draft, keys: str) -> bool:
    """Take a key as the points; False where it is none of them."""
    question = draft.state.question
    if question is None or question.kind != "rating" or keys not in {str(points) for points in _POINTS}:
        return False
    _rate(draft, int(keys), by_keys=True)
    return True


def remarked(draft: Draft, text: str) -> bool:
    """Take words as what was not well; False where that was not asked, or nothing was said."""
    question = draft.state.question
    if question is None or question.kind != "remark" or not text:
        return False
    draft.note("remark")
    draft.actions.append(Rate(int(question.value), question.slots["how"], text[:_LONGEST_REMARK]))
    draft.say("remark_thanks")
    _say_goodbye(draft)
    return True


def pass_over(draft: Draft) -> None:
    """No answer: that is all right."""
    draft.note("rating_passed")
    _say_goodbye(draft)


def _rate(draft: Draft, points: int, *, by_keys: bool) -> None:
    draft.note("rating")
    how = "keys" if by_keys else "voice"
    draft.actions.append(Rate(points, "keys" if by_keys else "voice"))
    if points <= LOW and not draft.state.keys_only:
        draft.say("ask_remark")
        draft.ask(Question("remark", "ask_remark", value=points, slots={"how": how}))
        return
    draft.say("satisfaction_thanks")
    _say_goodbye(draft)


def _say_goodbye(draft: Draft) -> None:
    draft.say("goodbye")
    draft.hang_up("goodbye")


def read_points(draft: Draft, text: str) -> int | None:
    """The points in what was said: as the content puts it, or as a number; None where there are none."""
    said = _letters(text)
    known = {_letters(one.text): points for points, ones in draft.language.ratings.items() for one in ones}
    if said in known:
        return known[said]
    number = _number(text, draft.state.language)
    if number is not None:
        return number
    # The longest wins: "안 좋았어요" is in no way "좋았어요".
    inside = max((key for key in known if len(key) >= _TELLING and key in said), key=len, default="")
    return known.get(inside)


def _number(text: str, language: str) -> int | None:
    """The one number from 1 to 5 that was said; "5점 만점에 4점" is 4."""
    plain = _OUT_OF_FIVE.sub(" ", text)
    if language == "ko":
        plain = _POINTS_UNIT.sub(" ", plain)
    found = find_entities(plain, language, today=date.min, expect=[Expected("number"), Expected("ordinal")])
    values = {entity.value for entity in found if entity.type in ("number", "ordinal", "count") and not entity.negated}
    if len(values) != 1:
        return None
    value = values.pop()
    return int(value) if value in _POINTS else None


_OUT_OF_FIVE = re.compile(r"(?:5|오|다섯)\s*점\s*만점(?:에|에서|으로)?(?=\s*\S)|\bout of (?:five|5)\b", re.IGNORECASE)
_POINTS_UNIT = re.compile(r"\s*점(?:이?요|이에요|입니다|이고요|으로|만|을|정도)?(?=\s|[.,!]|$)")
_TELLING = 3
"""Letters from which on a piece of what was said tells something."""


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())
