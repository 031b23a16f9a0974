"""The file of embeddings that mining keeps between its runs.

It has no words, but vectors and hashes of callers' sentences, by which a sentence that somebody guesses can be known:
so it goes as words do, and whole when any caller is forgotten.

Each host that mines has its own; without it the next run takes a little longer.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def file_under(var: Path) -> Path:
    """Where it stands."""
    return var / "embeddings" / "mined.npz"


def forget(var: Path) -> bool:
    """Delete it; whether it was there. Raises OSError."""
    there = file_under(var).exists()
    file_under(var).unlink(missing_ok=True)
    return there


def expire(var: Path, before: datetime) -> bool:
    """Delete it where no mining has written it since then (aware). Raises OSError."""
    try:
        written = file_under(var).stat().st_mtime
    except FileNotFoundError:
        return False
    return written < before.timestamp() and forget(var)
