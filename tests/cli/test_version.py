"""The version that is installed is told the same everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from prometheus_client import generate_latest
from typer.testing import CliRunner

from voicebot.cli import app, commands  # noqa: F401
from voicebot.console.api.document import document
from voicebot.monitoring.monitor import Monitor

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_command_line_tells_it() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output) == (0, f"voicebot {VERSION}\n")


def test_metrics_and_the_api_tell_it() -> None:
    monitor = Monitor()
    monitor.serves("shop", "1")
    assert f'version="{VERSION}"' in generate_latest(monitor.registry).decode()
    assert document([])["info"]["version"] == VERSION


def test_manifests_and_the_changes_name_it() -> None:
    assert f"newTag: {VERSION}\n" in (ROOT / "deploy" / "kubernetes" / "kustomization.yaml").read_text("utf-8")
    assert re.search(rf"^## {re.escape(VERSION)}, ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert f"--branch v{VERSION} " in (ROOT / "docs" / "deployment.md").read_text("utf-8")
