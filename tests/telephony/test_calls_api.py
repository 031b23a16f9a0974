"""The turn log: for programs on this machine alone."""

from __future__ import annotations

import pytest

from telephony.calls_api import calls_blueprint
from telephony.server import create_app
from tests.telephony.twilio_side import Bot, call_sid
from voicebot.config import Configuration
from voicebot.store.journal import Entry, Journal


def status(
    base_url: str = "http://127.0.0.1:8080", peer: str = "127.0.0.1", sid: str = call_sid(), **headers: str
) -> int:
    journal = Journal(call_sid())
    journal.add(Entry("bot", 20, "안녕하세요"))
    calls = calls_blueprint({call_sid(): journal}.get)
    client = create_app(Configuration(), Bot(), blueprints=[calls]).flask.test_client()
    path = f"/api/v1/calls/{sid}/turns"
    reply = client.get(path, base_url=base_url, headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert ("안녕하세요" in str(reply.json)) == (reply.status_code == 200)
    return reply.status_code


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_a_program_on_this_machine_reads_what_was_said(host: str) -> None:
    assert status(f"http://{host}") == 200
    assert status(f"http://{host}", sid=call_sid(2)) == 404


def test_nobody_else_does() -> None:
    assert status(peer="203.0.113.9") == 404
    assert status(peer="") == 404
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"):
        assert status(**{header: "127.0.0.1"}) == 404


@pytest.mark.parametrize("host", ["bot.example.com", "127.0.0.1.example.com", "10.0.0.1:8080"])
def test_a_proxy_on_this_machine_that_leaves_no_header_is_told_by_the_host(host: str) -> None:
    assert status(f"http://{host}") == 404


def test_a_foreign_page_in_a_browser_on_this_machine_reads_nothing() -> None:
    assert status(Origin="https://evil.example.com") == 404
