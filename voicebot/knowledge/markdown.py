"""Markdown, and plain text, which is Markdown without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from voicebot.knowledge.outline import Outline
from voicebot.knowledge.passage import Section

_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n(?:---|\.\.\.)\s*\n", re.DOTALL)


def read_markdown(name: str, text: str) -> Iterator[Section]:
    """Sections by heading. Code, HTML, images and front matter are left out; a link's words stay."""
    outline = Outline(name)
    level = items = 0
    rows: list[list[str]] = []
    in_table = False
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(_FRONT_MATTER.sub("", text)):
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "table_open":
                in_table, rows = True, []
            case "tr_open":
                rows.append([])
            case "table_close":
                in_table = False
                outline.table(rows)
            case "inline" if level:
                yield from outline.heading(level, _words(token))
            case "inline" if in_table:
                rows[-1].append(_words(token))
            case "list_item_open":
                items += 1
            case "list_item_close":
                items -= 1
            case "inline" if items:
                outline.item(_words(token))
            case "inline":
                outline.paragraph(_words(token))
    yield from outline.end()


def _words(inline: Token) -> str:
    words = []
    for token in inline.children or ():
        if token.type in ("text", "code_inline"):
            words.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return "".join(words)
