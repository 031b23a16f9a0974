"""`voicebot voices` on the command line."""

from __future__ import annotations

import ctypes.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import voicebot.cli.voices  # noqa: F401  (registers the command)
from voicebot.audio.wav import read_wav
from voicebot.cli import app

pytestmark = pytest.mark.skipif(
    not ctypes.util.find_library("espeak-ng"),
    reason="libespeak-ng1 is not installed (sudo apt-get install -y libespeak-ng1)",
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path / "var"))


def test_a_text_is_shown_in_words_and_written_as_sound(tmp_path: Path) -> None:
    out = tmp_path / "say.wav"
    result = CliRunner().invoke(app, ["voices", "try", "12,900원이에요.", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["spoken"] == "만 이천구백 원이에요."
    assert said["was_ready"] is False
    assert len(read_wav(out)) * 1000 // 8000 == said["sound_ms"] > 500


def test_the_voices_are_listed_for_both_languages() -> None:
    result = CliRunner().invoke(app, ["voices", "list", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)["voices"]
    assert {(row["voice"], row["language"]) for row in rows if row["works"]} >= {("pyttsx3", "ko"), ("pyttsx3", "en")}


def test_a_rate_out_of_bounds_is_bad_usage() -> None:
    assert CliRunner().invoke(app, ["voices", "try", "네", "--rate", "9"]).exit_code == 2
