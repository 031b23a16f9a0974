"""The history as files, whole and readable, on both databases."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.history import NOON, a_call, heard, put, said
from typer.testing import CliRunner

from voicebot.cli import app
from voicebot.cli import commands as commands
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.export import ExportError, export

QUOTED = '네, "확인"할게요.\n잠시만요.'
CALLS = (
    a_call("CA1", [heard("=1+1", slots={"order_number": "1"}), said(QUOTED)], steps=["ask a"]),
    a_call("CA2", at=NOON + timedelta(days=1), outcome="hand_over", resolved=False),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_every_table_is_a_file(database: Database, tmp_path: Path, kind: str) -> None:
    put(database, *CALLS)
    files = export(database, tmp_path / "out", kind)  # type: ignore[arg-type]
    rows = {path.stem: number for path, number in files.items()}
    assert rows == {"calls": 2, "turns": 4, "flows": 2, "steps": 1, "hand_overs": 1, "ratings": 0}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_csv_never_holds_a_formula(database: Database, tmp_path: Path) -> None:
    put(database, *CALLS)
    export(database, tmp_path, "csv")
    with (tmp_path / "turns.csv").open(encoding="utf-8", newline="") as file:
        turns = list(csv.DictReader(file))
    assert turns[0]["text"] == "'=1+1"
    assert turns[1]["text"] == '네, "확인"할게요.\n잠시만요.'
    with (tmp_path / "calls.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["began"] == "2026-11-20T03:00:00.000+00:00"


def test_json_lines_are_as_they_were(database: Database, tmp_path: Path) -> None:
    put(database, *CALLS)
    export(database, tmp_path, "jsonl")
    turns = [json.loads(line) for line in (tmp_path / "turns.jsonl").read_text("utf-8").splitlines()]
    assert turns[0]["text"] == "=1+1"
    assert turns[0]["slots"] == {"order_number": "1"}
    assert (turns[0]["call_id"], turns[3]["call_id"]) == ("CA1", "CA2")
    assert "grams" not in turns[0]


def test_parquet_has_types(database: Database, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    put(database, *CALLS)
    export(database, tmp_path, "parquet")
    calls = parquet.read_table(tmp_path / "calls.parquet").to_pylist()
    assert [call["began"] for call in calls] == [NOON, NOON + timedelta(days=1)]
    assert calls[0]["contained"] is True
    assert json.loads(parquet.read_table(tmp_path / "turns.parquet").to_pylist()[0]["slots"]) == {"order_number": "1"}
    assert parquet.read_table(tmp_path / "ratings.parquet").num_rows == 0


def test_only_the_period_is_written(database: Database, tmp_path: Path) -> None:
    put(database, *CALLS)
    files = export(database, tmp_path, "jsonl", since=NOON + timedelta(hours=1), until=NOON + timedelta(days=2))
    assert {path.stem: rows for path, rows in files.items()}["turns"] == 2


def test_a_folder_that_can_not_be_written_is_told(database: Database, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ExportError):
        export(database, tmp_path / "out", "csv")


def test_the_commands_tell_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOICEBOT_DATABASE_URL", raising=False)
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path))
    run = CliRunner().invoke
    assert run(app, ["database", "status"]).exit_code == 1
    assert run(app, ["database", "upgrade"]).exit_code == 0
    database = open_database("", tmp_path)
    put(database, *CALLS)
    database.close()
    status = json.loads(run(app, ["database", "status", "--json"]).stdout)
    assert (status["calls"], status["turns"], status["spool_bytes"]) == (2, 4, 0)
    period = ["--since", "2026-11-20", "--until", "2026-11-21"]
    now = json.loads(run(app, ["stats", *period, "--json"]).stdout)["figures"]["now"]
    assert (now["calls"], now["containment"]) == (2, 0.5)
    days = json.loads(run(app, ["stats", *period, "--by", "day", "--json"]).stdout)["figures"]
    assert [day["day"] for day in days] == ["2026-11-20T00:00+09:00", "2026-11-21T00:00+09:00"]
    for by in ("flow", "intent", "language", "pack", "hour"):
        assert run(app, ["stats", *period, "--by", by]).exit_code == 0
    out = run(app, ["export", "--format", "csv", "--out", "files", "--since", "2026-11-21", "--json"])
    assert json.loads(out.stdout)["files/calls.csv"] == 1
    assert json.loads(run(app, ["database", "expire", "--json"]).stdout)["calls"] == 0
