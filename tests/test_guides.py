"""The guides keep to the code: what they list is what there is."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from telephony.metrics import TwilioMetrics
from voicebot.config import Configuration
from voicebot.dialogue import content
from voicebot.dialogue.pack_tests import Turn
from voicebot.dialogue.replies import FORMATS

ROOT = Path(__file__).parents[1]
OPERATORS = (ROOT / "docs" / "operators.md").read_text("utf-8")
AUTHORS = (ROOT / "docs" / "authors.md").read_text("utf-8")


def written(value: object) -> str:
    """A default as the guide writes it."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "none"
    if value in ("", {}):
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_the_table_of_settings_has_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([A-Z_]+)` \| (\S+) \| .+ \|$", OPERATORS, re.MULTILINE)
    expected = []
    for name, field in Configuration.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        assert default is not PydanticUndefined
        variable = name.upper() if name.startswith("twilio_") else f"VOICEBOT_{name.upper()}"
        expected.append((name, variable, written(default)))
    assert rows == expected


def test_every_metric_is_explained() -> None:
    registry = CollectorRegistry()
    TwilioMetrics(registry)
    names = set(re.findall(r"^# TYPE (\w+)", generate_latest(registry).decode(), re.MULTILINE))
    for name in {name for name in names if not name.endswith("_created")}:
        assert f"`{name}" in OPERATORS


@pytest.mark.parametrize("setting", [*content.PackFile.model_fields, *content.Brand.model_fields])
def test_authors_are_told_of_every_setting_of_a_pack(setting: str) -> None:
    assert f"{setting}:" in AUTHORS


def test_authors_are_told_of_every_step_every_type_every_form_and_every_turn() -> None:
    steps = [content.Collect, content.LookUp, content.Branch, content.When, content.SetSlots, content.CallFlow]
    steps += [content.Reply, content.Confirm, content.Forget, content.Again, content.HandOverStep, content.Finish]
    for step in steps:
        for name, field in step.model_fields.items():
            assert f"{field.alias or name}:" in AUTHORS
    for kind in content.Slot.model_fields["type"].annotation.__args__:  # type: ignore[union-attr]
        assert f"| `{kind}` |" in AUTHORS
    for form in FORMATS:
        assert f":{form}}}" in AUTHORS
    for key in Turn.model_fields:
        assert f"{key}:" in AUTHORS


def test_the_index_leads_to_every_guide() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for guide in ROOT.glob("docs/*.md"):
        assert f"]({guide.name})" in index or guide.name == "README.md"


def test_the_licence_of_every_dependency_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    told = (ROOT / "docs" / "licences.md").read_text("utf-8").lower()
    for requirement in chain(*groups, *project["dependency-groups"].values()):
        assert re.split(r"[ <>=!~;\[]", requirement)[0].lower() in told


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
