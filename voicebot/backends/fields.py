"""What a declared operation returns: fields taken out of an answer, each checked for its type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from voicebot.backends.port import BackendError

FieldType = Literal["any", "text", "number", "whole", "yes_no", "date", "list", "object"]

LONGEST_TEXT = 2000
"""Characters of one text in a result: what is longer was not meant to be spoken."""

LONGEST_LIST = 100

_DEEPEST = 8

_LARGEST_NUMBER = 10**18


class ResultField(BaseModel):
    """One field of an operation's result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: FieldType = "any"
    optional: bool = False
    """Whether it may be missing: the result then holds null."""
    values: dict[str, str] = Field(default_factory=dict)
    """The back end's codes and what the pack calls them; a code that is not here is rubbish."""

    def checked(self, value: Any, where: str) -> Any:
        """`value` as JSON data. Raises BackendError, without the value, where it does not fit."""
        if value is None:
            if self.optional:
                return None
            raise BackendError(f"{where} is missing in the answer")
        value = plain(value, where)
        if self.values:
            code = str(value)
            if code not in self.values:
                raise BackendError(f"{where} holds a code that is not declared")
            return self.values[code]
        if not _fits(value, self.type):
            raise BackendError(f"{where} is not of the type {self.type}")
        return value


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """`value` as JSON data: decimals as numbers, dates in ISO 8601. Raises BackendError for anything else."""
    if depth > _DEEPEST:
        raise BackendError(f"{where} is nested too deeply")
    match value:
        case None | bool():
            return value
        case int():
            if abs(value) > _LARGEST_NUMBER:
                raise BackendError(f"{where} is too large a number")
            return value
        case str():
            if len(value) > LONGEST_TEXT:
                raise BackendError(f"{where} is longer than {LONGEST_TEXT} characters")
            return value
        case float() | Decimal():
            if not math.isfinite(value):
                raise BackendError(f"{where} is not a finite number")
            return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            if len(value) > LONGEST_LIST:
                raise BackendError(f"{where} has more than {LONGEST_LIST} fields")
            return {str(key): plain(inner, where, depth + 1) for key, inner in value.items()}
        case list() | tuple():
            if len(value) > LONGEST_LIST:
                raise BackendError(f"{where} has more than {LONGEST_LIST} entries")
            return [plain(inner, where, depth + 1) for inner in value]
        case _:
            raise BackendError(f"{where} is neither text, number, date, list nor object")


def _fits(value: Any, type_: FieldType) -> bool:
    match type_:
        case "any":
            return True
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool)
        case "yes_no":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
