"""Every line that is written about a call carries its id, whatever thread writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import structlog
from support.line import Line, ToldRecogniser, heard, hold

from voicebot.backends.port import BackendError
from voicebot.config import Configuration
from voicebot.dialogue.engine import Dialogue
from voicebot.logs import set_up

_log = structlog.get_logger()


class TellingBackend:
    """Writes a line when it is asked, and fails."""

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        structlog.get_logger().warning("asked", operation=operation)
        raise BackendError("unreachable")


class TellingRecogniser(ToldRecogniser):
    """Writes a line when somebody speaks."""

    def listen(self, domain: Any) -> Any:
        structlog.get_logger().warning("listening")
        return super().listen(domain)


def test_every_line_of_a_call_names_it(shop_dialogue: Dialogue, capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    set_up(Configuration())
    try:

        async def script(line: Line) -> None:
            await line.until_quiet()
            await line.speak(1500)
            await line.until_quiet()
            line.keys("12345678")
            await line.until_quiet()

        hold(shop_dialogue, TellingBackend(), script, TellingRecogniser([heard("배송 언제 도착하나요")]))
        structlog.get_logger().warning("afterwards")
    finally:
        structlog.configure(**before)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = {line["event"]: line.get("call") for line in lines}
    assert {"asked", "listening", "the back end failed"} <= set(told)
    assert "call" not in lines[-1]
    assert {line.get("call") for line in lines[:-1]} == {"CA1"}
