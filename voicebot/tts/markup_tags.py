"""Tags in a text: which there are, which belong together, and what is wrong with them.

After the W3C's Speech Synthesis Markup Language 1.1. What is not shaped like a tag, as in `3 < 5`, is text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "speak": frozenset({"version", "xml:lang", "xmlns"}),
    "break": frozenset({"time", "strength"}),
    "emphasis": frozenset({"level"}),
    "say-as": frozenset({"interpret-as", "format", "detail"}),
    "prosody": frozenset({"rate", "pitch"}),
}
"""The tags that mean something here, and their attributes."""

_VALUE = r"""(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=/]+)"""
_NAMED = rf"<(?P<close>/)?(?P<name>[A-Za-z][A-Za-z0-9:_-]*)(?P<attributes>(?:\s+[A-Za-z:_-]+\s*=\s*{_VALUE})*)\s*/?>"
_DROPPED = r"<!--(?:(?!<!--|-->).)*-->|<\?[^<>]*\?>"
_BROKEN = rf"</?(?:{'|'.join(ATTRIBUTES)})(?![A-Za-z0-9:_-])(?:[ -;=?-~]*>|(?:\s+[a-z-]+=[^\s<]*)*/?)"
_TAG = re.compile(f"{_NAMED}|{_DROPPED}|{_BROKEN}", re.DOTALL)
_ATTRIBUTE = re.compile(rf"([A-Za-z:_-]+)\s*=\s*({_VALUE})")


@dataclass(frozen=True)
class Tag:
    """A tag and where it stands."""

    name: str
    """Empty for a comment, and for one that is not well formed."""
    attributes: Mapping[str, str]
    closes: bool
    start: int
    end: int


@dataclass(frozen=True)
class Tags:
    """The tags of a text in their order."""

    tags: tuple[Tag, ...]
    closing: Mapping[int, int] = field(default_factory=dict)
    """The index of each tag that is closed, and of the one that closes it."""
    faults: tuple[str, ...] = ()
    """What is not honoured: what is wrong, a semicolon, what to do."""


def read(text: str) -> Tags:
    """The tags of `text`, whatever their state. Linear in its length."""
    if "<" not in text:
        return Tags(())
    tags = tuple(_tag(match) for match in _TAG.finditer(text))
    closing: dict[int, int] = {}
    faults: list[str] = []
    waiting: list[int] = []
    names: Counter[str] = Counter()
    for index, tag in enumerate(tags):
        written = text[tag.start : tag.end]
        if tag.name not in ATTRIBUTES:
            if not written.startswith(("<!", "<?")):
                faults.append(_unusable(written, tag))
        elif tag.closes:
            if not names[tag.name] and tag.name != "break":
                faults.append(f"{written} closes nothing and is dropped; write <{tag.name}> where it begins")
                continue
            while tag.name != "break" and (opened := waiting.pop()) is not None:
                names[tags[opened].name] -= 1
                if tags[opened].name == tag.name:
                    closing[opened] = index
                    break
                faults.append(_unclosed(text, tags[opened]))
        else:
            faults += _strange_attributes(tag)
            if tag.name != "break" and not written.endswith("/>"):
                waiting.append(index)
                names[tag.name] += 1
    faults += [_unclosed(text, tags[index]) for index in waiting]
    return Tags(tags, closing, tuple(dict.fromkeys(faults)))


def _tag(match: re.Match[str]) -> Tag:
    attributes = {key.lower(): value.strip("\"'") for key, value in _ATTRIBUTE.findall(match["attributes"] or "")}
    return Tag((match["name"] or "").lower(), attributes, bool(match["close"]), match.start(), match.end())


def _unusable(written: str, tag: Tag) -> str:
    if tag.name:
        known = ", ".join(f"<{name}>" for name in ATTRIBUTES)
        return f"<{tag.name}> means nothing here and its content is said without it; there are {known}"
    return f'{written.strip()} is not well formed and is dropped; write <name attribute="value"> and close it'


def _unclosed(text: str, tag: Tag) -> str:
    return f"{text[tag.start : tag.end]} is never closed and is dropped; write </{tag.name}> where it ends"


def _strange_attributes(tag: Tag) -> list[str]:
    known = ATTRIBUTES[tag.name]
    return [
        f"{name} of <{tag.name}> means nothing here and is dropped; there are {', '.join(sorted(known))}"
        for name in tag.attributes
        if name not in known
    ]


def unbroken(text: str) -> tuple[tuple[int, int], ...]:
    """Where `text` must not be cut: from a tag to the one that closes it, and in any other tag. `<speak>` holds nothing
    together. In their order, none in another."""
    found = read(text)
    spans: list[tuple[int, int]] = []
    for index, tag in enumerate(found.tags):
        if spans and tag.start < spans[-1][1]:
            continue
        together = index in found.closing and tag.name != "speak"
        spans.append((tag.start, found.tags[found.closing[index]].end if together else tag.end))
    return tuple(spans)
