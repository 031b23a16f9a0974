"""The OpenAPI document tells what the API does: schemathesis asks it whatever the document permits, and more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()
_WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
_NOTHING_WRONG = (
    "GET /api/v1/health",
    "GET /api/v1/me",
    "GET /api/v1/live",
    "GET /api/v1/users",
    "GET /api/v1/alerts",
    "GET /api/v1/labels/training",
)
"""Operations to which nothing can be sent that the document forbids."""


@pytest.fixture(scope="session")
def described(flask: Flask) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", flask)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_to_the_document(
    described: schemathesis.BaseSchema, token: Callable[[str], str], mode: GenerationMode
) -> None:
    checks = CHECKS.get_by_names([*_WANTED, *(["negative_data_rejection"] if mode is GenerationMode.NEGATIVE else [])])
    headers = {"Authorization": f"Bearer {token('admin')}"}
    for result in described.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.label in _NOTHING_WRONG:
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps_to_it(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=checks)

        keeps_to_it()


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
