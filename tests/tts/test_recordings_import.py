"""A speaker's files: what is refused and why, what is kept, and that nothing is lost when something fails."""

from __future__ import annotations

import resource
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tts.speaker import read, reading

from voicebot.audio.wav import read_wav, write_wav
from voicebot.tts.recordings import RecordingError, load
from voicebot.tts.recordings.carrier import Carrier, Gap
from voicebot.tts.recordings.checking import LOUDNESS, RATE, check
from voicebot.tts.recordings.importing import import_recordings
from voicebot.tts.recordings.loudness import loudness_of
from voicebot.tts.recordings.script import Line, Script, write_script

_WORDS = "무엇을 도와드릴까요"


@pytest.fixture
def script() -> Script:
    return write_script(
        [
            Carrier("hello", "안녕하세요, 가온몰이에요. 무엇을 도와드릴까요?"),
            Carrier("late", "{product}{은} 내일 도착해요.", {"product": Gap(values=("가방", "양말"))}),
        ],
        "ko",
    )


@pytest.fixture
def source(tmp_path: Path, script: Script) -> Path:
    for number, line in enumerate(script.lines):
        read(line, tmp_path / "read", level_db=-12 - 6 * number, rate=(44_100, 48_000, 16_000, 22_050)[number % 4])
    return tmp_path / "read"


def path_of(script: Script, source: Path, words: str) -> Path:
    return source / f"{next(line for line in script.lines if line.piece.words.startswith(words)).id}.wav"


