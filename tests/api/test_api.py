"""What programs ask, and what they are answered."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.api.conftest import Ask
from voicebot.console.access.guard import Access, need_of
from voicebot.live import topics
from voicebot.store.accounts.permissions import PERMISSIONS, PERMITTED, ROLES
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database
from voicebot.store.history.tables import audit


def last_line(database: Database) -> tuple[str, str | None]:
    with database.reading() as connection:
        row = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).one()
    return row.action, row.call_id


def detail(answer: TestResponse, status: int) -> str:
    """The sentence of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    told: str = answer.json["detail"]
    assert told.endswith(".")
    return told


RULE = {"name": "통화 없음", "figure": "calls", "direction": "below", "threshold": 1, "min_calls": 0}
SENT: dict[str, Any] = {
    "understand": {"lines": ["배송 언제 와요"]},
    "add_alert_rule": RULE,
    "change_alert_rule": RULE,
    "add_user": {"name": "new", "role": "viewer", "password": "correct horse battery"},
    "change_user": {"end_sessions": True},
}


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
def test_a_role_may_do_what_it_permits_and_nothing_else(flask: Flask, ask: Ask, role: str) -> None:
    client = flask.test_client() if role == "stranger" else ask(role)
    asked = 0
    for rule in flask.url_map.iter_rules():
        if not rule.endpoint.startswith("api."):
            continue
        need = need_of(flask.view_functions[rule.endpoint])
        assert need in {*PERMISSIONS, "public", "signed in"}
        # An id that there isn't: who may ask is told so, and nothing happens.
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<int:{argument}>", "999999").replace(f"<{argument}>", "none")
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        body = SENT.get(rule.endpoint.removeprefix("api.")) if need not in PERMITTED.get(role, ()) else {}  # type: ignore[call-overload]
        status = client.open(path, method=method, json=body if method in ("POST", "PUT", "PATCH") else None).status_code
        if need == "public":
            expected = status == 200
        elif role == "stranger":
            expected = status == 401
        elif need == "signed in":
            expected = status == 200
        elif need in PERMITTED[role]:  # type: ignore[index]
            expected = status in (200, 204, 400, 404)
        else:
            expected = status == 403
        assert expected, f"{role} {method} {path}: {status}"
        asked += 1
    assert asked > 25


def test_a_token_without_the_scope_is_refused(flask: Flask, access: Access) -> None:
    user = access.accounts.add("narrow", "admin", "correct horse battery")
    token = access.tokens.make(user, "figures only", ["numbers"], 1)
    client = flask.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/figures/kpis", headers=headers).status_code == 200
    assert "scopes of your token" in detail(client.get("/api/v1/calls", headers=headers), 403)
    me = client.get("/api/v1/me", headers=headers).json
    assert me == {"name": "narrow", "role": "admin", "permissions": ["numbers"]}


def test_strangers_are_told_how_to_log_in(flask: Flask) -> None:
    answer = flask.test_client().get("/api/v1/calls", headers={"Authorization": "Bearer vb_nonsense"})
    assert "Authorization: Bearer" in detail(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_calls_come_page_by_page_and_each_once(ask: Ask) -> None:
    client = ask("analyst")
    seen: list[str] = []
    after = ""
    while True:
        page = client.get("/api/v1/calls", query_string={"limit": 30, "after": after}).json
        assert page is not None
        seen += [call["id"] for call in page["items"]]
        if not (after := page["after"]):
            break
    assert len(seen) == len(set(seen)) == 100


def test_filters_narrow_the_list(ask: Ask) -> None:
    page = ask("analyst").get("/api/v1/calls?outcome=hand_over&limit=1000").json
    assert page is not None
    assert 0 < len(page["items"]) < 100
    assert {call["outcome"] for call in page["items"]} == {"hand_over"}


def test_seeing_a_call_is_put_down(ask: Ask, a_call: str, database: Database) -> None:
    found = ask("analyst").get(f"/api/v1/calls/{a_call}").json
    assert found is not None
    assert found["call"]["id"] == a_call
    assert found["turns"]
    assert last_line(database) == ("view call", a_call)
    assert "deleted for its age" in detail(ask("analyst").get("/api/v1/calls/CA-none"), 404)


def test_words_are_found_and_looking_for_them_is_put_down(ask: Ask, database: Database) -> None:
    found = ask("analyst").get("/api/v1/turns", query_string={"words": "택배"}).json
    assert found is not None
    assert all("택배" in turn["text"] for turn in found["items"])
    assert last_line(database)[0] == "search calls"
    for narrower in ({"feeling": "neutral"}, {"intent": "order_status"}):
        fewer = ask("analyst").get("/api/v1/turns", query_string={"words": "택배", **narrower}).json
        assert fewer is not None
        assert 0 < len(fewer["items"]) <= len(found["items"])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit: "),
        ("limit=x", "limit: "),
        ("colour=red", "colour: "),
        ("since=yesterday", "since: "),
        ("since=2026-01-01T00:00:00", "since: "),
        ("since=0001-01-01T00:00:00Z", "between the years"),
        ("min_csat=9", "min_csat: "),
        ("after=1", "begin at the first page"),
        ("after=;drop", "after: "),
        ("pack=%00", "pack: "),
    ],
)
def test_what_can_not_be_used_is_told_in_a_sentence(ask: Ask, query: str, words: str) -> None:
    assert words in detail(ask("analyst").get(f"/api/v1/calls?{query}"), 400)


