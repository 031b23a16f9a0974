"""The weekly report: what it says, in which words, and what becomes of it."""

from __future__ import annotations

import io
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pypdf
import pytest
from aiosmtpd.controller import Controller
from support.history import a_call, heard, put, said

from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.learning.reporting.document import html, pdf
from voicebot.learning.reporting.facts import gather
from voicebot.learning.reporting.making import ReportError, make, send
from voicebot.learning.reporting.week import Week, WeekError
from voicebot.learning.reporting.words import names
from voicebot.store.history.database import Database
from voicebot.store.history.desk import Desk
from voicebot.store.jobs.shelf import Reports

ROOT = Path(__file__).parents[2]
SEOUL = ZoneInfo("Asia/Seoul")
WEEK = Week.read("2026-W47")
MADE = datetime(2026, 11, 23, 7, 0, tzinfo=SEOUL)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(ROOT / "prompts", "shop")


@pytest.fixture
def two_weeks(database: Database) -> Database:
    """20 calls about orders, half of which leave at the order number; 10 the week before, all content."""
    tuesday = datetime(2026, 11, 17, 10, 0, tzinfo=SEOUL)
    for number in range(10):
        put(database, a_call(f"b{number}", at=tuesday - timedelta(days=7, minutes=number)))
    for number in range(20):
        asked = said("주문 번호를 말씀해 주세요.")
        lost = heard("...", "no_match", "")
        for entry in (asked, lost):
            entry.flow, entry.step = "order_status", "ask order_number"
        leaves: dict[str, Any] = {"outcome": "caller_left", "result": "", "resolved": False}
        leaves["entries"] = (heard("배송 언제 와요"), asked, lost)
        at = tuesday + timedelta(minutes=number)
        put(database, a_call(f"c{number}", at=at, steps=("ask order_number",), **(leaves if number % 2 else {})))
    Desk(database).rate("c0", 5, "keys")
    Desk(database).rate("c2", 1, "voice", "010-1234-5678로 주문 번호를 <세 번>이나 말했어요")
    return database


def text_of(page: str) -> str:
    page = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def test_weeks_are_read_and_written_as_iso_has_them() -> None:
    assert (WEEK.monday.isoformat(), WEEK.sunday.isoformat(), str(WEEK)) == ("2026-11-16", "2026-11-22", "2026-W47")
    assert str(Week.last_before(datetime(2027, 1, 4, tzinfo=UTC), SEOUL)) == "2026-W53"
    for wrong in ("2026-47", "2026-W54", "", "0000-W01"):
        with pytest.raises(WeekError):
            Week.read(wrong)


def test_both_languages_have_the_same_texts() -> None:
    assert names("ko") == names("en")


def test_the_report_says_in_korean_what_was_wanted_and_where_callers_left(two_weeks: Database, pack: Pack) -> None:
    page = html(gather(two_weeks, pack, WEEK, SEOUL), pack, "ko", MADE, SEOUL)
    told = text_of(page)
    assert "2026년 11월 16일 ~ 11월 22일" in told
    assert "이번 주에는 전화 20통을 받았고, 용건이 있던 통화의 50.0%를 상담원 없이 해결했습니다." in told
    assert "지난주보다 50.0%p 낮습니다. 통화는 지난주 10통에서 100% 늘었습니다." in told
    assert "문의는 ‘배송 조회’에 대한 것이 20통이었습니다." in told
    assert "‘주문번호’를 묻는 단계에서 20통 가운데 10통(50%)이 끝나지 못했습니다." in told
    assert "가장 흔한 이유는 ‘알아듣지 못함’입니다." in told
    assert "평가해 주신 고객 2분의 만족도는 5점 만점에 3.0점에 그쳤습니다." in told
    assert "[전화번호]로 주문 번호를 &lt;세 번&gt;이나 말했어요”" in told, "also where the history keeps all words"
    assert "문구를 바꾸어 실험해 보면" in told
    assert "{" not in told


def test_the_report_says_it_in_english(two_weeks: Database, pack: Pack) -> None:
    told = text_of(html(gather(two_weeks, pack, WEEK, SEOUL), pack, "en", MADE, SEOUL))
    assert "16 November to 22 November 2026" in told
    assert "The bot took 20 calls this week and resolved 50.0% of those with a request, without a person." in told
    assert "10 of 20 calls (50%) ended unfinished at the question for the order number." in told
    assert "{" not in told


def test_a_week_without_calls_has_a_report_too(database: Database, pack: Pack) -> None:
    page = text_of(html(gather(database, pack, WEEK, SEOUL), pack, "ko", MADE, SEOUL))
    assert "이번 주에는 통화가 없었습니다." in page
    assert "None" not in page


def test_a_pdf_has_its_fonts_within_and_fetches_nothing() -> None:
    pytest.importorskip("weasyprint", exc_type=ImportError)
    made = pdf('<p lang="ko">가나다<img src="http://127.0.0.1:9/x.png"><img src="file:///etc/hosts"></p>', "ko")
    assert made.startswith(b"%PDF-")
    page = pypdf.PdfReader(io.BytesIO(made)).pages[0]
    assert page.extract_text().strip() == "가나다"


def test_reports_are_kept_and_mailed(two_weeks: Database, pack: Pack, tmp_path: Path) -> None:
    class Box:
        def __init__(self) -> None:
            self.messages: list[str] = []

        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
            self.messages.append(envelope.content.decode("utf-8", "replace"))
            return "250 OK"

    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mail: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"}
        mail |= {"smtp_from": "bot@example.com", "report_mail_to": ["boss@example.com"]}
        configuration = Configuration(var=tmp_path, **mail)
        made = make(two_weeks, configuration, pack, WEEK, ("ko",), ("html",))
        assert send(configuration, made) == 1
    finally:
        controller.stop()
    assert 'filename="voicebot-2026-W47-shop-ko.html"' in box.messages[0]
    shelf = Reports(two_weeks)
    assert [(one.week, one.language, one.format) for one in shelf.kept()] == [("2026-W47", "ko", "html")]
    assert shelf.document("2026-W47", "shop", "ko", "html") == made[0].content
    with pytest.raises(ReportError, match="has not begun"):
        make(two_weeks, configuration, pack, Week.read("2090-W01"), ("ko",), ("html",))