@contextmanager
def nearly_full_disk(largest: int) -> Iterator[None]:
    """No file may grow beyond `largest` bytes: writing fails in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_read_is_imported_and_can_be_played(script: Script, source: Path, tmp_path: Path) -> None:
    done = import_recordings(source, script, tmp_path / "recordings")
    assert (len(done.imported), done.refused, done.hints, done.unknown) == (len(script.lines), (), (), ())
    recordings, problems = load([("ko", tmp_path / "recordings")])
    assert not problems
    assert recordings.find("무엇을 도와드릴까요?", "ko") is not None
    assert recordings.compose("양말은 내일 도착해요.", "ko") is not None


def test_all_are_equally_loud_and_trimmed_whatever_they_were(script: Script, source: Path, tmp_path: Path) -> None:
    import_recordings(source, script, tmp_path / "recordings")
    for path in (tmp_path / "recordings").glob("*.wav"):
        pcm = read_wav(path, RATE)
        assert loudness_of(pcm, RATE) == pytest.approx(LOUDNESS, abs=0.5)
        loud = np.flatnonzero(np.abs(pcm) > np.abs(pcm).max() * 0.05)
        assert loud[0] < 0.06 * RATE
        assert len(pcm) - loud[-1] < 0.1 * RATE


@pytest.mark.parametrize("seconds", [0.12, 0.25, 0.39, 0.41, 1.5, 4.0])
def test_the_loudness_of_a_short_clip_is_that_of_a_long_one(seconds: float) -> None:
    tone = (np.sin(2 * np.pi * 997 * np.arange(int(seconds * RATE)) / RATE) * 32767).astype(np.int16)
    # ITU-R BS.1770-4: a full-scale sine of 997 Hz on one channel has -3.01 LKFS.
    assert loudness_of(tone, RATE) == pytest.approx(-3.01, abs=0.3)


def test_loudness_of_nothing_is_minus_infinity() -> None:
    assert loudness_of(np.zeros(0, np.int16), RATE) == float("-inf")
    assert loudness_of(np.zeros(RATE, np.int16), RATE) == float("-inf")


def clipped(words: str) -> np.ndarray:
    return np.clip(reading(words).astype(np.int32) * 12, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.zeros(44_100, np.int16), "silence"),
        (np.zeros(0, np.int16), "silence"),
        (clipped(_WORDS), "clipped"),
        (reading(_WORDS, noise_db=-30), "noise"),
        (reading(_WORDS)[int(0.6 * 44_100) :], "begins inside"),
        (reading(_WORDS)[: int(0.9 * 44_100)], "ends inside"),
        (reading("네"), "expected"),
        (reading(_WORDS * 6), "expected"),
    ],
)
def test_a_bad_recording_is_refused_in_one_sentence(tmp_path: Path, sound: np.ndarray, reason: str) -> None:
    path = tmp_path / "one.wav"
    write_wav(path, sound, 44_100)
    with pytest.raises(RecordingError, match=reason) as told:
        check(path, _WORDS, "ko")
    assert str(told.value).startswith("one.wav: ")
    assert "\n" not in str(told.value)


def test_a_hissing_recording_is_taken_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    write_wav(path, reading(_WORDS, noise_db=-45), 44_100)
    assert "noise" in check(path, _WORDS, "ko").hints[0]


def test_a_low_rate_is_refused_and_stereo_is_mixed(tmp_path: Path) -> None:
    write_wav(tmp_path / "low.wav", reading(_WORDS, rate=6000), 6000)
    with pytest.raises(RecordingError, match="6000 Hz"):
        check(tmp_path / "low.wav", _WORDS, "ko")
    sound = reading(_WORDS, rate=32_000)
    write_wav(tmp_path / "two.wav", np.stack((sound, sound), axis=1), 32_000)
    assert check(tmp_path / "two.wav", _WORDS, "ko").hints == ()


def test_bad_files_cost_themselves_only(script: Script, source: Path, tmp_path: Path) -> None:
    path_of(script, source, "안녕").write_bytes(b"RIFF and nothing more")
    write_wav(path_of(script, source, "양말"), np.zeros(8000, np.int16))
    (source / "take 2.wav").write_bytes(b"")
    (source / "notes.txt").write_text("first try")
    done = import_recordings(source, script, tmp_path / "recordings")
    assert len(done.imported) == len(script.lines) - 2
    assert len(done.refused) == 2
    assert all(sentence.startswith("ko-") and "\n" not in sentence for sentence in done.refused)
    assert done.unknown == ("take 2.wav",)


def test_a_folder_that_is_not_there_is_one_sentence(script: Script, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="absent"):
        import_recordings(tmp_path / "absent", script, tmp_path)


def test_other_words_are_told_and_short_pieces_are_not_judged(script: Script, source: Path, tmp_path: Path) -> None:
    heard: list[int] = []

    def listen(pcm: np.ndarray) -> str:
        heard.append(len(pcm))
        return "무엇을 도와드릴까요?"

    done = import_recordings(source, script, tmp_path / "recordings", listen=listen)
    assert len(heard) == 3  # 가방은 and 양말은 are too short to judge
    assert len(done.imported) == len(script.lines)
    assert len(done.hints) == 2
    assert all("second listener" in hint for hint in done.hints)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_disk_that_gets_full_leaves_everything_as_it_was(script: Script, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "recordings"
    import_recordings(source, script, target)
    before = contents(target)
    for line in script.lines:
        read(line, source, pitch=190)
    for largest in (20_000, 300):
        with nearly_full_disk(largest), pytest.raises(RecordingError, match="as they were") as told:
            import_recordings(source, script, target)
        assert "\n" not in str(told.value)
        assert contents(target) == before


def test_an_index_that_cannot_be_read_is_not_overwritten(script: Script, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "recordings"
    target.mkdir()
    (target / "recordings.yaml").write_text("- no mapping\n")
    with pytest.raises(RecordingError, match=r"recordings\.yaml"):
        import_recordings(source, script, target)
    assert contents(target) == {"recordings.yaml": b"- no mapping\n"}


def test_new_recordings_replace_imported_ones_and_leave_others_alone(
    script: Script, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "recordings"
    write_wav(target / "mine.wav", reading("감사합니다"), 44_100)
    write_wav(target / "greeting.wav", reading("안녕하세요 가온몰이에요"), 44_100)
    (target / "recordings.yaml").write_text(
        "# by hand\n감사합니다.: mine.wav\n안녕하세요, 가온몰이에요.: greeting.wav\n", encoding="utf-8"
    )
    import_recordings(source, script, target)
    first = set(contents(target))
    read(script.lines[0], source, pitch=190)
    import_recordings(source, script, target)
    second = set(contents(target))
    assert len(first - second) == len(second - first) == 1
    index = (target / "recordings.yaml").read_text(encoding="utf-8")
    assert index.startswith("# by hand\n감사합니다.: mine.wav\n")
    assert "greeting.wav" not in index
    assert {"mine.wav", "greeting.wav", "recordings.yaml"} <= second
    recordings, problems = load([("ko", target)])
    assert not problems
    assert len(recordings.texts) == len(script.lines) + 1


def test_a_second_import_of_the_same_files_changes_nothing(script: Script, source: Path, tmp_path: Path) -> None:
    import_recordings(source, script, tmp_path / "recordings")
    before = contents(tmp_path / "recordings")
    import_recordings(source, script, tmp_path / "recordings")
    assert contents(tmp_path / "recordings") == before


def test_files_are_kept_as_mono_16_bit(script: Script, source: Path, tmp_path: Path) -> None:
    import_recordings(source, script, tmp_path / "recordings")
    line: Line = script.lines[0]
    (path,) = (tmp_path / "recordings").glob(f"{line.id}.*.wav")
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
