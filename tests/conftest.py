"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from support import redis_server as redis_servers
from support.postgresql import PostgreSQL, missing
from support.redis_server import RedisServer

from voicebot.backends.shop_demo import ShopDemo
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.loading import open_dialogue
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import metadata

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)

os.environ.setdefault("VOICEBOT_VOICES", '{"ko": "pyttsx3", "en": "pyttsx3"}')
"""The quickest engine, whatever else is installed: tests of the service and of whole processes are not about voices."""

os.environ.setdefault("VOICEBOT_CSAT_SHARE", "0")
"""Calls with chance ids end as they are scripted to."""


@pytest.fixture(scope="session")
def shop_dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    """The shop pack's dialogue, trained once."""
    return open_dialogue(load_pack(ROOT / "prompts", "shop"), tmp_path_factory.mktemp("var"))


@pytest.fixture
def shop() -> ShopDemo:
    """A fresh back end whose today is fixed."""
    return ShopDemo(today=lambda: TODAY)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of the tests' own."""
    if why := missing():
        pytest.skip(why)
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """A Redis server of the tests' own, used by one test after the other."""
    if why := redis_servers.missing():
        pytest.skip(why)
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """The Redis server, empty."""
    shared_redis.empty()
    return shared_redis


@pytest.fixture(scope="session")
def postgresql_database(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with all tables, used by one test after the other."""
    database = open_database(postgresql.new_database(), tmp_path_factory.mktemp("var"))
    database.migrate()
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables, of each kind."""
    if request.param == "sqlite":
        opened = open_database("", tmp_path)
        opened.migrate()
        yield opened
        opened.close()
        return
    opened = request.getfixturevalue("postgresql_database")
    with opened.writing() as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield opened
