"""Labelling in a real browser, by the keyboard alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from support.history import a_call, heard, put, said
from support.untrained import untrained
from werkzeug.serving import make_server

from tests.browser.conftest import PASSWORD, OpenBrowser, violations
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database, open_database
from voicebot.store.labels import Judgement, Labels
from voicebot.store.labels.candidates import candidates

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Database]]:
    var = tmp_path_factory.mktemp("labelling")
    database = open_database("", var)
    database.migrate()
    for number, text in enumerate(
        ("환불 하고 시퍼요", "배송 언제 와요", "이거 얼마예요", "집이 어디예요", "교환 되나요")
    ):
        other = [{"text": "배송 조회", "meaning": "order_status", "score": 0.5}]
        question = heard(text, intent="return_item", margin=0.1 * number, alternatives=other)
        put(database, a_call(f"CA{number}", [said("무엇을 도와드릴까요?"), question, said("네.")]))
    flask = Flask("voicebot")
    access = add_console(flask, Configuration(var=var), database, LocalBus(), lambda: untrained("shop"))
    access.accounts.add("admin", "admin", PASSWORD, "김관리")
    server = make_server("127.0.0.1", 0, flask, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", database
    server.shutdown()
    thread.join()
    database.close()


def opened(address: str, page: Any) -> Any:
    page.goto(f"{address}/login")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    page.goto(f"{address}/console/labelling")
    page.wait_for_selector("#turn-form[data-turn]")
    return page


def test_three_turns_are_labelled_by_the_keyboard_alone_and_nothing_typed_is_lost(
    console: tuple[str, Database], open_browser: OpenBrowser
) -> None:
    address, database = console
    page = opened(address, open_browser())
    faults = violations(page)
    press = page.keyboard.press

    def saved(count: int) -> None:
        page.wait_for_selector(f'[data-progress=mine]:text-is("{count}")')

    # The first: what was heard is corrected, a likely intent has a number; the server is away at first.
    page.route("**/console/labelling", lambda route: route.abort())
    press("t")
    press("End")
    page.keyboard.type(" 고쳐 씀")
    press("Escape")
    press("2")
    press("Enter")
    page.wait_for_selector("#turn-problem:not([hidden])")
    faults += violations(page)
    assert page.input_value("#transcript").endswith("고쳐 씀")
    page.unroute("**/console/labelling")
    press("Enter")
    saved(1)
    # The second: another intent is looked for by its initial consonants.
    press("f")
    page.keyboard.type("ㅂㅅㅈㅎ")
    page.wait_for_selector('[role=option][aria-selected="true"]')
    faults += violations(page)
    press("Enter")
    press("Enter")
    saved(2)
    # The third: with the keys switched off, letters do nothing.
    page.locator("#keys").focus()
    press("Space")
    press("x")
    assert page.locator("input[name=choice]:checked").count() == 0
    press("Space")
    page.locator("#turn-form").focus()
    press("x")
    press("Enter")
    saved(3)
    found = Labels(database).find("shop")
    assert [label.meaning for label in found] == ["order_status", "order_status", ":unintelligible"]
    assert found[0].transcript.endswith("고쳐 씀")
    assert all(label.state == "approved" for label in found)
    # The one before comes back as it was saved.
    press("b")
    page.wait_for_selector('[value=":unintelligible"]:checked')
    assert not faults


def test_decisions_are_accessible_and_fit_a_telephone(console: tuple[str, Database], open_browser: OpenBrowser) -> None:
    address, database = console
    labels = Labels(database)
    first, second = candidates(database, "shop")[:2]
    labels.add(first.turn, Judgement("교환 되나요", "return_item"), by="kim")
    labels.add(first.turn, Judgement("교환 되나요", None), by="lee")
    labels.add(second.turn, Judgement("집이 어디예요", None), by="lee")
    page = opened(address, open_browser(color_scheme="dark", viewport={"width": 360, "height": 800}))
    faults = violations(page)
    for path in ("/console/labelling", "/console/labelling/decisions"):
        page.goto(address + path)
        faults += violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path}: wider than the screen")
    assert not faults