def test_calls_that_go_on_are_listed_without_words_and_told_with_them(
    ask: Ask, bus: LocalBus, database: Database
) -> None:
    card = {"call": "CA-live", "pack": "shop", "language": "ko", "channel": "twilio", "began": "2026-11-20T03:00:00Z"}
    bus.publish(topics.BEGAN, card)
    bus.publish(topics.ENTRY, {"call": "CA-live", "entry": {"who": "caller", "at_ms": 900, "text": "여보세요"}})
    client = ask("agent")
    assert client.get("/api/v1/live").json == {"items": [card]}
    one = client.get("/api/v1/live/CA-live").json
    assert one is not None
    assert one["entries"][0]["text"] == "여보세요"
    assert last_line(database) == ("view call", "CA-live")
    bus.publish(topics.ENDED, {"call": "CA-live", "outcome": {}})
    assert detail(client.get("/api/v1/live/CA-live"), 404)


PERIOD = {"since": "2020-01-01T00:00:00+09:00", "until": "2029-01-01T00:00:00+09:00"}


def test_figures_are_told_without_words(ask: Ask) -> None:
    client = ask("viewer")

    def get(path: str) -> Any:
        answer = client.get(f"/api/v1/figures{path}", query_string=PERIOD)
        assert answer.status_code == 200, answer.text
        return answer.json

    assert get("/kpis")["now"]["calls"] == 100
    assert sum(step["figures"]["calls"] for step in get("/course")["items"]) == 100
    assert sum(of["calls"] for of in get("/by/channel")["items"].values()) == 100
    flows = get("/flows")["items"]
    steps = get(f"/flows/{flows[0]['flow']}")["steps"]
    assert steps[0]["reached"] == flows[0]["began"]
    assert get("/intents")["items"]
    assert sum(get("/feelings")["turns"].values()) > 0
    known = {figure["name"] for figure in client.get("/api/v1/figures").json["items"]}  # type: ignore[index]
    assert known == set(get("/kpis")["now"])
    assert detail(client.get("/api/v1/figures/kpis", query_string={**PERIOD, "since": PERIOD["until"]}), 400)
    assert "by day" in detail(client.get("/api/v1/figures/course", query_string={**PERIOD, "by": "hour"}), 400)


def test_the_bot_answers_a_trial_and_nobody_is_called(ask: Ask) -> None:
    answer = ask("editor").post("/api/v1/understand", json={"language": "ko", "lines": ["배송 언제 도착하나요"]})
    assert answer.json is not None
    greeting, turn = answer.json["turns"]
    assert greeting["said"]
    assert turn["intent"] == "order_status"
    assert turn["said"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("[", "application/json", 400),
        ('{"lines": ["\\ud800"]}', "application/json", 400),
        ('{"lines": []}', "application/json", 400),
        ('{"lines": ["a"], "more": 1}', "application/json", 400),
        ('{"lines": ["a"]}', "text/plain", 415),
        ('{"lines": ["' + "a" * 70_000 + '"]}', "application/json", 413),
    ],
)
def test_bodies_that_can_not_be_used_are_refused(ask: Ask, body: str, kind: str, status: int) -> None:
    assert detail(ask("editor").post("/api/v1/understand", data=body, content_type=kind), status)


