"""A PIN is spoken back, logged, stored and measured nowhere, whether keyed or, against the bot's word, spoken."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from support.line import Line, ToldRecogniser, heard, hold
from support.untrained import untrained

from tests.telephony.keypad_calls import KeyedCaller, Service, backend_of
from voicebot.store.call_log import CallLog
from voicebot.store.live_sqlite import SqliteStore

NUMBER, PIN = "12345678", "2580"
SPOKEN = ("이오팔공", "이 오 팔 공", "2580")


def files_holding(folder: Path, *needles: str) -> list[str]:
    """Files below `folder` in which one of the texts stands, in UTF-8 or as JSON escapes it."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for needle in needles:
                escaped = needle.encode("unicode_escape").replace(b"\\u", b"\\u")
                if needle.encode() in content or escaped in content:
                    found.append(f"{path.name}: {needle}")
    return found


def test_keyed_secrets_are_put_down_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    live = SqliteStore(tmp_path / "live.db")
    log = CallLog(tmp_path / "calls")
    service = Service("bank", live=live, log=log)
    caller = KeyedCaller(service)
    with structlog.testing.capture_logs() as lines:
        said = [caller.call(), caller.press("2")]
        gather = caller.document.find("Gather")
        assert gather is not None
        assert gather.get("numDigits") == "8"
        said += [caller.press(NUMBER), caller.press(PIN)]
        assert "입출금" in said[-1]
        said.append(caller.press("1"))
        assert "잔액" in said[-1] or "원" in said[-1]
        caller.press("0")
        caller.post("/twilio/status", {"CallStatus": "completed"})
    log.close()
    live.close()
    needles = (NUMBER, "1234-5678", PIN)
    assert files_holding(tmp_path, *needles) == []
    assert files_holding(tmp_path / "calls", "98704631") == [], "nor the caller's number"
    stored = (tmp_path / "calls").rglob("*.jsonl")
    assert any('"keys":"0000"' in path.read_text().replace(" ", "") for path in stored), "as many zeros"
    everything = " ".join([*said, str(lines), capfd.readouterr().err, str(service.journal(caller.sid))])
    metrics = service.app.flask.test_client().get("/metrics").text
    for needle in (*needles, "이오팔공", "이 오 팔 공"):
        assert needle not in everything
        assert needle not in metrics


def test_secrets_of_a_wrong_try_are_put_down_nowhere_either(tmp_path: Path) -> None:
    live = SqliteStore(tmp_path / "live.db")
    caller = KeyedCaller(Service("bank", live=live))
    caller.call()
    caller.press("2")
    caller.press(NUMBER)
    said = caller.press("9753")
    assert "고객번호" in said
    live.close()
    assert files_holding(tmp_path, NUMBER, "9753") == []


@pytest.mark.parametrize("words", SPOKEN)
def test_a_spoken_pin_is_refused_and_put_down_nowhere(words: str, tmp_path: Path) -> None:
    log = CallLog(tmp_path / "calls")

    async def script(line: Line) -> None:
        await line.until_quiet()
        line.keys("2")
        await line.until_quiet()
        line.keys(NUMBER)
        await line.until_quiet()
        await line.speak(1500)
        await line.until_quiet()
        line.keys(PIN)
        await line.until_quiet()

    with structlog.testing.capture_logs() as lines:
        line = hold(
            untrained("bank"),
            backend_of("bank"),
            script,
            ToldRecogniser([heard(words)]),
            {"log": log},
        )
    log.close()
    assert "키패드" in line.said[3]
    assert "통장" in line.said[4]
    assert files_holding(tmp_path, NUMBER, PIN, words) == []
    everything = str(lines) + str([entry.to_json() for entry in line.journal.entries])
    assert not [needle for needle in (NUMBER, PIN, words) if needle in everything]


def test_metrics_have_no_words() -> None:
    service = Service("bank")
    caller = KeyedCaller(service)
    caller.call()
    caller.press("2")
    text = service.app.flask.test_client().get("/metrics").text
    assert 'endpoint="keypad",reply="keys"' in text
