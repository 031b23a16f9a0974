"""What may be logged of a mistake of ours."""

from __future__ import annotations

import traceback
from pathlib import Path


def place(error: BaseException) -> str:
    """Where an exception arose: files, lines and functions, the innermost last.

    Neither its message nor any value: a caller's words or number may stand in them, which is why a log line gets this
    and not the exception itself.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
