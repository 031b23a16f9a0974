"""The speech models that are known: catalogue.toml as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from asr_models.errors import ModelFilesError


@dataclass(frozen=True)
class Package:
    """Python packages that carry a model."""

    distributions: tuple[str, ...]
    """What to pip-install."""
    folder: str = ""
    """MODULE/PATH of the model's folder, used in place; empty where the model stands in pieces."""
    pieces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each of the model's files, the MODULE/PATH of the files that make it when joined in this order."""


@dataclass(frozen=True)
class Download:
    """One thing to fetch from upstream."""

    url: str
    size: int
    """Bytes; only about right where `sha256` is empty."""
    sha256: str
    """Hexadecimal; empty where not known."""
    path: str = ""
    """The model's file that it is; empty for a zip archive of the whole folder."""


@dataclass(frozen=True)
class Model:
    """A speech model: a folder of files."""

    name: str
    purpose: str
    languages: tuple[str, ...]
    """ISO 639-1."""
    licence: str
    """SPDX identifier."""
    size: int
    """Bytes on disk, about."""
    essential: tuple[str, ...]
    """Files without which a folder is not such a model."""
    downloads: tuple[Download, ...]
    """Empty where it comes as packages only."""
    package: Package | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file, by its path in the folder; empty where not known."""


@cache
def catalogue() -> Mapping[str, Model]:
    """All models by name, in the catalogue's order."""
    entries = tomllib.loads(files("asr_models").joinpath("catalogue.toml").read_text("utf-8"))
    return {name: _model(name, entry) for name, entry in entries.items()}


def model(name: str) -> Model:
    """The model of this name. Raises ModelFilesError."""
    try:
        return catalogue()[name]
    except KeyError:
        known = ", ".join(catalogue())
        raise ModelFilesError(f"there is no speech model called {name!r}; the models are: {known}.") from None


def _model(name: str, entry: Mapping[str, Any]) -> Model:
    downloads = tuple(Download(**download) for download in entry.get("download", []))
    package = entry.get("package")
    return Model(
        name=name,
        purpose=entry["purpose"],
        languages=tuple(entry["languages"]),
        licence=entry["licence"],
        size=entry["size"],
        essential=tuple(entry["essential"]),
        downloads=downloads,
        package=package
        and Package(
            distributions=tuple(package["distributions"]),
            folder=package.get("folder", ""),
            pieces={path: tuple(pieces) for path, pieces in package.get("pieces", {}).items()},
        ),
        files=entry.get("files") or {download.path: download.sha256 for download in downloads if download.path},
    )
