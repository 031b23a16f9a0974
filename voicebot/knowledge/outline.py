"""Collects a document's headings and paragraphs, in their order, into sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voicebot.knowledge.passage import Section, Source

LONGEST_TITLE = 120
"""Characters of a heading that are kept."""

LONGEST_LIST = 150
"""Characters of list items strung together into one sentence."""

_SENTENCE_END = re.compile(r"(?:[.!?。]|[다요까죠])[\"'”’)\]]*$")
_FAQ_MARK = re.compile(r"^(?:Q\s*\d*|질문|문)\s*[.:)]\s*", re.IGNORECASE)


class Outline:
    """Told of headings and paragraphs one by one; gives each section when the next begins.

    A heading that is a question makes its section an FAQ entry.
    """

    def __init__(self, document: str) -> None:
        self._document = document
        self._headings: dict[int, str] = {}
        self._paragraphs: list[str] = []
        self._listing = False

    def heading(self, level: int, text: str) -> Iterator[Section]:
        """A heading of `level`, 1 the outermost; gives the section that it ends."""
        yield from self.end()
        self._headings = {above: title for above, title in self._headings.items() if above < level}
        if title := " ".join(text.split())[:LONGEST_TITLE]:
            self._headings[level] = title

    def paragraph(self, text: str) -> None:
        """A paragraph."""
        if text := " ".join(text.split()):
            self._paragraphs.append(text)
        self._listing = False

    def item(self, text: str) -> None:
        """An item of a list. Items that are no sentences are strung together, behind what announces them."""
        text = " ".join(text.split()).rstrip(",;")
        before = self._paragraphs[-1] if self._paragraphs else ""
        if not text or _SENTENCE_END.search(text):
            self.paragraph(text)
        elif before.endswith(":"):
            self._paragraphs[-1] = f"{before} {text}"
            self._listing = True
        elif self._listing and len(before) + len(text) < LONGEST_LIST:
            self._paragraphs[-1] = f"{before}, {text}"
        else:
            self.paragraph(text)
            self._listing = True

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table whose first row holds the heads: each further row becomes a paragraph that can be spoken."""
        if len(rows) < 2:
            for row in rows:
                self.paragraph(", ".join(filter(None, row)))
            return
        heads, *rest = rows
        for row in rest:
            cells = [
                cell if index == 0 or index >= len(heads) else f"{heads[index]} {cell}".strip()
                for index, cell in enumerate(row)
                if cell
            ]
            self.paragraph(", ".join(cells))

    def end(self) -> Iterator[Section]:
        """The section that is open, if anything stands in it."""
        if self._paragraphs:
            titles = tuple(self._headings[level] for level in sorted(self._headings))
            question = ""
            if titles and (titles[-1].endswith("?") or _FAQ_MARK.match(titles[-1])):
                question = _FAQ_MARK.sub("", titles[-1])
                titles = titles[:-1]
            yield Section(titles, question, tuple(self._paragraphs), Source(self._document))
        self._paragraphs = []
        self._listing = False
