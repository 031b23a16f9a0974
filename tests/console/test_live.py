"""Live calls: the pages, the feed, and stepping in."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.console.conftest import LogIn
from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.application import add_console
from voicebot.console.asgi import AsgiMessage, asgi_routes
from voicebot.live import topics
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database
from voicebot.store.history.tables import audit

FEED = "/console/live/feed"


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def flask(tmp_path: Path, database: Database, bus: LocalBus) -> Flask:
    flask = Flask("voicebot")
    flask.config["access"] = add_console(flask, Configuration(var=tmp_path), database, bus, lambda: None)
    return flask


def begin(bus: LocalBus, call: str = "BR1", channel: str = "browser") -> None:
    began = "2026-11-22T10:00:00+00:00"
    bus.publish(topics.BEGAN, {"call": call, "pack": "shop", "language": "ko", "channel": channel, "began": began})


def say(bus: LocalBus, text: str, who: str = "caller", call: str = "BR1", **more: Any) -> None:
    bus.publish(topics.ENTRY, {"call": call, "entry": {"who": who, "at_ms": 1000, "text": text, **more}})


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("voicebot_session")
    return f"voicebot_session={found.value}" if found else ""


class Feed:
    """A browser's EventSource, in memory."""

    def __init__(self, flask: Flask, client: FlaskClient, query: str = "") -> None:
        self.out: list[AsgiMessage] = []
        self.into: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self.into.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.changed = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "path": FEED,
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), (b"cookie", cookie(client).encode())],
            "client": ("203.0.113.9", 1),
        }
        self.task = asyncio.ensure_future(asgi_routes(flask)[FEED](scope, self.into.get, self.send))

    async def send(self, message: AsgiMessage) -> None:
        self.out.append(message)
        self.changed.set()

    @property
    def status(self) -> int:
        return int(self.out[0]["status"])

    @property
    def events(self) -> list[tuple[str, Any]]:
        text = b"".join(message.get("body", b"") for message in self.out).decode()
        return [(kind, json.loads(data)) for kind, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]

    async def until(self, events: int) -> None:
        async with asyncio.timeout(10):
            while len(self.events) < events:
                await self.changed.wait()
                self.changed.clear()

    async def leave(self) -> None:
        self.into.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(10):
            await self.task


def actions(database: Database) -> list[tuple[str, str, str | None]]:
    with database.reading() as connection:
        rows = connection.execute(select(audit.c.who, audit.c.action, audit.c.call_id).order_by(audit.c.id)).all()
    return [tuple(row) for row in rows if "log" not in row.action]  # type: ignore[misc]


def test_the_list_follows_all_calls(flask: Flask, bus: LocalBus, log_in: LogIn) -> None:
    client = log_in("analyst")
    begin(bus)

    async def watch() -> list[tuple[str, Any]]:
        feed = Feed(flask, client)
        await feed.until(1)
        say(bus, "배송 언제 와요", feeling={"name": "angry", "valence": -1})
        begin(bus, "CA2", "twilio")
        bus.publish(topics.ENDED, {"call": "BR1", "outcome": {}})
        await feed.until(4)
        await feed.leave()
        return feed.events

    events = asyncio.run(watch())
    assert [kind for kind, _ in events] == ["calls", "card", "card", "ended"]
    assert events[0][1][0]["call"] == "BR1"
    assert events[1][1]["last"] == {"who": "caller", "text": "배송 언제 와요"}
    assert events[1][1]["feeling"] == "angry"


def test_one_call_comes_whole_and_then_line_by_line(
    flask: Flask, bus: LocalBus, log_in: LogIn, database: Database
) -> None:
    client = log_in("agent")
    begin(bus)
    say(bus, "안녕하세요.", "bot")

    async def watch() -> list[tuple[str, Any]]:
        feed = Feed(flask, client, "call=BR1")
        await feed.until(1)
        say(bus, "다른 통화", call="CA2")
        say(bus, "배송 언제 와요")
        bus.publish(topics.ENDED, {"call": "BR1", "outcome": {"kind": "hang_up"}})
        await feed.until(3)
        await feed.leave()
        return feed.events

    events = asyncio.run(watch())
    assert [kind for kind, _ in events] == ["call", "entry", "ended"]
    assert [entry["text"] for entry in events[0][1]["entries"]] == ["안녕하세요."]
    assert (events[1][1]["number"], events[1][1]["entry"]["text"]) == (1, "배송 언제 와요")
    assert actions(database) == [("agent", "watch live call", "BR1")]


