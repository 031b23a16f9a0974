"""What differs between two versions: lines of their content, and figures of their evaluations."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.config import Configuration
from voicebot.loading import content_folder
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.version import Version

MOST_LINES = 2000
"""Lines of differences that are told of one file."""
_TEXTS = frozenset({".yaml", ".yml", ".md", ".json", ".txt", ".html"})
_LARGEST = 4 * 2**20


@dataclass(frozen=True)
class FileDifference:
    """One file that differs."""

    path: str
    """Within the content, `shop/ko/faq.yaml`; or a model's, `models/...`."""
    added: int
    """Lines."""
    removed: int
    lines: tuple[str, ...]
    """As `diff -u` writes them, without its head; empty for what is no text."""


@dataclass(frozen=True)
class FigureDifference:
    """One number of the evaluations."""

    name: str
    """Its path, `intents.ko.accuracy`."""
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Differences:
    """From an older version to a newer one."""

    before: str
    """The older one's id; `installed` for the content as installed."""
    after: str
    files: tuple[FileDifference, ...]
    figures: tuple[FigureDifference, ...]


def differences(
    versions: Versions, configuration: Configuration, after: Version, before: Version | None
) -> Differences:
    """What is new in `after`; `before` None: against the content as installed. Raises VoicebotError."""
    old = (
        _files(versions.folder(before.id))
        if before is not None
        else _installed(content_folder(configuration), after.pack)
    )
    new = _files(versions.folder(after.id))
    if before is None:
        new = {path: file for path, file in new.items() if not path.startswith("models/")}
    changed = [_difference(path, old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys())]
    figures_before = dict(_numbers(before.evaluation or {})) if before is not None else {}
    figures_after = dict(_numbers(after.evaluation or {}))
    figures = tuple(
        FigureDifference(name, figures_before.get(name), figures_after.get(name))
        for name in dict.fromkeys([*figures_after, *figures_before])
        if figures_before.get(name) != figures_after.get(name)
    )
    files = tuple(one for one in changed if one is not None)
    return Differences(before.id if before is not None else "installed", after.id, files, figures)


def _files(folder: Path) -> dict[str, Path]:
    content = {path.relative_to(folder / "content").as_posix(): path for path in _all(folder / "content")}
    return content | {path.relative_to(folder).as_posix(): path for path in _all(folder / "models")}


def _installed(folder: Path, pack: str) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for name in (pack, "common") for path in _all(folder / name)}


def _all(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []


def _difference(path: str, old: Path | None, new: Path | None) -> FileDifference | None:
    one, other = (file.read_bytes() if file is not None else b"" for file in (old, new))
    if one == other:
        return None
    if Path(path).suffix not in _TEXTS or max(len(one), len(other)) > _LARGEST:
        return FileDifference(path, 0, 0, ())
    before, after = (raw.decode("utf-8", "replace").splitlines() for raw in (one, other))
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return FileDifference(path, added, removed, tuple(lines[:MOST_LINES]))


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in plain data, by its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)
