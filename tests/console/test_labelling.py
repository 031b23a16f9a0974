"""The labelling pages without scripts, and what they let nobody do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.history import NOON, a_call, heard, put, said
from support.untrained import untrained

from tests.console.conftest import LogIn, csrf, post
from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.application import add_console
from voicebot.store.bus import LocalBus
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.history.database import Database
from voicebot.store.history.reading import History
from voicebot.store.history.tables import milliseconds
from voicebot.store.labels import Judgement, Labels, Turn

PAGE = "/console/labelling"
PART = milliseconds(NOON)


@pytest.fixture
def flask(tmp_path: Path, database: Database) -> Flask:
    flask = Flask("voicebot")
    configuration = Configuration(var=tmp_path)
    flask.config["access"] = add_console(flask, configuration, database, LocalBus(), lambda: untrained("shop"))
    return flask


@pytest.fixture
def turn(database: Database) -> Turn:
    question = heard("배송 언제와요", margin=0.1, facts={"voiced_ms": 500})
    put(database, a_call("CA1", [said("무엇을 도와드릴까요?"), question, said("내일 도착합니다.")]))
    return Turn("CA1", PART, 1)


def key(turn: Turn) -> str:
    return f"{turn.call}~{turn.part}~{turn.number}"


def fill_in(client: FlaskClient, turn: Turn, **fields: object):  # type: ignore[no-untyped-def]
    return post(client, PAGE, f"{PAGE}?turn={key(turn)}", turn=key(turn), **fields)


def test_a_turn_is_shown_with_its_question_and_labelled_by_a_form(
    turn: Turn, log_in: LogIn, database: Database, access: Access
) -> None:
    client = log_in("editor")
    page = client.get(PAGE, headers={"Accept-Language": "ko"}).text
    assert "무엇을 도와드릴까요?" in page
    assert "배송 언제와요" in page
    assert 'value="order_status"' in page
    assert fill_in(client, turn, transcript="배송 언제 와요?", choice="order_status").status_code == 302
    (label,) = Labels(database).find("shop")
    assert (label.transcript, label.intent, label.by, label.state) == (
        "배송 언제 와요?",
        "order_status",
        "editor",
        "proposed",
    )
    trail = [entry.action for entry in History(database).audit_trail(call_id="CA1").items]
    assert "view turn" in trail
    assert "label turn" in trail


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"transcript": "내가 쓴 말", "choice": ""}, "내가 쓴 말"),
        ({"transcript": "", "choice": "order_status"}, "order_status"),
        ({"transcript": "내가 쓴 말", "choice": "order_status", "slot-order_number": "몰라요"}, "몰라요"),
        ({"transcript": "내가 쓴 말", "choice": ":other", "other": "그런 의도 없음"}, "그런 의도 없음"),
    ],
)
def test_what_can_be_no_label_comes_back_with_what_was_typed(
    turn: Turn, log_in: LogIn, database: Database, fields: dict[str, str], kept: str
) -> None:
    client = log_in("editor")
    answer = fill_in(client, turn, **fields)
    assert answer.status_code == 422
    assert kept in answer.text
    assert 'role="alert"' in answer.text
    assert Labels(database).find("shop") == []
    told = client.post(
        PAGE,
        data={"csrf_token": csrf(client, PAGE), "turn": key(turn), **fields},
        headers={"Accept": "application/json"},
    )
    assert told.status_code == 422
    assert told.json["problem"]


def test_another_intent_is_found_by_the_title_that_was_typed(turn: Turn, log_in: LogIn, database: Database) -> None:
    client = log_in("admin")
    client.get("/console?lang=ko")
    fill_in(client, turn, transcript="반품할게요", choice=":other", other="반품")
    (label,) = Labels(database).find("shop")
    assert (label.intent, label.state) == ("return_item", "approved")


def test_the_sound_is_the_turns_own_stretch_of_the_callers_voice(turn: Turn, log_in: LogIn, tmp_path: Path) -> None:
    part = CallRecordings(tmp_path / "recordings").begin("CA1", 0)
    part.write(np.full(24_000, 8000, np.int16).tobytes(), np.full(24_000, 99, np.int16).tobytes())
    part.close()
    sound = f"{PAGE}/sound/{turn.call}/{turn.part}/{turn.number}"
    answer = log_in("editor").get(sound)
    assert answer.status_code == 200
    # The turn ended at 1.0 s, the bot's line before it began at 0: 1.0 s and the tail of 0.4 s, two channels.
    assert len(answer.data) == 58 + 2 * 8 * 1400
    assert len(set(answer.data[58:])) == 1
    assert log_in("viewer").get(sound).status_code == 403


def test_what_contradicts_is_decided_by_somebody_else(turn: Turn, log_in: LogIn, database: Database) -> None:
    labels = Labels(database)
    ours = labels.add(turn, Judgement("배송이요", "order_status"), by="kim")
    theirs = labels.add(turn, Judgement("반품이요", "return_item"), by="editor")
    client, page = log_in("editor"), f"{PAGE}/decisions"
    both = [ours.id, theirs.id]
    assert post(client, page, label=both, right=theirs.id).status_code == 409
    assert post(client, page, label=both, right=ours.id).status_code == 302
    assert [label.state for label in labels.of_turn(turn)] == ["approved", "refused"]
    assert post(client, page, label=both, right=ours.id).status_code == 409
    assert post(client, page, what="agree").status_code in (302, 400)


def test_labels_for_an_intent_that_is_gone_are_told(turn: Turn, log_in: LogIn, database: Database) -> None:
    Labels(database).add(turn, Judgement("옛날 것", "bygone"), by="kim", entitled=True)
    assert "bygone" in log_in("editor").get(f"{PAGE}/decisions").text


def test_only_who_may_label_does(turn: Turn, log_in: LogIn) -> None:
    for path in (PAGE, f"{PAGE}/next", f"{PAGE}/decisions"):
        assert log_in("viewer").get(path).status_code == 403
        assert log_in("editor").get(path).status_code == 200
    editor = log_in("editor")
    assert editor.get(f"{PAGE}?turn=CA1~{PART}~99").status_code == 404
    assert editor.get(f"{PAGE}?turn=nonsense").status_code == 200
    assert fill_in(editor, turn, transcript="x").status_code == 422
    assert post(editor, PAGE, PAGE, turn="CA1~0~0", transcript="x").status_code == 404
