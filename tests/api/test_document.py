"""The OpenAPI document tells what the API does: schemathesis asks it whatever the document permits, and more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()
schema = schemathesis.pytest.from_fixture("described")
_WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "ignored_auth",
)


@pytest.fixture(scope="session")
def described(flask: Flask) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", flask)


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_to_the_document(case: schemathesis.Case, token: Callable[[str], str]) -> None:
    case.call_and_validate(
        headers={"Authorization": f"Bearer {token('admin')}"},
        checks=CHECKS.get_by_names(list(_WANTED)),
    )


def test_the_document_names_every_operation_with_what_it_needs(flask: Flask) -> None:
    told = flask.test_client().get("/api/v1/openapi.json").json
    assert told is not None
    assert told["openapi"] == "3.1.0"
    operations = [(path, method, of) for path, methods in told["paths"].items() for method, of in methods.items()]
    rules = [rule for rule in flask.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    assert len(operations) == len(rules) - 1  # the document itself
    assert len({of["operationId"] for _, _, of in operations}) == len(operations)
    for path, _, of in operations:
        assert path.startswith("/api/v1/")
        assert of["summary"]
        assert "security" in of or path == "/api/v1/health"
