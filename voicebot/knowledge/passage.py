"""What documents consist of once they are imported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicebot.errors import VoicebotError
from voicebot.knowledge.sentences import sentences

LONGEST_PASSAGE = 280
"""Characters: what the n-grams and the encoder take in whole, with a title before it."""


class KnowledgeError(VoicebotError):
    """A document that can't be imported, or knowledge that can't be opened."""


@dataclass(frozen=True)
class Source:
    """Where something stands."""

    document: str
    """The document's name: the file's, with its folder below the imported one."""
    page: int | None = None
    """From 1, where the document has pages."""
    row: int | None = None
    """From 1, the heads' row not counted, where the document is a table of questions."""


@dataclass(frozen=True)
class Section:
    """What stands under one heading (on one page), or one entry of an FAQ."""

    titles: tuple[str, ...]
    """The headings above it, the outermost first; for an FAQ entry its subject, if it has one."""
    question: str
    """The question of an FAQ entry; empty otherwise."""
    paragraphs: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Passage:
    """A piece of a section: whole sentences."""

    titles: tuple[str, ...]
    question: str
    text: str
    """A line a paragraph."""
    source: Source

    @property
    def topic(self) -> tuple[str, ...]:
        """What it is about: passages of one topic vouch for each other."""
        return self.titles or (self.question or self.source.document,)


def passages(section: Section) -> Iterator[Passage]:
    """The section cut between paragraphs and sentences into passages of at most LONGEST_PASSAGE characters.

    Only a single sentence may be longer: sentences are never cut.
    """
    empty = Passage(section.titles, section.question, "", section.source)
    text = ""
    for paragraph in section.paragraphs:
        between = "\n"
        for sentence in sentences(paragraph):
            if text and len(text) + 1 + len(sentence) > LONGEST_PASSAGE:
                yield replace(empty, text=text)
                text = ""
            text = f"{text}{between}{sentence}" if text else sentence
            between = " "
    if text:
        yield replace(empty, text=text)
