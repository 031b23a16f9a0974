"""`voicebot versions` from a bundle to a roll back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.untrained import PROMPTS
from typer.testing import CliRunner

import voicebot.cli.commands  # noqa: F401
from tests.versions.conftest import Made
from voicebot.cli import app
from voicebot.errors import VoicebotError


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: object) -> object:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path))
    monkeypatch.setenv("VOICEBOT_CONTENT", str(PROMPTS))

    def command(*words: str, status: int = 0) -> object:
        result = CliRunner().invoke(app, ["versions", *words, "--json"])
        if isinstance(result.exception, VoicebotError):
            return str(result.exception)
        assert result.exit_code == status, result.output
        return json.loads(result.output)

    return command


def test_from_a_bundle_to_a_roll_back(run, made: Made) -> None:  # type: ignore[no-untyped-def]
    one = run("add", str(made("one")), "--by", "kim")["id"]
    assert run("evaluate", one, "--by", "kim")["gate"] == {"passed": True, "reasons": []}
    assert "another person" in run("approve", one, "--by", "kim")
    assert run("approve", one[:6], "--by", "lee")["approved_by"] == "lee"
    assert run("share", one, "0.1", "--by", "lee")["share"] == 0.1
    assert run("activate", one, "--by", "lee")["state"] == "active"
    differing = run("diff", one)
    assert [file["path"] for file in differing["files"]] == ["shop/ko/replies.yaml"]
    assert differing["files"][0]["lines"][-1] == "+# one"
    assert run("rollback", "--by", "lee", "--reason", "worse")["state"] == "retired"
    shown = run("show", one)
    assert [change["action"] for change in shown["changes"]][:2] == ["roll back", "activate"]
    assert [version["id"] for version in run("list")] == [one]
    assert "there is no version" in run("show", "ffffffff")


def test_a_failed_gate_is_told_by_the_exit_status(run, made: Made) -> None:  # type: ignore[no-untyped-def]
    one = run("add", str(made("one", gate={"passed": False, "reasons": ["worse"]})), "--by", "kim")["id"]
    assert run("evaluate", one, "--by", "kim", status=1)["gate"]["reasons"] == ["worse"]
