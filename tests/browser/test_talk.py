"""The page /talk in a real browser, with a real service behind it."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import SPEECH, OpenBrowser, violations
from tests.peers.service_process import ServiceProcess

pytestmark = pytest.mark.browser

ORDER = SPEECH / "hn1_m120_00.wav"
PERSON = SPEECH / "hn1_m120_02.wav"


def said(path: Path, *parts: tuple[float, Path]) -> Path:
    """A microphone's sound: each clip begins at its second."""
    with wave.open(str(parts[0][1])) as first:
        parameters = first.getparams()
    width, rate = parameters.sampwidth * parameters.nchannels, parameters.framerate
    sound = bytearray()
    for at, clip in parts:
        sound += bytes(max(0, round(at * rate) * width - len(sound)))
        with wave.open(str(clip)) as file:
            sound += file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        file.writeframes(bytes(sound) + bytes(rate * width))
    return path


def stage(page: Any, name: str) -> None:
    page.wait_for_selector(f"main[data-now={name}]", timeout=40_000)


def caption(page: Any, who: str, words: str) -> str:
    """The first caption of that side with these words (a regular expression)."""
    line = page.locator(f"#captions .line.{who}").filter(has_text=re.compile(words)).first
    line.wait_for(timeout=40_000)
    return str(line.inner_text())


@pytest.fixture
def talk(service: ServiceProcess) -> str:
    if httpx.get(f"{service.local_url}/readyz", trust_env=False).status_code != 200:
        pytest.skip("the Korean speech model is not installed")
    return f"{service.local_url}/talk"


@pytest.mark.model
def test_a_whole_spoken_call_with_keys_and_captions(talk: str, open_browser: OpenBrowser, tmp_path: Path) -> None:
    page = open_browser(said(tmp_path / "caller.wav", (7.0, ORDER), (21.0, PERSON)))
    page.goto(talk)
    page.get_by_role("button", name="통화 시작").click()
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")
    caption(page, "caller", "배송")
    caption(page, "bot", "주문번호")
    page.keyboard.type("12345678")
    assert "8개" in caption(page, "caller", "숫자 버튼")
    caption(page, "bot", "1234-5678")
    caption(page, "caller", "상담원")
    caption(page, "bot", "상담원에게 연결")
    page.locator("#status-text").filter(has_text="상담원을 기다리고").wait_for(timeout=40_000)
    page.get_by_role("button", name="끝내기").click()
    stage(page, "ended")
    page.get_by_role("radio", name="만족", exact=True).check()
    page.get_by_role("button", name="평가 보내기").click()
    page.get_by_text("평가해 주셔서 고맙습니다").wait_for()


def test_a_call_by_keyboard_alone_and_in_writing(talk: str, open_browser: OpenBrowser) -> None:
    page = open_browser(None, locale="en-GB")
    page.goto(talk)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "call":
            break
    assert page.evaluate("document.activeElement.id") == "call"
    page.keyboard.press("Enter")
    stage(page, "talking")
    caption(page, "bot", "How can I help")
    assert page.evaluate("document.activeElement.id") == "call", "the focus stays where it was"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="5").is_visible()
    page.get_by_role("textbox").focus()
    page.keyboard.type("where is my order?")
    page.keyboard.press("Enter")
    caption(page, "caller", "where is my order")
    caption(page, "bot", "order number")
    page.get_by_role("button", name="5").focus()
    for _ in range(8):
        page.keyboard.press("Enter")
    assert "8 keys" in caption(page, "caller", "keys")
    page.locator("#call").focus()
    page.keyboard.press("Enter")
    stage(page, "ended")
    assert page.evaluate("document.activeElement.id") == "heading"
    page.get_by_role("radio").nth(3).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("Thank you. It helps").wait_for()


def test_who_refuses_the_microphone_is_told_and_helped(talk: str, open_browser: OpenBrowser) -> None:
    page = open_browser(None, permission=False)
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(talk)
    page.click("#call")
    assert "마이크를 쓸 수 없게" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="마이크 없이 듣고").click()
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")
    page.fill("#written", "상담원 연결해 주세요")
    page.keyboard.press("Enter")
    caption(page, "bot", "상담원에게 연결")


@pytest.mark.parametrize(
    ("error", "words"), [("NotFoundError", "찾지 못했어요"), ("NotReadableError", "다른 프로그램이")]
)
def test_what_is_wrong_with_the_microphone_is_said(
    talk: str, open_browser: OpenBrowser, error: str, words: str
) -> None:
    page = open_browser(None)
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{error}'))"
    )
    page.goto(talk)
    page.click("#call")
    assert words in page.get_by_role("alert").inner_text()
    stage(page, "idle")


def test_a_lost_connection_is_gone_on_with(talk: str, open_browser: OpenBrowser) -> None:
    page = open_browser(None)
    page.goto(talk)
    page.click("#write")
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")
    page.fill("#written", "배송 언제 도착하나요")
    page.keyboard.press("Enter")
    caption(page, "bot", "주문번호")
    page.context.set_offline(True)
    page.get_by_text("다시 연결하고 있어요").first.wait_for()
    page.context.set_offline(False)
    caption(page, "bot", "연결이|다시")
    page.fill("#written", "12345678")
    page.keyboard.press("Enter")
    caption(page, "bot", "1234-5678")
    page.click("#call")
    stage(page, "ended")


def test_when_there_is_no_place_writing_is_offered(talk: str, open_browser: OpenBrowser) -> None:
    page = open_browser(None)
    page.route("**/talk/calls", lambda route: route.fulfill(status=503, json={"problem": "full"}), times=1)
    page.goto(talk)
    page.click("#call")
    page.get_by_text("통화가 많아").wait_for()
    page.get_by_role("button", name="글로 상담하기", exact=True).click()
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")


def test_an_address_without_tls_offers_writing(talk: str, open_browser: OpenBrowser) -> None:
    page = open_browser(None)
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.goto(talk)
    assert "마이크를 쓸 수 없어요" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="글로 상담하기", exact=True).click()
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_at_every_stage(talk: str, open_browser: OpenBrowser, scheme: str, width: int) -> None:
    page = open_browser(None, color_scheme=scheme, viewport={"width": width, "height": 780}, reduced_motion="reduce")
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(talk)
    page.locator("summary").click()
    assert violations(page) == []
    page.click("#write")
    stage(page, "talking")
    caption(page, "bot", "무엇을 도와드릴까요")
    page.click("#keypad-toggle")
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.click("#call")
    stage(page, "ended")
    assert violations(page) == []
    page.check("#contrast")
    assert violations(page) == []
    assert failed == []
