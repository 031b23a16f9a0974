"""Call-backs that callers asked for: one JSON line each, for whoever calls back."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime
from pathlib import Path


class Callbacks:
    """A list on disk that only its owner may read. Callable from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, number: str, reason: str, summary: str, at: datetime) -> None:
        """Put down a call-back. Raises OSError where the disk does not take it."""
        line = json.dumps(
            {"at": at.isoformat(timespec="seconds"), "number": number, "reason": reason, "summary": summary},
            ensure_ascii=False,
        )
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def all(self) -> list[dict[str, str]]:
        """Every call-back put down so far, the oldest first."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines() if line]
