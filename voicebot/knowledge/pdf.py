"""PDF documents: their text page by page, paragraphs put together again."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pypdf import PdfReader
from pypdf.errors import DependencyError

from voicebot.knowledge.outline import Outline
from voicebot.knowledge.passage import KnowledgeError, Section

MOST_PAGES = 2000

# pypdf warns of every small fault of a file; it reads on, and what it can't read raises.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_PAGE_NUMBER = re.compile(r"^[-\s]*\d{1,4}(?:\s*/\s*\d{1,4})?[-\s]*$")
_HEADING = re.compile(
    r"^(?:제\s*\d+\s*[장절조항관편]|\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+\D|[IVX]{1,5}\.\s|[■□▶◆●]\s|Chapter\s+\d)"
)
_SENTENCE_END = re.compile(r"[.!?:다요]$")
_LONGEST_HEADING = 50


def read_pdf(name: str, content: bytes) -> Iterator[Section]:
    """Sections by numbered or marked headings, each with the page it begins on. Raises KnowledgeError."""
    pages = _pages(name, content)
    if not any(pages):
        raise KnowledgeError(f"{name}: has no text, only pictures; run text recognition (OCR) on it first.")
    repeated = _repeated(pages)
    outline = Outline(name)
    for number, lines in enumerate(pages, start=1):
        paragraph = ""
        for line in lines:
            if line in repeated or _PAGE_NUMBER.match(line):
                continue
            if len(line) <= _LONGEST_HEADING and _HEADING.match(line) and not _SENTENCE_END.search(line):
                outline.paragraph(paragraph)
                paragraph = ""
                yield from _on_page(outline.heading(1, line), number)
                continue
            paragraph = f"{paragraph} {line}" if paragraph else line
        outline.paragraph(paragraph)
        yield from _on_page(outline.end(), number)


def _on_page(sections: Iterator[Section], number: int) -> Iterator[Section]:
    for section in sections:
        yield replace(section, source=replace(section.source, page=number))


def _pages(name: str, content: bytes) -> list[list[str]]:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeError(f"{name}: is protected by a password; save it without one.")
        if len(reader.pages) > MOST_PAGES:
            raise KnowledgeError(f"{name}: has more than {MOST_PAGES} pages; split it into several files.")
        return [[line.strip() for line in page.extract_text().splitlines() if line.strip()] for page in reader.pages]
    except KnowledgeError:
        raise
    except DependencyError:
        raise KnowledgeError(f"{name}: is encrypted in a way that is not read; save it without protection.") from None
    except Exception as error:
        # Broken files meet pypdf in every part of it: a thousand mutated ones raised nine kinds of exception.
        raise KnowledgeError(
            f"{name}: is not a PDF that can be read ({type(error).__name__}); print it to PDF anew."
        ) from None


def _repeated(pages: list[list[str]]) -> set[str]:
    """Heads and feet of pages: lines at the edge of at least half of them."""
    if len(pages) < 4:
        return set()
    edges = Counter(line for lines in pages for line in {*lines[:2], *lines[-2:]})
    return {line for line, count in edges.items() if count >= len(pages) / 2}
