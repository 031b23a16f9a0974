from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    path
    for path in [*(ROOT / "script").iterdir(), ROOT / ".ci" / "run"]
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes().startswith(b"#!/bin/sh"))
]
ENVIRONMENT = ROOT / "script" / "environment.sh"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_plain_shell(script: Path) -> None:
    for shell in ("sh", "dash"):
        if shutil.which(shell):
            subprocess.run([shell, "-n", str(script)], check=True)
    text = script.read_text("utf-8")
    assert not re.search(r"\[\[|\bfunction \w+|\blocal \w|<<<|\bpipefail\b|\becho -[en]", text)


@pytest.mark.parametrize("name", ["run", "test", "lock"])
def test_the_commands_can_be_executed(name: str) -> None:
    assert os.access(ROOT / "script" / name, os.X_OK)


def test_the_two_commands_need_nothing_that_a_fresh_machine_lacks() -> None:
    for script in SCRIPTS:
        if script.name != "lock":
            assert not re.search(
                r"\b(git|make|curl|wget|uv|poetry)\b", script.read_text("utf-8").partition("\nset ")[2]
            )


def shell(code: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", f'set -eu; root=$1; . "{ENVIRONMENT}"; {code}', "script/run", str(folder)],
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


def tools(folder: Path, **own: str) -> str:
    """A PATH with what every Debian has, and commands of our own."""
    folder.mkdir()
    for name in ("id", "cat", "tr", "sha256sum", "rm", "printf", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, code in own.items():
        (folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_without_rights_the_exact_command_is_printed(tmp_path: Path) -> None:
    path = tools(tmp_path / "bin")
    (tmp_path / "bin" / "id").unlink()
    (tmp_path / "bin" / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "bin" / "id").chmod(0o755)
    done = shell("install_system_packages libespeak-ng1 libportaudio2", tmp_path, path)
    assert done.returncode == 0
    assert done.stderr.endswith("sudo apt-get update && sudo apt-get install -y libespeak-ng1 libportaudio2\n")


def test_as_root_packages_are_installed_after_an_update_where_that_is_needed(tmp_path: Path) -> None:
    apt = 'echo "$*" >> "$HOME/asked"; [ "$1" != install ] || [ -e "$HOME/updated" ] || exit 100; : > "$HOME/updated"'
    path = tools(tmp_path / "bin", **{"apt-get": apt})
    (tmp_path / "bin" / "id").unlink()
    (tmp_path / "bin" / "id").write_text("#!/bin/sh\necho 0\n")
    (tmp_path / "bin" / "id").chmod(0o755)
    done = shell("install_system_packages python3-venv", tmp_path, path)
    assert done.returncode == 0, done.stderr
    verbs = [line.split()[0] for line in (tmp_path / "asked").read_text().splitlines()]
    assert verbs == ["install", "update", "install"]
    assert "sudo" not in done.stderr


def test_without_a_python_that_is_new_enough_it_stops_with_a_sentence(tmp_path: Path) -> None:
    path = tools(tmp_path / "bin", python3="exit 1", **{"apt-get": "exit 100"})
    done = shell("check_system_packages", tmp_path, path)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_an_installation_that_is_there_asks_nothing_of_anybody(tmp_path: Path) -> None:
    root = tmp_path / "a folder"
    (root / ".venv" / "bin").mkdir(parents=True)
    for name in ("requirements.lock", "requirements-build.lock", "pyproject.toml"):
        (root / name).write_text(name)
    python = root / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    python.chmod(0o755)
    path = tools(tmp_path / "bin")
    stamp = shell('cd "$root"; installation_stamp requirements.lock', root, path).stdout
    (root / ".venv" / "requirements.lock.stamp").write_text(stamp)
    done = shell("prepare_environment requirements.lock && pwd", root, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{root}\n", "")
    (root / "pyproject.toml").write_text("changed")
    assert shell("prepare_environment requirements.lock", root, path).returncode == 1
