"""The pages and the API of versions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.console.conftest import LogIn, csrf
from voicebot.store.history.database import Database
from voicebot.store.versions import Version, Versions, bundle


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Versions:
    return Versions(database, tmp_path)


@pytest.fixture
def version(registry: Versions, tmp_path: Path) -> Version:
    folder = tmp_path / "bundle"
    for name in ("shop", "common"):
        (folder / "content" / name).mkdir(parents=True)
        (folder / "content" / name / "x.yaml").write_text("x: 1\n")
    (folder / "model_card.md").write_text("# Card\n\n<script>alert(1)</script> **bold** [x](javascript:alert(1))\n")
    (folder / "evaluation.json").write_text(json.dumps({"gate": {"passed": True, "reasons": []}}))
    found = bundle.write(folder, pack="shop", author="kim", reason="배송 문의")
    registry.add(folder, "kim")
    return registry.evaluate(found.id, "kim")


def act(client: FlaskClient, version: Version, what: str, **fields: object):  # type: ignore[no-untyped-def]
    path = f"/console/versions/{version.id}"
    sent = {"csrf_token": csrf(client, path), "revision": version.revision, "what": what, **fields}
    return client.post(path, data=sent)


def test_a_version_is_approved_shared_and_rolled_back_on_its_page(
    log_in: LogIn, registry: Versions, version: Version
) -> None:
    client = log_in("admin")
    page = client.get(f"/console/versions/{version.id}?lang=en").text
    assert "<strong>bold</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert act(client, version, "approve").status_code == 302
    version = registry.get(version.id)
    assert version.approved_by == "admin"
    assert act(client, version, "share", share="0.1").status_code == 302
    stale = act(client, version, "activate")
    assert stale.status_code == 409
    assert "meanwhile" in stale.text
    shared = registry.get(version.id)
    assert act(client, shared, "roll back").status_code == 302
    assert registry.get(version.id).state == "retired"
    listed = client.get("/console/versions?lang=ko").text
    assert "물러남" in listed


def test_only_who_may_approve_changes_versions(log_in: LogIn, registry: Versions, version: Version) -> None:
    editor = log_in("editor")
    page = editor.get(f"/console/versions/{version.id}").text
    assert 'name="what"' not in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    sent = {"csrf_token": token[1], "revision": version.revision, "what": "approve"}
    assert editor.post(f"/console/versions/{version.id}", data=sent).status_code == 403
    assert registry.get(version.id).state == "evaluated"


def test_nonsense_is_refused(log_in: LogIn, version: Version) -> None:
    client = log_in("admin")
    assert client.get("/console/versions/nothing").status_code == 404
    assert client.get("/console/versions/ffffffffffff").status_code == 404
    assert act(client, version, "explode").status_code == 400
    assert act(client, version, "approve", revision="x").status_code == 400


def test_the_api_tells_versions(log_in: LogIn, flask: Flask, version: Version) -> None:
    client = log_in("viewer")
    (listed,) = client.get("/api/v1/versions?pack=shop").json["items"]  # type: ignore[index]
    assert (listed["id"], listed["state"], listed["gate"]["passed"]) == (version.id, "evaluated", True)
    one = client.get(f"/api/v1/versions/{version.id}").json
    assert one is not None
    assert one["digest"].startswith(version.id)
    assert [change["action"] for change in one["changes"]] == ["evaluate", "add"]
    assert client.get("/api/v1/versions/ffffffffffff").status_code == 404
