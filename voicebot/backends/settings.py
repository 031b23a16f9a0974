"""What REST and SQL declarations share: names, and values that may stand in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
OperationName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80)]

Environment = Mapping[str, str]


class Declaration(BaseModel):
    """A part of backend.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FromEnvironment(Declaration):
    """A value that stands in an environment variable."""

    env: Name


class DeclarationError(Exception):
    """A declaration that fits its schema and yet can't be used; the message says why and what to do, no secrets."""


class MissingVariableError(Exception):
    """An environment variable that is declared and not set."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def value_of(setting: str | FromEnvironment, environment: Environment) -> SecretStr:
    """The setting's value. Raises MissingVariableError where its variable is not set or empty."""
    if isinstance(setting, str):
        return SecretStr(setting)
    value = environment.get(setting.env, "").strip()
    if not value:
        raise MissingVariableError(setting.env)
    return SecretStr(value)
