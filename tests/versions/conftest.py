"""Bundles of the shop's content, and a registry over a fresh database."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.untrained import PROMPTS

from voicebot.store.history.database import Database, open_database
from voicebot.store.versions import Version, Versions, bundle

Made = Callable[..., Path]
PASSED = {"passed": True, "reasons": []}


@functools.cache
def migrated() -> Path:
    """A database's file with the newest schema and nothing in it, to be copied: making one takes a second."""
    folder = Path(tempfile.mkdtemp())
    database = open_database("", folder)
    database.migrate()
    database.close()
    return folder / "history.db"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    shutil.copy(migrated(), tmp_path / "history.db")
    return open_database("", tmp_path)


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Versions:
    return Versions(database, tmp_path)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes a bundle; the same `mark` makes the same content."""

    def make(mark: str = "one", *, author: str = "kim", gate: object = PASSED, pack: str = "shop") -> Path:
        folder = tmp_path / f"bundle-{mark}"
        folder.mkdir()
        bundle.copy_content(PROMPTS, pack, folder)
        file = folder / "content" / pack / "ko" / "replies.yaml"
        file.write_text(file.read_text(encoding="utf-8") + f"# {mark}\n", encoding="utf-8")
        (folder / "model_card.md").write_text(f"# Card of {mark}\n\n<b>bold</b>\n")
        (folder / "evaluation.json").write_text(json.dumps({"gate": gate}))
        bundle.write(folder, pack=pack, author=author, reason=mark)
        return folder

    return make


@pytest.fixture
def approved(registry: Versions, made: Made) -> Callable[[str], Version]:
    """A version that Lee approved."""

    def approve(mark: str) -> Version:
        version = registry.add(made(mark), "kim")
        registry.evaluate(version.id, "kim")
        return registry.approve(version.id, "lee")

    return approve