def test_a_session_needs_the_token_of_its_pages_to_change_something(flask: Flask, access: Access) -> None:
    user = access.accounts.add("browser", "admin", "correct horse battery")
    client = flask.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = f"{user.id}:{user.session}"
        session["_fresh"] = True
    assert client.get("/api/v1/me").status_code == 200
    assert detail(client.post("/api/v1/understand", json={"lines": ["안녕하세요"]}), 400)


def test_an_export_is_lines_of_json_or_a_table(ask: Ask, database: Database) -> None:
    client = ask("analyst")
    period = {"since": "2025-12-01T00:00:00Z", "until": "2026-12-31T00:00:00Z"}
    lines = client.get("/api/v1/export/calls", query_string=period)
    assert lines.mimetype == "application/x-ndjson"
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert rows
    assert last_line(database)[0] == "export"
    table = client.get("/api/v1/export/calls", query_string={**period, "format": "csv"})
    assert table.mimetype == "text/csv"
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == [row["id"] for row in rows]
    assert "400 days" in detail(client.get("/api/v1/export/calls", query_string=PERIOD), 400)
    assert "choose one of" in detail(client.get("/api/v1/export/users", query_string=period), 404)


def test_rules_are_added_changed_and_deleted(ask: Ask, database: Database) -> None:
    client = ask("analyst")
    made = client.post("/api/v1/alerts", json=RULE)
    assert made.status_code == 201
    assert made.json is not None
    assert (made.json["state"], made.json["changed_by"]) == ("ok", "api-analyst")
    path = f"/api/v1/alerts/{made.json['id']}"
    assert "already" in detail(client.post("/api/v1/alerts", json=RULE), 409)
    assert "choose one of" in detail(client.post("/api/v1/alerts", json={**RULE, "figure": "x"}), 400)
    changed = client.put(path, json={**RULE, "threshold": 5})
    assert changed.json is not None
    assert changed.json["rule"]["threshold"] == 5
    assert client.get("/api/v1/alerts/events").json == {"items": []}
    assert client.delete(path).status_code == 204
    assert last_line(database)[0] == "delete alert rule"
    assert detail(client.delete(path), 404)


def test_accounts_are_made_and_changed_and_no_password_comes_back(ask: Ask, flask: Flask) -> None:
    client = ask("admin")
    made = client.post("/api/v1/users", json={"name": "Park", "role": "agent", "password": "correct horse battery"})
    assert made.status_code == 201
    assert made.json is not None
    assert made.json["name"] == "park"
    assert "password" not in made.text
    path = f"/api/v1/users/{made.json['id']}"
    changed = client.patch(path, json={"role": "editor", "disabled": True})
    assert changed.json is not None
    assert (changed.json["role"], changed.json["disabled"]) == ("editor", True)
    assert detail(client.post("/api/v1/users", json={"name": "park", "role": "agent", "password": "x" * 12}), 409)
    assert detail(client.patch(path, json={"role": "king"}), 400)
    assert detail(client.get("/api/v1/users/999999"), 404)


def test_unknown_paths_and_methods_are_problems_too(ask: Ask) -> None:
    client: FlaskClient = ask("admin")
    assert detail(client.get("/api/v1/nothing"), 404)
    answer = client.delete("/api/v1/calls")
    assert detail(answer, 405)
    assert "GET" in answer.headers["Allow"]
    assert client.get("/nothing").mimetype == "text/html"


def test_health_is_for_everybody(flask: Flask) -> None:
    answer = flask.test_client().get("/api/v1/health").json
    assert answer is not None
    assert (answer["content"], answer["database"]) == (True, True)


def test_asking_too_often_is_slowed(access: Access) -> None:
    from voicebot.console.api.operations import Api

    flask = Flask("limited")
    limited = Api(Access(flask, access.accounts._database, b"k" * 32), rate="2 per minute")

    @limited.operation("get", "/ping", "public")
    def ping() -> dict[str, str]:
        """Answer"""
        return {}

    flask.register_blueprint(limited.blueprint)
    client = flask.test_client()
    assert [client.get("/api/v1/ping").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/api/v1/ping")
    assert "less often" in detail(answer, 429)
    assert answer.headers["Retry-After"] == "60"
