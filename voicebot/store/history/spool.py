"""Records on their way to the database: JSON lines in a file, which outlives the process and the database's absence.

Each process appends to a file of its own, which it holds locked. The files of processes that died are adopted by
whoever comes first, a new process or one that runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import structlog

_log = structlog.get_logger(__name__)

_LONGEST_LINE = 1024 * 1024
"""Bytes of a record: hundreds of times the usual."""


class _File:
    """One file, locked. What stands before `offset` is in the database."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.size = os.fstat(file.fileno()).st_size
        self.offset = 0

    def append(self, lines: bytes) -> None:
        """All of it or nothing. Raises OSError."""
        try:
            written = os.pwrite(self.file.fileno(), lines, self.size)
            if written < len(lines):
                raise OSError(28, "no space left on device")
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.file.fileno(), self.size)
            raise
        self.size += len(lines)

    def read(self, most: int) -> tuple[list[dict[str, Any]], int]:
        """The next records, and where they end. Lines that are no records (torn by a crash) are passed over."""
        found: list[dict[str, Any]] = []
        end = self.offset
        data = os.pread(self.file.fileno(), _LONGEST_LINE, end)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n") and end + len(line) < self.size and len(line) < _LONGEST_LINE:
                break  # goes on behind what was read
            end += len(line)
            with contextlib.suppress(ValueError, RecursionError):
                value = json.loads(line)
                if isinstance(value, dict):
                    found.append(value)
            if len(found) >= most:
                break
        return found, end

    def close(self) -> None:
        self.file.close()


class Spool:
    """The files in one folder. One thread appends and another one reads: the caller's lock keeps them apart."""

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet; `folder` is made when first needed."""
        self._folder = folder
        self._own: _File | None = None
        self._adopted: list[_File] = []

    @property
    def is_empty(self) -> bool:
        return all(file.offset >= file.size for file in self._files)

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put records behind all others. Raises OSError where the disk does not take them; then none is there."""
        if self._own is None:
            self._own = self._make()
        lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
        self._own.append("".join(f"{line}\n" for line in lines).encode())

    def adopt(self) -> int:
        """Take over the files of processes that are gone; returns how many."""
        try:
            paths = sorted(self._folder.glob("*.jsonl"))
        except OSError:
            return 0
        mine = {file.path for file in self._files}
        taken = 0
        for path in paths:
            if path in mine:
                continue
            with contextlib.suppress(OSError):
                file = path.open("r+b")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    file.close()  # its process runs
                    continue
                if not path.exists():
                    file.close()
                    continue
                self._adopted.append(_File(path, file))
                taken += 1
        return taken

    def read(self, most: int) -> tuple[list[dict[str, Any]], int]:
        """The oldest records that are not done yet, and a ticket for `done`. Raises OSError."""
        file = self._oldest
        return file.read(most) if file is not None else ([], 0)

    def done(self, ticket: int) -> None:
        """What `read` gave with this ticket is in the database. A file that is all done is emptied, or removed."""
        file = self._oldest
        if file is None:
            return
        file.offset = ticket
        if file.offset < file.size:
            return
        with contextlib.suppress(OSError):
            if file is self._own:
                os.ftruncate(file.file.fileno(), 0)
                file.offset = file.size = 0
            else:
                file.path.unlink()
        if file in self._adopted:
            self._adopted.remove(file)
            file.close()

    def close(self) -> None:
        """Let go of all files; what is left in them waits for the next process."""
        if self._own is not None and self._own.offset >= self._own.size:
            with contextlib.suppress(OSError):
                self._own.path.unlink()
        for file in self._files:
            file.close()
        self._own, self._adopted = None, []

    @property
    def _files(self) -> list[_File]:
        return [*self._adopted, *([self._own] if self._own is not None else [])]

    @property
    def _oldest(self) -> _File | None:
        return next((file for file in self._files if file.offset < file.size), None)

    def _make(self) -> _File:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{time.time_ns()}-{os.getpid()}.jsonl"
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        return _File(path, file)
