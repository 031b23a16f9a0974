"""The words a Vosk model knows, read without loading the model.

They stand in the symbol table inside `graph/Gr.fst`. Its form is OpenFst's (symbol-table.cc): the magic number, the
table's name, the next free key and the number of symbols, then each symbol as a string with its length before it and
its key behind it, all little-endian.
"""

from __future__ import annotations

import struct
from pathlib import Path

from voicebot.errors import VoicebotError

UNKNOWN = "<UNK>"
"""The word that stands for all words a model does not have."""

_MAGIC = struct.pack("<i", 2125658996)
_SEARCHED = 4096
"""Bytes of the file in which the table must begin: it follows the FST's header."""


class ModelError(VoicebotError):
    """A speech model that can't be used."""


def read_vocabulary(model: Path) -> frozenset[str]:
    """All words of the model in folder `model`: 503,352 for Korean, in about 0.6 s. Raises ModelError.

    A process that has loaded the model asks the model itself instead (`VoskModel.words`), which costs nothing.
    """
    path = model / "graph" / "Gr.fst"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: can't be read ({error.strerror}); install the model again with: voicebot models install."
        ) from None
    start = data.find(_MAGIC, 0, _SEARCHED)
    try:
        if start < 0:
            raise ValueError
        return frozenset(_symbols(data, start + len(_MAGIC)))
    except (struct.error, ValueError):
        raise ModelError(
            f"{path}: holds no readable table of words; install the model again with: voicebot models install."
        ) from None


def _symbols(data: bytes, at: int) -> list[str]:
    length = struct.Struct("<i").unpack_from
    at += 4 + length(data, at)[0]
    _, count = struct.unpack_from("<qq", data, at)
    at += 16
    if not 0 < count <= len(data) // 12:
        raise ValueError
    symbols = []
    for _ in range(count):
        end = at + 4 + length(data, at)[0]
        symbols.append(data[at + 4 : end].decode())
        at = end + 8
    if at > len(data):
        raise ValueError
    return symbols
