"""A small SQLite file that only its owner may read."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Engine, create_engine

from voicebot.errors import VoicebotError

_BUSY_S = 5.0
"""How long another process that is writing is waited for."""


class PrivateDatabaseError(VoicebotError):
    """The file can't be made."""


def private_database(path: Path) -> Engine:
    """The database in this file, made where it is missing. Raises PrivateDatabaseError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise PrivateDatabaseError(
            f"{path}: can't be opened ({error.strerror}); check the folder's permissions."
        ) from None
    return create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_S})
