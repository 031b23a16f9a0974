"""A secret key of this installation, in a file that only its owner reads; made where it is missing."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from voicebot.errors import VoicebotError

SHORTEST_KEY = 32
"""Characters of a key at least: 128 bits where it is hexadecimal."""


class KeyFileError(VoicebotError):
    """A key that can't be read, made or used."""


def key_from(path: Path) -> bytes:
    """The key in the file `path`. Of several processes that make it at once, the first counts. Raises KeyFileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
            try:
                with os.fdopen(handle, "w") as file:
                    file.write(secrets.token_hex(32))
                    file.flush()
                    os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(name)
            finally:
                Path(name).unlink()
        key = path.read_bytes().strip()
    except OSError as error:
        raise KeyFileError(
            f"{path}: the key can't be read or made ({error.strerror}); check the folder's permissions "
            "or set a key in the configuration."
        ) from None
    if len(key) < SHORTEST_KEY:
        raise KeyFileError(
            f"{path}: no key of at least {SHORTEST_KEY} characters is in it; restore the file, or remove it, which "
            "makes a new one: what the old one protected is unknown then."
        )
    return key
