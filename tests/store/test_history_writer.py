"""The history is written beside calls, whatever the database and the disk do meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from support.history import FULL, a_call
from support.postgresql import PostgreSQL

from voicebot.store.history.database import Database, open_database
from voicebot.store.history.keeping import Ages, CallHistory
from voicebot.store.history.reading import History
from voicebot.store.history.records import HeardShare
from voicebot.store.history.rows import Rows
from voicebot.store.history.spool import Spool
from voicebot.store.history.tables import calls, turns
from voicebot.store.history.writer import HistoryWriter

AGES = Ages(36_500, 36_500, 36_500)
QUICK = (0.01,)


class Sometimes(Rows):
    """The database as it is, where it is not told to be away."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.away = True
        self.asked = 0

    def write(self, prepared: Sequence[Mapping[str, Any]]) -> None:
        self.asked += 1
        if self.away:
            raise OperationalError("", {}, Exception("the server is away"))
        super().write(prepared)


def until(what: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.005)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = open_database("", tmp_path)
    database.migrate()
    yield database
    database.close()


def count(database: Database) -> tuple[int, int]:
    with database.reading() as connection:
        numbers = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (calls, turns)]
    return numbers[0], numbers[1]


def waiting_on_disk(folder: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in folder.glob("*.jsonl"))


def test_turns_arrive_in_the_database(database: Database, tmp_path: Path) -> None:
    history = CallHistory(database, tmp_path / "spool", FULL, AGES)
    for n in range(30):
        for record in a_call(f"CA{n}"):
            history.keep(record)
    assert history.flush(20)
    assert count(database) == (30, 60)
    found = History(database).call("CA7")
    assert found is not None
    assert found.call.contained
    assert history.state.waiting == history.state.lost == 0
    history.close()
    assert waiting_on_disk(tmp_path / "spool") == 0


def test_while_the_database_is_away_turns_wait_on_disk(sqlite: Database, tmp_path: Path) -> None:
    rows = Sometimes(sqlite)
    writer = HistoryWriter(rows, Spool(tmp_path / "spool"), FULL, flush_s=0.001, retry_s=QUICK)
    for n in range(3):
        for record in a_call(f"CA{n}"):
            writer.keep(record)
        until(lambda: waiting_on_disk(tmp_path / "spool") == (n + 1) * len(a_call("CA")))  # noqa: B023
    until(lambda: writer.state.database_away)
    rows.away = False
    assert writer.flush(20)
    assert count(sqlite) == (3, 6)
    assert not writer.state.database_away
    writer.close()


def test_a_locked_sqlite_loses_nothing(sqlite: Database, tmp_path: Path) -> None:
    writer = HistoryWriter(Rows(sqlite), Spool(tmp_path / "spool"), FULL, flush_s=0.001, retry_s=QUICK)
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for record in a_call("CA1"):
        writer.keep(record)
    until(lambda: waiting_on_disk(tmp_path / "spool") == len(a_call("CA1")))
    other.execute("COMMIT")
    other.close()
    assert writer.flush(20)
    assert count(sqlite) == (1, 2)
    writer.close()


def test_a_postgresql_that_stops_and_comes_back_loses_nothing(postgresql: PostgreSQL, tmp_path: Path) -> None:
    database = open_database(postgresql.new_database(), tmp_path)
    history = CallHistory(database, tmp_path / "spool", FULL, AGES)
    for record in a_call("CA1"):
        history.keep(record)
    assert history.flush(20)
    postgresql.stop()
    try:
        for record in a_call("CA2"):
            history.keep(record)
        until(lambda: history.state.database_away)
        assert waiting_on_disk(tmp_path / "spool") == len(a_call("CA2"))
    finally:
        postgresql.start()
    assert history.flush(20)
    assert count(database) == (2, 4)
    assert history.state.lost == 0
    history.close()


