"""A caller on /talk is handed over to an agent at /agent: two real browsers, with a real service between them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import PASSWORD, SPEECH, OpenBrowser, violations
from tests.browser.test_talk import caption, said, stage
from tests.peers.service_process import ServiceProcess

pytestmark = pytest.mark.browser

REFUND = SPEECH / "hn1_m120_03.wav"
AGENT = SPEECH / "hn1_m120_07.wav"

_METER = """
// What goes to the loudspeaker is measured on its way.
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode && this instanceof GainNode) {
    const meter = this.context.createAnalyser();
    connect.call(this, meter);
    window.loudest = 0;
    setInterval(() => {
      const samples = new Float32Array(meter.fftSize);
      meter.getFloatTimeDomainData(samples);
      window.loudest = Math.max(window.loudest, ...samples.map(Math.abs));
    }, 50);
  }
  return connect.call(this, to, ...rest);
};
"""
_AUDIBLE = 0.02
"""Speech is ten times louder, comfort noise ten times softer."""


@pytest.fixture
def base(service: ServiceProcess) -> str:
    if httpx.get(f"{service.local_url}/readyz", trust_env=False).status_code != 200:
        pytest.skip("the Korean speech model is not installed")
    return service.local_url


def every_few_seconds(path: Path, clip: Path) -> Path:
    """Somebody who says the same again and again, for three minutes."""
    return said(path, *((at, clip) for at in range(2, 180, 5)))


def open_desk(page: Any, base: str, name: str = "agent", lang: str = "ko") -> None:
    page.goto(f"{base}/login?next=/agent&lang={lang}")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#states input:checked", state="attached")  # the desk is told what there is
    page.locator('#states input[value="available"]').check(force=True)


def handed_over(page: Any, base: str, lang: str = "ko") -> None:
    """A caller who asked for a person by key."""
    page.add_init_script(_METER)
    page.goto(f"{base}/talk?lang={lang}")
    page.click("#call")
    stage(page, "talking")
    page.keyboard.press("0")
    caption(page, "bot", "0번을 눌러|press 0")


def hears(page: Any) -> None:
    page.evaluate("window.loudest = 0")
    for _ in range(150):
        if page.evaluate("window.loudest") > _AUDIBLE:
            return
        page.wait_for_timeout(200)
    raise AssertionError("nothing is heard")


def test_a_caller_and_an_agent_hear_each_other(base: str, open_browser: OpenBrowser, tmp_path: Path) -> None:
    caller = open_browser(every_few_seconds(tmp_path / "caller.wav", REFUND))
    agent = open_browser(every_few_seconds(tmp_path / "agent.wav", AGENT))
    agent.add_init_script(_METER)
    open_desk(agent, base)
    handed_over(caller, base)
    row = agent.locator("#waiting li")
    row.wait_for()
    assert agent.title().startswith("(1)")
    assert violations(agent) == []
    row.get_by_role("button", name=re.compile("연결하기")).click()
    agent.get_by_text("통화 중", exact=True).wait_for()
    caption(caller, "bot", "상담원이 연결되었습니다")
    hears(caller)
    hears(agent)
    agent.locator("#lines .line.caller").filter(has_text=re.compile("환불")).first.wait_for(timeout=60_000)
    assert violations(agent) == []

    agent.fill("#search", "배송비 얼마예요")
    answer = agent.locator("#answers li").first
    answer.wait_for()
    answer.get_by_role("button", name=re.compile("봇이 말하기")).click()
    caption(caller, "bot", "배송비")

    agent.click("#hold")
    agent.get_by_text("보류 중", exact=True).wait_for()
    caption(caller, "bot", "잠시만 기다려 주세요")
    agent.click("#hold")
    agent.get_by_text("통화 중", exact=True).wait_for()

    agent.click("#hang-up")
    caption(caller, "bot", "안녕히 계세요")
    stage(caller, "ended")
    agent.get_by_role("button", name="예, 해결됨").wait_for()
    assert violations(agent) == []
    agent.get_by_role("button", name="예, 해결됨").click()
    agent.get_by_text("연결된 고객이 없습니다").wait_for()


def test_the_agents_page_is_closed_and_another_agent_goes_on(base: str, open_browser: OpenBrowser) -> None:
    caller, first, second = open_browser(None), open_browser(None), open_browser(None)
    open_desk(first, base)
    handed_over(caller, base)
    first.locator("#waiting button.primary").first.click()
    first.get_by_text("통화 중", exact=True).wait_for()
    open_desk(second, base, "admin")
    first.close()
    caption(caller, "bot", "연결이 끊어졌습니다")
    second.get_by_text("재연결").wait_for()
    second.locator("#waiting button.primary").first.click()
    second.get_by_text("통화 중", exact=True).wait_for()
    caller.click("#call")
    second.get_by_role("heading", name="상담 결과").wait_for()


def test_the_desk_by_keyboard_alone_in_english(base: str, open_browser: OpenBrowser) -> None:
    caller = open_browser(None, locale="en-GB")
    agent = open_browser(None, locale="en-GB")
    open_desk(agent, base, lang="en")
    handed_over(caller, base, "en")
    agent.locator("#waiting li").wait_for()
    tab_to(agent, "#waiting button.primary")
    agent.keyboard.press("Enter")
    agent.get_by_text("On the line", exact=True).wait_for()
    tab_to(agent, "#own-words")
    agent.keyboard.type("Your refund is on its way.")
    tab_to(agent, "#own button")
    agent.keyboard.press("Enter")
    caption(caller, "bot", "refund is on its way")
    tab_to(agent, "#mute", back=True)
    agent.keyboard.press("Space")
    assert agent.locator("#mute").get_attribute("aria-pressed") == "true"
    tab_to(agent, "#hang-up")
    agent.keyboard.press("Enter")
    agent.get_by_role("button", name="Yes, resolved").wait_for()
    tab_to(agent, "#after button.primary")
    agent.keyboard.press("Enter")
    agent.get_by_text("You are not with a caller").wait_for()


def tab_to(page: Any, selector: str, *, back: bool = False) -> None:
    for _ in range(60):
        if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard never comes to {selector}")


def test_a_caller_goes_back_to_the_bot(base: str, open_browser: OpenBrowser) -> None:
    caller = open_browser(None)
    handed_over(caller, base)
    caller.keyboard.press("0")
    caption(caller, "bot", "다시 챗봇이 도와드리겠습니다")
    caller.locator("#captions .line.bot").filter(has_text="무엇을 도와드릴까요").nth(1).wait_for(timeout=30_000)
    caller.click("#call")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_fits_any_screen(base: str, open_browser: OpenBrowser, width: int, scheme: str) -> None:
    page = open_browser(None, viewport={"width": width, "height": 800}, color_scheme=scheme)
    open_desk(page, base)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
