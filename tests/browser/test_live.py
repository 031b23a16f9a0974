"""Live calls in a real browser: an operator watches a caller, steps in, and takes over."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import PASSWORD, OpenBrowser, violations
from tests.browser.test_talk import caption, stage, talk
from tests.peers.service_process import ServiceProcess

pytestmark = pytest.mark.browser
__all__ = ["talk"]


def log_in(page: Any, service: ServiceProcess, role: str) -> None:
    page.goto(f"{service.local_url}/login")
    page.fill("#name", role)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")


def call_in_writing(page: Any, talk: str) -> None:
    page.goto(talk)
    page.click("#write")
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")


def test_an_operator_watches_hints_says_and_takes_over(
    talk: str, service: ServiceProcess, open_browser: OpenBrowser
) -> None:
    operator, caller = open_browser(None), open_browser(None)
    log_in(operator, service, "admin")
    operator.goto(f"{service.local_url}/console/live")
    call_in_writing(caller, talk)
    operator.locator("#calls a").last.click()
    lines = operator.locator("#lines .line")
    lines.filter(has_text="무엇을 도와드릴까요").wait_for()
    operator.fill("#hint", "배송 언제 도착하나요")
    operator.get_by_role("button", name="알려 주기").click()
    lines.filter(has_text="admin 개입").filter(has_text="배송 언제").wait_for()
    caption(caller, "bot", "주문번호")
    operator.fill("#say", "제가 지금 확인하고 있습니다.")
    operator.get_by_role("button", name="말하게 하기").click()
    caption(caller, "bot", "제가 지금 확인하고")
    operator.click("#take")
    operator.get_by_role("button", name="넘겨받기", exact=True).click()
    caption(caller, "bot", "상담원이 직접")
    lines.filter(has_text="상담원이 직접").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_are_accessible(
    talk: str, service: ServiceProcess, open_browser: OpenBrowser, scheme: str, width: int
) -> None:
    caller = open_browser(None)
    page = open_browser(None, color_scheme=scheme, viewport={"width": width, "height": 780})
    log_in(page, service, "admin")
    call_in_writing(caller, talk)
    page.goto(f"{service.local_url}/console/live")
    page.locator("#calls a").last.wait_for()
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.locator("#calls a").last.click()
    page.locator("#lines .line").first.wait_for()
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    caller.click("#call")
    stage(caller, "ended")
    page.get_by_text(re.compile("통화가 끝났습니다")).wait_for()
