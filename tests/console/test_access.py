"""Logging in, staying in, and being let in nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.console.conftest import PASSWORD, LogIn, csrf, post
from voicebot.console.access.guard import Access, need_of
from voicebot.console.interface_language import texts
from voicebot.store.accounts.accounts import Accounts
from voicebot.store.accounts.permissions import PERMISSIONS, PERMITTED, ROLES
from voicebot.store.accounts.tokens import ApiTokens
from voicebot.store.history.database import Database
from voicebot.store.history.tables import audit


def trail(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(row.who, row.action) for row in connection.execute(select(audit).order_by(audit.c.id))]


def test_every_page_says_what_it_needs(flask: Flask) -> None:
    known = {*PERMISSIONS, "public", "signed in"}
    for rule in flask.url_map.iter_rules():
        if not rule.endpoint.endswith("static"):
            assert need_of(flask.view_functions[rule.endpoint]) in known, rule


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_pages_it_permits_and_no_others(flask: Flask, log_in: LogIn, role: str) -> None:
    client = log_in(role)
    for rule in flask.url_map.iter_rules():
        need = need_of(flask.view_functions[rule.endpoint])
        if need not in PERMISSIONS or "GET" not in (rule.methods or ()) or rule.arguments:
            continue
        allowed = need in PERMITTED[role]
        assert (client.get(rule.rule).status_code == 403) is not allowed, (rule, role)


def test_strangers_are_sent_to_the_log_in_and_back_afterwards(flask: Flask, access: Access) -> None:
    access.accounts.add("kim", "admin", PASSWORD)
    client = flask.test_client()
    away = client.get("/console/users?page=2")
    assert away.status_code == 302
    back = post(client, away.location, name="KIM", password=PASSWORD)
    assert back.location == "/console/users?page=2"


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere_after_logging_in(log_in: LogIn, elsewhere: str) -> None:
    assert log_in("viewer").get("/login", query_string={"next": elsewhere}).location == "/console"


def test_wrong_passwords_tell_nothing_and_lock_the_account_for_a_while(database: Database) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    accounts = Accounts(database, lambda: now)
    accounts.add("kim", "viewer", PASSWORD)
    for _ in range(5):
        assert accounts.log_in("kim", "guess guess guess") is None
        assert accounts.log_in("nobody", "guess guess guess") is None
    with pytest.raises(Exception, match="locked"):
        accounts.log_in("kim", PASSWORD)
    now += timedelta(minutes=1)
    assert accounts.log_in("kim", PASSWORD) is not None


def test_no_lock_lasts_longer_than_a_quarter_of_an_hour(database: Database) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    accounts = Accounts(database, lambda: now)
    accounts.add("kim", "viewer", PASSWORD)
    for _ in range(12):
        accounts.log_in("kim", "guess guess guess")
        now += timedelta(minutes=15)
    assert accounts.log_in("kim", PASSWORD) is not None


def test_trying_passwords_from_one_address_is_slowed(flask: Flask) -> None:
    client = flask.test_client()
    token = csrf(client)
    statuses = [
        client.post("/login", data={"csrf_token": token, "name": f"user{n}", "password": "x"}).status_code
        for n in range(11)
    ]
    assert statuses == [403] * 10 + [429]


def test_a_form_of_another_site_changes_nothing(log_in: LogIn) -> None:
    client = log_in("admin")
    assert client.post("/console/users", data={"name": "eve", "role": "admin"}).status_code == 400
    assert "eve" not in client.get("/console/users").text


def test_a_new_password_ends_the_sessions_elsewhere(log_in: LogIn) -> None:
    here, there = log_in("viewer"), log_in("viewer")
    answer = post(here, "/account/password", "/account", old=PASSWORD, new="another long one", again="another long one")
    assert answer.status_code == 302
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_a_disabled_account_is_out_at_once(log_in: LogIn, access: Access) -> None:
    client = log_in("analyst")
    user = access.accounts.find("analyst")
    assert user is not None
    access.accounts.set_disabled(user, True)
    assert client.get("/account").status_code == 302


def test_a_changed_role_counts_from_the_next_page(log_in: LogIn, access: Access) -> None:
    access.accounts.add("boss", "admin", PASSWORD)
    client = log_in("admin")
    user = access.accounts.find("admin")
    assert user is not None
    access.accounts.set_role(user, "viewer")
    assert client.get("/console/users").status_code == 403


def test_the_last_administrator_stays(log_in: LogIn, access: Access) -> None:
    client = log_in("admin")
    user = access.accounts.find("admin")
    assert user is not None
    for change in ({"what": "role", "role": "viewer"}, {"what": "disable"}):
        answer = post(client, f"/console/users/{user.id}", "/console/users", **change)
        assert answer.status_code == 400
        assert texts("ko")["access.last_admin"] in answer.text
    assert client.get("/console/users").status_code == 200


def test_an_administrator_adds_people_and_hands_over_their_password(flask: Flask, log_in: LogIn) -> None:
    answer = post(log_in("admin"), "/console/users", name="Lee", shown="이수진", role="agent")
    password = answer.text.split("<code>")[1].split("</code>")[0]
    other = flask.test_client()
    assert post(other, "/login", name="lee", password=password).location == "/agent"
    again = post(log_in("admin"), "/console/users", name="LEE", role="agent")
    assert texts("ko")["access.name_taken"] in again.text


def test_a_token_has_the_scopes_it_was_given_as_far_as_its_user_has_them(
    flask: Flask, log_in: LogIn, access: Access
) -> None:
    client = log_in("admin")
    answer = post(client, "/account/tokens", "/account", name="grafana", scope="users", days="7")
    token = answer.text.split("<code>")[1].split("</code>")[0]
    program = flask.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/console/users", headers=headers).status_code == 200
    access.accounts.add("boss", "admin", PASSWORD)
    user = access.accounts.find("admin")
    assert user is not None
    access.accounts.set_role(user, "viewer")
    assert program.get("/console/users", headers=headers).status_code == 403


def test_a_token_makes_no_tokens_and_ends_when_revoked_or_old(flask: Flask, database: Database, access: Access) -> None:
    user = access.accounts.add("kim", "admin", PASSWORD)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    tokens = ApiTokens(database, lambda: now)
    token = tokens.make(user, "script", ["users"], 1)
    headers = {"Authorization": f"Bearer {access.tokens.make(user, 'script', ['users'], None)}"}
    assert flask.test_client().post("/account/tokens", headers=headers).status_code == 403
    found = tokens.find(token)
    assert found is not None
    now += timedelta(days=1)
    assert tokens.find(token) is None
    assert tokens.revoke(user, found.id)
    assert not tokens.revoke(user, found.id)


def test_who_did_what_stands_in_the_trail(flask: Flask, log_in: LogIn, database: Database) -> None:
    admin = log_in("admin")
    post(admin, "/console/users", name="lee", role="agent")
    post(flask.test_client(), "/login", name="lee", password="wrong wrong wrong")
    post(admin, "/logout", "/account")
    assert trail(database) == [
        ("admin", "log in"),
        ("admin", "add user"),
        ("lee", "log in failed"),
        ("admin", "log out"),
    ]


def test_pages_allow_nothing_from_outside_and_are_not_kept(flask: Flask) -> None:
    headers = flask.test_client().get("/login").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_pages_speak_the_readers_language(flask: Flask) -> None:
    client: FlaskClient = flask.test_client()
    assert 'lang="ko"' in client.get("/login", headers={"Accept-Language": "ko-KR,ko;q=0.9"}).text
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "en-US"}).text
    client.get("/login?lang=ko")
    assert 'lang="ko"' in client.get("/login", headers={"Accept-Language": "en-US"}).text


def test_both_languages_have_the_same_texts() -> None:
    assert set(texts("ko")) == set(texts("en"))


def test_a_missing_page_says_so_kindly(flask: Flask, log_in: LogIn) -> None:
    answer = log_in("admin").post("/console/users/999", data={"csrf_token": "x"})
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text
