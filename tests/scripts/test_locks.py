"""The lock files are those of pyproject.toml, and hold for every machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]
SERVICE = [*PROJECT["project"]["dependencies"], *EXTRAS["ko"], *EXTRAS["encoder"], *EXTRAS["whisper"]]


def name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[ <>=!~;\[]", requirement, maxsplit=1)[0]).lower()


def locked(file: str) -> dict[str, list[str]]:
    """Name -> the versions for the different Pythons."""
    versions: dict[str, list[str]] = {}
    for found in re.finditer(r"(?m)^([a-z0-9.-]+)==(\S+)", (ROOT / file).read_text("utf-8")):
        versions.setdefault(found[1], []).append(found[2])
    return versions


@pytest.mark.parametrize(
    ("file", "requirements"),
    [
        ("requirements.lock", SERVICE),
        ("requirements-dev.lock", [*SERVICE, *GROUPS["dev"]]),
        ("requirements-build.lock", [*GROUPS["build"], *PROJECT["build-system"]["requires"]]),
    ],
)
def test_a_lock_has_all_that_the_project_asks_for(file: str, requirements: list[str]) -> None:
    missing = {name(requirement) for requirement in requirements} - set(locked(file))
    assert not missing, "run ./script/lock"


def test_the_locks_agree_with_each_other() -> None:
    everything = locked("requirements-dev.lock")
    for file in ("requirements.lock", "requirements-build.lock"):
        for package, versions in locked(file).items():
            assert everything.get(package, versions) == versions


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_every_package_has_hashes_and_no_lock_names_an_address(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    for entry in re.split(r"(?m)^(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in entry
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url|--find-links|(^|\s)/", text)
