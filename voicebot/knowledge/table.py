"""Tables of questions and answers, or of titles and texts, as spreadsheets write them (CSV, TSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from voicebot.knowledge.passage import KnowledgeError, Section, Source

_HEADS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "questions", "q", "질문", "문의"),
    "answer": ("answer", "answers", "a", "text", "content", "답변", "답", "내용"),
    "title": ("title", "topic", "subject", "category", "document", "documents", "제목", "주제", "분류", "서비스"),
}
"""What the columns may be called, capitals or not."""

_LONGEST_CELL = 20_000


def read_table(name: str, text: str) -> Iterator[Section]:
    """One section a row. A column `answer` (or text) is needed, `question` or `title` beside it."""
    csv.field_size_limit(10_000_000)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        heads = [head.strip().lower() for head in next(rows)]
        columns = {
            kind: heads.index(found)
            for kind, known in _HEADS.items()
            if (found := next((head for head in known if head in heads), None)) is not None
        }
        if "answer" not in columns or len(columns) < 2:
            raise KnowledgeError(
                f"{name}: its first row names no columns `question` and `answer` (or `title` and `text`); add them."
            )
        for number, row in enumerate(rows, start=1):
            cells = {kind: row[column].strip() for kind, column in columns.items() if column < len(row)}
            if any(len(cell) > _LONGEST_CELL for cell in cells.values()):
                raise KnowledgeError(f"{name}, entry {number}: longer than {_LONGEST_CELL} characters; shorten it.")
            if cells.get("answer"):
                title, question = cells.get("title", ""), cells.get("question", "")
                yield Section(
                    (title,) if title else (),
                    question,
                    tuple(cells["answer"].splitlines()),
                    Source(name, row=number),
                )
    except StopIteration:
        return
    except csv.Error as error:
        raise KnowledgeError(f"{name}, line {rows.line_num}: not a table as CSV ({error}); save it again.") from None


def _delimiter(text: str) -> str:
    head = text[: text.find("\n") if "\n" in text else len(text)]
    return max(",;\t", key=head.count)
