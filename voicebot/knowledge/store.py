"""Where imported knowledge is kept: one SQLite file for all packs."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicebot.knowledge.passage import KnowledgeError, Passage, Source
from voicebot.nlu.encoder import Embeddings, Encoder

FILE = "knowledge.sqlite"

READING = 1
"""Counts changes to how documents are read and cut: what an older one read is read anew when it is imported again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    pack TEXT NOT NULL, name TEXT NOT NULL, language TEXT NOT NULL, content TEXT NOT NULL, imported TEXT NOT NULL,
    PRIMARY KEY (pack, name)
);
CREATE TABLE IF NOT EXISTS passage (
    pack TEXT NOT NULL, document TEXT NOT NULL, position INTEGER NOT NULL, titles TEXT NOT NULL,
    question TEXT NOT NULL, text TEXT NOT NULL, page INTEGER, entry INTEGER,
    PRIMARY KEY (pack, document, position),
    FOREIGN KEY (pack, document) REFERENCES document (pack, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embedding (
    encoder TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, text)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Document:
    """One imported document."""

    name: str
    language: str
    content: str
    """SHA-256 of its bytes and of how it was read."""
    imported: str
    """When, ISO 8601."""
    passages: int


def content_key(content: bytes, language: str) -> str:
    """What tells whether a document has changed since it was imported."""
    return hashlib.sha256(f"{READING} {language} ".encode() + content).hexdigest()


class KnowledgeStore:
    """Documents and passages by pack, and embeddings by text. Safe to use from several threads and processes."""

    def __init__(self, var: Path) -> None:
        """`var`: the folder of everything that is written. Nothing is made before the first import."""
        self._path = var / FILE

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=10)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.executescript(_SCHEMA)
                with connection:
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise KnowledgeError(
                f"{self._path}: can't be used as the store of knowledge ({error}); check its permissions, or remove it "
                "and import again."
            ) from None

    def replace(
        self, pack: str, name: str, *, language: str, content: str, imported: str, passages: Sequence[Passage]
    ) -> None:
        """Keep a document's passages in place of what was imported under its name before."""
        with self._open() as connection:
            connection.execute("DELETE FROM document WHERE pack = ? AND name = ?", (pack, name))
            connection.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?)", (pack, name, language, content, imported))
            connection.executemany(
                "INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (pack, name, position, json.dumps(passage.titles, ensure_ascii=False), passage.question,
                     passage.text, passage.source.page, passage.source.row)
                    for position, passage in enumerate(passages)
                ),
            )  # fmt: skip

    def remove(self, pack: str, name: str) -> bool:
        """Forget a document; whether there was one."""
        if not self._path.exists():
            return False
        with self._open() as connection:
            removed = connection.execute("DELETE FROM document WHERE pack = ? AND name = ?", (pack, name)).rowcount
        return removed > 0

    def documents(self, pack: str) -> list[Document]:
        """What was imported for a pack, by name."""
        if not self._path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute(
                "SELECT name, language, content, imported, "
                "(SELECT count(*) FROM passage WHERE passage.pack = document.pack AND passage.document = name) "
                "FROM document WHERE pack = ? ORDER BY name",
                (pack,),
            ).fetchall()
        return [Document(*row) for row in rows]

    def passages(self, pack: str, language: str) -> list[Passage]:
        """A pack's passages in one language, in the order of their documents."""
        if not self._path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute(
                "SELECT titles, question, text, document, page, entry FROM passage "
                "JOIN document ON document.pack = passage.pack AND document.name = passage.document "
                "WHERE passage.pack = ? AND language = ? ORDER BY document, position",
                (pack, language),
            ).fetchall()
        return [
            Passage(tuple(json.loads(titles)), question, text, Source(document, page, entry))
            for titles, question, text, document, page, entry in rows
        ]

    def known(self, encoder: str, texts: Sequence[str]) -> Mapping[str, Embeddings]:
        """The embeddings of those of the texts that were embedded before."""
        if not self._path.exists():
            return {}
        wanted = {_key(text): text for text in texts}
        with self._open() as connection:
            rows = connection.execute("SELECT text, vector FROM embedding WHERE encoder = ?", (encoder,)).fetchall()
        return {wanted[key]: np.frombuffer(vector, np.float32) for key, vector in rows if key in wanted}

    def embed(self, encoder: Encoder, texts: Sequence[str]) -> None:
        """Embed texts and keep their embeddings."""
        vectors = encoder.embed(texts)
        with self._open() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)",
                (
                    (encoder.name, _key(text), vector.astype(np.float32).tobytes())
                    for text, vector in zip(texts, vectors, strict=True)
                ),
            )


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
