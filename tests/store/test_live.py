"""Live state: the same in memory, in a file and in Redis, between processes, and while the store is away."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.redis_server import PASSWORD, RedisServer, missing

from voicebot.store.live import Change, LiveStore, LiveStoreError, MemoryStore
from voicebot.store.live_redis import RedisStore
from voicebot.store.live_sqlite import SqliteStore, make_sound
from voicebot.store.live_steady import SteadyStore
from voicebot.store.redis_server import RedisError


@pytest.fixture(params=["memory", "file", "steady", "redis", "steady redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveStore]:
    url = request.getfixturevalue("redis_server").url if "redis" in request.param else ""
    made: dict[str, Callable[[], LiveStore]] = {
        "redis": lambda: RedisStore(url, within_s=30),
        "steady redis": lambda: SteadyStore(RedisStore(url, within_s=30), within_s=60),
        "memory": MemoryStore,
        "file": lambda: SqliteStore(tmp_path / "live.db"),
        # A busy machine is no store that is away.
        "steady": lambda: SteadyStore(SqliteStore(tmp_path / "live.db", within_s=30), within_s=60),
    }
    with contextlib.closing(made[request.param]()) as opened:
        yield opened


def test_values_by_kind_and_key(store: LiveStore) -> None:
    store.put("a", "1", "one", 60)
    store.put("b", "1", "other", 60)
    store.put("a", "1", "하나", 60)
    assert (store.get("a", "1"), store.get("b", "1"), store.get("a", "2")) == ("하나", "other", None)
    store.remove("a", "1")
    store.remove("a", "1")
    assert store.get("a", "1") is None
    store.put("a", "2", "gone at once", 0)
    assert store.get("a", "2") is None
    assert store.add("a", "2", "again", 60)


def test_add_knows_the_first_and_the_limit(store: LiveStore) -> None:
    assert store.add("places", "1", "x", 60, 2)
    assert not store.add("places", "1", "y", 60, 2)
    assert store.add("places", "2", "y", 60, 2)
    assert not store.add("places", "3", "x", 60, 2)
    assert (store.count("places"), store.count("places", "x"), store.count("none")) == (2, 1, 0)
    store.put("places", "over", "x", 60)
    assert store.count("places") == 3


def test_change_reads_and_writes_at_once(store: LiveStore) -> None:
    assert store.change("n", "1", lambda old: str(int(old or 0) + 1), 60) == "1"
    assert store.change("n", "1", lambda old: str(int(old or 0) + 1), 60) == "2"
    assert store.change("n", "1", lambda _old: None, 60) is None
    assert store.get("n", "1") is None


def test_threads_lose_no_change(store: LiveStore) -> None:
    def count() -> None:
        for _ in range(50):
            store.change("n", "1", lambda old: str(int(old or 0) + 1), 60)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("n", "1") == "200"


class SameAsADictionary(RuleBasedStateMachine):
    """Memory, file and, where there is one, Redis do what a dictionary does."""

    redis: RedisServer | None = None

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.model: dict[str, tuple[str, float]] = {}
        clock = lambda: self.now  # noqa: E731
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "live.db"
        self.stores: tuple[LiveStore, ...] = (MemoryStore(clock=clock), SqliteStore(file, clock=clock))
        if self.redis is not None:
            self.redis.empty()
            self.stores += (RedisStore(self.redis.url, within_s=30, clock=clock),)

    keys = st.sampled_from("abc")
    values = st.text(st.characters(codec="utf-8"), max_size=5)
    seconds = st.integers(1, 50)

    def alive(self) -> dict[str, str]:
        return {key: value for key, (value, ends) in self.model.items() if ends > self.now}

    @rule(key=keys, value=values, keep_s=seconds)
    def put(self, key: str, value: str, keep_s: int) -> None:
        self.model[key] = value, self.now + keep_s
        for store in self.stores:
            store.put("k", key, value, keep_s)

    @rule(key=keys, value=values, keep_s=seconds, most=st.none() | st.integers(0, 3))
    def add(self, key: str, value: str, keep_s: int, most: int | None) -> None:
        fits = key not in self.alive() and (most is None or len(self.alive()) < most)
        if fits:
            self.model[key] = value, self.now + keep_s
        assert {store.add("k", key, value, keep_s, most) for store in self.stores} == {fits}

    @rule(key=keys, value=st.none() | values, keep_s=seconds)
    def change(self, key: str, value: str | None, keep_s: int) -> None:
        seen: list[str | None] = []

        def change(old: str | None) -> str | None:
            seen.append(old)
            return value

        for store in self.stores:
            assert store.change("k", key, change, keep_s) == value
        assert set(seen) == {self.alive().get(key)}
        self.model.pop(key, None)
        if value is not None:
            self.model[key] = value, self.now + keep_s

    @rule(key=keys)
    def remove(self, key: str) -> None:
        self.model.pop(key, None)
        for store in self.stores:
            store.remove("k", key)

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def agrees(self) -> None:
        for store in self.stores:
            assert {key: store.get("k", key) for key in "abc"} == {key: self.alive().get(key) for key in "abc"}
            assert store.count("k") == len(self.alive())

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()


TestSameAsADictionary = SameAsADictionary.TestCase
TestSameAsADictionary.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def _redis_is_one_of_them(request: pytest.FixtureRequest) -> Iterator[None]:
    if not missing():
        SameAsADictionary.redis = request.getfixturevalue("shared_redis")
    yield
    SameAsADictionary.redis = None


def _take_places(path: Path, name: str, taken: multiprocessing.Queue[int]) -> None:
    store = SqliteStore(path, within_s=30)
    taken.put(sum(store.add("places", f"{name}{n}", name, 60, 25) for n in range(40)))


def test_processes_share_a_limit_exactly(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    taken = fork.Queue()
    workers = [fork.Process(target=_take_places, args=(tmp_path / "live.db", name, taken)) for name in "abc"]
    for worker in workers:
        worker.start()
    assert sum(taken.get(timeout=60) for _ in workers) == 25
    for worker in workers:
        worker.join()


def _write_for_ever(path: Path, wrote: int) -> None:
    store = SqliteStore(path, within_s=30)
    for n in range(1_000_000):
        store.put("calls", "CA1", str(n), 60)
        os.write(wrote, f"{n}\n".encode())


def test_what_was_written_survives_the_death_of_its_process(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(tmp_path / "live.db", writes))
    writer.start()
    os.close(writes)
    seen = b""
    while seen.count(b"\n") < 200:
        seen += os.read(reads, 4096)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    while rest := os.read(reads, 65536):
        seen += rest
    os.close(reads)
    acknowledged = int(seen.split(b"\n")[-2])
    found = SqliteStore(tmp_path / "live.db").get("calls", "CA1")
    assert found is not None
    assert int(found) >= acknowledged


def test_a_file_that_was_damaged_before_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    path.write_bytes(b"this is no database" * 1000)
    make_sound(path)
    make_sound(path)
    store = SqliteStore(path)
    store.put("a", "1", "x", 60)
    assert store.get("a", "1") == "x"
    assert path.with_name("live.db.damaged").is_file()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("harm", ["removed", "overwritten", "replaced"])
def test_a_file_that_is_harmed_while_in_use_costs_what_was_in_it_and_no_more(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "live.db"
    stores = [SteadyStore(SqliteStore(path, within_s=30), within_s=60, again_after_s=0) for _ in range(2)]
    for store in stores:
        store.put("a", "before", "x", 60)
    if harm == "overwritten":
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            part.write_bytes(b"x" * part.stat().st_size)
    else:
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        if harm == "replaced":
            path.write_bytes(b"no database" * 100)
    for attempt in range(4):
        for store in stores:
            store.put("a", f"{attempt}", "y", 60)
    assert [store.get("a", "3") for store in stores] == ["y", "y"]
    stores[0].put("a", "after", "z", 60)
    assert stores[1].get("a", "after") == "z", "they share a file again"


class Away:
    """A store that can be told to fail or to hang."""

    def __init__(self, inner: MemoryStore | None = None) -> None:
        self.inner = inner or MemoryStore()
        self.fails = False
        self.hangs: threading.Event | None = None

    def _do(self) -> None:
        if self.hangs is not None:
            self.hangs.wait()
        if self.fails:
            raise LiveStoreError("no space left on the device")

    def get(self, kind: str, key: str) -> str | None:
        self._do()
        return self.inner.get(kind, key)

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        self._do()
        self.inner.put(kind, key, value, keep_s)

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        self._do()
        return self.inner.add(kind, key, value, keep_s, most)

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        self._do()
        return self.inner.change(kind, key, change, keep_s)

    def remove(self, kind: str, key: str) -> None:
        self._do()
        self.inner.remove(kind, key)

    def count(self, kind: str, value: str | None = None) -> int:
        self._do()
        return self.inner.count(kind, value)

    def close(self) -> None:
        pass


def test_while_the_store_fails_memory_serves_and_all_is_written_later() -> None:
    shared = Away()
    store = SteadyStore(shared, within_s=60, again_after_s=0)
    store.put("a", "before", "1", 60)
    with structlog.testing.capture_logs() as logs:
        shared.fails = True
        store.put("a", "before", "2", 60)
        assert store.add("a", "new", "3", 60)
        assert not store.add("a", "new", "4", 60)
        assert store.change("a", "new", lambda old: f"{old}!", 60) == "3!"
        store.put("a", "gone", "5", 60)
        store.remove("a", "gone")
        assert (store.get("a", "before"), store.get("a", "new"), store.get("a", "gone")) == ("2", "3!", None)
        assert shared.inner.get("a", "before") == "1"
        shared.fails = False
        store.put("a", "after", "6", 60)
    assert [shared.inner.get("a", key) for key in ("before", "new", "gone", "after")] == ["2", "3!", None, "6"]
    assert store.unwritten == 0
    assert len(logs) == 2, "one line when it goes away, one when it is back"


def test_what_others_changed_while_one_was_cut_off_stays() -> None:
    inner = MemoryStore()
    cut_off, other = Away(inner), SteadyStore(Away(inner), within_s=60)
    store = SteadyStore(cut_off, within_s=60, again_after_s=0)
    for key in ("call", "mine", "gone"):
        store.put("a", key, "1", 60)
    assert store.get("a", "call") == "1"
    cut_off.fails = True
    for key in ("call", "mine", "new"):
        store.put("a", key, "of the one cut off", 60)
    store.remove("a", "gone")
    other.put("a", "call", "2", 60)
    assert other.get("a", "mine") == "1"
    cut_off.fails = False
    store.put("a", "after", "x", 60)
    assert [inner.get("a", key) for key in ("call", "mine", "new", "gone", "after")] == [
        "2",
        "of the one cut off",
        "of the one cut off",
        None,
        "x",
    ]
    assert store.get("a", "call") == "2"
    store.put("a", "call", "3", 60)
    assert other.get("a", "call") == "3", "who is back goes on as all do"


def test_what_was_written_late_is_not_taken_for_others_doing() -> None:
    shared = Away()
    store = SteadyStore(shared, within_s=60, again_after_s=0)
    store.put("a", "1", "before", 60)
    shared.fails = True
    store.put("a", "1", "late", 60)
    shared.inner.put("a", "1", "late", 60)  # it arrived, and the answer got lost
    store.put("a", "1", "newest", 60)
    shared.fails = False
    store.put("a", "2", "x", 60)
    assert shared.inner.get("a", "1") == "newest"


def test_hosts_share_values_and_limits_in_redis(redis_server: RedisServer) -> None:
    hosts = [SteadyStore(RedisStore(redis_server.url, within_s=30), within_s=60) for _ in range(2)]
    taken: list[bool] = []

    def take(name: int) -> None:
        taken.extend(hosts[name].add("places", f"{name} {n}", str(name), 60, 25) for n in range(40))

    threads = [threading.Thread(target=take, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 25
    assert hosts[0].count("places") == hosts[1].count("places") == 25
    assert hosts[0].count("places", "0") + hosts[1].count("places", "1") == 25
    hosts[0].put("a", "1", "하나", 60)
    assert hosts[1].get("a", "1") == "하나"
    for host in hosts:
        host.close()


def test_a_redis_that_dies_and_comes_back_empty_keeps_no_call_waiting(redis_server: RedisServer) -> None:
    store = SteadyStore(RedisStore(redis_server.url), within_s=30, again_after_s=0, remembers=False)
    store.put("a", "1", "before", 60)
    with structlog.testing.capture_logs() as logs:
        redis_server.stop()
        try:
            store.put("a", "1", "amid", 60)
            assert store.get("a", "1") == "amid"
            assert store.away
        finally:
            redis_server.start()
        store.put("a", "2", "after", 60)
    assert not store.away
    other = RedisStore(redis_server.url)
    assert (other.get("a", "1"), other.get("a", "2")) == ("amid", "after")
    assert [line["log_level"] for line in logs] == ["error", "info"]
    assert PASSWORD not in str(logs)


def test_a_frozen_redis_delays_nobody_for_long(redis_server: RedisServer) -> None:
    store = SteadyStore(RedisStore(redis_server.url, within_s=0.05), within_s=0.1, again_after_s=60)
    store.put("a", "0", "x", 60)
    redis_server.freeze()
    try:
        before = time.monotonic()
        for n in range(100):
            store.put("a", str(n), "y", 60)
            assert store.get("a", str(n)) == "y"
        assert time.monotonic() - before < 30, "100 writes did not wait each for the server"
    finally:
        redis_server.thaw()


@pytest.mark.parametrize("url", ["redis://host:port/0", "redis://:secret@host:70000/0", "http://:secret@host"])
def test_a_url_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(RedisError) as told:
        RedisStore(url)
    assert "redis_url" in str(told.value)
    assert "secret" not in str(told.value)


def test_a_wrong_password_is_told_without_it(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url.replace(PASSWORD, "wrong-secret"))
    with pytest.raises(LiveStoreError) as told:
        store.get("a", "1")
    assert "wrong-secret" not in str(told.value)


def test_a_store_that_hangs_delays_nobody_for_long() -> None:
    shared = Away()
    shared.hangs = threading.Event()
    store = SteadyStore(shared, within_s=0.05, again_after_s=60)
    before = time.monotonic()
    for n in range(200):
        store.put("a", str(n), "x", 60)
        assert store.get("a", str(n)) == "x"
    assert time.monotonic() - before < 30, "200 writes did not wait each for the store"
    shared.hangs.set()
    store.close()


def test_another_process_that_locks_the_file_costs_a_moment(tmp_path: Path) -> None:
    store = SteadyStore(SqliteStore(tmp_path / "live.db", within_s=0.02), within_s=30, again_after_s=0)
    store.put("a", "1", "x", 60)
    with contextlib.closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.put("a", "1", "y", 60)
        assert store.get("a", "1") == "y"
        other.execute("ROLLBACK")
    store.put("a", "2", "z", 60)
    store.close()
    assert SqliteStore(tmp_path / "live.db").get("a", "1") == "y"


def _on_a_full_disk(path: Path, said: multiprocessing.Queue[object]) -> None:
    # What a full disk does to a write, this does as well.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = SteadyStore(SqliteStore(path), within_s=30, again_after_s=0)
    store.put("a", "first", "x", 60)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
    for n in range(50):
        store.put("a", str(n), "y" * 4_000, 60)
    kept = all(store.get("a", str(n)) == "y" * 4_000 for n in range(50))
    missing = store.unwritten
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.put("a", "last", "z", 60)
    said.put((kept, missing > 0, store.unwritten))


def test_on_a_full_disk_memory_serves_until_there_is_room(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    said = fork.Queue()
    worker = fork.Process(target=_on_a_full_disk, args=(tmp_path / "live.db", said))
    worker.start()
    assert said.get(timeout=60) == (True, True, 0)
    worker.join()
    assert SqliteStore(tmp_path / "live.db").count("a") == 52


def test_while_the_store_is_away_workers_still_know_of_each_other_by_what_stands_beside_it(tmp_path: Path) -> None:
    shared = Away()
    shared.fails = True
    workers = [
        SteadyStore(shared, within_s=60, again_after_s=0, beside=SqliteStore(tmp_path / "beside.db", within_s=30))
        for _ in range(2)
    ]
    workers[0].put("states", "CA1", "handed over", 60)
    assert workers[1].get("states", "CA1") == "handed over"
    assert workers[1].change("states", "CA1", lambda old: f"{old}, asked", 60) == "handed over, asked"
    assert [worker.get("states", "CA1") for worker in workers] == ["handed over, asked"] * 2
    shared.fails = False
    for worker in workers:
        worker.put("states", "CA2", "x", 60)
    assert shared.inner.get("states", "CA1") == "handed over, asked"


def test_what_a_removed_file_held_is_taken_from_the_memory_beside_it(tmp_path: Path) -> None:
    beside = MemoryStore()
    file = tmp_path / "live.db"
    one, other = (SteadyStore(SqliteStore(file), within_s=5, beside=beside) for _ in range(2))
    one.put("calls", "CA1", "asked", 60)
    one.put("calls", "CA2", "gone", 60)
    other.remove("calls", "CA2")
    for ending in ("", "-wal", "-shm"):
        file.with_name(f"live.db{ending}").unlink(missing_ok=True)
    assert other.get("calls", "CA1") == "asked"
    assert other.get("calls", "CA2") is None
    assert other.change("calls", "CA1", lambda old: f"{old} and answered", 60) == "asked and answered"
    assert SqliteStore(file).get("calls", "CA1") == "asked and answered"
    assert not one.add("calls", "CA1", "anew", 60)
    assert one.change("calls", "CA1", lambda _: None, 60) is None
    assert other.get("calls", "CA1") is None
    one.close()
    other.close()
