"""Bundles: everything that a version is made of, in one folder, signed by hash.

    manifest.json            what it is, and the SHA-256 of every other file
    content/<pack>/**        the pack's content, as under prompts/
    content/common/**
    models/**                models trained on it
    evaluation.json          how good it is, machine-readable, with its gate
    model_card.md            the same for people, in English; model_card.ko.md in Korean

The signature is the SHA-256 of the canonical manifest; its first 12 hexadecimal digits are the version's id. So nobody
can change a file, or what the manifest says of it, and keep the id.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from voicebot.errors import VoicebotError

MANIFEST = "manifest.json"
EVALUATION = "evaluation.json"
CARDS: Mapping[str, str] = {"en": "model_card.md", "ko": "model_card.ko.md"}
FORMAT = 1
"""Of bundles that this program makes; a newer one it refuses."""
ID_DIGITS = 12

MOST_FILES = 5_000
MOST_FILE_BYTES = 512 * 2**20
MOST_BYTES = 1024 * 2**20
"""A fine-tuned encoder of half a gigabyte fits; what is larger is no version."""
MOST_MANIFEST_BYTES = 4 * 2**20
_KNOWN_AS_TEXT = 2 * 2**20
"""Bytes at most of the evaluation and of a card."""

_HEX = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"\w[\w.+ -]{0,119}")
"""One name in a path: nothing that leads out of the folder or means something to a shell or another system."""


class BundleError(VoicebotError):
    """A bundle that can't be used: damaged, altered, unsafe, or made by a newer program."""


class Manifest(BaseModel):
    """What a bundle is."""

    model_config = ConfigDict(frozen=True, extra="allow")

    format: int = Field(FORMAT, ge=1)
    pack: str = Field(pattern=r"^[a-z0-9_]+$", max_length=80)
    author: str = Field(min_length=1, max_length=200)
    """Who made it: may not approve it."""
    made: AwareDatetime
    reason: str = Field(max_length=2000)
    parent: str | None = Field(None, pattern=r"^[0-9a-f]{12}$")
    """The version that it was made from; None: from the content as installed."""
    seed: int | None = None
    data: dict[str, Any] = {}
    """What it learnt from: counts, and hashes of the labels' ids."""
    software: dict[str, str] = {}
    files: dict[str, str] = Field(max_length=MOST_FILES)
    """Path, with slashes -> SHA-256 in hexadecimal."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was found to be whole."""

    id: str
    digest: str
    manifest: Manifest
    written: Mapping[str, Any] = field(repr=False)
    """The manifest as it is written."""
    size: int
    """Bytes of all files."""

    @property
    def pack(self) -> str:
        return self.manifest.pack


