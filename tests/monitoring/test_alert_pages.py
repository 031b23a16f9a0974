"""Alert rules in the console and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from typer.testing import CliRunner

from tests.console.conftest import PASSWORD, csrf, post
from tests.monitoring.test_notifying import receiver, status
from voicebot.analytics.alerts.book import AlertBook
from voicebot.analytics.alerts.rules import AlertRule
from voicebot.cli import app
from voicebot.cli import commands as _commands  # noqa: F401
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.console.interface_language import texts
from voicebot.console.operators.alerts import _FIELDS
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database, open_database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database("", tmp_path_factory.mktemp("var"))
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def browser(database: Database, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """In which an analyst is logged in."""
    flask = Flask("voicebot")
    var = tmp_path_factory.mktemp("keys")
    access = add_console(flask, Configuration(var=var), database, LocalBus(), lambda: None)
    access.accounts.add("kim", "analyst", PASSWORD)
    client = flask.test_client()
    post(client, "/login", name="kim", password=PASSWORD)
    return client


FORM = {
    "name": "이해율이 낮음",
    "figure": "understanding_rate",
    "direction": "below",
    "threshold": "70",
    "hours": "3",
    "min_calls": "20",
    "cool_down_min": "60",
    "enabled": "on",
}


def test_a_rule_is_added_shown_changed_and_deleted(browser: FlaskClient, database: Database) -> None:
    book = AlertBook(database)
    assert texts("ko")["alerts.none"] in browser.get("/console/alerts").text
    assert post(browser, "/console/alerts", **FORM).status_code == 302
    (kept,) = book.rules()
    assert kept.rule.threshold == pytest.approx(0.7)
    assert kept.changed_by == "kim"
    shown = browser.get("/console/alerts").text
    assert "70.0% 미만" in shown
    assert "최근 3시간" in shown
    assert "below 70.0%" in browser.get("/console/alerts", headers={"Accept-Language": "en"}).text
    own = f"/console/alerts/{kept.id}"
    assert 'value="70"' in browser.get(own).text
    assert post(browser, own, "/console/alerts", **{**FORM, "threshold": "65.5", "enabled": ""}).status_code == 302
    changed = book.find(kept.id)
    assert changed is not None
    assert changed.rule.threshold == pytest.approx(0.655)
    book.found(changed, 0.5, 100, ("webhook",))
    assert texts("ko")["alerts.firing"] in browser.get("/console/alerts").text
    assert post(browser, own, "/console/alerts", what="delete").status_code == 302
    assert book.rules() == ()
    assert browser.get(own).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": " "}, "bad_name"),
        ({"figure": "x"}, "bad_figure"),
        ({"threshold": "170"}, "bad_threshold"),
        ({"threshold": "many"}, "bad_threshold"),
        ({"figure": "callers_waiting", "threshold": "3", "channel": "twilio"}, "bad_threshold"),
        ({"hours": "0"}, "bad_hours"),
        ({"min_calls": "-1"}, "bad_min_calls"),
        ({"cool_down_min": "1.5"}, "bad_cool_down"),
    ],
)
def test_what_makes_no_rule_is_told_and_stays_in_the_form(
    browser: FlaskClient, database: Database, wrong: dict[str, str], told: str
) -> None:
    answer = post(browser, "/console/alerts", **{**FORM, "name": "남는 이름", **wrong})
    assert answer.status_code == 400
    assert texts("ko")[f"alerts.{told}"] in answer.text
    if "name" not in wrong:
        assert "남는 이름" in answer.text
    assert AlertBook(database).rules() == ()


def test_every_field_has_its_words() -> None:
    for language in ("ko", "en"):
        for field in _FIELDS:
            assert f"alerts.bad_{field}" in texts(language)
    assert {key for key in texts("ko") if key.startswith("alerts.")} == {
        key for key in texts("en") if key.startswith("alerts.")
    }


def test_a_form_of_another_site_changes_nothing(browser: FlaskClient, database: Database) -> None:
    assert csrf(browser, "/console/alerts")
    assert browser.post("/console/alerts", data=FORM).status_code == 400
    assert AlertBook(database).rules() == ()


# The command line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(app, ["alerts", *arguments])


def test_rules_are_loaded_listed_and_checked(run: Any, tmp_path: Path) -> None:
    rule = AlertRule(name="통화 없음", figure="calls", direction="below", threshold=1, min_calls=0)
    (tmp_path / "alerts.yaml").write_text(json.dumps({"rules": [rule.model_dump()]}), "utf-8")
    assert "no rules yet" in run("list").output
    assert json.loads(run("load", "alerts.yaml", "--json").output) == {"rules": 1, "changed": 1, "removed": 0}
    assert "통화 없음: calls below 1" in run("list").output
    checked = run("check", "--json")
    assert checked.exit_code == 1
    assert json.loads(checked.output) == [{"name": "통화 없음", "value": 0.0, "calls": 0, "fires": True}]


def test_everybody_who_is_configured_can_be_told_that_it_is_a_test(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("test").exit_code == 1
    with receiver(status(204)) as asked:
        monkeypatch.setenv("VOICEBOT_ALERT_WEBHOOK", asked.url)
        told = run("test", "--json")
    assert told.exit_code == 0
    assert json.loads(told.output) == {"webhook": "told"}
    assert "시험" in json.loads(asked.requests[0][2])["subject"]
