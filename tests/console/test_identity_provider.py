"""Logging in through an identity provider, which runs on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.console.issuer import Issuer, running_issuer
from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.application import add_console
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def access(tmp_path: Path, database: Database, issuer: Issuer) -> Access:
    flask = Flask("voicebot")
    return add_console(
        flask,
        Configuration(
            var=tmp_path,
            oidc_issuer=issuer.url,
            oidc_name="사내 로그인",
            oidc_client_id="voicebot",
            oidc_client_secret="secret",
            oidc_roles={"it": "admin", "support": "agent"},
        ),
        database,
        LocalBus(),
        lambda: None,
    )


def visit(access: Access) -> tuple[FlaskClient, int]:
    """A browser that clicked the button, went to the provider and came back; and what it got there."""
    client = access.flask.test_client()
    away = client.get("/login/provider")
    there = httpx.get(away.location, follow_redirects=False)
    back = urlsplit(there.headers["location"])
    return client, client.get(f"{back.path}?{back.query}").status_code


def test_the_log_in_offers_the_provider(access: Access) -> None:
    page = access.flask.test_client().get("/login", headers={"Accept-Language": "ko"}).text
    assert "사내 로그인으로 로그인" in page


def test_who_comes_from_the_provider_has_the_role_of_their_groups(access: Access, issuer: Issuer) -> None:
    client, status = visit(access)
    assert status == 302
    assert client.get("/console/users").status_code == 200
    assert "김하늘" in client.get("/account").text
    access.accounts.add("boss", "admin", "a long password")
    issuer.claims["groups"] = ["support"]
    client, _ = visit(access)
    assert client.get("/console/users").status_code == 403
    assert len(access.accounts.all()) == 2


def test_who_is_in_no_group_of_ours_stays_outside(access: Access, issuer: Issuer) -> None:
    issuer.claims["groups"] = ["sales"]
    client, status = visit(access)
    assert status == 403
    assert client.get("/account").status_code == 302


def test_nobody_becomes_somebody_else_by_a_name(access: Access) -> None:
    access.accounts.add("haneul", "viewer", "a long password")
    visit(access)
    assert sorted(user.name for user in access.accounts.all()) == ["haneul", "haneul~u-1"]


def test_an_answer_that_was_not_asked_for_lets_nobody_in(access: Access) -> None:
    client = access.flask.test_client()
    answer = client.get("/login/provider/back?code=code-0&state=made-up")
    assert answer.status_code == 502
    assert "note bad" in answer.text


@pytest.mark.parametrize("azp", ["another", "voicebot"])
def test_a_token_for_another_client_lets_nobody_in(access: Access, issuer: Issuer, azp: str) -> None:
    issuer.claims |= {"aud": "another", "azp": azp}
    client, status = visit(access)
    assert status == 502
    assert client.get("/account").status_code == 302
