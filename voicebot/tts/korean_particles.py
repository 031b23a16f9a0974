"""Particles behind what is said in other words than it is written, and particles that a writer left open."""

from __future__ import annotations

import re

from voicebot.nlu.hangul import PARTICLES, final_consonant, is_syllable, particle

PARTICLE = re.compile(
    r"(?:(?:을|를|이|가|은|는|이나|나|이에요|예요|이라고|라고|이라서|라서|이랑|랑|이란|란)(?![가-힣])"
    r"|(?:으로|로)(?=(?:는|도|만|부터|써|서|의)?(?![가-힣]))"
    r"|(?:과|와)(?=(?:는|도|만|의)?(?![가-힣])))"
)
"""A particle that has two forms, at the end of a word or before another particle."""

_OPEN = re.compile(
    r"(?P<before>.)?(?:"
    r"(?P<object>을\(를\)|를\(을\)|\(을\)를|\(를\)을|을/를(?![가-힣]))|(?P<subject>이\(가\)|가\(이\)|\(이\)가|\(가\)이|이/가(?![가-힣]))"
    r"|(?P<topic>은\(는\)|는\(은\)|\(은\)는|\(는\)은|은/는(?![가-힣]))|(?P<company>와\(과\)|과\(와\)|\(과\)와|\(와\)과|(?:와/과|과/와)(?![가-힣]))"
    r"|(?P<way>\(으\)로|으로\(로\)|로\(으로\))|\(이\)(?P<copula>라고|라서|라면|랑|란|나|며|면|고|에요|라)"
    r"|(?P<call>아\(야\)|야\(아\)))"
)
_FORMS = {"object": "을", "subject": "이", "topic": "은", "company": "과", "way": "으로", "call": "아"}
_SUFFIX = re.compile(r"\((님|들|씨|댁|분들?)\)")


def settled(text: str) -> str:
    """`text` with each particle that was left open, as `을(를)`, in the form that the word before it takes.

    Behind what is no Hangul it is one form of the two: whoever reads that aloud makes it agree.
    """
    if "(" not in text and "/" not in text:
        return text
    return _OPEN.sub(_settled, _SUFFIX.sub(r"\1", text))


def _settled(match: re.Match[str]) -> str:
    before = match["before"] or ""
    if match["copula"]:
        form = "이" + match["copula"]
    else:
        form = next(_FORMS[kind] for kind in _FORMS if match[kind])
    return before + (agreeing(before, form) if before and is_syllable(before) else form)


def agreeing(before: str, form: str) -> str:
    """A particle in the form that the word before it takes; endings of the copula that have no table entry too."""
    if form.startswith("이") and form not in PARTICLES:
        return form if final_consonant(before) else form[1:]
    return particle(before, form)
