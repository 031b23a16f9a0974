"""The agents' desk: who gets a caller, in which order, what is shown and what is kept of it."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.console.conftest import LogIn, csrf
from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.agents.application import add_desk
from voicebot.console.agents.scene import DeskScene
from voicebot.console.application import add_console
from voicebot.console.asgi import asgi_routes
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.live.desk import DeskCaller, DeskQueue
from voicebot.live.desk_records import DeskRecords
from voicebot.loading import open_dialogue
from voicebot.office import local_office
from voicebot.privacy.redactor import redact
from voicebot.store.accounts.permissions import PERMITTED, ROLES
from voicebot.store.bus import LocalBus
from voicebot.store.hand_overs import HandOverContext
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, hand_overs
from voicebot.store.live import MemoryStore
from voicebot.store.live_sqlite import SqliteStore
from voicebot.store.live_steady import SteadyStore
from voicebot.store.voicemails import Voicemail

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


class Telephone:
    """A telephone that rings for one agent."""

    can_call_back = True

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []
        self.dialled = 0

    def can_ring(self, agent: str) -> bool:
        return agent == "agent"

    def ring(self, call: str, agent: str, language: str) -> None:
        self.rung.append((call, agent))

    def call_back(self) -> None:
        self.dialled += 1

    def message(self, voicemail: Voicemail) -> bytes:
        return b"RIFF"


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    pack = load_pack(Path(__file__).parents[2] / "prompts", "shop")
    return open_dialogue(pack, tmp_path_factory.mktemp("var"))


@pytest.fixture
def scene(flask: Flask) -> DeskScene:
    found: DeskScene = flask.config["desk"]
    return found


@pytest.fixture
def flask(tmp_path: Path, database: Database, dialogue: Dialogue) -> Flask:
    flask, bus = Flask("voicebot"), LocalBus()
    access = add_console(flask, Configuration(var=tmp_path), database, bus, lambda: dialogue)
    scene = DeskScene(
        access=access,
        bus=bus,
        queue=DeskQueue(MemoryStore(), bus),
        office=local_office(),
        records=DeskRecords(database, redact, tries=0),
        dialogue=lambda: dialogue,
        bases=dict,
        telephone=Telephone(),
    )
    add_desk(flask, scene)
    flask.config.update(access=access, desk=scene)
    return flask


@pytest.fixture
def access(flask: Flask) -> Access:
    found: Access = flask.config["access"]
    return found


def caller(call: str = "BR1", **about: Any) -> DeskCaller:
    return replace(DeskCaller(call, datetime.now(UTC).isoformat(), "browser"), **about)


def handed_over(database: Database, scene: DeskScene, call: str = "BR1") -> None:
    """A call in the history whose caller was handed over, and who waits."""
    with database.writing() as connection:
        row = {"id": call, "pack": "shop", "version": "1", "language": "ko", "channel": "browser", "began": NOW}
        key = connection.execute(calls.insert().values(row).returning(calls.c.key)).scalar_one()
        asked = {"call_key": key, "part": 1, "requested": NOW, "reason": "asked", "queue": "support"}
        connection.execute(hand_overs.insert().values(asked))
    scene.office.hand_overs.put(
        HandOverContext(
            call,
            NOW.isoformat(),
            "asked",
            "support",
            "ko",
            intents=("order_status",),
            summaries={"ko": "주문 조회"},
            slots={"order_number": "1234"},
            transcript=({"who": "caller", "at_ms": 0, "text": "주문한 거 언제 와요"},),
            tried=("solved order_status",),
        )
    )
    scene.queue.join(DeskCaller.of(scene.office.hand_overs.find(call), "browser"))  # type: ignore[arg-type]


def send(client: FlaskClient, path: str, **content: object) -> Any:
    return client.post(path, json=content, headers={"X-CSRFToken": csrf(client, "/account")})


# Who gets a caller


def test_lost_lines_come_first_then_priority_then_time() -> None:
    queue = DeskQueue(MemoryStore(), LocalBus())
    for call, minutes, priority, first in (
        ("a", 5, 0, False),
        ("b", 9, 0, False),
        ("c", 1, 3, False),
        ("d", 0, 0, True),
    ):
        since = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
        queue.join(caller(call, since=since, priority=priority, first=first))
    assert [one.call for one in queue.waiting()] == ["d", "c", "b", "a"]
    assert queue.place("b") == 3


def test_of_two_agents_at_two_workers_one_gets_the_caller(tmp_path: Path) -> None:
    stores = [SteadyStore(SqliteStore(tmp_path / "live.db", within_s=5)) for _ in range(2)]
    workers = [DeskQueue(store, LocalBus()) for store in stores]
    for number in range(20):
        workers[0].join(caller(f"BR{number}"))
    won: list[tuple[str, str]] = []
    start = threading.Barrier(2)

    def claim(worker: DeskQueue, agent: str) -> None:
        for number in range(20):
            start.wait()
            if worker.claim(f"BR{number}", agent) is not None:
                won.append((f"BR{number}", agent))
                worker.leave(f"BR{number}") if number % 2 else None

    pairs = zip(workers, ("kim", "lee"), strict=True)
    threads = [threading.Thread(target=claim, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(call for call, _ in won) == sorted(f"BR{number}" for number in range(20))
    for store in stores:
        store.close()


def test_whom_an_operator_took_over_goes_to_that_desk_first() -> None:
    now = [datetime.now(UTC)]
    queue = DeskQueue(MemoryStore(), LocalBus(), lambda: now[0])
    queue.join(caller("BR0", priority=9))
    context = HandOverContext("BR1", now[0].isoformat(), "taken", "agent:kim", "ko")
    queue.join(DeskCaller.of(context, "browser"))
    assert queue.waiting_for("kim")[0].call == "BR1"
    assert queue.waiting_for("lee")[0].call == "BR0"
    assert queue.claim("BR1", "lee") is None
    now[0] += timedelta(seconds=31)
    queue.renew(("BR0", "BR1"))
    assert queue.claim("BR1", "lee") is not None


def test_who_is_declined_waits_for_the_others_and_a_dead_worker_loses_its_callers() -> None:
    now = [datetime.now(UTC)]
    queue = DeskQueue(MemoryStore(), LocalBus(), lambda: now[0])
    queue.join(caller())
    queue.pass_on("BR1", "kim")
    assert queue.waiting_for("kim") == []
    assert [one.call for one in queue.waiting_for("lee")] == ["BR1"]
    now[0] += timedelta(seconds=40)
    assert queue.waiting() == []


def test_an_agent_is_there_while_the_desk_is_open() -> None:
    now = [datetime.now(UTC)]
    queue = DeskQueue(MemoryStore(), LocalBus(), lambda: now[0])
    queue.present("kim", "김상담", "available")
    assert [(one.shown, one.state) for one in queue.agents()] == [("김상담", "available")]
    now[0] += timedelta(minutes=1)
    assert queue.agents() == []


# The pages


@pytest.mark.parametrize("role", ROLES)
def test_the_desk_is_for_those_who_may(log_in: LogIn, role: str) -> None:
    browser = log_in(role)
    expected = 200 if "desk" in PERMITTED[role] else 403
    assert browser.get("/agent").status_code == expected
    assert browser.get("/agent/suggestions?question=배송").status_code == expected
    assert send(browser, "/agent/state", state="available").status_code == expected


def test_what_changes_something_needs_the_page_it_came_from(log_in: LogIn) -> None:
    assert log_in("agent").post("/agent/state", json={"state": "available"}).status_code == 400


def test_a_caller_is_accepted_once_and_shown_to_that_agent_only(
    log_in: LogIn, access: Access, scene: DeskScene, database: Database
) -> None:
    handed_over(database, scene)
    first, second = log_in("agent"), log_in("admin")
    assert send(first, "/agent/callers/BR1/accept").json["caller"]["summary"] == "주문 조회"
    refused = send(second, "/agent/callers/BR1/accept")
    assert (refused.status_code, refused.json["problem"]) == (409, "gone")
    assert second.get("/agent/callers/BR1").status_code == 403
    about = first.get("/agent/callers/BR1", headers={"Accept-Language": "ko"}).json
    assert about["transcript"][0]["text"] == "주문한 거 언제 와요"
    assert about["topics"][0]["name"] == "order_status"
    assert about["tried"][0]["kind"] == "solved"
    with database.reading() as connection:
        assert connection.execute(select(hand_overs.c.accepted_by)).scalar() == "agent"


def test_who_talks_takes_no_second_caller(log_in: LogIn, scene: DeskScene) -> None:
    for call in ("BR1", "BR2"):
        scene.queue.join(caller(call))
    browser = log_in("agent")
    assert send(browser, "/agent/callers/BR1/accept").status_code == 200
    busy = send(browser, "/agent/callers/BR2/accept")
    assert (busy.status_code, busy.json["problem"]) == (409, "busy")


def test_the_outcome_is_kept_with_the_answers_that_were_given_and_without_personal_data(
    log_in: LogIn, scene: DeskScene, database: Database
) -> None:
    handed_over(database, scene)
    browser = log_in("agent")
    send(browser, "/agent/callers/BR1/accept")
    question = "제 번호는 010-1234-5678인데 언제 와요"
    given = [
        {"question": question, "answer": "이틀 걸립니다.", "kind": "faq", "source": "delivery_time", "how": "said"},
        {"question": question, "answer": "010-1234-5678로 전화드릴게요.", "kind": "typed", "how": "said"},
        {"kind": "nonsense"},
    ]
    closed = send(
        browser,
        "/agent/callers/BR1/close",
        about="order_status",
        resolved=True,
        note="010-9876-5432로 연락",
        answers=given,
    )
    assert closed.status_code == 200
    with database.reading() as connection:
        row = connection.execute(select(hand_overs, calls.c.resolved).join(calls)).one()
    assert (row.result, row.after_call, row.resolved) == ("answered", "order_status", True)
    answers = row.context["answers"]
    assert [one["kind"] for one in answers] == ["faq", "typed"]
    assert answers[0]["source"] == "delivery_time"
    assert "5678" not in json.dumps(row.context)
    assert "5432" not in row.note


def test_another_agents_caller_is_not_closed(log_in: LogIn, scene: DeskScene, database: Database) -> None:
    handed_over(database, scene)
    assert scene.queue.claim("BR1", "somebody") is not None
    assert send(log_in("agent"), "/agent/callers/BR1/close", about="other").status_code == 403


def test_a_telephone_caller_is_led_to_the_agents_own_telephone(log_in: LogIn, scene: DeskScene) -> None:
    scene.queue.join(caller("CA1", way="twilio"))
    assert send(log_in("agent"), "/agent/callers/CA1/accept").status_code == 200
    assert isinstance(scene.telephone, Telephone)
    assert scene.telephone.rung == [("CA1", "agent")]


def test_answers_are_suggested_from_the_packs_faq(log_in: LogIn, dialogue: Dialogue) -> None:
    browser = log_in("agent")
    found = browser.get("/agent/suggestions?language=ko&question=배송비 얼마예요").json["suggestions"]
    assert found
    assert found[0]["kind"] == "faq"
    assert found[0]["source"] in dialogue.pack.faq
    assert browser.get("/agent/suggestions?language=ko&question=").json["suggestions"] == []


def test_callbacks_and_messages_are_dealt_with(log_in: LogIn, scene: DeskScene) -> None:
    office, browser = scene.office, log_in("agent")
    wanted = office.callbacks.add("+821012345678", "people", "환불", NOW)
    office.voicemails.add(Voicemail("RE1", "CA1", "", "ko", NOW.isoformat(), 12, "https://api.twilio.com/x"))
    assert send(browser, f"/agent/callbacks/{wanted}", what="dial").status_code == 200
    assert isinstance(scene.telephone, Telephone)
    assert scene.telephone.dialled == 1
    assert send(browser, f"/agent/callbacks/{wanted}", what="done").json["done"] is True
    assert office.callbacks.all("waiting") == []
    assert browser.get("/agent/voicemails/RE1").data == b"RIFF"
    assert send(browser, "/agent/voicemails/RE1").json["done"] is True
    assert browser.get("/agent/voicemails/RE1").status_code == 404


# What the open desk is told


class Feed:
    """The desk's events, as a browser takes them."""

    def __init__(self, flask: Flask, browser: FlaskClient | None) -> None:
        cookie = browser.get_cookie("voicebot_session") if browser else None
        headers = [(b"cookie", f"voicebot_session={cookie.value}".encode())] if cookie else []
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": "/agent/feed",
            "query_string": b"lang=ko",
            "headers": headers,
        }
        self._app = asgi_routes(flask)["/agent/feed"]
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self._gone = asyncio.Event()

    async def open(self) -> asyncio.Task[Any]:
        async def receive() -> Any:
            await self._gone.wait()
            return {"type": "http.disconnect"}

        return asyncio.ensure_future(self._app(self._scope, receive, self.sent.put))  # type: ignore[arg-type]

    async def event(self) -> Any:
        while True:
            message = await asyncio.wait_for(self.sent.get(), 10)
            if message["type"] == "http.response.start":
                if message["status"] != 200:
                    return message["status"]
            elif message["body"].startswith(b"event: desk"):
                return json.loads(message["body"].split(b"data: ")[1])

    def close(self) -> None:
        self._gone.set()


def test_a_caller_appears_at_open_desks_at_once_and_leaves_them(flask: Flask, log_in: LogIn, scene: DeskScene) -> None:
    browser = log_in("agent")

    async def watch() -> None:
        feed = Feed(flask, browser)
        held = await feed.open()
        assert (await feed.event())["waiting"] == []
        await asyncio.to_thread(scene.queue.join, caller(summaries={"ko": "환불"}))
        seen = await feed.event()
        while not seen["waiting"]:
            seen = await feed.event()
        assert seen["waiting"][0]["summary"] == "환불"
        assert [one["name"] for one in seen["agents"]] == ["agent"]
        await asyncio.to_thread(scene.queue.leave, "BR1")
        while (await feed.event())["waiting"]:
            pass
        feed.close()
        await held

    asyncio.run(watch())


def test_nobody_else_watches_the_desk(flask: Flask, log_in: LogIn) -> None:
    viewer = log_in("viewer")

    async def ask() -> None:
        for browser, status in ((None, 401), (viewer, 403)):
            feed = Feed(flask, browser)
            await feed.open()
            assert await feed.event() == status

    asyncio.run(ask())