def digest_of(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form: without its id, keys sorted, no spaces, UTF-8."""
    signed = {name: value for name, value in manifest.items() if name != "id"}
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def copy_content(content_folder: Path, pack: str, bundle: Path) -> None:
    """Copy a pack's content, and what all packs share, into a bundle's folder. Raises BundleError."""
    for name in (pack, "common"):
        source = content_folder / name
        if not source.is_dir():
            raise BundleError(f"{source} is no folder of content; name the folder that holds {pack} and common.")
        shutil.copytree(source, bundle / "content" / name, ignore=_not_content, dirs_exist_ok=True)


def _not_content(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not _PART.fullmatch(name)]


def write(
    folder: Path,
    *,
    pack: str,
    author: str,
    reason: str,
    parent: str | None = None,
    seed: int | None = None,
    data: Mapping[str, Any] | None = None,
    software: Mapping[str, str] | None = None,
    made: datetime | None = None,
) -> Bundle:
    """Make the folder, in which all other files stand already, a bundle. Raises BundleError.

    `made`: aware, by default now.
    """
    files = {name: _sha256(path) for name, path in _files(folder) if name != MANIFEST}
    try:
        manifest = Manifest(
            format=FORMAT,
            pack=pack,
            author=author,
            reason=reason,
            parent=parent,
            seed=seed,
            data=dict(data or {}),
            software=dict(software or {}),
            made=made or datetime.now(UTC).replace(microsecond=0),
            files=files,
        )
    except ValidationError as error:
        raise _unreadable(folder, error) from None
    written = manifest.model_dump(mode="json")
    written = {"id": digest_of(written)[:ID_DIGITS], **written}
    (folder / MANIFEST).write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return verify(folder)


def verify(folder: Path, expected: str = "") -> Bundle:
    """The bundle in this folder, every byte of it checked. Raises BundleError.

    `expected`: the digest that it must have.
    """
    path = folder / MANIFEST
    try:
        if path.is_symlink() or not path.is_file():
            raise BundleError(f"{folder} is no bundle: it lacks {MANIFEST}; name a folder that `voicebot train` made.")
        if path.stat().st_size > MOST_MANIFEST_BYTES:
            raise BundleError(f"{path} is larger than {MOST_MANIFEST_BYTES // 2**20} MB: no manifest is.")
        bundle = read_manifest(path.read_bytes(), str(folder), expected)
        size, found = 0, set[str]()
        for name, file in _files(folder):
            if name == MANIFEST:
                continue
            if name not in bundle.manifest.files:
                raise BundleError(f"{folder}: {name} is not in the manifest; remove it, or make the bundle anew.")
            if _sha256(file) != bundle.manifest.files[name]:
                raise BundleError(f"{folder}: {name} was changed or damaged since the bundle was made; make it anew.")
            size += file.stat().st_size
            found.add(name)
    except OSError as error:
        raise BundleError(f"{folder} can't be read ({error.strerror}); check its permissions.") from None
    if missing := sorted(bundle.manifest.files.keys() - found):
        raise BundleError(f"{folder}: {missing[0]} is missing; make the bundle anew.")
    return Bundle(bundle.id, bundle.digest, bundle.manifest, bundle.written, size)


def read_manifest(raw: bytes, where: str, expected: str = "") -> Bundle:
    """The manifest alone: its form, its id and its signature. Raises BundleError."""
    try:
        written = json.loads(raw)
        if not isinstance(written, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise BundleError(f"{where}: {MANIFEST} is no JSON object; make the bundle anew.") from None
    if isinstance(made_for := written.get("format"), int) and made_for > FORMAT:
        raise BundleError(f"{where} was made by a newer voicebot (format {made_for}); install that one.")
    try:
        manifest = Manifest.model_validate(written)
        digest = digest_of(written)
    except ValidationError as error:
        raise _unreadable(where, error) from None
    except (ValueError, RecursionError):
        raise BundleError(f"{where}: {MANIFEST} holds a value that JSON lacks; make the bundle anew.") from None
    for name, sha in manifest.files.items():
        if not is_safe(name) or name == MANIFEST or not _HEX.fullmatch(sha):
            raise BundleError(f"{where}: the manifest names a file {name[:80]!r} that no bundle may have.")
    for needed in (manifest.pack, "common"):
        if not any(name.startswith(f"content/{needed}/") for name in manifest.files):
            raise BundleError(f"{where}: the folder content/{needed} is missing; make the bundle anew.")
    if written.get("id") != digest[:ID_DIGITS] or (expected and digest != expected):
        raise BundleError(f"{where}: the manifest was changed or damaged since it was signed; make the bundle anew.")
    return Bundle(digest[:ID_DIGITS], digest, manifest, written, 0)


def is_safe(name: str) -> bool:
    """Whether a path of a bundle stays within its folder, on every system."""
    return len(name) <= 400 and all(_PART.fullmatch(part) and not part.endswith((".", " ")) for part in name.split("/"))


def read_json(folder: Path, name: str = EVALUATION) -> dict[str, Any] | None:
    """A file of the bundle that holds a JSON object; None where it lacks it. Raises BundleError."""
    text = read_text(folder, name)
    if text is None:
        return None
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise BundleError(f"{folder}: {name} is no JSON object; make the bundle anew.") from None
    return value


def read_text(folder: Path, name: str) -> str | None:
    """A text of the bundle; None where it lacks it. Raises BundleError."""
    path = folder / name
    if not path.is_file():
        return None
    if path.stat().st_size > _KNOWN_AS_TEXT:
        raise BundleError(f"{folder}: {name} is larger than {_KNOWN_AS_TEXT // 2**20} MB; make it shorter.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BundleError(f"{folder}: {name} is no UTF-8 text; make the bundle anew.") from None


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file with its path inside the folder. Raises BundleError for what is no plain file, or too much."""
    size = 0
    count = 0
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted((*folders, *names)):
            path = Path(parent) / name
            inside = PurePosixPath(path.relative_to(folder)).as_posix()
            about = path.lstat()
            if stat.S_ISDIR(about.st_mode):
                continue
            if not stat.S_ISREG(about.st_mode):
                raise BundleError(f"{folder}: {inside} is a link or no plain file; put the file itself there.")
            if not is_safe(inside):
                raise BundleError(f"{folder}: {inside[:80]!r} is no name that a bundle may have; rename the file.")
            count, size = count + 1, size + about.st_size
            if about.st_size > MOST_FILE_BYTES or size > MOST_BYTES or count > MOST_FILES + 1:
                raise BundleError(
                    f"{folder}: more than {MOST_FILES} files, {MOST_FILE_BYTES // 2**20} MB in one or "
                    f"{MOST_BYTES // 2**20} MB in all; leave out what does not belong to a version."
                )
            yield inside, path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreadable(where: object, error: ValidationError) -> BundleError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"][:2]) or "it"
    return BundleError(
        f"{where}: {MANIFEST} is not as it must be ({place[:80]}: {first['msg']}); make the bundle anew."
    )
