"""A backup holds what was kept when it was made, and nothing damaged is ever put back."""

from __future__ import annotations

import io
import sqlite3
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from support.postgresql import PostgreSQL

from voicebot.store.backup import BackupError, check, make, restore


@pytest.fixture
def var(tmp_path: Path) -> Path:
    folder = tmp_path / "var"
    (folder / "recordings" / "2026-11-22").mkdir(parents=True)
    (folder / "recordings" / "2026-11-22" / "CA1.sound").write_bytes(b"\0\1\2" * 1000)
    (folder / "voices").mkdir()
    (folder / "voices" / "made-again").write_bytes(b"x")
    (folder / "console.key").write_text("k" * 64)
    (folder / "live.db").write_bytes(b"of the moment")
    with closing(sqlite3.connect(folder / "history.db")) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE calls (id TEXT)")
        database.executemany("INSERT INTO calls VALUES (?)", [(f"CA{n}",) for n in range(100)])
    return folder


def calls(var: Path) -> int:
    with closing(sqlite3.connect(var / "history.db")) as database:
        return int(database.execute("SELECT count(*) FROM calls").fetchone()[0])


def test_what_was_kept_comes_back(var: Path, tmp_path: Path) -> None:
    file = tmp_path / "backups" / "a.tar.gz"
    made = make(var, file)
    assert check(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    again = tmp_path / "again"
    assert restore(file, again) is None
    assert calls(again) == 100
    assert (again / "recordings/2026-11-22/CA1.sound").read_bytes() == b"\0\1\2" * 1000
    assert (again / "console.key").read_text() == "k" * 64
    assert {path.name for path in again.iterdir()} == {"recordings", "console.key", "history.db"}


def test_keys_stay_behind_on_request(var: Path, tmp_path: Path) -> None:
    made = make(var, tmp_path / "a.tar.gz", keys=False)
    assert "console.key" not in made.files
    assert "history.db" in made.files


def test_a_database_that_is_written_meanwhile_is_whole_in_the_copy(var: Path, tmp_path: Path) -> None:
    written, stop = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(var / "history.db", timeout=10)) as database:
            while not stop.is_set():
                # Pairs: a copy from amid a transaction would have an odd number.
                with database:
                    database.executemany("INSERT INTO calls VALUES (?)", [("a",), ("b",)])
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(10)
        make(var, tmp_path / "a.tar.gz")
    finally:
        stop.set()
        writer.join()
    restore(tmp_path / "a.tar.gz", tmp_path / "again")
    with closing(sqlite3.connect(tmp_path / "again" / "history.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert 100 < calls(tmp_path / "again") <= calls(var)
    assert calls(tmp_path / "again") % 2 == 0


def test_what_is_there_is_never_overwritten(var: Path, tmp_path: Path) -> None:
    make(var, tmp_path / "a.tar.gz")
    with closing(sqlite3.connect(var / "history.db")) as database, database:
        database.execute("INSERT INTO calls VALUES ('later')")
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "a.tar.gz", var)
    assert calls(var) == 101
    aside = restore(tmp_path / "a.tar.gz", var, replace=True)
    assert calls(var) == 100
    assert aside is not None
    assert calls(aside) == 101
    assert (var / "voices" / "made-again").exists()


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("damage", ["a bit", "the end"])
def test_a_damaged_backup_changes_nothing(var: Path, tmp_path: Path, damage: str, place: float) -> None:
    file = tmp_path / "a.tar.gz"
    make(var, file)
    sound = bytearray(file.read_bytes())
    at = int(len(sound) * place)
    if damage == "a bit":
        sound[at] ^= 8
        file.write_bytes(sound)
    else:
        file.write_bytes(sound[:at])
    with pytest.raises(BackupError, match="use another"):
        restore(file, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "elsewhere/evil", "var/../../evil"])
def test_what_has_no_place_in_a_backup_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(BackupError, match="has no place"):
        check(file)


def test_what_is_no_backup_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a note")
    for name in ("note.txt", "absent"):
        with pytest.raises(BackupError, match=name):
            check(tmp_path / name)
    with pytest.raises(BackupError, match="no such folder"):
        make(tmp_path / "no var", tmp_path / "a.tar.gz")
    assert not (tmp_path / "a.tar.gz").exists()


def test_a_postgresql_database_comes_back(postgresql: PostgreSQL, var: Path, tmp_path: Path) -> None:
    url, other = postgresql.new_database(), postgresql.new_database()
    engines = [create_engine(to.replace("postgresql:", "postgresql+psycopg:")) for to in (url, other)]
    with engines[0].begin() as connection:
        connection.execute(text("CREATE TABLE kept (id integer)"))
        connection.execute(text("INSERT INTO kept SELECT generate_series(1, 50)"))
    assert make(var, tmp_path / "a.tar.gz", url).has_postgresql
    with pytest.raises(BackupError, match="database_url"):
        restore(tmp_path / "a.tar.gz", tmp_path / "again")
    restore(tmp_path / "a.tar.gz", tmp_path / "again", other)
    with engines[1].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 50
    for engine in engines:
        engine.dispose()
