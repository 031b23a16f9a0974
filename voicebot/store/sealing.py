"""Encryption at rest: AES-256-GCM, with keys that can be changed.

Each sealed thing names its key, so that a new key can be used while what older ones sealed is still read. A file is a
sequence of chunks after the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizar, 2015): chunks can't be
reordered, swapped between files, or left out in the middle; only the end of a file whose writer died is missing.

    header   "VBSEAL1\\n", 8 bytes of the key's id, 7 random bytes
    chunk    4 bytes length (big endian), ciphertext and tag; nonce: the 7 bytes, a counter of 4 bytes, and a byte that
             is 1 for the last chunk, else 0
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voicebot.errors import VoicebotError
from voicebot.store.key_file import SHORTEST_KEY

MAGIC = b"VBSEAL1\n"
_ID, _PREFIX = 8, 7
_HEADER = len(MAGIC) + _ID + _PREFIX
_LARGEST_CHUNK = 1 << 20
_LINE = b"sealed "


class SealError(VoicebotError):
    """What can't be sealed or opened."""


class _Key:
    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_KEY:
            raise SealError(
                f"the key for sound and stored calls has {len(secret)} characters; write at least {SHORTEST_KEY}, for "
                "example what `openssl rand -hex 32` prints."
            )
        derived = HKDF(hashes.SHA256(), 32 + _ID, None, b"voicebot seal 1").derive(secret.encode())
        self.id = derived[32:]
        self.cipher = AESGCM(derived[:32])


class Sealer:
    """Seals with the first key; opens with any. Holds no state: callable from any thread."""

    def __init__(self, key: str, also: Sequence[str] = ()) -> None:
        """`also`: keys that were in use before. Raises SealError for one that is too short."""
        self._key = _Key(key)
        self._known = {known.id: known for known in (self._key, *map(_Key, also))}

    @property
    def key_id(self) -> str:
        """Tells keys apart; nothing can be learnt of the key from it."""
        return self._key.id.hex()

    def line(self, text: bytes, context: str) -> bytes:
        """One line of text, sealed, without its end; `context` must be given again to open it."""
        nonce = os.urandom(12)
        sealed = self._key.cipher.encrypt(nonce, text, context.encode())
        return _LINE + base64.b64encode(self._key.id + nonce + sealed)

    def open_line(self, line: bytes, context: str, where: str) -> bytes:
        """The text of a sealed line. Raises SealError."""
        try:
            data = base64.b64decode(line.removeprefix(_LINE), validate=True)
        except (binascii.Error, ValueError):
            raise _damaged(where) from None
        key = self._known.get(data[:_ID])
        if key is None:
            raise _other_key(where)
        try:
            return key.cipher.decrypt(data[_ID : _ID + 12], data[_ID + 12 :], context.encode())
        except (InvalidTag, ValueError):
            raise _damaged(where) from None

    def writer(self, file: BinaryIO) -> SealingWriter:
        """Writes a sealed file."""
        return SealingWriter(file, self._key)

    def read(self, file: BinaryIO, where: str) -> Iterator[bytes]:
        """The chunks of a sealed file, the last ones missing where its writer died. Raises SealError."""
        header = file.read(_HEADER)
        if len(header) < _HEADER or not header.startswith(MAGIC):
            raise _damaged(where)
        key = self._known.get(header[len(MAGIC) : len(MAGIC) + _ID])
        if key is None:
            raise _other_key(where)
        prefix = header[-_PREFIX:]
        number = 0
        while len(size := file.read(4)) == 4:
            (length,) = struct.unpack(">I", size)
            sealed = file.read(length) if length <= _LARGEST_CHUNK + 16 else b""
            if len(sealed) < length or not length:
                return  # the writer died in the middle of it
            for last in (0, 1):
                try:
                    yield key.cipher.decrypt(_nonce(prefix, number, last), sealed, header)
                    break
                except InvalidTag:
                    if last:
                        raise _damaged(where) from None
            if last:
                return
            number += 1


class SealingWriter:
    """One sealed file: whole chunks are written as they come."""

    def __init__(self, file: BinaryIO, key: _Key) -> None:
        self._file, self._key, self._number = file, key, 0
        self._prefix = os.urandom(_PREFIX)
        self._header = MAGIC + key.id + self._prefix
        file.write(self._header)

    def write(self, data: bytes, *, last: bool = False) -> None:
        """One chunk, of 1 MiB at most. Raises OSError."""
        sealed = self._key.cipher.encrypt(_nonce(self._prefix, self._number, int(last)), data, self._header)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._file.flush()
        self._number += 1


def is_sealed_line(line: bytes) -> bool:
    return line.startswith(_LINE)


def _nonce(prefix: bytes, number: int, last: int) -> bytes:
    return prefix + struct.pack(">IB", number, last)


def _other_key(where: str) -> SealError:
    return SealError(
        f"{where}: was sealed with another key than the configured ones; set audio_key to that key, or add it to "
        "audio_keys_before."
    )


def _damaged(where: str) -> SealError:
    return SealError(f"{where}: is damaged, or was changed; restore it from a backup.")


def no_key(where: str) -> SealError:
    return SealError(f"{where}: is encrypted and no key is configured; set audio_key to the key that sealed it.")
