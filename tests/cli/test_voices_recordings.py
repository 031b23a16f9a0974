"""`voicebot voices script` and `import`: from a pack to a speaker, and back to what callers hear."""

from __future__ import annotations

import csv
import ctypes.util
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts.speaker import reading
from typer.testing import CliRunner

import voicebot.cli.voices_recordings  # noqa: F401  (registers the commands)
from voicebot.audio.wav import write_wav
from voicebot.cli import app
from voicebot.errors import VoicebotError
from voicebot.tts.cache import SoundCache
from voicebot.tts.port import NORMAL
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.recordings import Pause, Recorded, load
from voicebot.tts.recordings.loudness import loudness_of
from voicebot.tts.voice import TelephoneVoice

Speaker = Callable[[str, str, Path], None]


_FILES = {
    "pack.yaml": "name: {ko: 가온몰, en: Gaon Mall}\nlanguages: [ko, en]\nbackend: shop_demo\n",
    "flows.yaml": """
slots:
  product: {type: list, values: {bag: {ko: [가방], en: [backpack]}, socks: {ko: [양말], en: [socks]}}}
flows:
  refund: {steps: [{reply: greeting}]}
""",
    "ko/intents.yaml": "intents: {refund: {title: 반품, templates: [반품할게요]}}\n",
    "en/intents.yaml": "intents: {refund: {title: return, templates: [return it]}}\n",
    "ko/replies.yaml": """
replies:
  greeting: 안녕하세요, {name}입니다. 무엇을 도와드릴까요?
  refund: "반품 배송비 {quote.fee:won}{을} 빼고 {quote.refund:won}{을} 돌려드려요. {product}{을} 반품할까요?"
""",
    "en/replies.yaml": """
replies:
  greeting: Hello, this is {name}. How can I help you?
  refund: "You'll get {quote.refund:won} back, less {quote.fee:won} for shipping. Shall I return the {product}?"
""",
}


