"""Reading content and trying what the bot would answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from tests.console.conftest import LogIn, post
from voicebot.backends.port import BackendError
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.console.operators import trial
from voicebot.console.operators.content import flow_steps, subjects
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.loading import open_dialogue
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database

TODAY = date(2026, 3, 2)
PROMPTS = Path(__file__).parents[2] / "prompts"


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return open_dialogue(load_pack(PROMPTS, "shop"), tmp_path_factory.mktemp("var"))


@pytest.fixture
def flask(tmp_path: Path, database: Database, dialogue: Dialogue) -> Flask:
    flask = Flask("voicebot")
    flask.config["access"] = add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: dialogue)
    return flask


def test_a_trial_shows_what_is_understood_looked_up_and_said(dialogue: Dialogue) -> None:
    turns = trial.attempt(dialogue, "ko", ["배송 조회해 주세요", "10020001"], TODAY)
    assert turns[1].intent == "order_status"
    assert any("order.find(number=10020001)" in one for one in turns[2].asked)
    assert all(turn.said for turn in turns)


def test_a_trial_ends_where_the_call_would(dialogue: Dialogue) -> None:
    turns = trial.attempt(dialogue, "en", ["I want to speak to a person", "hello?", "hello?"], TODAY)
    assert turns[-1].outcome == "hand_over"
    assert len(turns) < 4


def test_a_trial_never_asks_a_real_back_end(dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "open_demonstration", lambda *_arguments, **_options: None)
    assert not trial.is_answered(dialogue)
    turns = trial.attempt(dialogue, "ko", ["배송 조회해 주세요", "10020001"], TODAY)
    assert turns[2].asked
    assert turns[2].said


def test_secrets_typed_into_a_trial_are_not_shown_back(tmp_path: Path) -> None:
    bank = open_dialogue(load_pack(PROMPTS, "bank"), tmp_path)
    secret = {name for name, slot in bank.pack.slots.items() if slot.secret}
    assert secret
    turns = trial.attempt(bank, "ko", ["잔액 알려 주세요", "12345678", "4321"], TODAY)
    assert not any(secret & set(turn.slots) for turn in turns)


@pytest.mark.parametrize("pack", ["shop", "bank", "civic", "hr"])
def test_every_flow_can_be_read_in_both_languages(pack: str) -> None:
    content = load_pack(PROMPTS, pack)
    for reader in ("ko", "en"):
        for flow in content.flows:
            assert flow_steps(content, flow, reader, reader)


def test_the_page_answers_and_stays_text(log_in: LogIn) -> None:
    page = post(log_in("editor"), "/console/content", lines="<b>배송</b> 조회해 주세요\n10020001", of="ko")
    assert page.status_code == 200
    assert "&lt;b&gt;배송" in page.text
    assert "<b>배송" not in page.text


def test_every_subject_has_a_page(log_in: LogIn, dialogue: Dialogue) -> None:
    client = log_in("editor")
    for language in ("ko", "en"):
        for subject in subjects(dialogue.pack, language):
            assert client.get(f"/console/content/{subject.name}?of={language}").status_code == 200
    assert client.get("/console/content/nothing").status_code == 404


def test_before_content_is_loaded_the_page_says_so(tmp_path: Path, database: Database) -> None:
    flask = Flask("voicebot")
    access = add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: None)
    access.accounts.add("ed", "editor", "a long password")
    client = flask.test_client()
    post(client, "/login", name="ed", password="a long password")
    answer = client.get("/console/content")
    assert answer.status_code == 503
    assert "지금은 사용할 수 없습니다" in answer.text


def test_what_is_not_asked_fails_as_a_back_end_does() -> None:
    with pytest.raises(BackendError):
        trial._Unasked().call("order.find", {})
