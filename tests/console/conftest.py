"""A console over a fresh database, and people of every role."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.application import add_console
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database, open_database

PASSWORD = "correct horse battery"

LogIn = Callable[[str], FlaskClient]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = open_database("", tmp_path)
    database.migrate()
    return database


@pytest.fixture
def flask(tmp_path: Path, database: Database) -> Flask:
    flask = Flask("voicebot")
    flask.config["access"] = add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: None)
    return flask


@pytest.fixture
def access(flask: Flask) -> Access:
    found: Access = flask.config["access"]
    return found


@pytest.fixture
def log_in(flask: Flask, access: Access) -> LogIn:
    """A browser in which somebody of this role is logged in."""

    def browser(role: str) -> FlaskClient:
        if access.accounts.find(role) is None:
            access.accounts.add(role, role, PASSWORD)
        client = flask.test_client()
        answer = post(client, "/login", name=role, password=PASSWORD)
        assert answer.status_code == 302
        return client

    return browser


def csrf(client: FlaskClient, page: str = "/login") -> str:
    """The token in a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found, f"{page} has no form"
    return found[1]


def post(client: FlaskClient, path: str, page: str = "", **fields: object):  # type: ignore[no-untyped-def]
    """What a person's browser posts after opening `page`."""
    return client.post(path, data={"csrf_token": csrf(client, page or path), **fields})
