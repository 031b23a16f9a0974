"""`voicebot call`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

import voicebot.cli.call
import voicebot.cli.commands
from tests.phone.calls import streaming
from tests.phone.service import Wire, tone
from voicebot.audio.wav import write_wav
from voicebot.cli import app
from voicebot.errors import VoicebotError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from any voicebot.toml."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def served() -> Iterator[str]:
    """A small bot on a real port, in real time: it greets, takes three keys, says a word and hangs up."""

    async def talk(wire: Wire) -> None:
        await wire.play(tone(100))
        for _ in range(3):
            await wire.next("dtmf")
        await wire.play(tone(350), "word")
        await wire.next("mark")

    service = streaming(talk)
    service.documents["/twilio/voice"] = service.documents["/twilio/voice"].replace("wss://bot.example.com", "")
    service.turns = [{"who": "bot", "text": "[안녕하세요]"}]
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service, log_config=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_call_is_told_recorded_and_measured(served: str, tmp_path: Path) -> None:
    runner = CliRunner()
    outcome = runner.invoke(
        app,
        ["call", "--url", served, "--keys", "12#", "--record", "out/call.wav", "--transcript", "out/call.txt"],
        catch_exceptions=False,
    )
    assert outcome.exit_code == 0, outcome.output
    assert "presses 12#" in outcome.output
    assert "[안녕하세요]" in outcome.output
    assert "goal reached" in outcome.output
    assert "\x1b[" not in outcome.output
    assert "presses 12#" in (tmp_path / "out/call.txt").read_text(encoding="utf-8")
    with wave.open(str(tmp_path / "out/call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)


def test_a_missed_goal_is_status_1_and_json_is_all_that_is_printed(served: str, tmp_path: Path) -> None:
    (tmp_path / "call.yaml").write_text("steps: [{expect: {hand_over: true, within: 200 ms}}]")
    outcome = CliRunner().invoke(app, ["call", "--url", served, "--scenario", "call.yaml", "--json"])
    assert outcome.exit_code == 1
    result = json.loads(outcome.stdout)
    assert result["passed"] is False
    assert result["steps"][0]["outcome"] == "failed"


def test_files_and_keys_are_played_in_the_order_of_the_command_line(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(100))
    plan, sounds = voicebot.cli.call._plan(None, ["--keys", "1#", "--json", "--play=a.wav", "--keys=2"])
    acts = [getattr(step, "keys", getattr(step, "play", None)) for step in plan.steps]
    assert [act for act in acts if act] == ["1#", "a.wav", "2"]
    assert list(sounds) == ["a.wav"]


def _free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--play", "missing.wav"], "no such file"),
        (["--keys", "12x"], "keys are 0-9"),
        (["--scenario", "missing.yaml"], "can't be read"),
        (["--scenario", "a.yaml", "--keys", "1"], "leave --play and --keys away"),
        (["--url", "bot.example.com"], "write the service's address"),
        (["--url", "http://127.0.0.1:1", "--virtual-time"], "leave --url away"),
        (["--url", f"http://127.0.0.1:{_free_port()}"], "no service answers"),
    ],
)
def test_bad_usage_is_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(VoicebotError) as caught:
        CliRunner().invoke(app, ["call", *arguments], catch_exceptions=False)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
