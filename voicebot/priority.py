"""Work that gives way to live audio."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def lower_priority(niceness: int, thread: int) -> None:
    """Add to the niceness of one native thread, so that it gives way to live audio; nothing off Linux."""
    if niceness and Path("/proc/self/task").is_dir():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
