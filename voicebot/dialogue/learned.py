"""`learned.yaml`: what a pack learnt from calls in one language, beside what was written for it.

Training writes it (`voicebot train`), from approved labels and accepted suggestions; everything in it names its source.
Its sentences are as callers said them, no templates: only slots stand in braces. They count like written ones for
whatever listens and understands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from voicebot.dialogue.content import Name, Text, Variant, Variants
from voicebot.nlu.templates import Expansion
from voicebot.yaml_file import Location, YamlFile

FILE = "learned.yaml"

Source = Annotated[str, Field(pattern=r"^(label|suggestion):[0-9A-Za-z_.-]{1,80}$")]
"""The label or the suggestion that something was learnt from."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LearnedSentence(_Part):
    """How somebody put something."""

    text: Text
    """As it was said; a value of a slot that is no list may be `{slot}` instead."""
    source: Source
    core: Text | None = None
    """What listeners expect instead of it: without what callers say around wishes of every kind."""


class LearnedEntry(_Part):
    """A question that callers have, and its answer: an entry of the FAQ."""

    title: Text
    questions: list[Text] = Field(min_length=1, max_length=100)
    """As callers put it."""
    answer: Variants
    source: Source


class LearnedFile(_Part):
    """`learned.yaml`."""

    sentences: dict[Name, list[LearnedSentence]] = {}
    """Further wordings by intent or entry of the FAQ, whether written or among `faq` here."""
    faq: dict[Name, LearnedEntry] = {}
    outside: list[LearnedSentence] = []
    """What callers say that means nothing here: it teaches the understanding where its scope ends."""


def open_slots(text: str) -> list[str]:
    """The names in braces. Raises ValueError where braces don't pair."""
    names = []
    for piece in text.split("{")[1:]:
        name, closed, rest = piece.partition("}")
        if not closed or "}" in rest:
            raise ValueError("a brace is not closed, or not opened")
        names.append(name)
    if not names and "}" in text:
        raise ValueError("a brace is closed that was not opened")
    return names


def add(
    file: YamlFile, slots: Sequence[str], titles: dict[str, str], sentences: dict[str, tuple[Expansion, ...]]
) -> tuple[Mapping[str, Sequence[Variant]], tuple[str, ...]]:
    """Add what a file has to the titles and sentences of its language.

    Returns the answers of new entries, and what means nothing here. `slots`: those that may stay open. Raises
    ContentError for names that are not there, or are there already, and for braces that are no slot.
    """
    read = file.read(LearnedFile)
    for entry, faq in read.faq.items():
        if entry in titles:
            raise file.error(["faq", entry], f"{entry} is an intent or an entry already; give this one another name.")
        titles[entry] = faq.title
        sentences[entry] = tuple(
            _expansion(file, ("faq", entry, "questions", index), text, faq.source, slots, index)
            for index, text in enumerate(faq.questions)
        )
    for intent, added in read.sentences.items():
        if intent not in titles:
            raise file.error(
                ["sentences", intent], f"there is no intent and no FAQ entry called {intent}; take its sentences out."
            )
        known = {one.text: one for one in sentences[intent]}
        first = max((one.template for one in sentences[intent]), default=-1) + 1
        for index, one in enumerate(added):
            made = _expansion(file, ("sentences", intent, index, "text"), one.text, one.source, slots, first + index)
            known.setdefault(made.text, replace(made, core=one.core or ""))
        sentences[intent] = tuple(known.values())
    outside = [
        _expansion(file, ("outside", index, "text"), one.text, one.source, (), index).text
        for index, one in enumerate(read.outside)
    ]
    return {entry: faq.answer for entry, faq in read.faq.items()}, tuple(outside)


def _expansion(
    file: YamlFile, place: Location, text: str, source: str, slots: Sequence[str], template: int
) -> Expansion:
    try:
        unknown = [name for name in open_slots(text) if name not in slots]
    except ValueError as error:
        raise file.error(place, f'"{text}": {error}; write slots as {{slot}} and no other braces.') from None
    if unknown:
        known = ", ".join(slots) or "none"
        raise file.error(
            place, f"{{{unknown[0]}}} is no slot that may stay open here (there are: {known}); write it as it was said."
        )
    return Expansion(" ".join(text.split()), {}, template, source)
