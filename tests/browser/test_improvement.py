"""The pages of improvement in a real browser: accessible, fitting, and usable by the keyboard alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from support.history import NOON, a_call, heard, put, said
from werkzeug.serving import make_server

from tests.browser.conftest import PASSWORD, ROOT, OpenBrowser, violations
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.dialogue.pack import load_pack
from voicebot.learning.mining.miner import Miner
from voicebot.loading import open_dialogue
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import open_database
from voicebot.store.mining import Suggestions

pytestmark = pytest.mark.browser


@pytest.fixture
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Suggestions]]:
    """The pages' address."""
    var = tmp_path_factory.mktemp("console")
    database = open_database("", var)
    database.migrate()
    for n, text in enumerate(("사은품은 언제 오나요", "사은품 언제 오나요", "사은품은 언제 와요")):
        entries = [heard(text, "no_match", ""), said("다시 말씀해 주세요."), heard("배송 조회해 줘")]
        put(database, a_call(f"CA{n}", entries, number=str(n)))
    dialogue = open_dialogue(load_pack(ROOT / "prompts", "shop"), var)
    Miner(database, lambda _: dialogue.pack, None, var).run(NOON - timedelta(days=7), NOON + timedelta(days=1))
    flask = Flask("voicebot")
    access = add_console(flask, Configuration(var=var), database, LocalBus(), lambda: dialogue)
    access.accounts.add("editor", "editor", PASSWORD)
    server = make_server("127.0.0.1", 0, flask, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Suggestions(database)
    server.shutdown()
    thread.join()
    database.close()


def test_a_suggestion_is_drawn_and_accepted_by_the_keyboard_on_accessible_pages(
    console: tuple[str, Suggestions], open_browser: OpenBrowser
) -> None:
    address, suggestions = console
    page = open_browser(color_scheme="dark", viewport={"width": 360, "height": 800})
    faults: list[str] = []

    def look() -> None:
        faults.extend(f"{page.url}: {fault}" for fault in violations(page))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{page.url}: wider than the screen")

    def go_to(what: str) -> None:
        """By the tab key, as far as it takes."""
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("what => document.activeElement.matches(what)", what):
                return
        raise AssertionError(f"the tab key never comes to {what}")

    def open_by_key(what: str, url: str) -> None:
        go_to(what)
        page.keyboard.press("Enter")
        page.wait_for_url(url)

    page.goto(f"{address}/login")
    page.fill("#name", "editor")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    open_by_key("nav a[href$='/improvement']", "**/console/improvement")
    look()
    open_by_key("tbody a", "**/console/improvement/*")
    look()
    open_by_key("button[value=suggest]", "**/suggestions/*")
    look()
    _type(page, go_to, "[name=title]", "사은품")
    _type(page, go_to, "[name=answer]", "일주일 안에 보내 드립니다.")
    open_by_key("button[value=accept]", "**/suggestions")
    look()
    assert faults == []
    assert [(one.title, one.answer) for one in suggestions.accepted("shop")] == [
        ("사은품", "일주일 안에 보내 드립니다.")
    ]


def _type(page: Any, go_to: Any, what: str, text: str) -> None:
    go_to(what)
    page.keyboard.type(text)
