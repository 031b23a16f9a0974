"""Backup and restore of what a service keeps: one file, made while the service runs, verified before it is used.

A backup is a gzipped tar: copies of the databases (SQLite's online backup, each one consistent in itself; PostgreSQL by
pg_dump), the files that can't be made again, and at its end `manifest.json` with the SHA-256 of each. What can be made
again (voices, embeddings, models) and what lives for a moment only (live state, metrics) is not in it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO

from sqlalchemy.engine import make_url

from voicebot.errors import VoicebotError

FORMAT = 1
_MANIFEST = "manifest.json"
_DUMP = "postgresql.dump"
_LEFT_OUT = frozenset({"voices", "embeddings", "models", "metrics", "live.db", "bus.db", "demo", ".doctor"})
"""Entries of `var` that are not kept."""
_SQLITE = (".db", ".sqlite")
_BESIDE_SQLITE = ("-wal", "-shm", "-journal")
_PIECE = 1 << 20


class BackupError(VoicebotError):
    """A backup that can't be made or used."""


@dataclass(frozen=True)
class Contents:
    """What a backup holds."""

    made: str
    """ISO 8601, UTC."""
    voicebot: str
    """The version that made it."""
    files: Mapping[str, tuple[str, int]]
    """By name: SHA-256 and size in bytes."""

    @property
    def has_postgresql(self) -> bool:
        return _DUMP in self.files

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files.values())


def make(var: Path, to: Path, database_url: str = "", *, keys: bool = True) -> Contents:
    """Back up `var`, and the PostgreSQL database where `database_url` names one, to the file `to`.

    `keys`: whether the keys under `var` are in it; without them, sessions end and known callers are strangers. The
    file is there only when it is whole, readable by its owner only. Raises BackupError.
    """
    if not var.is_dir():
        raise BackupError(f"{var}: there is no such folder; name the service's folder with the setting var.")
    unfinished = to.with_name(f".{to.name}.unfinished")
    files: dict[str, tuple[str, int]] = {}
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".backup-", dir=to.parent) as scratch,
            os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as sink,
            gzip.GzipFile(filename="", fileobj=sink, mode="wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            for name, path in _kept(var, to, keys=keys):
                copied = _copy(path, Path(scratch) / "copy")
                if copied is not None:
                    files[name] = _add(tar, f"var/{name}", copied)
            if database_url.startswith("postgresql"):
                dump = Path(scratch) / _DUMP
                _run_postgresql(["pg_dump", "--format=custom", "--no-owner", f"--file={dump}"], database_url)
                files[_DUMP] = _add(tar, _DUMP, dump)
            contents = Contents(datetime.now(UTC).isoformat(timespec="seconds"), version("voicebot"), files)
            _add_manifest(tar, contents)
        unfinished.replace(to)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            f"{to}: the backup can't be made ({_reason(error)}); is there space, and may it be written?"
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return contents


def check(file: Path) -> Contents:
    """Read the whole backup and compare every file with its hash. Raises BackupError where anything differs."""
    found: dict[str, tuple[str, int]] = {}
    contents = None
    with _reading(file) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None or not _is_inside(member.name):
                raise BackupError(
                    f"{file}: {member.name!r} has no place in a backup; use a file that `voicebot backup` made."
                )
            if member.name == _MANIFEST:
                contents = _read_manifest(file, stream.read())
            else:
                found[member.name.removeprefix("var/")] = _hash(stream)
    if contents is None:
        raise BackupError(f"{file}: its end is missing; use another backup.")
    if wrong := sorted(
        name for name in contents.files.keys() | found.keys() if contents.files.get(name) != found.get(name)
    ):
        raise BackupError(f"{file}: {wrong[0]} is damaged or missing; use another backup.")
    return contents


def restore(file: Path, var: Path, database_url: str = "", *, replace: bool = False) -> Path | None:
    """Put back what `make` kept. The service must not run. Nothing is touched before the backup has been checked.

    `replace`: what `var` holds is put aside, into the folder that is returned. Without it, `var` must hold nothing that
    would be overwritten. Raises BackupError.
    """
    contents = check(file)
    if contents.has_postgresql and not database_url.startswith("postgresql"):
        raise BackupError(
            f"{file} holds a PostgreSQL database; name one to restore it to with the setting database_url."
        )
    in_the_way = [path for path in var.iterdir() if path.name not in _LEFT_OUT] if var.is_dir() else []
    if in_the_way and not replace:
        raise BackupError(
            f"{var} holds {in_the_way[0].name} already; stop the service and give --replace to put it aside."
        )
    try:
        var.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=var.parent) as scratch:
            with _reading(file) as tar:
                _unpack(tar, Path(scratch))
            if contents.has_postgresql:
                dump = str(Path(scratch) / _DUMP)
                _run_postgresql(
                    ["pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", dump], database_url
                )
            aside = _put_aside(in_the_way, var) if in_the_way else None
            var.mkdir(exist_ok=True)
            unpacked = Path(scratch) / "var"
            for path in sorted(unpacked.iterdir()) if unpacked.is_dir() else ():
                shutil.move(path, var / path.name)
    except OSError as error:
        raise BackupError(
            f"{var}: can't be restored ({_reason(error)}); is there space, and may it be written?"
        ) from None
    return aside


