"""`voicebot experiments`, from the first start to the decision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import voicebot.cli.commands  # noqa: F401
from voicebot.cli import app
from voicebot.errors import VoicebotError

NAME = "where_the_number_is"


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path))
    monkeypatch.setenv("VOICEBOT_PACK", "shop")


def run(*arguments: str, status: int = 0) -> Any:
    result = CliRunner().invoke(app, ["experiments", *arguments, "--json"])
    if isinstance(result.exception, VoicebotError):
        raise result.exception
    assert result.exit_code == status
    return json.loads(result.stdout)


def test_an_experiment_is_started_looked_at_stopped_and_decided() -> None:
    assert {one["name"]: one["state"] for one in run("list")} == {NAME: "not started"}
    assert run("start", NAME)["state"] == "running"
    shown = run("show", NAME)
    assert (shown["verdict"], shown["callers"]) == ("few", 0)
    assert run("stop", NAME)["stopped"]
    assert not run("stop", NAME, status=1)["stopped"]
    changes = run("decide", NAME, "adopt", "--variant", "with_a_hint")["changes"]
    assert [change[:2] for change in changes] == [
        ["ko/replies.yaml", "ask_order_number"],
        ["en/replies.yaml", "ask_order_number"],
    ]
    assert {one["name"]: one["state"] for one in run("list")} == {NAME: "decided"}


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(VoicebotError, match="no experiment nothing"):
        run("start", "nothing")
    with pytest.raises(VoicebotError, match="never started"):
        run("show", NAME)
