"""`voicebot voices` on the command line."""

from __future__ import annotations

import ctypes.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import voicebot.cli.voices_check  # noqa: F401  (registers the commands)
from asr_models import catalogue, resolver
from voicebot import config
from voicebot.asr import whisper
from voicebot.audio.wav import read_wav
from voicebot.cli import app
from voicebot.tts import measured

pytestmark = pytest.mark.skipif(
    not ctypes.util.find_library("espeak-ng"),
    reason="libespeak-ng1 is not installed (sudo apt-get install -y libespeak-ng1)",
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path / "var"))


def test_a_text_is_shown_in_words_and_written_as_sound(tmp_path: Path) -> None:
    out = tmp_path / "say.wav"
    result = CliRunner().invoke(
        app, ["voices", "try", "12,900원이에요.", "--engine", "pyttsx3", "--out", str(out), "--json"]
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["spoken"] == "만 이천구백 원이에요."
    assert said["was_ready"] is False
    assert len(read_wav(out)) * 1000 // 8000 == said["sound_ms"] > 500


def test_the_voices_are_listed_in_their_order_and_what_could_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VOICES", '{"ko": "pyttsx3", "en": "pyttsx3"}')
    result = CliRunner().invoke(app, ["voices", "list", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)["voices"]
    for language in ("ko", "en"):
        assert next(row["voice"] for row in rows if row["language"] == language) == "pyttsx3"
    command = next(row for row in rows if row["voice"] == "command")
    assert command["state"] == "absent"
    assert "voice_command" in command["note"]


def test_a_rate_out_of_bounds_is_bad_usage() -> None:
    assert CliRunner().invoke(app, ["voices", "try", "네", "--rate", "9"]).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["try", "네", "--engine", "hal"], "no voice engine called 'hal'"),
        (["try", "네", "--engine", "command"], "command is not installed here"),
        (["try", "Hello", "--engine", "mbrola", "--language", "en"], "mbrola does not speak en"),
    ],
)
def test_an_engine_that_can_not_be_had_is_refused_in_a_sentence(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["voices", *arguments])
    assert result.exit_code != 0
    assert words in str(result.exception)


def test_without_the_second_listener_nothing_is_checked_and_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.asr.whisper.installed", lambda: False)
    result = CliRunner().invoke(app, ["voices", "check"])
    assert result.exit_code != 0
    assert "voices are checked by the second listener, which is not here" in str(result.exception)


@pytest.fixture
def second_listener() -> None:
    configuration = config.load()
    found = resolver.find(catalogue.model("whisper-base"), configuration.model_paths, configuration.var)
    if found is None or not whisper.installed():
        pytest.skip("whisper-base is not installed (pip install 'voicebot[whisper]', voicebot models install)")


@pytest.mark.usefixtures("second_listener")
def test_a_check_tells_what_was_heard_worst_first_and_is_kept(tmp_path: Path) -> None:
    arguments = ["voices", "check", "shop", "--language", "en", "--engine", "pyttsx3", "--phrases", "10", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.output)
    assert 0 < row["error_rate"] < 0.4
    rates = [phrase["error_rate"] for phrase in row["phrases"]]
    assert rates == sorted(rates, reverse=True)
    (figure,) = measured.load(tmp_path / "var")
    assert figure.error_rate == pytest.approx(row["error_rate"], abs=1e-4)
