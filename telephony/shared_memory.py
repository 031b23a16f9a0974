"""A folder in the system's shared memory: what processes of one machine share, whatever its disks do."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_PLACE = Path("/dev/shm")


def shared_folder(name: str) -> Path | None:
    """A new folder that only this user can read, removed when this process ends in order; None where there is no such
    memory. What is forked later shares it."""
    if not os.access(_PLACE, os.W_OK):
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"voicebot-{name}-", dir=_PLACE))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
