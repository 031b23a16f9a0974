"""Content of a test's own: a pack beside the Korean common content."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

PROMPTS = Path(__file__).parents[2] / "prompts"


def write_content(folder: Path, pack: str, files: Mapping[str, str]) -> Path:
    """`files`: text by path within the pack. Returns `folder`, for `load_pack(folder, pack)`."""
    shutil.copytree(PROMPTS / "common/ko", folder / "common/ko", ignore=shutil.ignore_patterns("recordings"))
    for name, text in files.items():
        path = folder / pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
