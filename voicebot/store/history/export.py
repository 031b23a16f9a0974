"""The history as files: Parquet, CSV or JSON lines, one file a table, a thousand rows in memory at a time."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Boolean, Connection, Float, Integer, Select, select
from sqlalchemy.types import TypeEngine

from voicebot.errors import VoicebotError
from voicebot.store.history.database import Database
from voicebot.store.history.tables import (
    Moment,
    call_flows,
    calls,
    flow_steps,
    hand_overs,
    ratings,
    turn_words,
    turns,
)

Format = Literal["parquet", "csv", "jsonl"]
_AT_ONCE = 1_000
_ROW_GROUP = 50_000
"""Rows that Parquet holds together."""
_INNER = frozenset({"key", "call_key", "grams", "turn_id"})
"""Columns that mean nothing outside the database."""

Put = Callable[[Sequence[Mapping[str, Any]]], None]
"""Writes some rows."""


class ExportError(VoicebotError):
    """An export that can't be made."""


def export(
    database: Database,
    folder: Path,
    kind: Format,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    on_rows: Callable[[str, int], None] = lambda _table, _rows: None,
) -> dict[Path, int]:
    """Write the calls that began in [since, until) and all about them; returns the files and their rows.

    A file takes its place when it is whole. `on_rows` is told how far it is. Raises DatabaseError and ExportError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        done = {}
        with database.reading() as connection:
            for name, query in _tables(since, until).items():
                path = folder / f"{name}.{kind}"
                types = {column.name: column.type for column in query.selected_columns}
                done[path] = _export(connection, query, path, kind, types, functools.partial(on_rows, name))
        return done
    except OSError as error:
        raise ExportError(
            f"{folder}: can't be written ({error.strerror}); check its permissions and the space left."
        ) from None


TABLES = ("calls", "turns", "flows", "steps", "hand_overs", "ratings")


def export_lines(
    database: Database, table: str, kind: Literal["csv", "jsonl"], since: datetime, until: datetime
) -> Iterator[str]:
    """One of TABLES as the lines of a file, with their ends, as `export` writes them. Raises DatabaseError."""
    query = _tables(since, until)[table]
    names = [column.name for column in query.selected_columns]
    if kind == "csv":
        yield _csv_line(names)
    with database.reading() as connection:
        result = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(query).mappings()
        for row in result:
            if kind == "csv":
                yield _csv_line([_cell(row[name]) for name in names])
            else:
                yield json.dumps(dict(row), ensure_ascii=False, default=_moment) + "\n"


def _csv_line(cells: Sequence[Any]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _tables(since: datetime | None, until: datetime | None) -> dict[str, Select[Any]]:
    c = calls.c
    call_id = c.id.label("call_id")
    period = [*([c.began >= since] if since else []), *([c.began < until] if until else [])]

    def of_calls(table: Any, *, but: frozenset[str] = _INNER) -> Select[Any]:
        columns = [column for column in table.c if column.name not in but]
        return select(call_id, *columns).join(calls, c.key == table.c.call_key).where(*period)

    words = [column for column in turn_words.c if column.name not in _INNER]
    spoken = of_calls(turns).add_columns(*words).outerjoin(turn_words, turn_words.c.turn_id == turns.c.id)
    return {
        "calls": select(*(column for column in c if column.name not in _INNER)).where(*period).order_by(c.began, c.key),
        "turns": spoken.order_by(turns.c.id),
        "flows": of_calls(call_flows).order_by(call_flows.c.call_key, call_flows.c.flow),
        "steps": of_calls(flow_steps).order_by(flow_steps.c.call_key, flow_steps.c.flow, flow_steps.c.step),
        "hand_overs": of_calls(hand_overs).order_by(hand_overs.c.id),
        "ratings": of_calls(ratings).order_by(ratings.c.id),
    }


def _export(
    connection: Connection,
    query: Select[Any],
    path: Path,
    kind: Format,
    types: Mapping[str, TypeEngine[Any]],
    on_rows: Callable[[int], None],
) -> int:
    unfinished = path.with_name(f".{path.name}.unfinished")
    rows = 0
    writers = {"parquet": _parquet, "csv": _csv, "jsonl": _json_lines}
    try:
        with writers[kind](unfinished, types) as put:
            result = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(query).mappings()
            for some in result.partitions(_AT_ONCE):
                put([dict(row) for row in some])
                rows += len(some)
                on_rows(rows)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def _private(path: Path) -> int:
    """Words are in it."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


@contextmanager
def _csv(path: Path, types: Mapping[str, TypeEngine[Any]]) -> Iterator[Put]:
    with open(_private(path), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(types))
        writer.writeheader()
        yield lambda rows: writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


@contextmanager
def _json_lines(path: Path, _types: Mapping[str, TypeEngine[Any]]) -> Iterator[Put]:
    with open(_private(path), "w", encoding="utf-8") as file:

        def put(rows: Sequence[Mapping[str, Any]]) -> None:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, default=_moment) + "\n")

        yield put


@contextmanager
def _parquet(path: Path, types: Mapping[str, TypeEngine[Any]]) -> Iterator[Put]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ExportError("Parquet needs a package more; install it with: pip install 'voicebot[parquet]'.") from None
    schema = pyarrow.schema([(name, _arrow(pyarrow, kind)) for name, kind in types.items()])
    waiting: list[Mapping[str, Any]] = []
    texts = [name for name, kind in types.items() if isinstance(kind, JSON)]
    with (
        open(_private(path), "wb") as file,
        pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):

        def flush() -> None:
            writer.write_table(pyarrow.Table.from_pylist(waiting, schema))
            waiting.clear()

        def put(rows: Sequence[Mapping[str, Any]]) -> None:
            for row in rows:
                waiting.append({**row, **{name: _json(row[name]) for name in texts}})
            if len(waiting) >= _ROW_GROUP:
                flush()

        yield put
        flush()


def _arrow(pyarrow: Any, kind: TypeEngine[Any]) -> Any:
    """JSON becomes text: its keys differ from row to row."""
    for of, arrow in (
        (Moment, pyarrow.timestamp("ms", tz="UTC")),
        (Boolean, pyarrow.bool_()),
        (BigInteger, pyarrow.int64()),
        (Integer, pyarrow.int32()),
        (Float, pyarrow.float64()),
    ):
        if isinstance(kind, of):
            return arrow
    return pyarrow.string()


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> Any:
    """A cell never begins a formula: spreadsheets would carry out what a caller said."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, dict | list):
        value = _json(value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(type(value).__name__)
