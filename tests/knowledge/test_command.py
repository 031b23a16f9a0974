"""`voicebot knowledge` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import voicebot.cli.knowledge  # noqa: F401  (registers the command)
from knowledge.files import HANDBOOK, HELP_PAGE
from voicebot.cli import app
from voicebot.knowledge.passage import KnowledgeError


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("VOICEBOT_ENCODER", "")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/hr.md").write_text(HANDBOOK, encoding="utf-8")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["knowledge", *map(str, arguments)])


def printed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_folder_is_imported_searched_listed_and_removed(tmp_path: Path) -> None:
    result = run("import", tmp_path / "docs", "--pack", "hr", "--json")
    assert result.exit_code == 0, result.output
    assert printed(result) == [{"document": "hr.md", "passages": 3, "changed": True, "error": None}]

    result = run("search", "급여 명세서 어디서 봐요", "--pack", "hr", "--json")
    assert result.exit_code == 0, result.output
    found = printed(result)
    assert found["answer"]["text"] == "급여 명세서는 매달 25일에 사내 포털의 급여 메뉴에서 보실 수 있습니다."
    assert found["answer"]["sure"]
    assert found["found"][0]["source"] == {"document": "hr.md", "page": None, "row": None}

    (listed,) = printed(run("list", "--pack", "hr", "--json"))
    assert (listed["document"], listed["language"], listed["passages"]) == ("hr.md", "ko", 3)
    assert run("remove", "hr.md", "--pack", "hr").exit_code == 0
    assert printed(run("list", "--pack", "hr", "--json")) == []
    assert run("remove", "hr.md", "--pack", "hr").exit_code == 1


def test_not_being_sure_is_exit_status_1(tmp_path: Path) -> None:
    run("import", tmp_path / "docs")
    result = run("search", "오늘 날씨 어때요", "--json")
    assert result.exit_code == 1
    assert not printed(result)["answer"]["sure"]


def test_what_can_be_read_is_imported_and_the_rest_named(tmp_path: Path) -> None:
    (tmp_path / "docs/it.html").write_text(HELP_PAGE, encoding="utf-8")
    (tmp_path / "docs/broken.pdf").write_bytes(b"%PDF-")
    result = run("import", tmp_path / "docs")
    assert result.exit_code == 1
    assert "it.html" in result.stdout
    assert "broken.pdf" in result.stderr
    assert result.stderr.count("\n") == 1


def test_nothing_imported_at_all_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_bytes(b"")
    assert run("import", tmp_path / "empty.md").exit_code == 2
    assert isinstance(run("import", tmp_path / "nowhere").exception, KnowledgeError)
    assert isinstance(run("search", "배송").exception, KnowledgeError)
