"""The page /talk, and leave to call."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.console.interface_language import texts
from voicebot.console.talk.line import Leave, Refusal
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, ratings

STATIC = Path(__file__).parents[2] / "voicebot" / "console" / "static"


class ToldLine:
    """A line that says what a test wants."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, bool]] = []
        self.refuses: Refusal | None = None

    def open(self, language: str, *, sound: bool) -> Leave | Refusal:
        self.opened.append((language, sound))
        return self.refuses or Leave(f"BR{len(self.opened)}", "token")

    def again(self, call_id: str) -> Leave | Refusal:
        return self.refuses or Leave(call_id, "another")


@pytest.fixture
def line() -> ToldLine:
    return ToldLine()


@pytest.fixture
def flask(tmp_path: Path, database: Database, line: ToldLine) -> Flask:
    flask = Flask("voicebot")
    add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: None, line=line)
    return flask


@pytest.fixture
def browser(flask: Flask) -> FlaskClient:
    return flask.test_client()


def ask(browser: FlaskClient, path: str, **content: object):  # type: ignore[no-untyped-def]
    """What the page's script asks, with the token that stands in the page."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/talk").text)
    assert found
    return browser.post(path, json=content, headers={"X-CSRFToken": found[1]})


@pytest.mark.parametrize(("language", "words"), [("ko", "통화 시작"), ("en", "Start the call")])
def test_everybody_may_see_the_page_in_their_language(browser: FlaskClient, language: str, words: str) -> None:
    answer = browser.get("/talk", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert words in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]


def test_nothing_comes_from_outside(browser: FlaskClient) -> None:
    page = browser.get("/talk").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(source.startswith(("/", "#")) for source in sources), sources
    assert "style=" not in page
    for file in STATIC.glob("talk*"):
        outside = re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", file.read_text(encoding="utf-8"))
        assert not outside, (file.name, outside)


def test_every_word_of_the_script_is_there() -> None:
    script = (STATIC / "talk.js").read_text(encoding="utf-8")
    names = set(re.findall(r"words\.(\w+)", script))
    doing = "lost connecting speaking thinking writing muted listening people waiting number agent held line_lost"
    names |= {f"status_{name}" for name in doing.split()}
    kinds = re.findall(r"^  (\w+): \[", script, re.MULTILINE)
    names |= {f"problem_{kind}{end}" for kind in [*kinds, "microphone_lost"] for end in ("", "_help")}
    for language in ("ko", "en"):
        assert {f"talk.{name}" for name in names} <= texts(language).keys()


def test_a_call_begins_in_the_asked_language(browser: FlaskClient, line: ToldLine) -> None:
    answer = ask(browser, "/talk/calls", language="en", sound=True)
    assert (answer.status_code, answer.json) == (201, {"call": "BR1", "token": "token"})
    ask(browser, "/talk/calls", language="xx", sound=False)
    ask(browser, "/talk/calls")
    assert line.opened == [("en", True), ("ko", False), ("ko", True)]


@pytest.mark.parametrize("refusal", ["full", "not_ready"])
def test_a_refusal_is_told_by_its_name(browser: FlaskClient, line: ToldLine, refusal: Refusal) -> None:
    line.refuses = refusal
    answer = ask(browser, "/talk/calls", sound=True)
    assert (answer.status_code, answer.json) == (503, {"problem": refusal})


def test_another_site_can_begin_no_call(browser: FlaskClient, line: ToldLine) -> None:
    browser.get("/talk")
    assert browser.post("/talk/calls", json={}).status_code == 400
    assert browser.post("/talk/calls", json={}, headers={"X-CSRFToken": "x"}).status_code == 400
    assert not line.opened


def test_only_the_browser_that_called_goes_on_with_a_call(flask: Flask, browser: FlaskClient) -> None:
    ask(browser, "/talk/calls")
    assert ask(browser, "/talk/calls/BR1/again").json == {"call": "BR1", "token": "another"}
    other = flask.test_client()
    ask(other, "/talk/calls")
    assert ask(other, "/talk/calls/BR1/again").status_code == 404
    assert ask(other, "/talk/calls/BR1/rating", score=1).status_code == 404


def test_calls_in_a_row_come_to_an_end(browser: FlaskClient) -> None:
    answers = [ask(browser, "/talk/calls").status_code for _ in range(22)]
    assert answers[0] == 201
    assert answers[-1] == 429
    assert ask(browser, "/talk/calls").json == {"problem": "too_often"}


def test_a_call_is_rated_once_it_is_in_the_history(browser: FlaskClient, database: Database) -> None:
    ask(browser, "/talk/calls")
    assert ask(browser, "/talk/calls/BR1/rating", score=4).json == {"kept": False}
    with database.writing() as connection:
        began = round(datetime.now(UTC).timestamp() * 1000)
        values = {"id": "BR1", "began": began, "pack": "shop", "version": "1", "language": "ko", "channel": "browser"}
        connection.execute(insert(calls).values({name: value for name, value in values.items() if name in calls.c}))
    assert ask(browser, "/talk/calls/BR1/rating", score=4).json == {"kept": True}
    assert ask(browser, "/talk/calls/BR1/rating", score=2).json == {"kept": True}
    with database.reading() as connection:
        assert connection.execute(select(ratings.c.score, ratings.c.how)).all() == [(2, "page")]


@pytest.mark.parametrize("score", [0, 6, "5", None, 4.5, True])
def test_a_rating_is_from_one_to_five(browser: FlaskClient, score: object) -> None:
    ask(browser, "/talk/calls")
    assert ask(browser, "/talk/calls/BR1/rating", score=score).status_code == 400


def test_without_a_line_there_is_no_such_page(tmp_path: Path, database: Database) -> None:
    flask = Flask("voicebot")
    add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: None)
    assert flask.test_client().get("/talk").status_code == 404
