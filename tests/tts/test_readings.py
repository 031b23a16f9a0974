"""An engine that reads a pack's recording script: what it reads, what it reads again, and what is left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tts.engines import ToneEngine

from voicebot.dialogue.pack import load_pack
from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.recordings import Recorded, Recordings
from voicebot.tts.recordings.carrier import Carrier, Gap
from voicebot.tts.recordings.reading import Readings
from voicebot.tts.recordings.script import Script, write_script


def script(*texts: str) -> Script:
    gaps = {"color": Gap(values=("빨강", "노랑"))}
    return write_script((Carrier(f"r{n}", text, gaps) for n, text in enumerate(texts)), "ko")


CHOSEN = script("안녕하세요.", "고르신 색은 {color}{이에요}.")


def test_what_was_read_is_joined_and_whole_sentences_are_left_out(tmp_path: Path) -> None:
    engine, recordings = ToneEngine(), Recordings()
    readings = Readings(tmp_path, "shop", engine, CHOSEN)
    seen: list[tuple[int, int]] = []
    done = readings.read(lambda new, of: seen.append((new, of)))
    assert (done.new, done.there, done.lines, done.refused) == (3, 3, 3, ())
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    readings.add_to(recordings)
    joined = recordings.compose("고르신 색은 노랑이에요.", "ko")
    assert joined is not None
    assert sum(isinstance(part, Recorded) for part in joined) == 2
    assert recordings.find("안녕하세요.", "ko") is None


def test_only_what_is_missing_or_was_edited_is_read_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    stops = iter([True, False])
    first = Readings(tmp_path, "shop", ToneEngine(), CHOSEN).read(go_on=lambda: next(stops))
    assert (first.new, first.there) == (1, 1)
    engine = ToneEngine()
    assert Readings(tmp_path, "shop", engine, CHOSEN).read().new == 2
    assert len(engine.asked) == 2
    edited = Readings(tmp_path, "shop", engine, script("이번 색은 {color}{이에요}."))
    assert edited.read().new == 1
    assert len(list(edited.folder.iterdir())) == 3


def test_another_engine_reads_it_anew_and_the_first_ones_reading_goes(tmp_path: Path) -> None:
    old = Readings(tmp_path, "shop", ToneEngine("old"), CHOSEN)
    old.read()
    new = Readings(tmp_path, "shop", ToneEngine("new"), CHOSEN)
    assert new.there() == ()
    assert new.read().new == 3
    assert not old.folder.exists()


class Mute(ToneEngine):
    """Has nothing to say about one colour."""

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        sound = super().synthesise(text, language, style)
        return Sound(np.zeros(22050, np.int16), 22050) if "빨강" in text else sound


def test_a_line_that_fails_the_check_is_left_out_and_not_tried_again(tmp_path: Path) -> None:
    engine = Mute()
    for new in (2, 0):
        done = Readings(tmp_path, "shop", engine, CHOSEN).read()
        assert (done.new, done.there) == (new, 2)
        assert len(done.refused) == 1
        assert "silence" in done.refused[0]
    assert len(engine.asked) == 3


def test_a_broken_engine_ends_it(tmp_path: Path) -> None:
    engine = ToneEngine()
    engine.broken = True
    with pytest.raises(EngineError):
        Readings(tmp_path, "shop", engine, CHOSEN).read()
    assert len(engine.asked) == 3


def test_recordings_leave_the_version_of_a_pack_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "prompts", tmp_path / "prompts")
    before = load_pack(tmp_path / "prompts", "hr").version
    folder = tmp_path / "prompts" / "hr" / "ko" / "recordings"
    (folder / "recordings.yaml").write_text("안녕하세요.: hello.wav\n", encoding="utf-8")
    (folder / "values.yaml").write_text("record.late: count\n", encoding="utf-8")
    assert load_pack(tmp_path / "prompts", "hr").version == before
    with (tmp_path / "prompts" / "hr" / "pack.yaml").open("a", encoding="utf-8") as file:
        file.write("# Something else.\n")
    assert load_pack(tmp_path / "prompts", "hr").version != before
