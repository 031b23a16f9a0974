"""From what is written to what is said, and from a long reply to its sentences."""

from __future__ import annotations

import re

from voicebot.tts import english_text, korean_text

LONGEST_SENTENCE = 160
"""Characters: longer sentences are cut at a comma or a space, so that the first sound comes soon."""

_SPOKEN = {"ko": korean_text.spoken, "en": english_text.spoken}
_ENDS = re.compile(r"(?<=[.?!。？！…])[\"'”’)\]]*\s+|\n+")
_ABBREVIATION = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|No|vs|approx|ext|Ext|Tel|tel|e\.g|i\.e|[A-Z]|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_DATE_IN_PARTS = re.compile(r"\b\d{4}\.(?: ?\d{1,2}\.){0,2}$")


def spoken(text: str, language: str) -> str:
    """`text` in words: digits, dates, money, codes and symbols as a speaker of `language` (ISO 639-1) says them.

    Digits joined by hyphens (`1234-5678`), or single digits apart (`1 2 3 4`), are codes: read digit by digit, with a
    pause between groups. Text of another language than Korean and English stays as it is.
    """
    say = _SPOKEN.get(language)
    return say(text) if say else text


def sentences(text: str, language: str) -> tuple[str, ...]:  # noqa: ARG001
    """The sentences of `text` in their order, as written, none longer than LONGEST_SENTENCE where it can be cut."""
    found: list[str] = []
    start = 0
    for end in _ENDS.finditer(text):
        before, behind = text[start : end.start()], text[end.end() : end.end() + 1]
        if "\n" not in end[0] and (_ABBREVIATION.search(before) or _goes_on(before, behind)):
            continue
        found += _cut(text[start : end.end()].strip())
        start = end.end()
    found += _cut(text[start:].strip())
    return tuple(found)


def _goes_on(before: str, behind: str) -> bool:
    """Whether a full stop ends no sentence: a small letter follows, or it is in a date such as `2026. 11. 22. `."""
    if behind.islower():
        return True
    date = _DATE_IN_PARTS.search(before)
    return date is not None and (behind.isdigit() or date[0].count(".") == 3)


def _cut(sentence: str) -> list[str]:
    pieces = []
    while len(sentence) > LONGEST_SENTENCE:
        head = sentence[:LONGEST_SENTENCE]
        at = max(head.rfind(", "), head.rfind("; "))
        if at < LONGEST_SENTENCE // 3:
            at = head.rfind(" ")
        at = at if at > 0 else LONGEST_SENTENCE - 1
        pieces.append(sentence[: at + 1].strip())
        sentence = sentence[at + 1 :].strip()
    return [*pieces, sentence] if sentence else pieces