def _kept(var: Path, to: Path, *, keys: bool) -> Iterator[tuple[str, Path]]:
    """Name and path of each file to keep."""
    for folder, folders, names in os.walk(var):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (Path(folder) != var or name not in _LEFT_OUT)
        )
        for name in sorted(names):
            path = Path(folder, name)
            relative = path.relative_to(var).as_posix()
            passed_over = relative in _LEFT_OUT or name.startswith(".") or name.endswith(_BESIDE_SQLITE)
            if passed_over or path.is_symlink() or path.resolve() == to.resolve():
                continue
            if not keys and path.parent == var and path.suffix == ".key":
                continue
            yield relative, path


def _copy(path: Path, to: Path) -> Path | None:
    """A copy that no writer changes; None where the file is gone meanwhile."""
    to.unlink(missing_ok=True)
    try:
        if path.suffix in _SQLITE:
            with (
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(to)) as copy,
            ):
                source.backup(copy)
                # A copy is one file: whoever opens it chooses its own journal.
                copy.execute("PRAGMA journal_mode = DELETE")
        else:
            shutil.copyfile(path, to)
    except FileNotFoundError:
        return None
    return to


def _add(tar: tarfile.TarFile, name: str, path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        entry = _hash(file)
        file.seek(0)
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = entry[1], 0o600, int(path.stat().st_mtime)
        tar.addfile(info, file)
    return entry


def _add_manifest(tar: tarfile.TarFile, contents: Contents) -> None:
    text = json.dumps(
        {"format": FORMAT, "made": contents.made, "voicebot": contents.voicebot, "files": contents.files}, indent=1
    )
    info = tarfile.TarInfo(_MANIFEST)
    info.size, info.mode = len(text.encode()), 0o600
    tar.addfile(info, io.BytesIO(text.encode()))


def _read_manifest(file: Path, text: bytes) -> Contents:
    try:
        data = json.loads(text)
        if data["format"] > FORMAT:
            raise BackupError(
                f"{file}: a newer version of voicebot ({data['voicebot']}) made it; install that version."
            )
        files = {str(name): (str(digest), int(size)) for name, (digest, size) in data["files"].items()}
        return Contents(str(data["made"]), str(data["voicebot"]), files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{file}: its list of files can't be read; use another backup.") from None


@contextmanager
def _reading(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r|gz") as tar:
            yield tar
    except FileNotFoundError:
        raise BackupError(f"{file}: there is no such file; name a file that `voicebot backup` made.") from None
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BackupError(f"{file}: can't be read as a backup ({_reason(error)}); use another one.") from None


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """What `check` has found to be files with a place in a backup."""
    for member in tar:
        stream = tar.extractfile(member) if _is_inside(member.name) else None
        if stream is None:
            continue
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(stream, file)
        os.utime(path, (member.mtime, member.mtime))


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and (path.parts[0] == "var" or name in (_MANIFEST, _DUMP))


def _hash(stream: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _put_aside(paths: list[Path], var: Path) -> Path:
    aside = var.with_name(f"{var.name}-before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    aside.mkdir()
    for path in paths:
        shutil.move(path, aside / path.name)
    return aside


def _run_postgresql(command: list[str], database_url: str) -> None:
    """Raises BackupError. The password goes by the environment, which other users of the machine can't read."""
    url = make_url(database_url)
    settings = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = {**os.environ, **{name: str(value) for name, value in settings.items() if value}}
    if command[0] == "pg_restore":
        command = [*command[:-1], f"--dbname={url.database}", command[-1]]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BackupError(
            f"{command[0]} is not installed; install it with: sudo apt-get install -y postgresql-client."
        ) from None
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise BackupError(f"{command[0]} failed ({told}); check database_url, and that the server runs.")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
