"""Live state that never keeps a call waiting: a shared store while it answers, another one while it doesn't.

What is written while the shared store is away is kept beside it and written when it is back, unless somebody else, who
was not cut off, changed it meanwhile: that stays. Beside it may stand a file in the machine's shared memory: then the
workers of one machine still know of each other's calls. Or this process's own memory: then a call goes on in this one,
and only a call that loses this process too begins its question anew.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from typing import TypeVar

import structlog

from voicebot.store.live import Change, LiveStore, LiveStoreError, MemoryStore

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass
class _Unwritten:
    """A value that the shared store has not got."""

    ends: float
    """Until when it is kept (`time.time`)."""
    known: set[int | None]
    """Hashes of what may stand there without anybody else having changed it: what was there when it was last seen, and
    what was tried to be put there."""


class SteadyStore:
    """Implements `LiveStore`, never raises LiveStoreError, and answers within `within_s`."""

    def __init__(
        self,
        shared: LiveStore,
        *,
        within_s: float = 0.25,
        again_after_s: float = 1.0,
        beside: LiveStore | None = None,
        remembers: bool | None = None,
        most_unwritten: int = 50_000,
    ) -> None:
        """`within_s`: seconds for one answer of `shared`. `again_after_s`: seconds between two attempts while it is
        away. `beside`: what serves meanwhile, and has all that was written here; by default this process's memory.
        `remembers`: whether what `shared` lost is taken from `beside`; by default where one is given. Not where others
        than those who share `beside` remove values. `most_unwritten`: values that wait for its return, the oldest are
        lost."""
        self._shared = shared
        self._within_s = within_s
        self._again_after_s = again_after_s
        self._most_unwritten = most_unwritten
        self._local: LiveStore = beside or MemoryStore()
        self._remembers = beside is not None if remembers is None else remembers
        """Whether what is missing in the shared store may be taken from beside it: from a memory that is this process's
        alone it may not, because another one may have removed it."""
        # One thread: what was asked first is done first, and one that hangs is not joined by others.
        self._thread = ThreadPoolExecutor(1, "live state")
        self._lock = threading.Lock()
        self._hanging: Future[object] | None = None
        self._read_again = 0.0
        self._write_again = 0.0
        self._unwritten: OrderedDict[tuple[str, str], _Unwritten] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()
        """Hashes of what stood in the shared store when it was last looked at."""
        self._told = False

    @property
    def unwritten(self) -> int:
        """Values that the shared store has not got yet."""
        return len(self._unwritten)

    @property
    def away(self) -> bool:
        """Whether the shared store failed when it was last asked."""
        return self._told

    def get(self, kind: str, key: str) -> str | None:
        with self._lock:
            ours = (kind, key) in self._unwritten
        if not ours:
            try:
                value = self._read(lambda: self._shared.get(kind, key))
            except LiveStoreError:
                pass
            else:
                self._see(kind, key, value)
                return value if value is not None else self._remembered(kind, key)
        return self._local.get(kind, key)

    def _remembered(self, kind: str, key: str) -> str | None:
        """What the shared store lost: it was removed, or was damaged and began anew."""
        return self._local.get(kind, key) if self._remembers else None

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        self._local.put(kind, key, value, keep_s)
        self._write(kind, key, keep_s, lambda: self._shared.put(kind, key, value, keep_s), None, [value])

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        with self._lock:
            ours = (kind, key) in self._unwritten
        if ours or self._remembered(kind, key) is not None:
            return self._local.add(kind, key, value, keep_s, most)
        added = self._write(
            kind,
            key,
            keep_s,
            lambda: self._shared.add(kind, key, value, keep_s, most),
            lambda: self._local.add(kind, key, value, keep_s, most),
            [value],
            bool,
        )
        if added:
            self._local.put(kind, key, value, keep_s)
        return bool(added)

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        with self._lock:
            ours = (kind, key) in self._unwritten
        if ours:
            value = self._local.change(kind, key, change, keep_s)
            self._write(kind, key, keep_s, lambda: None, None, [value])
            return value
        tried: list[str | None] = []

        def known(old: str | None) -> str | None:
            new = change(old if old is not None else self._remembered(kind, key))
            self._see(kind, key, old)
            tried.append(new)
            return new

        value = self._write(
            kind,
            key,
            keep_s,
            lambda: self._shared.change(kind, key, known, keep_s),
            lambda: self._local.change(kind, key, change, keep_s),
            tried,
        )
        if value is not None:
            self._local.put(kind, key, value, keep_s)
        else:
            self._local.remove(kind, key)
        return value

    def remove(self, kind: str, key: str) -> None:
        self._local.remove(kind, key)
        self._write(kind, key, 0.0, lambda: self._shared.remove(kind, key), None, [None])

    def count(self, kind: str, value: str | None = None) -> int:
        try:
            return self._read(lambda: self._shared.count(kind, value))
        except LiveStoreError:
            return self._local.count(kind, value)

    def close(self) -> None:
        """Write what can still be written."""
        if self._unwritten and self._hanging is None:
            try:
                self._off(self._catch_up)
            except LiveStoreError as error:
                _log.error("live state was lost at the end", values=len(self._unwritten), reason=str(error))
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._hanging is None:
            self._shared.close()
        self._local.close()

    def _read(self, work: Callable[[], T]) -> T:
        if time.monotonic() < self._read_again:
            raise LiveStoreError("away")
        try:
            return self._off(work)
        except LiveStoreError as error:
            self._read_again = time.monotonic() + self._again_after_s
            self._tell(error)
            raise

    def _write(
        self,
        kind: str,
        key: str,
        keep_s: float,
        work: Callable[[], T],
        instead: Callable[[], T] | None,
        tried: list[str | None],
        written: Callable[[T], bool] = lambda _done: True,
    ) -> T | None:
        """Do `work`, behind what is still unwritten; where that fails, `instead`, and keep its result for later.

        `tried`: what `work` writes, or tried to, the newest last; `written`: whether it did, by its result.
        """
        if time.monotonic() >= self._write_again:
            try:
                if self._unwritten:
                    self._off(self._catch_up)
                done = self._off(work)
            except LiveStoreError as error:
                self._write_again = time.monotonic() + self._again_after_s
                self._tell(error)
            else:
                self._tell(None)
                if tried and written(done):
                    self._see(kind, key, tried[-1])
                return done
        result = instead() if instead is not None else None
        with self._lock:
            name, ends = (kind, key), time.time() + max(keep_s, self._again_after_s)
            before = self._unwritten.get(name)
            known = before.known if before is not None else {self._seen.get(name)}
            self._unwritten[name] = _Unwritten(ends, known | {_mark(value) for value in tried})
            self._unwritten.move_to_end(name)
            while len(self._unwritten) > self._most_unwritten:
                self._unwritten.popitem(last=False)
        return result

    def _see(self, kind: str, key: str, value: str | None) -> None:
        """This stands in the shared store now."""
        with self._lock:
            if value is None:
                self._seen.pop((kind, key), None)
                return
            self._seen[kind, key] = hash(value)
            self._seen.move_to_end((kind, key))
            while len(self._seen) > self._most_unwritten:
                self._seen.popitem(last=False)

    def _catch_up(self) -> None:
        """In the store's thread: write what is unwritten, unless somebody else changed it."""
        with self._lock:
            waiting = list(self._unwritten.items())
        for name, unwritten in waiting:
            kind, key = name
            value, left = self._local.get(kind, key), unwritten.ends - time.time()
            value = value if left > 0 else None
            known = frozenset(unwritten.known)
            unwritten.known.add(_mark(value))

            def ours(theirs: str | None, value: str | None = value, known: frozenset[int | None] = known) -> str | None:
                return value if theirs is None or hash(theirs) in known else theirs

            stands = self._shared.change(kind, key, ours, max(left, self._again_after_s))
            if stands is not None and stands != value:
                self._local.put(kind, key, stands, max(left, self._again_after_s))
            self._see(kind, key, stands)
            with self._lock:
                if self._unwritten.get(name) is unwritten:
                    del self._unwritten[name]

    def _off(self, work: Callable[[], T]) -> T:
        """In the store's thread, and not a moment longer than `within_s`."""
        if self._hanging is not None:
            if not self._hanging.done():
                raise LiveStoreError("does not answer")
            self._hanging = None
        try:
            future = self._thread.submit(work)
        except RuntimeError:
            raise LiveStoreError("closed") from None
        try:
            return future.result(self._within_s)
        except LateError:
            # What it waits for may be done long after: then it is overwritten by what comes behind it.
            self._hanging = future  # type: ignore[assignment]
            self._read_again = self._write_again = time.monotonic() + self._again_after_s
            raise LiveStoreError("does not answer") from None

    def _tell(self, error: LiveStoreError | None) -> None:
        """One line when it goes away, one when it is back: a full disk must not fill the log too."""
        if error is not None and not self._told:
            self._told = True
            _log.error("live state is kept in memory: its store is away", reason=str(error))
        elif error is None and self._told:
            self._told = False
            _log.info("live state is shared again")


def _mark(value: str | None) -> int | None:
    return None if value is None else hash(value)
