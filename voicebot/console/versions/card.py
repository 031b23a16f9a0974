"""Model cards: Markdown as HTML that may stand in a page."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_DEEPER = 2
"""So many levels below the page's own title a card's headings begin."""
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image"])


def rendered(text: str) -> Markup:
    """The card. HTML in it is shown as text, and nothing is fetched from elsewhere."""
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _DEEPER)}"
    return Markup(_markdown.renderer.render(tokens, _markdown.options, {}))
