"""Recorded prompts: found by their text, and reported where they can't be used."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from voicebot.audio.wav import write_wav
from voicebot.tts.recordings import RecordingError, load, read_index


def tone(seconds: float = 0.5, rate: int = 44100) -> np.ndarray:
    return (np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate) * 8000).astype(np.int16)


def folder(tmp_path: Path, index: str) -> Path:
    (tmp_path / "recordings.yaml").write_text(index, encoding="utf-8")
    write_wav(tmp_path / "greeting.wav", tone(), 44100)
    return tmp_path


@pytest.mark.parametrize("asked", ["안녕하세요. 반갑습니다!", "안녕하세요 반갑습니다", " 안녕하세요,\n반갑습니다. "])
def test_a_text_is_found_whatever_its_spacing_and_punctuation(tmp_path: Path, asked: str) -> None:
    recordings, problems = load([("ko", folder(tmp_path, "안녕하세요. 반갑습니다.: greeting.wav"))])
    assert not problems
    found = recordings.find(asked, "ko")
    assert found is not None
    assert len(found) == pytest.approx(4000, abs=400)


def test_another_text_or_language_is_not_found(tmp_path: Path) -> None:
    recordings, _ = load([("ko", folder(tmp_path, "안녕하세요.: greeting.wav"))])
    assert recordings.find("안녕히 가세요.", "ko") is None
    assert recordings.find("안녕하세요.", "en") is None
    assert recordings.texts == (("ko", "안녕하세요."),)


def test_a_folder_without_recordings_has_none(tmp_path: Path) -> None:
    recordings, problems = load([("ko", tmp_path), ("en", tmp_path / "absent")])
    assert recordings.texts == ()
    assert problems == ()


def test_a_bad_file_is_one_sentence_and_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF but not really")
    write_wav(tmp_path / "silent.wav", np.zeros(8000, np.int16))
    index = "하나: bad.wav\n둘: absent.wav\n셋: silent.wav\n넷: ../outside.wav\n다섯: greeting.wav\n"
    recordings, problems = load([("ko", folder(tmp_path, index))], thorough=True)
    assert recordings.texts == (("ko", "다섯"),)
    assert len(problems) == 4
    for name in ("bad.wav", "absent.wav", "silent.wav", "outside.wav"):
        assert sum(name in problem and "\n" not in problem for problem in problems) == 1


def test_files_are_read_when_they_are_first_heard_and_a_bad_one_is_passed_over_then(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF but not really")
    recordings, problems = load(
        [("ko", folder(tmp_path, "…삼천 원을…: bad.wav\n배송비는…: greeting.wav\n네.: bad.wav"))]
    )
    assert problems == ()
    assert recordings.find("네.", "ko") is None
    assert recordings.compose("배송비는 삼천 원을 받아요.", "ko") is None
    assert recordings.texts == (("ko", "배송비는…"),)


KEYS = st.text(st.sampled_from("가나 …,.?!:#'\"-012abe{}[]&*~%\\"), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(KEYS | st.just("가" * 150), st.just("a.wav"), min_size=1, max_size=4))
def test_an_index_means_what_yaml_says(tmp_path_factory: pytest.TempPathFactory, index: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("index") / "recordings.yaml"
    dumped = StringIO()
    YAML(typ="rt").dump(index, dumped)
    for text in (dumped.getvalue(), "".join(f"{key}: a.wav\n" for key in index)):
        path.write_text(text, encoding="utf-8")
        try:
            meant = YAML(typ="safe", pure=True).load(text) or {}
        except YAMLError:
            meant = None
        if isinstance(meant, dict) and all(isinstance(name, str) for name in meant.values()):
            assert read_index(path) == {str(key): name for key, name in meant.items()}
        else:
            with pytest.raises(RecordingError):
                read_index(path)


@pytest.mark.parametrize("index", ["- a\n- b\n", "a: [b]\n", "a: b: c\n", "네: 5\n"])
def test_a_bad_index_is_one_sentence(tmp_path: Path, index: str) -> None:
    recordings, problems = load([("ko", folder(tmp_path, index))])
    assert recordings.texts == ()
    assert len(problems) == 1
    assert "recordings.yaml" in problems[0]
