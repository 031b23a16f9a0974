"""Every page of the console in a real browser: accessible, fitting the screen, and usable by the keyboard alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from benchmarks.history_calls import generate
from tests.browser.conftest import PASSWORD, ROOT, OpenBrowser, violations
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.dialogue.pack import load_pack
from voicebot.loading import open_dialogue
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import open_database
from voicebot.store.history.reading import History

pytestmark = pytest.mark.browser

FOCUSED = """(() => {
    const here = document.activeElement;
    return here.name || (["A", "BUTTON", "SUMMARY"].includes(here.tagName) ? here.textContent : "");
})()"""
"""What the focus is on: a field's name, or what a link or a button says."""


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The pages' address, and the id of a call."""
    var = tmp_path_factory.mktemp("console")
    database = open_database("", var)
    database.migrate()
    for _ in generate(database, 300):
        pass
    dialogue = open_dialogue(load_pack(ROOT / "prompts", "shop"), var)
    flask = Flask("voicebot")
    access = add_console(flask, Configuration(var=var), database, LocalBus(), lambda: dialogue)
    access.accounts.add("admin", "admin", PASSWORD, "김관리")
    server = make_server("127.0.0.1", 0, flask, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", History(database).list_calls(limit=1).items[0].id
    server.shutdown()
    thread.join()
    database.close()


def logged_in(page: Any, address: str) -> Any:
    page.goto(f"{address}/login")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    return page


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_every_page_is_accessible_and_fits(
    console: tuple[str, str], open_browser: OpenBrowser, scheme: str, width: int
) -> None:
    address, call_id = console
    page = open_browser(color_scheme=scheme, viewport={"width": width, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("console", lambda said: faults.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.goto(f"{address}/login")
    faults += violations(page)
    logged_in(page, address)
    for path in (
        "/console?period=90d",
        "/console/flows/order_status?period=90d",
        "/console/calls",
        "/console/calls?words=택배",
        f"/console/calls/{call_id}",
        "/console/content",
        "/console/content/order_status",
        "/console/users",
        "/console/audit",
        "/console/experiments",
        "/console/experiments/shop/where_the_number_is",
        "/console/alerts",
        "/account",
    ):
        page.goto(address + path)
        faults += [f"{path}: {fault}" for fault in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path}: wider than the screen")
    assert not faults


def test_a_call_is_found_and_explained_by_the_keyboard_alone(
    console: tuple[str, str], open_browser: OpenBrowser
) -> None:
    address, _ = console
    page = logged_in(open_browser(), address)

    def go_to(text: str) -> None:
        """By the tab key, as far as it takes."""
        for _ in range(120):
            page.keyboard.press("Tab")
            if text in page.evaluate(FOCUSED):
                return
        raise AssertionError(f"the tab key never comes to {text}")

    go_to("통화 기록")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/calls")
    go_to("words")
    page.keyboard.type("택배")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=*")
    go_to("2026")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/calls/*")
    go_to("이해한 근거")
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 1


def test_a_trial_is_answered_in_the_page(console: tuple[str, str], open_browser: OpenBrowser) -> None:
    address, _ = console
    page = logged_in(open_browser(), address)
    page.goto(f"{address}/console/content")
    page.fill("#lines", "배송 언제 와요")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".line.bot")
    assert "주문번호" in page.locator(".line.bot").last.text_content()