@pytest.mark.parametrize(("role", "status"), [("", 401), ("viewer", 403), ("editor", 403)])
def test_who_may_not_watch_sees_nothing(flask: Flask, bus: LocalBus, log_in: LogIn, role: str, status: int) -> None:
    client = log_in(role) if role else flask.test_client()
    begin(bus)

    async def watch() -> Feed:
        feed = Feed(flask, client, "call=BR1")
        await feed.task
        return feed

    feed = asyncio.run(watch())
    assert feed.status == status
    assert not feed.events
    assert client.get("/console/live").status_code in (302, 403)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_pages_show(log_in: LogIn, bus: LocalBus, language: str) -> None:
    client = log_in("admin")
    begin(bus)
    for page in ("/console/live", "/console/live/calls/BR1"):
        answer = client.get(page, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert "style=" not in answer.text
    assert client.get("/console/live/calls/CA9").status_code == 404


def step_in(client: FlaskClient, call: str = "BR1", **content: object):  # type: ignore[no-untyped-def]
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/console/live/calls/BR1").text)
    headers = {"X-CSRFToken": found[1]} if found else {}
    return client.post(f"/console/live/calls/{call}/steer", json=content, headers=headers)


def test_stepping_in_is_told_to_whoever_holds_the_call_and_put_down(
    log_in: LogIn, bus: LocalBus, database: Database
) -> None:
    client = log_in("agent")
    begin(bus)
    told: list[Any] = []
    bus.subscribe(topics.STEER, told.append)
    assert step_in(client, what="hint", text=" 주문을 취소하고 싶어요 ").status_code == 202
    assert step_in(client, what="take_over").status_code == 202
    assert told == [
        {"call": "BR1", "what": "hint", "by": "agent", "text": "주문을 취소하고 싶어요"},
        {"call": "BR1", "what": "take_over", "by": "agent", "text": ""},
    ]
    assert actions(database) == [("agent", "steer hint", "BR1"), ("agent", "steer take_over", "BR1")]


def test_stepping_in_that_makes_no_sense_is_refused(log_in: LogIn, bus: LocalBus) -> None:
    client = log_in("admin")
    begin(bus)
    begin(bus, "CA2", "keypad")
    told: list[Any] = []
    bus.subscribe(topics.STEER, told.append)
    assert step_in(client, what="dance").status_code == 400
    assert step_in(client, what="hint", text=" ").json == {"problem": "text"}
    assert step_in(client, what="say", text="가" * 301).json == {"problem": "text"}
    assert step_in(client, "CA9", what="take_over").json == {"problem": "over"}
    assert step_in(client, "CA2", what="take_over").json == {"problem": "keys"}
    assert client.post("/console/live/calls/BR1/steer", json={"what": "take_over"}).status_code == 400
    assert told == []


def test_who_may_watch_only_steps_in_nowhere(log_in: LogIn, bus: LocalBus) -> None:
    client = log_in("analyst")
    begin(bus)
    page = client.get("/console/live/calls/BR1").text
    assert "data-step" not in page
    assert step_in(client, what="take_over").status_code == 403


def test_a_session_that_ended_watches_no_more(flask: Flask, bus: LocalBus, log_in: LogIn, access: Access) -> None:
    client = log_in("agent")
    user = access.accounts.find("agent")
    assert user is not None
    access.accounts.end_sessions(user)

    async def watch() -> int:
        feed = Feed(flask, client)
        await feed.task
        return feed.status

    assert asyncio.run(watch()) == 401