@pytest.fixture(autouse=True)
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the pack `small`, in which everything happens."""
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("VOICEBOT_CONTENT", str(tmp_path / "prompts"))
    shutil.copytree(Path(__file__).parents[2] / "prompts" / "common", tmp_path / "prompts" / "common")
    for name, text in _FILES.items():
        path = tmp_path / "prompts" / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "prompts"


def run(*arguments: str, status: int = 0) -> Any:
    result = CliRunner().invoke(app, ["voices", *arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.output)


def tones(text: str, language: str, path: Path) -> None:
    write_wav(path, reading(text, language, rate=16_000, level_db=-12 - len(text) % 20), 16_000)


@pytest.fixture
def speaker(request: pytest.FixtureRequest) -> Iterator[Speaker]:
    """Somebody who reads a text into a file."""
    if request.param == "tones":
        yield tones
        return
    if not ctypes.util.find_library("espeak-ng"):
        pytest.skip("libespeak-ng1 is not installed (sudo apt-get install -y libespeak-ng1)")
    engine = Pyttsx3Engine(workers=1, time_limit_s=20)

    def speak(text: str, language: str, path: Path) -> None:
        sound = engine.synthesise(text, language, NORMAL)
        silence = np.zeros(sound.rate // 2, np.int16)
        write_wav(path, np.concatenate((silence, sound.pcm, silence)), sound.rate)

    yield speak
    engine.close()


def read_aloud(speaker: Speaker, language: str, folder: Path, *replies: str) -> dict[str, Any]:
    """The lines of the script that these replies need, read into a folder; names of subjects left out."""
    script: dict[str, Any] = run("script", "small", "--language", language)
    for line in script["lines"]:
        if set(line["replies"]) & set(replies) and line["section"] != "title":
            speaker(line["text"], language, folder / line["file"])
    return script


_SAID = {
    "ko": ("refund", "반품 배송비 3,000원을 빼고 75,900원을 돌려드려요."),
    "en": ("refund", "You'll get 75,900 won back, less 3,000 won for shipping."),
}


@pytest.mark.parametrize("speaker", ["tones", "pyttsx3"], indirect=True)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_phrase_with_numbers_plays_joined_from_what_a_speaker_read(
    speaker: Speaker, language: str, tmp_path: Path
) -> None:
    reply, sentence = _SAID[language]
    read_aloud(speaker, language, tmp_path / "read", reply)
    target = tmp_path / "recordings"
    told = run("import", str(tmp_path / "read"), "small", "--language", language, "--to", str(target), "--no-listen")
    assert told["refused"] == []
    assert told["imported"] == told["coverage"]["recorded"] > 20
    recordings, problems = load([(language, target)])
    assert not problems

    parts = recordings.compose(sentence, language)
    assert parts is not None
    pieces = [part.pcm for part in parts if isinstance(part, Recorded)]
    assert len(pieces) >= 6
    assert {type(part) for part in parts} <= {Recorded, Pause}
    assert all(part.milliseconds <= 200 for part in parts if isinstance(part, Pause))
    loudness = [loudness_of(piece, 8000) for piece in pieces]
    assert max(loudness) - min(loudness) <= 2.0

    voice = TelephoneVoice([], SoundCache(None), recordings)
    assert voice.is_ready(sentence, language)
    heard = voice.speak(sentence, language).astype(np.int32)
    voice.close()
    # No click: nowhere a steeper step than inside the pieces, and both ends at rest.
    steepest = max(np.abs(np.diff(piece.astype(np.int32))).max() for piece in pieces)
    assert np.abs(np.diff(heard)).max() <= steepest * 1.05
    assert abs(heard[0]) < 100
    assert abs(heard[-1]) < 100
    # All of it is there, and nowhere a hole: the longest silence is a comma's.
    assert len(heard) >= 0.95 * sum(map(len, pieces))
    loud = np.flatnonzero(np.abs(heard) > 300)
    assert np.diff(loud).max() < 0.35 * 8000


def test_a_script_is_written_for_people_and_for_spreadsheets(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["voices", "script", "small"])
    assert result.exit_code == 0
    assert "안녕하세요, 가온몰입니다." in result.output
    table, page = tmp_path / "script.csv", tmp_path / "deep" / "script.html"
    for path, form in ((table, "csv"), (page, "html")):
        assert (
            CliRunner().invoke(app, ["voices", "script", "small", "--format", form, "--out", str(path)]).exit_code == 0
        )
    lines = run("script", "small")["lines"]
    assert len(list(csv.reader(table.read_text(encoding="utf-8-sig").splitlines()))) == len(lines) + 1
    assert page.read_text(encoding="utf-8").count("<code>") == len(lines)


def test_bad_files_are_told_and_the_rest_is_imported(tmp_path: Path) -> None:
    read_aloud(tones, "ko", tmp_path / "read", "refund", "greeting")
    files = sorted((tmp_path / "read").iterdir())
    files[0].write_bytes(b"no sound")
    write_wav(files[1], np.zeros(8000, np.int16))
    arguments = [str(tmp_path / "read"), "small", "--to", str(tmp_path / "recordings"), "--no-listen"]
    result = CliRunner().invoke(app, ["voices", "import", *arguments])
    assert result.exit_code == 1
    assert f"{len(files) - 2} imported into" in result.output
    assert result.output.count("refused: ") == 2
    assert "to record first:" in result.output


def test_what_is_recorded_is_missing_no_longer(content: Path, tmp_path: Path) -> None:
    script = read_aloud(tones, "ko", tmp_path / "read", "greeting")
    run("import", str(tmp_path / "read"), "small", "--no-listen")
    assert (content / "small" / "ko" / "recordings" / "recordings.yaml").is_file()
    missing = run("script", "small", "--missing")
    assert len(missing["lines"]) == len(script["lines"]) - len(list((tmp_path / "read").iterdir()))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["import", "no/such/folder", "small"], "no/such/folder"),
        (["script", "nopack"], "nopack"),
        (["script", "small", "--out", "/proc/nowhere/script.txt"], "can't be written"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["voices", *arguments])
    assert isinstance(result.exception, VoicebotError)
    assert told in str(result.exception)
    assert "\n" not in str(result.exception)