def test_what_a_process_left_is_written_by_the_next(sqlite: Database, tmp_path: Path) -> None:
    first = HistoryWriter(Sometimes(sqlite), Spool(tmp_path / "spool"), FULL, flush_s=0.001, retry_s=QUICK)
    for record in a_call("CA1"):
        first.keep(record)
    until(lambda: waiting_on_disk(tmp_path / "spool") == len(a_call("CA1")))
    first.close(0.01)
    second = HistoryWriter(Rows(sqlite), Spool(tmp_path / "spool"), FULL, flush_s=0.001)
    second.start()
    until(lambda: count(sqlite) == (1, 2))
    second.close()
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_killed_process_has_lost_nothing_that_was_spooled(sqlite: Database, tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]!r}
        from pathlib import Path
        from support.history import FULL, a_call
        from voicebot.store.history.database import open_database
        from voicebot.store.history.rows import Rows
        from voicebot.store.history.spool import Spool
        from voicebot.store.history.writer import HistoryWriter
        away = open_database("postgresql://nobody@localhost:1/nothing", Path("."))
        writer = HistoryWriter(Rows(away), Spool(Path({str(tmp_path / "spool")!r})), FULL)
        for record in a_call("CA1"):
            writer.keep(record)
        sys.stdin.read()
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    try:
        until(lambda: waiting_on_disk(tmp_path / "spool") == len(a_call("CA1")))
        # Another process leaves alone what is being written.
        other = Spool(tmp_path / "spool")
        assert other.adopt() == 0
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    writer = HistoryWriter(Rows(sqlite), Spool(tmp_path / "spool"), FULL)
    writer.start()
    until(lambda: count(sqlite) == (1, 2))
    writer.close()


def test_a_full_disk_is_survived_in_memory(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be: nothing can be spooled")
    rows = Sometimes(sqlite)
    writer = HistoryWriter(rows, Spool(tmp_path / "spool"), FULL, flush_s=0.001, retry_s=QUICK)
    for n in range(2):
        for record in a_call(f"CA{n}"):
            writer.keep(record)
    until(lambda: rows.asked > 0)
    rows.away = False
    assert writer.flush(20)
    assert count(sqlite) == (2, 4)
    assert writer.state.lost == 0
    writer.close()


def test_memory_is_bounded_and_what_is_lost_is_counted(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    rows = Sometimes(sqlite)
    writer = HistoryWriter(rows, Spool(tmp_path / "spool"), FULL, most_held=20, flush_s=0.001, retry_s=QUICK)
    for n in range(10):
        for record in a_call(f"CA{n}"):
            until(lambda: len(writer._queue) < 20)
            writer.keep(record)
    kept = 10 * len(a_call("CA"))
    until(lambda: writer.state.lost == kept - 20)
    assert writer.state.waiting == 20
    rows.away = False
    assert writer.flush(20)
    assert count(sqlite)[0] == 3
    writer.close()


def test_the_disk_comes_back_before_the_database(sqlite: Database, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text("")
    rows = Sometimes(sqlite)
    writer = HistoryWriter(rows, Spool(spool), FULL, flush_s=0.001, retry_s=QUICK)
    first, *others = a_call("CA1")
    writer.keep(first)
    until(lambda: writer.state.waiting == 1 and rows.asked > 0)
    spool.unlink()
    for record in others:
        writer.keep(record)
    rows.away = False
    assert writer.flush(20)
    assert count(sqlite) == (1, 2)
    writer.close()


def test_a_record_that_can_not_be_stored_costs_only_itself(sqlite: Database, tmp_path: Path) -> None:
    writer = HistoryWriter(Rows(sqlite), Spool(tmp_path / "spool"), FULL, flush_s=0.001, retry_s=QUICK)
    for n in range(3):
        for record in a_call(f"CA{n}"):
            writer.keep(record)
        writer.keep(HeardShare("CA1", 1, 10**30, 1.0))
    assert writer.flush(20)
    assert count(sqlite) == (3, 6)
    assert writer.state.lost == 3
    writer.close()


def test_torn_and_strange_lines_are_passed_over(sqlite: Database, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    lines = '{"kind": "Nonsense"}\nnot json\n[1]\n\n{"kind": "Begun"}\n{"kind": "HeardShare", "call": "CA1", "pa'
    (spool / "1-1.jsonl").write_text(lines)
    writer = HistoryWriter(Rows(sqlite), Spool(spool), FULL, flush_s=0.001, retry_s=QUICK)
    for record in a_call("CA1"):
        writer.keep(record)
    assert writer.flush(20)
    until(lambda: count(sqlite) == (1, 2) and not (spool / "1-1.jsonl").exists())
    writer.close()


def test_a_database_that_is_not_there_yet_is_made_when_it_comes(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    history = CallHistory(database, tmp_path / "spool", FULL, AGES)
    for record in a_call("CA1"):
        history.keep(record)
    assert history.flush(20)
    assert count(database) == (1, 2)
    history.close()


def test_nothing_is_started_for_a_service_without_calls(tmp_path: Path) -> None:
    writer = HistoryWriter(Rows(open_database("", tmp_path)), Spool(tmp_path / "spool"), FULL)
    writer.close()
    assert not (tmp_path / "spool").exists()
