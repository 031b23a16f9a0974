"""Speech that was made before: by content, on disk for all processes, and the latest of it in memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import structlog

from voicebot.audio.format import Pcm
from voicebot.tts.port import Style

_log = structlog.get_logger(__name__)

_SUFFIX = ".pcm"


def key(spoken: str, language: str, fingerprint: str, style: Style) -> str:
    """The name of one piece of speech: a hash of all that its sound depends on.

    `fingerprint` is the engine's and that of the treatment after it.
    """
    content = json.dumps([spoken, language, fingerprint, style.rate, style.pitch], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


class SoundCache:
    """8 kHz samples by key, bounded on disk and in memory, the least recently used leaving first.

    Any number of processes may share a folder: files are written whole or not at all. What goes wrong with the disk
    costs the cache, never the speech. Callable from any thread.
    """

    def __init__(
        self, folder: Path | None, *, disk_bytes: int = 512 * 1024 * 1024, memory_bytes: int = 32 * 1024 * 1024
    ) -> None:
        """`folder` is made when first needed; None keeps everything in memory only."""
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._memory_bytes = memory_bytes
        self._memory: OrderedDict[str, Pcm] = OrderedDict()
        self._in_memory = 0
        self._on_disk: int | None = None
        """Bytes on disk as far as this process knows, None before the first look."""
        self._disk_failed = False
        self._lock = threading.Lock()

    def __contains__(self, name: str) -> bool:
        with self._lock:
            if name in self._memory:
                return True
        return self._folder is not None and self._path(self._folder, name).is_file()

    def get(self, name: str) -> Pcm | None:
        """What was put under `name`, else None. The samples can't be written to."""
        with self._lock:
            if (pcm := self._memory.get(name)) is not None:
                self._memory.move_to_end(name)
                return pcm
        if self._folder is None:
            return None
        path = self._path(self._folder, name)
        try:
            raw = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        pcm = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16)
        self._remember(name, pcm)
        return pcm

    def put(self, name: str, pcm: Pcm) -> None:
        """Keep `pcm`. Never raises."""
        self._remember(name, pcm.copy())
        if self._folder is None:
            return
        try:
            self._write(self._path(self._folder, name), pcm.astype("<i2").tobytes())
            self._make_room(self._folder, len(pcm) * 2)
        except OSError as error:
            if not self._disk_failed:
                _log.warning("speech is not cached on disk", folder=str(self._folder), reason=error.strerror)
            self._disk_failed = True
        else:
            self._disk_failed = False

    @staticmethod
    def _path(folder: Path, name: str) -> Path:
        return folder / name[:2] / (name + _SUFFIX)

    @staticmethod
    def _write(path: Path, raw: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
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
            if (old := self._memory.pop(name, None)) is not None:
                self._in_memory -= old.nbytes
            self._memory[name] = pcm
            self._in_memory += pcm.nbytes
            while self._in_memory > self._memory_bytes and self._memory:
                self._in_memory -= self._memory.popitem(last=False)[1].nbytes

    def _make_room(self, folder: Path, added: int) -> None:
        """Look at the disk at first, and when by this process's own count the bound is passed; then evict to 90 %."""
        with self._lock:
            if self._on_disk is not None:
                self._on_disk += added
                if self._on_disk <= self._disk_bytes:
                    return
            files = []
            for path in folder.glob(f"*/*{_SUFFIX}"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    files.append((status.st_mtime_ns, status.st_size, path))
            total = sum(size for _, size, _ in files)
            if total > self._disk_bytes:
                for _, size, path in sorted(files):
                    if total <= self._disk_bytes * 0.9:
                        break
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                    total -= size
            self._on_disk = total
