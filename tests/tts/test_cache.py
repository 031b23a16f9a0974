"""The sound cache: bounded, shared, and harmless when the disk is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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


def test_what_was_made_with_settings_that_nobody_uses_leaves_first(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    before = SoundCache(tmp_path, clock=lambda: now)
    olds = [key(str(number), "ko", "an engine of last year", NORMAL) for number in range(4)]
    for name in olds:
        before.put(name, sound(1))
        os.utime(next(tmp_path.rglob(f"{name.partition('-')[2]}.pcm")), (now - 90_000, now - 90_000))
    cache = SoundCache(tmp_path, disk_bytes=10_500, memory_bytes=0, clock=lambda: now)
    news = names(4)
    for age, name in enumerate(news):
        cache.put(name, sound(2))
        path = next(tmp_path.rglob(f"{name.partition('-')[2]}.pcm"))
        os.utime(path, (now - 200_000 + age, now - 200_000 + age))  # older, and yet they stay
    cache.put(key("last", "ko", "engine", NORMAL), sound(2))
    assert [name in cache for name in news] == [True] * 4
    assert sum(name in cache for name in olds) < 2


def test_what_another_process_used_today_is_not_pruned_before_its_turn(tmp_path: Path) -> None:
    other = SoundCache(tmp_path)
    theirs = [key(str(number), "ko", "another engine", NORMAL) for number in range(3)]
    for name in theirs:
        other.put(name, sound(1))
    mine = names(3)
    cache = SoundCache(tmp_path, disk_bytes=9_000, memory_bytes=0)
    for age, name in enumerate(mine):
        cache.put(name, sound(2))
        os.utime(next(tmp_path.rglob(f"{name.partition('-')[2]}.pcm")), (10**9 + age, 10**9 + age))
    assert all(name in other for name in theirs)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-100], lambda raw: b"", lambda raw: b"\0" * len(raw)])
def test_a_file_that_was_cut_short_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    name = names(1)[0]
    SoundCache(tmp_path).put(name, sound(7))
    path = next(tmp_path.rglob("*.pcm"))
    path.write_bytes(damage(path.read_bytes()))
    cache = SoundCache(tmp_path)
    assert cache.get(name) is None
    assert name not in cache
    cache.put(name, sound(7))
    assert SoundCache(tmp_path).get(name) is not None


def test_files_left_half_written_by_a_process_that_died_are_swept_up(tmp_path: Path) -> None:
    SoundCache(tmp_path).put(names(1)[0], sound(1))
    left, new = tmp_path / "aa" / ".new-left", tmp_path / "aa" / ".new-now"
    left.parent.mkdir()
    for path in (left, new):
        path.write_bytes(b"half")
    os.utime(left, (10**9, 10**9))
    SoundCache(tmp_path).put(names(2)[1], sound(1))
    assert not left.exists()
    assert new.exists()


def test_many_threads_and_processes_put_get_and_evict_at_the_same_time(tmp_path: Path) -> None:
    code = """
import sys, threading, numpy as np
from pathlib import Path
from voicebot.tts.cache import SoundCache, key
from voicebot.tts.port import NORMAL
cache = SoundCache(Path(sys.argv[1]), disk_bytes=30_000, memory_bytes=4_000)
failed = []
def work(seed):
    random = np.random.default_rng(seed)
    for _ in range(40):
        number = int(random.integers(1, 60))
        name = key(str(number), "ko", f"engine {number % 3}", NORMAL)
        pcm = cache.get(name)
        if pcm is not None and (len(pcm) != 1000 or (pcm != number).any()):
            failed.append(number)
        if pcm is None:
            cache.put(name, np.full(1000, number, np.int16))
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output.decode()
        assert output == b""
    SoundCache(tmp_path, disk_bytes=30_000).put(names(1)[0], sound(1))
    assert size(tmp_path) <= 30_000 + 2100


def test_one_process_prepares_while_the_others_wait(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from voicebot.tts.cache import SoundCache
with SoundCache(Path(sys.argv[1])).alone():
    print("in", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        looks = 0

        def stop() -> bool:
            nonlocal looks
            looks += 1
            if looks == 2:
                process.kill()  # whoever dies gives the lock back
            return looks > 100

        with SoundCache(tmp_path).alone(stop):
            assert 2 <= looks <= 100
