"""What the source as a whole must keep to."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OWN = ("voicebot", "telephony", "asr_models")
SOURCES = [path for package in OWN for path in sorted((ROOT / package).rglob("*.py"))]


def imported(source: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_that_is_imported_is_declared() -> None:
    requirements = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    declared = {normalised(re.split(r"[ <>=!~;\[]", requirement)[0]) for requirement in requirements}
    # What an extra brings along by necessity.
    declared |= {"ctranslate2", "tokenizers"} if "faster-whisper" in declared else set()
    declared |= {"scipy", "joblib"} if "scikit-learn" in declared else set()
    distributions = packages_distributions()
    for source in SOURCES:
        for module in imported(source) - set(sys.stdlib_module_names) - set(OWN):
            if module in distributions:
                assert {normalised(name) for name in distributions[module]} & declared, f"{module} in {source.name}"


def test_the_speech_models_catalogue_stands_alone() -> None:
    others = set(OWN) - {"asr_models"}
    for source in (ROOT / "asr_models").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in others:
                assert node.module == "voicebot.errors"


def test_no_file_is_named_after_a_pattern() -> None:
    for source in SOURCES:
        assert not re.search(r"util|helper|manager|handler|processor|misc|common", source.name)
