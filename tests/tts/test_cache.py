"""The sound cache: bounded, shared, and harmless when the disk is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from voicebot.audio.format import Pcm
from voicebot.tts.cache import SoundCache, key
from voicebot.tts.port import NORMAL, Style


def sound(number: int, samples: int = 1000) -> Pcm:
    return np.full(samples, number, np.int16)


def names(count: int) -> list[str]:
    return [key(str(number), "ko", "engine", NORMAL) for number in range(count)]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.pcm"))


def test_what_is_put_comes_back_also_in_another_process(tmp_path: Path) -> None:
    name = names(1)[0]
    SoundCache(tmp_path).put(name, sound(7))
    other = SoundCache(tmp_path)
    assert name in other
    found = other.get(name)
    assert found is not None
    assert np.array_equal(found, sound(7))
    code = (
        "import sys; from pathlib import Path; from voicebot.tts.cache import SoundCache;"
        "print(SoundCache(Path(sys.argv[1])).get(sys.argv[2]).sum())"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path), name], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "7000"


def test_everything_that_changes_the_sound_changes_the_key() -> None:
    keys = {
        key("가", "ko", "engine", NORMAL),
        key("나", "ko", "engine", NORMAL),
        key("가", "en", "engine", NORMAL),
        key("가", "ko", "engine 2", NORMAL),
        key("가", "ko", "engine", Style(rate=0.8)),
        key("가", "ko", "engine", Style(pitch=1.1)),
    }
    assert len(keys) == 6


def test_the_least_recently_used_leave_the_disk_first(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, disk_bytes=10_000, memory_bytes=0)
    all_names = names(6)
    for age, name in enumerate(all_names[:4]):
        cache.put(name, sound(1))
        path = next(tmp_path.rglob(f"{name.partition('-')[2]}.pcm"))
        os.utime(path, ns=(age * 10**9, age * 10**9))
    assert cache.get(all_names[0]) is not None  # used again: the newest now
    for name in all_names[4:]:
        cache.put(name, sound(1))
    assert size(tmp_path) <= 10_000
    assert all_names[0] in cache
    assert all_names[1] not in cache


def test_a_full_folder_from_earlier_is_brought_below_the_bound(tmp_path: Path) -> None:
    generous = SoundCache(tmp_path)
    for name in names(20):
        generous.put(name, sound(1))
    SoundCache(tmp_path, disk_bytes=9_000).put(key("new", "ko", "engine", NORMAL), sound(1))
    assert size(tmp_path) <= 9_000


def test_memory_is_bounded(tmp_path: Path) -> None:
    cache = SoundCache(None, memory_bytes=5_000)
    for name in names(5):
        cache.put(name, sound(1))
    assert [name in cache for name in names(5)] == [False, False, False, True, True]
    assert not list(tmp_path.iterdir())


def test_a_disk_that_can_not_be_written_costs_one_log_line_and_no_speech(tmp_path: Path) -> None:
    in_the_way = tmp_path / "voices"
    in_the_way.write_text("a file where the folder should be")
    cache = SoundCache(in_the_way)
    with capture_logs() as logs:
        for name in names(3):
            cache.put(name, sound(3))
    assert len(logs) == 1
    assert str(logs[0]["event"]).startswith("speech is not cached on disk")
    assert all(cache.get(name) is not None for name in names(3))


def test_no_half_written_file_is_ever_seen(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path)
    cache.put(names(1)[0], sound(1))
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".pcm"]


def test_cached_sound_can_not_be_changed_by_its_user(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path)
    cache.put(names(1)[0], sound(1))
    found = cache.get(names(1)[0])
    assert found is not None
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 5
