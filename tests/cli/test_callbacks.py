"""`voicebot callbacks`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from voicebot.cli import app, commands  # noqa: F401
from voicebot.errors import VoicebotError
from voicebot.store.callbacks import Callbacks, open_callbacks
from voicebot.store.voicemails import Voicemail, open_voicemails

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.fixture
def callbacks(var: Path) -> Callbacks:
    return open_callbacks(var / "callbacks.db")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["callbacks", *arguments])


def test_those_who_wait_are_listed(callbacks: Callbacks) -> None:
    waiting = callbacks.add("+821012345678", "asked", "배송 문의", NOW)
    over = callbacks.add("+821087654321", "asked", "", NOW)
    callbacks.cancel(over)
    assert waiting in run("list").output
    assert "배송 문의" in run("list").output
    assert [one["id"] for one in json.loads(run("list", "--json").output)] == [waiting]
    assert {one["id"] for one in json.loads(run("list", "--all", "--json").output)} == {waiting, over}


def test_one_is_cancelled_once(callbacks: Callbacks) -> None:
    known = callbacks.add("+821012345678", "asked", "", NOW)
    assert run("cancel", known).exit_code == 0
    again = run("cancel", known, "--json")
    assert (again.exit_code, json.loads(again.output)["cancelled"]) == (1, False)


def test_dialling_needs_an_account(callbacks: Callbacks) -> None:
    result = run("run")
    assert isinstance(result.exception, VoicebotError)
    assert "TWILIO_NUMBER" in str(result.exception) or "TWILIO_ACCOUNT_SID" in str(result.exception)


def test_outside_opening_hours_nobody_is_dialled(callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "x" * 32,
        "TWILIO_NUMBER": "+8215881234",
        "VOICEBOT_PUBLIC_URL": "https://bot.example.com",
        "VOICEBOT_HOURS": '{"open": {}}',
    }.items():
        monkeypatch.setenv(name, value)
    callbacks.add("+821012345678", "asked", "", NOW)
    result = run("run", "--json")
    assert (result.exit_code, json.loads(result.output)) == (1, {"open": False, "dialled": []})


def test_voicemails_are_listed(var: Path) -> None:
    kept = open_voicemails(var / "voicemails.db")
    message = Voicemail("RE1", "CA1", "+821012345678", "ko", "2026-11-23T03:00:00+00:00", 12, "https://x.example/RE1")
    assert kept.add(message)
    assert not kept.add(message), "Twilio tells of it twice"
    assert "RE1" in run("voicemails").output
    assert json.loads(run("voicemails", "--json").output)[0]["seconds"] == 12
    assert kept.expire(NOW) == 0
    assert kept.expire(NOW.replace(day=30)) == 1
