"""From what is written to what is said, and from a long reply to its sentences."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from voicebot.tts import english_text, korean_text
from voicebot.tts.markup_tags import unbroken

LONGEST_SENTENCE = 160
"""Characters: longer sentences are cut at a comma or a space, so that the first sound comes soon."""

_SPOKEN = {"ko": korean_text.spoken, "en": english_text.spoken}
_SPEAK = re.compile(r"</?speak(?:\s[^<>]*)?/?>")
_ENDS = re.compile(r"(?<=[.?!。？！…])(?:[\"'”’)\]]|</[a-z-]+>)*\s+|\n+")
_LONGEST_SIGN = 24
"""Characters before a full stop that tell whether it ends a sentence."""
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
    """The sentences of `text` in their order, as written, none longer than LONGEST_SENTENCE where it can be cut.

    Nothing is cut between a markup tag and the one that closes it; `<speak>` is left out.
    """
    text = _SPEAK.sub("", text)
    whole = unbroken(text)
    found: list[str] = []
    start = 0
    for end in _ENDS.finditer(text):
        before, behind = text[max(start, end.start() - _LONGEST_SIGN) : end.start()], text[end.end() : end.end() + 1]
        if "\n" not in end[0] and (_ABBREVIATION.search(before) or _goes_on(before, behind)):
            continue
        if _inside(whole, end.end()):
            continue
        found += _cut(text, start, end.end(), whole)
        start = end.end()
    found += _cut(text, start, len(text), whole)
    return tuple(found)


def _inside(spans: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether a cut before the character at `at` would part one of the spans."""
    index = bisect_right(spans, (at, 0)) - 1
    return index >= 0 and spans[index][0] < at < spans[index][1]


def _goes_on(before: str, behind: str) -> bool:
    """Whether a full stop ends no sentence: a small letter follows, or it is in a date such as `2026. 11. 22. `."""
    if behind.islower():
        return True
    date = _DATE_IN_PARTS.search(before)
    return date is not None and (behind.isdigit() or date[0].count(".") == 3)


def _cut(text: str, start: int, end: int, whole: Sequence[tuple[int, int]]) -> list[str]:
    """The sentence from `start` to `end`, in pieces that are short enough where it can be cut."""
    pieces = []
    while end - start > LONGEST_SENTENCE:
        at = _place_to_cut(text, start, whole)
        if at is None:
            break
        pieces.append(text[start:at].strip())
        start = at
    return [piece for piece in (*pieces, text[start:end].strip()) if piece]


def _place_to_cut(text: str, start: int, whole: Sequence[tuple[int, int]]) -> int | None:
    """Behind a comma, else behind a space, else at the longest length; None where only a tag pair's inside is left."""
    far = start + LONGEST_SENTENCE
    for sign, near in ((", ", start + LONGEST_SENTENCE // 3), ("; ", start + LONGEST_SENTENCE // 3), (" ", start)):
        at = text.rfind(sign, near, far)
        while at > start:
            if not _inside(whole, at + 1):
                return at + 1
            at = text.rfind(sign, near, at)
    index = bisect_right(whole, (far, 0)) - 1
    if index >= 0 and whole[index][0] < far < whole[index][1]:
        return whole[index][0] if whole[index][0] > start else whole[index][1]
    return far
