"""The operators' pages over a small history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from benchmarks.history_calls import generate
from tests.console.conftest import PASSWORD, LogIn, post
from voicebot.analytics.figures import Compared
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.console.formats import Formats
from voicebot.console.operators.calls import call_filter
from voicebot.console.operators.overview import figure
from voicebot.console.operators.periods import chosen_scope
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.loading import open_dialogue
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import audit, calls

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database("", tmp_path_factory.mktemp("history"))
    database.migrate()
    for _ in generate(database, 200):
        pass
    yield database
    database.close()


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    pack = load_pack(Path(__file__).parents[2] / "prompts", "shop")
    return open_dialogue(pack, tmp_path_factory.mktemp("var"))


@pytest.fixture
def flask(tmp_path: Path, history: Database, dialogue: Dialogue) -> Flask:
    flask = Flask("voicebot")
    access = add_console(flask, Configuration(var=tmp_path), history, LocalBus(), lambda: dialogue)
    flask.config["access"] = access
    return flask


@pytest.fixture
def a_call(history: Database) -> str:
    with history.reading() as connection:
        found: str = connection.execute(select(calls.c.id).order_by(calls.c.id).limit(1)).scalar_one()
        return found


PAGES = ("/console?period=90d", "/console/flows/order_status?period=90d", "/console/calls", "/console/audit")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_pages_show_in_both_languages(log_in: LogIn, page: str, language: str) -> None:
    answer = log_in("admin").get(page, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_a_call_is_explained_and_whoever_sees_it_is_put_down(log_in: LogIn, a_call: str, history: Database) -> None:
    page = log_in("analyst").get(f"/console/calls/{a_call}")
    assert "이해한 근거" in page.text
    with history.reading() as connection:
        lines = connection.execute(select(audit.c.who).where(audit.c.call_id == a_call)).scalars().all()
    assert lines == ["analyst"]


def test_viewers_see_numbers_and_no_words(log_in: LogIn, a_call: str) -> None:
    client = log_in("viewer")
    assert client.get("/console").status_code == 200
    assert client.get(f"/console/calls/{a_call}").status_code == 403
    assert 'href="/console/calls"' not in client.get("/console").text


def test_words_are_found_and_markup_in_them_stays_text(log_in: LogIn) -> None:
    client = log_in("analyst")
    assert "<td>" in client.get("/console/calls?words=택배").text
    page = client.get("/console/calls?words=<script>alert(1)</script>").text
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "query",
    ["min_csat=abc", "since=yesterday", "until=9999-12-31", "max_csat=1e99", "outcome=nothing", "min_duration=nan"],
)
def test_filters_that_make_no_sense_break_nothing(log_in: LogIn, query: str) -> None:
    assert log_in("analyst").get(f"/console/calls?{query}").status_code == 200


def test_a_place_in_the_list_that_no_page_gave_is_refused_kindly(log_in: LogIn) -> None:
    answer = log_in("analyst").get("/console/calls?after=<x>")
    assert answer.status_code == 400
    assert "이전 화면으로" in answer.text


def test_a_list_goes_on_where_the_page_ended(log_in: LogIn) -> None:
    client = log_in("analyst")
    first = client.get("/console/calls?channel=twilio").text
    following = first.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "channel=twilio" in following
    assert client.get(following).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "first", "days"),
    [
        ({}, "2026-03-04", 7),
        ({"period": "today"}, "2026-03-10", 1),
        ({"period": "days", "since": "2026-02-01", "until": "2026-02-28"}, "2026-02-01", 28),
    ],
)
def test_periods_are_whole_days_at_the_operators_place(arguments: dict[str, str], first: str, days: int) -> None:
    now = datetime(2026, 3, 9, 16, tzinfo=UTC)  # the 10th in Seoul
    _, scope = chosen_scope(arguments, now, SEOUL)
    assert scope.since.isoformat() == f"{first}T00:00:00+09:00"
    assert (scope.until - scope.since).days == days


@pytest.mark.parametrize("days", [("2026-02-28", "2026-02-01"), ("", ""), ("x", "y"), ("0001-01-01", "9999-12-31")])
def test_days_that_make_no_period_show_the_usual_one_and_say_so(days: tuple[str, str]) -> None:
    chosen, scope = chosen_scope(
        {"period": "days", "since": days[0], "until": days[1]}, datetime(2026, 3, 9, tzinfo=UTC), SEOUL
    )
    assert chosen.problem
    assert (scope.until - scope.since).days == 7


def test_a_change_is_told_as_better_or_worse_only_where_it_shows() -> None:
    formats = Formats("en", SEOUL)

    def told(name: str, now: float | None, before: float | None) -> tuple[str, str]:
        shown = figure(name, Compared({name: now}, {name: before}), "en", formats)
        return shown.change, shown.verdict

    assert told("containment", 0.7, 0.65) == ("+5.0 points", "better")
    assert told("no_match_rate", 0.08, 0.05) == ("+3.0 points", "worse")
    assert told("containment", 0.70001, 0.7) == ("±0.0 points", "")
    assert told("calls", 90, 100) == ("−10.0%", "")
    assert told("calls", 90, 0) == ("", "")
    assert told("csat", 4.0, None) == ("", "")
    assert told("response_p95", 900, 1400) == ("−500 ms", "better")


def test_a_filter_reads_its_url() -> None:
    wanted = call_filter({"since": "2026-03-01", "until": "2026-03-02", "contained": "no", "max_csat": "2"}, SEOUL)
    assert wanted.since == datetime(2026, 3, 1, tzinfo=SEOUL)
    assert wanted.until == datetime(2026, 3, 3, tzinfo=SEOUL)
    assert wanted.contained is False
    assert wanted.max_csat == 2


def test_strangers_see_nothing(flask: Flask) -> None:
    for page in PAGES:
        assert flask.test_client().get(page).status_code == 302


def test_the_menu_has_what_the_reader_may_open(flask: Flask) -> None:
    flask.config["access"].accounts.add("ed", "editor", PASSWORD)
    client = flask.test_client()
    post(client, "/login", name="ed", password=PASSWORD)
    page = client.get("/console/calls").text
    assert 'href="/console/audit"' not in page
    assert 'aria-current="page">통화 기록' in page


def test_a_call_can_be_tried_again_with_todays_content(log_in: LogIn, a_call: str) -> None:
    client = log_in("analyst")
    page = client.get(f"/console/calls/{a_call}").text
    lines = page.split('<textarea name="lines" hidden>')[1].split("</textarea>")[0]
    answer = post(client, "/console/content", lines=lines, of="ko")
    assert answer.status_code == 200
    assert lines.splitlines()[0] in answer.text


def test_the_menu_has_groups_and_says_where_the_reader_is(flask: Flask) -> None:
    flask.config["access"].accounts.add("eve", "editor", PASSWORD)
    client = flask.test_client()
    post(client, "/login", name="eve", password=PASSWORD)
    bar = client.get("/console/labelling/decisions?lang=en").text.split("</header>")[0]
    groups, places = bar.split('aria-label="Learning"')
    assert 'aria-current="true">Learning' in groups
    assert "Administration" not in groups  # no place of it is open to an editor
    assert 'aria-current="true">Labelling' in places
    assert "Overview" not in places
    # Without scripts, the language is a link, and the page's own question stays in it.
    there = client.get("/console/calls?words=a%26b&lang=en").text
    assert 'href="/console/calls?words=a%26b&amp;lang=ko"' in there
