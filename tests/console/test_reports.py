"""The page of weekly reports: who may see the list, who may read one, and what is on record."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.console.conftest import LogIn
from voicebot.store.history.database import Database
from voicebot.store.history.reading import History
from voicebot.store.jobs.runs import JobRuns
from voicebot.store.jobs.shelf import Reports

PATH = "/console/reports/2026-W47/shop/ko.pdf"


def test_reports_are_listed_and_read_by_who_may_read_calls(log_in: LogIn, database: Database) -> None:
    editor, viewer = log_in("editor"), log_in("viewer")
    assert "아직 리포트가 없습니다" in viewer.get("/console/reports?lang=ko").text
    Reports(database).put("2026-W47", "shop", "ko", "pdf", b"%PDF-1.7 report")
    Reports(database).put("2026-W47", "shop", "ko", "html", "<p>리포트</p>".encode())
    page = viewer.get("/console/reports?lang=ko").text
    assert PATH in page
    assert "2026-W47" in page
    assert viewer.get(PATH).status_code == 403
    got = editor.get(PATH)
    assert (got.data, got.mimetype) == (b"%PDF-1.7 report", "application/pdf")
    assert "attachment" in got.headers["Content-Disposition"]
    shown = editor.get(PATH.replace(".pdf", ".html"))
    assert "리포트" in shown.text
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert editor.get(PATH.replace("W47", "W46")).status_code == 404
    assert editor.get(PATH.replace(".pdf", ".exe")).status_code == 404
    assert [line.action for line in History(database).audit_trail().items].count("read report") == 2


def test_the_page_tells_how_jobs_went(log_in: LogIn, database: Database) -> None:
    runs = JobRuns(database)
    claim = runs.claim("mine", datetime.now(UTC))
    assert claim is not None
    runs.finish(claim, error="the disk is full; make room.")
    page = log_in("viewer").get("/console/reports?lang=en").text
    assert "the disk is full; make room." in page
    assert "Weekly report" in page
