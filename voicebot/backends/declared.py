"""Back ends that a pack declares in its `backend.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from voicebot.backends.port import Backend
from voicebot.backends.rest_declaration import RestDeclaration
from voicebot.backends.settings import DeclarationError, Environment, MissingVariableError
from voicebot.backends.sql_declaration import SqlDeclaration
from voicebot.yaml_file import YamlFile

FILE = "backend.yaml"


class _Kind(BaseModel):
    kind: Literal["rest", "sql"]


_SCHEMAS: Mapping[str, type[RestDeclaration] | type[SqlDeclaration]] = {"rest": RestDeclaration, "sql": SqlDeclaration}


def read_declaration(path: Path) -> RestDeclaration | SqlDeclaration:
    """The declaration in a backend.yaml; its `operations` tell their `arguments` and `result` fields.

    Raises ContentError with file and line.
    """
    file = YamlFile(path)
    return file.read(_SCHEMAS[file.read(_Kind).kind])


def open_declared(path: Path, environment: Environment | None = None) -> Backend:
    """The back end that a backend.yaml declares. Nothing is sent yet: it need not be up.

    Raises ContentError with file and line, also where a secret is missing in the environment.
    """
    declaration = read_declaration(path)
    environment = os.environ if environment is None else environment
    try:
        if isinstance(declaration, RestDeclaration):
            from voicebot.backends.rest import RestBackend

            return RestBackend(declaration, environment)
        from voicebot.backends.sql import SqlBackend

        return SqlBackend(declaration, environment)
    except MissingVariableError as missing:
        raise YamlFile(path).error(
            _place_of(missing.name, declaration),
            f"the environment variable {missing.name} is not set; set it before starting.",
        ) from None
    except DeclarationError as error:
        place = "base_url" if isinstance(declaration, RestDeclaration) else "url"
        raise YamlFile(path).error([place], f"{error}.") from None


def _place_of(variable: str, declaration: RestDeclaration | SqlDeclaration) -> list[str]:
    """The keys that lead to where a variable is named."""

    def search(value: object, keys: list[str]) -> list[str] | None:
        if isinstance(value, dict):
            if value.get("env") == variable:
                return keys
            for key, inner in value.items():
                if (found := search(inner, [*keys, key])) is not None:
                    return found
        return None

    return search(declaration.model_dump(exclude={"operations"}), []) or []
