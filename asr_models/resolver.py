"""Where a speech model is on this machine.

In this order: the folder that the configuration names, an installed Python package, the cache (`models` in the
configuration's var, then $XDG_CACHE_HOME/voicebot/models). `asr_models.installation` puts models into the cache.

For whisper-base the folder has the layout that `faster_whisper.WhisperModel(str(folder))` and
`ctranslate2.models.Whisper(str(folder))` take: config.json, model.bin, tokenizer.json, vocabulary.txt.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asr_models.catalogue import Model, Package, model
from asr_models.errors import ModelFilesError
from asr_models.files import join_pieces

NO_PATHS: Mapping[str, Path] = {}


class Source(StrEnum):
    """Where a model was found."""

    CONFIGURED = "configured"
    PACKAGE = "package"
    CACHE = "cache"


@dataclass(frozen=True)
class Found:
    """A model's folder."""

    model: Model
    folder: Path
    source: Source


def caches(var: Path) -> tuple[Path, ...]:
    """The folders that hold installed models, in the order in which they are searched; new ones go into the first."""
    xdg = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (var / "models", xdg / "voicebot" / "models")


def find(wanted: Model, model_paths: Mapping[str, Path] = NO_PATHS, var: Path = Path("var")) -> Found | None:
    """The model's folder; None where it is not on this machine.

    `model_paths` are configured folders by the models' names, `var` is the configuration's. Where the model comes as
    packages with pieces of files, they are joined in the cache, which takes a moment the first time. Raises
    ModelFilesError where the configured folder is no such model, or the pieces can't be joined.
    """
    if found := _in_place(wanted, model_paths, var):
        return found
    if wanted.package and (pieces := _pieces(wanted.package)):
        folder = caches(var)[0] / wanted.name
        join_pieces(pieces, folder, wanted.files)
        return Found(wanted, folder, Source.PACKAGE)
    return None


def is_here(wanted: Model, model_paths: Mapping[str, Path] = NO_PATHS, var: Path = Path("var")) -> bool:
    """Whether `find` would find the model; nothing is joined. Raises ModelFilesError as `find` does."""
    return _in_place(wanted, model_paths, var) is not None or bool(wanted.package and _pieces(wanted.package))


def resolve(name: str, model_paths: Mapping[str, Path] = NO_PATHS, var: Path = Path("var")) -> Path:
    """The folder of the model of this name. Where it is missing, raises ModelFilesError that says how to install it."""
    wanted = model(name)
    found = find(wanted, model_paths, var)
    if found is None:
        raise ModelFilesError(f"the speech model {name} is not on this machine; {how_to_install(wanted)}.")
    return found.folder


def how_to_install(wanted: Model) -> str:
    """The commands that bring the model here, as the end of a sentence."""
    by_download = f"voicebot models install {wanted.name}"
    if wanted.package is None:
        return f"install it with: {by_download}"
    by_package = f"pip install {' '.join(wanted.package.distributions)}"
    if not wanted.downloads:
        return f"install it with: {by_package}"
    return f"install it with: {by_download} (or: {by_package})"


def _in_place(wanted: Model, model_paths: Mapping[str, Path], var: Path) -> Found | None:
    """The model's folder where it is whole already."""
    if configured := model_paths.get(wanted.name):
        if missing := _missing(wanted, configured):
            raise ModelFilesError(
                f"model_paths.{wanted.name} = {configured}: {missing} is missing there; "
                "name the folder that holds the model's files, or remove the setting."
            )
        return Found(wanted, configured, Source.CONFIGURED)
    if wanted.package and wanted.package.folder:
        folder = _in_module(wanted.package.folder)
        if folder and not _missing(wanted, folder):
            return Found(wanted, folder, Source.PACKAGE)
    for cache in caches(var):
        if not _missing(wanted, cache / wanted.name):
            return Found(wanted, cache / wanted.name, Source.CACHE)
    return None


def _missing(wanted: Model, folder: Path) -> str:
    """The first essential file that is not in `folder`; empty where all are."""
    return next((path for path in wanted.essential if not (folder / path).is_file()), "")


def _in_module(path: str) -> Path | None:
    """The place of MODULE/PATH on this machine; None where the module is not installed. Imports nothing."""
    module, _, rest = path.partition("/")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / rest


def _pieces(package: Package) -> dict[str, tuple[Path, ...]] | None:
    """Where the pieces of each file are; None where any is missing."""
    places: dict[str, tuple[Path, ...]] = {}
    for path, pieces in package.pieces.items():
        found = [place for piece in pieces if (place := _in_module(piece)) and place.is_file()]
        if len(found) != len(pieces):
            return None
        places[path] = tuple(found)
    return places or None
