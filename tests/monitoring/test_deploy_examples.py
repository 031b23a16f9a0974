"""The examples in deploy/ are valid, and name metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from telephony.metrics import TwilioMetrics
from tests.monitoring.certificate import Certificate
from voicebot.monitoring.monitor import Monitor

DEPLOY = Path(__file__).parents[2] / "deploy"
GUIDE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text("utf-8")


def series() -> set[str]:
    """Every name under which Prometheus keeps something of ours."""
    registry = CollectorRegistry()
    Monitor(registry)
    TwilioMetrics(registry)
    found = set()
    for collector in registry._collector_to_names:
        assert isinstance(collector, MetricWrapperBase)
        for metric in collector.describe():
            suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(metric.type, ("",))
            found |= {metric.name + suffix for suffix in suffixes}
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "voicebot.json").read_text("utf-8"))
    return found


def expressions() -> list[str]:
    rules = YAML(typ="safe").load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    found += [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    return found


def test_what_is_asked_for_is_what_there_is() -> None:
    there = series()
    for expression in expressions():
        named = set(re.findall(r"\bvoicebot_\w+", expression))
        assert named <= there, f"{expression}: {named - there}"


def test_every_metric_is_shown_or_explained() -> None:
    for name in series():
        base = re.sub(r"_(bucket|sum|count|total)$", "", name)
        assert f"`{base}" in GUIDE or name.startswith("voicebot_twilio_"), name


def test_the_dashboard_is_one_that_grafana_loads() -> None:
    board = dashboard()
    assert board["uid"] == "voicebot"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["targets"]
            assert panel["datasource"]["uid"] == "${datasource}"
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken)), "panels lie over each other"


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (package prometheus) is not installed")
@pytest.mark.parametrize(
    "check",
    [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")],
)
def test_prometheus_takes_its_files(check: tuple[str, ...]) -> None:
    done = run("promtool", *check, folder=DEPLOY / "prometheus")
    assert done.returncode == 0, done.stdout + done.stderr


NGINX = ("nginx/voicebot.conf", "nginx/voicebot-hosts.conf", "compose/nginx.conf")


def nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@pytest.mark.skipif(nginx() is None, reason="nginx is not installed")
@pytest.mark.parametrize("file", NGINX)
def test_nginx_takes_its_files(tmp_path: Path, file: str) -> None:
    Certificate(tmp_path)
    text = (DEPLOY / file).read_text("utf-8")
    text = re.sub(r"/etc/\S+/fullchain\.pem", str(tmp_path / "cert.pem"), text)
    text = re.sub(r"/etc/\S+/privkey\.pem", str(tmp_path / "key.pem"), text)
    # Names of the compose network, which nginx looks up when it starts.
    text = re.sub(r"server voicebot-(\d):", r"server 127.0.0.\1:", text)
    (tmp_path / "site.conf").write_text(text, "utf-8")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ access_log off; include {tmp_path}/site.conf; }}\n", "utf-8"
    )
    command = (nginx() or "", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr")
    done = run(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
def test_caddy_takes_its_file() -> None:
    done = run("caddy", "validate", "--adapter", "caddyfile", "--config", "Caddyfile", folder=DEPLOY / "caddy")
    assert done.returncode == 0, done.stderr


def test_proxies_replace_what_clients_claim_and_keep_metrics_inside() -> None:
    proxies = [(DEPLOY / file).read_text("utf-8") for file in NGINX]
    for text in proxies:
        assert re.search(r"X-Forwarded-For\s+\$remote_addr;", text)
    for text in (*proxies, (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")):
        assert "metrics" in text


def test_every_alert_leads_to_its_place_in_the_runbook() -> None:
    runbook = (DEPLOY.parent / "docs" / "runbook.md").read_text("utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.+)$", runbook, re.M)
    }
    rules = YAML(typ="safe").load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor in anchors, rule["alert"]
