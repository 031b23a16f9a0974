"""A history to look for failures in."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.store.history.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """SQLite, up to date."""
    database = open_database("", tmp_path)
    database.migrate()
    return database
