"""JSON Schemas of a pack's files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from voicebot.dialogue import content, learned
from voicebot.dialogue.pack_tests import TestFile
from voicebot.errors import VoicebotError

SCHEMAS: dict[str, type[BaseModel]] = {
    "pack": content.PackFile,
    "flows": content.FlowsFile,
    "intents": content.IntentsFile,
    "replies": content.RepliesFile,
    "faq": content.FaqFile,
    "ratings": content.RatingsFile,
    "learned": learned.LearnedFile,
    "experiments": content.ExperimentsFile,
    "tests": TestFile,
}
"""Schema by the name of the file that it describes."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `name`.yaml."""
    schema = SCHEMAS[name].model_json_schema(schema_generator=_AsWritten)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def text_of(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(name), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into `folder` as NAME.json; returns the files."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SCHEMAS:
            path = folder / f"{name}.json"
            path.write_text(text_of(name), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise VoicebotError(f"{folder}: can't be written ({error.strerror}); choose another folder.") from None
    return written


class _AsWritten(GenerateJsonSchema):
    """Also takes the short forms: one thing for a list of one, and a text for a variant that is nothing else."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        full = super().function_before_schema(schema)
        if full.get("type") != "array":
            return full
        one = full["items"]
        if "$ref" in one:
            one = {"anyOf": [one, {"type": "string", "minLength": 1}]}
        return {"anyOf": [{**full, "items": one}, one]}
