"""Web pages: what stands in them to be read, without navigation, scripts and forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from voicebot.knowledge.outline import Outline
from voicebot.knowledge.passage import Section

_LEFT_OUT = frozenset(
    {*("aside", "button", "footer", "form", "iframe", "nav", "noscript", "script", "select", "style", "svg"),
     *("template", "title")}
)  # fmt: skip
_INLINE = frozenset(
    {*("a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "img", "kbd", "label", "mark", "q", "s", "small"),
     *("span", "strong", "sub", "sup", "time", "u", "var", "wbr")}
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"dt": 7, "summary": 7}
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)


def declared_charset(content: bytes) -> str:
    """The character set that a page names in its head; empty where it names none."""
    found = _CHARSET.search(content[:4096])
    return found[1].decode("ascii") if found else ""


def read_html(name: str, text: str) -> Iterator[Section]:
    """Sections by heading; terms of a definition list and summaries count as headings."""
    page = _Page(name)
    page.feed(text)
    page.close()
    yield from page.sections()


class _Page(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = Outline(name)
        self._found: list[Section] = []
        self._text: list[str] = []
        self._left_out: list[str] = []
        self._level = 0
        self._in_item = False
        self._rows: list[list[str]] | None = None

    def sections(self) -> list[Section]:
        self._flush()
        return [*self._found, *self._outline.end()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _LEFT_OUT:
            self._flush()
            self._left_out.append(tag)
        if self._left_out or tag in _INLINE:
            return
        if self._rows is None or tag in ("td", "th", "tr"):
            self._flush()
        else:
            self._text.append(" ")
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag == "li":
            self._in_item = True
        elif tag == "table":
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out:
            while self._left_out.pop() != tag:
                pass
            return
        if self._left_out or tag in _INLINE:
            return
        if self._rows is None or tag in ("td", "th", "tr", "table"):
            self._flush()
        if tag in _HEADINGS:
            self._level = 0
        elif tag in ("li", "ul", "ol"):
            self._in_item = False
        elif tag == "table" and self._rows is not None:
            self._outline.table([row for row in self._rows if row])
            self._rows = None

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self._text.append(data)

    def _flush(self) -> None:
        words = " ".join("".join(self._text).split())
        self._text = []
        if not words:
            return
        if self._level:
            self._found += self._outline.heading(self._level, words)
        elif self._rows is not None:
            if self._rows:
                self._rows[-1].append(words)
        elif self._in_item:
            self._outline.item(words)
        else:
            self._outline.paragraph(words)
