"""The pages under /console/improvement: what goes wrong, and what editors decide."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from support.history import NOON, a_call, heard, put, said

from tests.console.conftest import LogIn, post
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.learning.mining.miner import Miner
from voicebot.loading import open_dialogue
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database
from voicebot.store.history.tables import audit
from voicebot.store.mining import Suggestions
from voicebot.store.mining.clusters import Clusters

ASKED = ("사은품은 언제 오나요", "사은품 언제 오나요", "사은품은 언제 와요")
PAGE = "/console/improvement"


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return open_dialogue(load_pack(Path(__file__).parents[2] / "prompts", "shop"), tmp_path_factory.mktemp("var"))


@pytest.fixture
def flask(tmp_path: Path, database: Database, dialogue: Dialogue) -> Flask:
    for n, text in enumerate(ASKED):
        entries = [heard(text, "no_match", ""), said("다시 말씀해 주세요."), heard("배송 조회해 줘")]
        put(database, a_call(f"CA{n}", entries, number=str(n)))
    Miner(database, lambda _: dialogue.pack, None, tmp_path).run(NOON - timedelta(days=7), NOON + timedelta(days=1))
    flask = Flask("voicebot")
    flask.config["access"] = add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: dialogue)
    return flask


@pytest.fixture
def cluster(flask: Flask, database: Database) -> str:
    (found,) = Clusters(database).ranked()
    return f"{PAGE}/{found.id}"


def actions(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        rows = connection.execute(select(audit.c.who, audit.c.action).order_by(audit.c.id)).all()
    return [(row.who, row.action) for row in rows if not row.action.startswith("log")]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_goes_wrong_is_shown_with_its_calls(
    log_in: LogIn, database: Database, cluster: str, language: str
) -> None:
    client = log_in("analyst")
    listed = client.get(PAGE, headers={"Accept-Language": language}).text
    assert cluster in listed
    assert "사은품" in listed
    shown = client.get(cluster, headers={"Accept-Language": language}).text
    assert all(text in shown for text in ASKED)
    assert "/console/calls/CA0#turn-" in shown
    assert actions(database) == [("analyst", "view clusters"), ("analyst", "view cluster")]


def test_an_analyst_reads_and_decides_nothing(log_in: LogIn, database: Database, cluster: str) -> None:
    client = log_in("analyst")
    assert post(client, cluster, "/account", what="ignored").status_code == 403
    assert Clusters(database).ranked()[0].state == "open"
    assert log_in("viewer").get(PAGE).status_code == 403


def test_an_editor_takes_a_cluster_off_the_list_and_back(log_in: LogIn, database: Database, cluster: str) -> None:
    client = log_in("editor")
    assert post(client, cluster, what="ignored").status_code == 302
    assert cluster not in client.get(PAGE).text
    assert cluster in client.get(f"{PAGE}?state=ignored").text
    assert post(client, cluster, what="open").status_code == 302
    assert cluster in client.get(PAGE).text
    assert [action for _, action in actions(database) if action.startswith("set")] == [
        "set cluster ignored",
        "set cluster open",
    ]
    assert post(client, cluster, what="nonsense").status_code == 400


def test_an_editor_drafts_changes_and_accepts_a_suggestion(log_in: LogIn, database: Database, cluster: str) -> None:
    client = log_in("editor")
    answer = post(client, cluster, what="suggest")
    page = answer.headers["Location"]
    assert "사은품" in client.get(page).text
    form = {"kind": "faq", "name": "gift", "title": "사은품", "variants": f"{ASKED[0]}\n{ASKED[1]}", "answer": ""}
    refused = post(client, page, **form, what="accept")
    assert refused.status_code == 400
    assert "답변을 적어 주세요." in refused.text
    assert ASKED[1] in refused.text
    form["answer"] = "일주일 안에 보내 드립니다."
    assert post(client, page, **form, what="accept").status_code == 302
    (accepted,) = Suggestions(database).accepted("shop")
    assert (accepted.kind, accepted.entry, accepted.title, accepted.by) == ("faq", "gift", "사은품", "editor")
    assert (accepted.variants, accepted.answer) == (ASKED[:2], form["answer"])
    assert post(client, page, **form, what="refuse").status_code == 409
    assert ("editor", "accept suggestion") in actions(database)


def test_a_suggestion_becomes_wordings_of_what_there_is_or_is_refused(
    log_in: LogIn, database: Database, cluster: str
) -> None:
    client = log_in("editor")
    page = post(client, cluster, what="suggest").headers["Location"]
    form = {"kind": "wording", "entry": "nothing", "variants": ASKED[0]}
    assert post(client, page, **form, what="accept").status_code == 400
    form["entry"] = "order_status"
    assert post(client, page, **form, what="save").status_code == 302
    found = Suggestions(database).find_all()[0]
    assert (found.kind, found.entry, found.state) == ("wording", "order_status", "draft")
    assert post(client, page, what="refuse").status_code == 302
    assert Suggestions(database).find_all()[0].state == "refused"
    assert post(client, page, what="withdraw").status_code == 302
    assert Suggestions(database).find_all()[0].state == "draft"
    listed = client.get(f"{PAGE}/suggestions").text
    assert page in listed
