"""The OpenAPI document, written from the operations' types."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from voicebot.console.api.operations import PREFIX, PROBLEM, Operation, Problem

_DESCRIPTION = """Calls, figures, alert rules and accounts of a voicebot.

Log in with an API token (`Authorization: Bearer vb_...`, made on /account with the scopes that it needs), or use the
session of a browser; a session sends `X-CSRFToken` with whatever changes something. Lists go page by page: give `after`
of an answer back as `after`. Errors are problems after RFC 9457. Moments are ISO 8601 with an offset."""


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(Problem)),
    ]
    for operation in operations:
        if operation.answer is not None:
            inputs.append((("answer", operation.name), "serialization", operation.answer))
        if operation.body is not None:
            inputs.append((("body", operation.name), "validation", TypeAdapter(operation.body)))
    schemas, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    found = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(PREFIX + operation.path, {})[operation.method] = _operation(operation, found)
    return {
        "openapi": "3.1.0",
        "info": {"title": "voicebot", "version": version("voicebot"), "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token"},
                "session": {"type": "apiKey", "in": "cookie", "name": "voicebot_session"},
            },
        },
    }


def _operation(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation.query)],
        "responses": _responses(operation, schemas),
    }
    if operation.need != "public":
        told["security"] = [{"token": []}, {"session": []}]
        told["description"] = (
            "Everybody who is logged in." if operation.need == "signed in" else f"Needs `{operation.need}`."
        )
    if operation.body is not None:
        schema = schemas["body", operation.name]
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return told


def _responses(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        done["content"] = {operation.media: {"schema": schemas["answer", operation.name]}}
    elif operation.media:
        done["content"] = {kind: {"schema": {"type": "string"}} for kind in operation.media.split(", ")}
    found = {str(operation.status): done}
    may = {"400": "What was sent can't be used", "429": "Too many requests", "503": "The database is away"}
    if operation.need != "public":
        may |= {"401": "Nobody is logged in", "403": "The role or the token does not permit it"}
    if operation.parameters:
        may["404"] = "There is no such thing"
    if operation.body is not None:
        may |= {"409": "It contradicts what there is", "413": "Too large", "415": "Not JSON"}
    for status, description in sorted(may.items()):
        found[status] = {"description": description, "content": {PROBLEM: {"schema": schemas["problem"]}}}
    return found


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    kinds = {int: {"type": "integer", "minimum": 0, "maximum": 2**53}, str: {"type": "string", "minLength": 1}}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds.get(kind) or TypeAdapter(kind).json_schema()}
        for name, kind in operation.parameters.items()
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema()
    required = schema.get("required", ())
    parameters = []
    for name, own in schema["properties"].items():
        described = {key: value for key, value in own.items() if key not in ("title", "description")}
        # A parameter that may be left out has no null in a URL.
        if "anyOf" in described:
            some = [kind for kind in described.pop("anyOf") if kind.get("type") != "null"]
            described |= some[0] if len(some) == 1 else {"anyOf": some}
            described.pop("default", None)
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": own.get("description", ""),
                "schema": described,
            }
        )
    return parameters
