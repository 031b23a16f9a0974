"""Speech that was made before: by content, on disk for all processes, and the latest of it in memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import structlog

from voicebot.audio.format import Pcm
from voicebot.tts.port import Style

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_log = structlog.get_logger(__name__)

_SUFFIX = ".pcm"
_NEW = ".new-"
"""Files that are being written begin so."""
_LOCK = ".preparing"
_LOOK_S = 0.05
"""Seconds between two looks whether another process is done."""
_CHECK_BYTES = 4
"""Of the checksum before the samples: a file that was cut short, by a power failure say, is no speech."""
_ABANDONED_S = 3600.0
"""Age at which a half-written file was left behind by a process that died."""
_IN_USE_S = 24 * 3600.0
"""Speech used within this time may be another process's with other engines: it is not pruned before its turn."""
_TELL_AGAIN_S = 3600.0
"""Seconds after which an operator is told again that the disk can't be written."""


def key(spoken: str, language: str, fingerprint: str, style: Style) -> str:
    """The name of one piece of speech: a hash of the engine's settings and one of what is said with them.

    `fingerprint` is the engine's and that of the treatment after it.
    """
    content = json.dumps([fingerprint, spoken, language, style.rate, style.pitch], ensure_ascii=False)
    return f"{_hash(fingerprint)[:12]}-{_hash(content)}"


def _locked(handle: int) -> bool:
    """Whether the lock is ours now. Raises OSError where the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


class SoundCache:
    """8 kHz samples by key, bounded on disk and in memory.

    What was made with engines or settings that nobody uses any more leaves the disk first, then the least recently
    used. Any number of processes may share a folder: files are written whole or not at all, and whoever finds one
    gone makes it again. What goes wrong with the disk costs the cache, never the speech. Callable from any thread;
    nobody who wants something from memory waits for the disk.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        disk_bytes: int = 512 * 1024 * 1024,
        memory_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`folder` is made when first needed; None keeps everything in memory only. `clock` tells the time as files'
        dates do."""
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._memory_bytes = memory_bytes
        self._clock = clock
        self._memory: OrderedDict[str, Pcm] = OrderedDict()
        self._in_memory = 0
        self._settings: set[str] = set()
        """Hashes of the engines and settings that this process uses."""
        self._on_disk: int | None = None
        """Bytes on disk as far as this process knows, None before the first look."""
        self._told_at: float | None = None
        """When the operator was told that the disk can't be written."""
        self._lock = threading.Lock()
        """Of what is in memory."""
        self._tidying = threading.Lock()

    def __contains__(self, name: str) -> bool:
        with self._lock:
            if name in self._memory:
                return True
        return self._folder is not None and self._path(self._folder, name).is_file()

    def in_memory(self, name: str) -> Pcm | None:
        """What was put under `name`, without looking at the disk: takes microseconds. The samples can't be written."""
        with self._lock:
            if (pcm := self._memory.get(name)) is not None:
                self._memory.move_to_end(name)
            return pcm

    def get(self, name: str) -> Pcm | None:
        """What was put under `name`, else None. The samples can't be written to."""
        if (pcm := self.in_memory(name)) is not None or self._folder is None:
            return pcm
        path = self._path(self._folder, name)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        samples = raw[_CHECK_BYTES:]
        if (
            not samples
            or len(samples) % 2
            or zlib.crc32(samples).to_bytes(_CHECK_BYTES, "little") != raw[:_CHECK_BYTES]
        ):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # a folder that can't be written is still good to read
            os.utime(path)
        pcm = np.frombuffer(samples, "<i2").astype(np.int16)
        self._remember(name, pcm)
        return pcm

    def put(self, name: str, pcm: Pcm) -> None:
        """Keep `pcm`. Never raises."""
        self._remember(name, pcm.copy())
        if self._folder is None:
            return
        samples = pcm.astype("<i2").tobytes()
        try:
            self._write(self._path(self._folder, name), zlib.crc32(samples).to_bytes(_CHECK_BYTES, "little") + samples)
            self._make_room(self._folder, len(samples) + _CHECK_BYTES)
        except OSError as error:
            self._tell(self._folder, error)

    def _tell(self, folder: Path, error: OSError) -> None:
        """One message for the operator, not one for each phrase."""
        now = self._clock()
        with self._lock:
            if self._told_at is not None and now - self._told_at < _TELL_AGAIN_S:
                return
            self._told_at = now
        _log.warning(
            "speech is not cached on disk, so it is made again after a restart; make room there, or let it be written",
            folder=str(folder),
            reason=error.strerror,
        )

    @contextlib.contextmanager
    def alone(self, stop: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """While this lasts, no other process of this folder is in it: what one makes, the others need not.

        Waits for them until `stop` says so; where the disk or the system knows no such locks, it does not wait.
        """
        handle = None
        try:
            if self._folder is not None and fcntl is not None:
                with contextlib.suppress(OSError):
                    self._folder.mkdir(parents=True, exist_ok=True)
                    handle = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
                    while not _locked(handle) and not stop():
                        time.sleep(_LOOK_S)
            yield
        finally:
            if handle is not None:
                os.close(handle)  # which gives the lock back, as the end of the process does

    @staticmethod
    def _path(folder: Path, name: str) -> Path:
        settings, _, content = name.partition("-")
        return folder / settings / content[:2] / (content + _SUFFIX)

    @staticmethod
    def _write(path: Path, raw: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
            Path(temporary).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _remember(self, name: str, pcm: Pcm) -> None:
        pcm.flags.writeable = False
        with self._lock:
            self._settings.add(name.partition("-")[0])
            if (old := self._memory.pop(name, None)) is not None:
                self._in_memory -= old.nbytes
            self._memory[name] = pcm
            self._in_memory += pcm.nbytes
            while self._in_memory > self._memory_bytes and self._memory:
                self._in_memory -= self._memory.popitem(last=False)[1].nbytes

    def _make_room(self, folder: Path, added: int) -> None:
        """Look at the disk at first, and when by this process's own count the bound is passed; then evict to 90 %."""
        with self._tidying:
            if self._on_disk is not None:
                self._on_disk += added
                if self._on_disk <= self._disk_bytes:
                    return
            now = self._clock()
            with self._lock:
                settings = frozenset(self._settings)
            files = []
            for path in folder.glob("**/*"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if path.name.startswith(_NEW):
                        if now - status.st_mtime > _ABANDONED_S:
                            path.unlink()
                    elif path.suffix == _SUFFIX:
                        used = path.relative_to(folder).parts[0] in settings or now - status.st_mtime < _IN_USE_S
                        files.append((used, status.st_mtime_ns, status.st_size, path))
            total = sum(size for _, _, size, _ in files)
            if total > self._disk_bytes:
                for _, _, size, path in sorted(files):
                    if total <= self._disk_bytes * 0.9:
                        break
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                    total -= size
            self._on_disk = total
