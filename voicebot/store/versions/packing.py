"""Bundles as a stream of pieces, and back. Nothing of a stream is believed before its hash is that of the manifest.

The stream is a gzip-compressed tar whose first member is the manifest. It is written and read piece by piece: a bundle
of a gigabyte needs a megabyte of memory. Members are never extracted by tarfile: only those that the manifest names
are written, to the paths that it names.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from voicebot.store.versions.bundle import (
    MANIFEST,
    MOST_BYTES,
    MOST_FILE_BYTES,
    MOST_MANIFEST_BYTES,
    Bundle,
    BundleError,
    read_manifest,
    verify,
)

PIECE = 2**20
"""Bytes of a piece, the last one excepted."""


def packed(folder: Path, bundle: Bundle) -> Iterator[bytes]:
    """The bundle in `folder` as pieces."""
    sink = _Sink()
    with tarfile.open(fileobj=sink, mode="w|gz", format=tarfile.PAX_FORMAT) as archive:
        for name in (MANIFEST, *sorted(bundle.manifest.files)):
            path = folder / name
            member = tarfile.TarInfo(name)
            member.size, member.mode = path.stat().st_size, 0o600
            with path.open("rb") as file:
                archive.addfile(member, file)
            yield from sink.full()
    yield from sink.rest()


def unpack(pieces: Iterable[bytes], folder: Path, digest: str) -> Bundle:
    """Write the bundle of this digest to `folder`, which then is there whole or not at all. Raises BundleError."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    beside.mkdir(mode=0o700)
    try:
        _extract(pieces, beside, digest)
        bundle = verify(beside, digest)
        _replace(beside, folder, digest)
        return bundle
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise BundleError(
            f"version {folder.name} is damaged where it is stored ({type(error).__name__}); add it again."
        ) from None
    except OSError as error:
        raise BundleError(f"version {folder.name} can't be unpacked to {folder} ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _replace(beside: Path, folder: Path, digest: str) -> None:
    try:
        beside.rename(folder)
        return
    except OSError:
        if not folder.exists():
            raise
    try:
        verify(folder, digest)  # another process was quicker
    except BundleError:
        shutil.rmtree(folder)
        beside.rename(folder)


def _extract(pieces: Iterable[bytes], beside: Path, digest: str) -> None:
    where = f"version {digest[:12]}"
    with tarfile.open(fileobj=_Source(pieces), mode="r|gz") as archive:
        first = archive.next()
        if first is None or first.name != MANIFEST or not first.isreg() or first.size > MOST_MANIFEST_BYTES:
            raise BundleError(f"{where} is damaged where it is stored; add it again.")
        raw = _opened(archive, first).read()
        bundle = read_manifest(raw, where, digest)
        (beside / MANIFEST).write_bytes(raw)
        left, size = set(bundle.manifest.files), 0
        while (member := archive.next()) is not None:
            if member.name not in left or not member.isreg():
                raise BundleError(
                    f"{where} holds {member.name[:80]!r}, which its manifest does not name; add it again."
                )
            left.remove(member.name)
            size += member.size
            if member.size > MOST_FILE_BYTES or size > MOST_BYTES:
                raise BundleError(f"{where} is larger than a version may be; leave out what does not belong to it.")
            _write(_opened(archive, member), beside / member.name, bundle.manifest.files[member.name], where)


def _write(source: IO[bytes], path: Path, sha: str, where: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while piece := source.read(PIECE):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha:
        raise BundleError(f"{where}: {path.name} is damaged where it is stored; add the version again.")


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    assert found is not None  # it is a regular file
    return found


class _Sink(io.RawIOBase):
    """Takes what tarfile writes; gives it away in pieces."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def full(self) -> Iterator[bytes]:
        while len(self._held) >= PIECE:
            piece, self._held = bytes(self._held[:PIECE]), self._held[PIECE:]
            yield piece

    def rest(self) -> Iterator[bytes]:
        yield from self.full()
        if self._held:
            yield bytes(self._held)


class _Source(io.RawIOBase):
    """What tarfile reads, out of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = bytes(piece)
        if size < 0:
            size = len(self._held)
        taken, self._held = self._held[:size], self._held[size:]
        return taken
