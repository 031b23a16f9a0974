"""The API over a small history, asked with tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from benchmarks.history_calls import generate
from voicebot.console.access.guard import Access
from voicebot.console.api.pages import add_api
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import prepare_pages
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.live.watching import Watching
from voicebot.loading import open_dialogue
from voicebot.store.accounts.permissions import PERMITTED
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import calls

Ask = Callable[[str], FlaskClient]


@pytest.fixture(scope="session")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    pack = load_pack(Path(__file__).parents[2] / "prompts", "shop")
    return open_dialogue(pack, tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database("", tmp_path_factory.mktemp("history"))
    database.migrate()
    for _ in generate(database, 100):
        pass
    yield database
    database.close()


@pytest.fixture(scope="session")
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture(scope="session")
def access(flask: Flask) -> Access:
    found: Access = flask.config["access"]
    return found


@pytest.fixture(scope="session")
def flask(database: Database, dialogue: Dialogue, bus: LocalBus) -> Flask:
    flask = Flask("voicebot")
    zone = ZoneInfo("Asia/Seoul")
    access = Access(flask, database, b"k" * 32)
    prepare_pages(flask, default_language="en", zone=zone, navigation=lambda: ())
    scene = Scene.of(access, database, Watching(bus), lambda: dialogue, zone)
    add_api(flask, scene, database, rate="100000 per minute")
    flask.config["access"] = access
    return flask


@pytest.fixture(scope="session")
def token(access: Access) -> Callable[[str], str]:
    """An API token of somebody of this role, with all that the role permits."""
    made: dict[str, str] = {}

    def of(role: str) -> str:
        if role not in made:
            user = access.accounts.add(f"api-{role}", role, "correct horse battery")
            made[role] = access.tokens.make(user, "test", sorted(PERMITTED[user.role]), 1)
        return made[role]

    return of


@pytest.fixture
def ask(flask: Flask, token: Callable[[str], str]) -> Ask:
    """A program that has such a token."""

    def program(role: str) -> FlaskClient:
        client = flask.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token(role)}"
        return client

    return program


@pytest.fixture(scope="session")
def a_call(database: Database) -> str:
    with database.reading() as connection:
        found: str = connection.execute(select(calls.c.id).order_by(calls.c.id).limit(1)).scalar_one()
        return found
