"""Documents read into sections: which files can be read, how large they may be, and how their text is decoded."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from voicebot.knowledge.passage import KnowledgeError, Section

LARGEST_FILE = 30_000_000
"""Bytes."""

MOST_SECTIONS = 100_000
"""Of one document."""

Reader = Callable[[str, bytes], Iterator[Section]]
"""Takes the document's name and bytes; raises KnowledgeError."""


def _markdown(name: str, content: bytes) -> Iterator[Section]:
    from voicebot.knowledge.markdown import read_markdown

    return read_markdown(name, decoded(name, content))


def _html(name: str, content: bytes) -> Iterator[Section]:
    from voicebot.knowledge.html import declared_charset, read_html

    return read_html(name, decoded(name, content, declared_charset(content)))


def _pdf(name: str, content: bytes) -> Iterator[Section]:
    from voicebot.knowledge.pdf import read_pdf

    return read_pdf(name, content)


def _table(name: str, content: bytes) -> Iterator[Section]:
    from voicebot.knowledge.table import read_table

    return read_table(name, decoded(name, content))


READERS: Mapping[str, Reader] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".txt": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".csv": _table,
    ".tsv": _table,
}


def find_documents(path: Path) -> list[tuple[str, Path]]:
    """A file, or every readable file in a folder, each with its document name. Raises KnowledgeError."""
    if path.is_dir():
        found = [
            (file.relative_to(path).as_posix(), file)
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in READERS and file.is_file() and not _hidden(file.relative_to(path))
        ]
        if not found:
            raise KnowledgeError(f"{path}: holds no documents; put {_known()} files there.")
        return found
    if not path.exists():
        raise KnowledgeError(f"{path}: there is no such file or folder; correct the path.")
    return [(path.name, path)]


def read_bytes(path: Path) -> bytes:
    """A document's bytes. Raises KnowledgeError for a kind that is not read, and for too large or unreadable files."""
    if path.suffix.lower() not in READERS:
        raise KnowledgeError(f"{path}: this kind of file is not read; use {_known()}.")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise KnowledgeError(f"{path}: larger than {LARGEST_FILE // 1_000_000} MB; split it into several files.")
        content = path.read_bytes()
    except OSError as error:
        raise KnowledgeError(f"{path}: can't be read ({error.strerror}); check its permissions.") from None
    if not content.strip():
        raise KnowledgeError(f"{path}: is empty; leave it out or fill it.")
    return content


def read_sections(name: str, content: bytes) -> list[Section]:
    """The sections of a document, by its name's ending. Raises KnowledgeError."""
    sections: list[Section] = []
    for section in READERS[Path(name).suffix.lower()](name, content):
        if not any(paragraph.strip() for paragraph in section.paragraphs):
            continue
        if len(sections) == MOST_SECTIONS:
            raise KnowledgeError(f"{name}: has more than {MOST_SECTIONS} entries; split it into several files.")
        sections.append(section)
    if not sections:
        raise KnowledgeError(f"{name}: no text was found in it; check that it is the right file.")
    return sections


def decoded(name: str, content: bytes, charset: str = "") -> str:
    """Text in UTF-8, UTF-16 with its mark, or CP949, as Korean spreadsheets write it. Raises KnowledgeError."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charsets = ("utf-16",)
    else:
        charsets = ("utf-8-sig", *((charset,) if charset else ()), "cp949")
    for tried in charsets:
        try:
            text = content.decode(tried)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        return text
    raise KnowledgeError(f"{name}: is not text in UTF-8, UTF-16 or CP949; save it as UTF-8.")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _known() -> str:
    return ", ".join(sorted(READERS))
