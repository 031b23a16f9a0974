"""YAML 1.2 files checked by a schema; errors name the file, the line, what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from voicebot.errors import VoicebotError

_MOST_BYTES = 4_000_000

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]


class ContentError(VoicebotError):
    """Content that can't be used."""


class YamlFile:
    """One parsed file, with the line of everything in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = _parse(path)

    def read(self, schema: type[Model]) -> Model:
        """The content as `schema`. Raises ContentError for the first thing that does not fit."""
        try:
            return schema.model_validate(_plain(self._root))
        except ValidationError as error:
            raise self.error(*_first(error, self._root)) from None

    def error(self, location: Location, message: str) -> ContentError:
        """An error about what stands at `location` (keys and indices from the top)."""
        return ContentError(f"{self.path}, line {self.line(location)}: {message}")

    def line(self, location: Location) -> int:
        """The line, from 1, where `location` stands, or the nearest thing around it that exists."""
        node, line = self._root, 1
        for part in location:
            try:
                if isinstance(node, CommentedMap) and part in node:
                    line = node.lc.key(part)[0] + 1
                elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                    line = node.lc.item(part)[0] + 1
                else:
                    continue
            except (KeyError, TypeError):
                continue
            node = node[part]
        return line


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ContentError(f"{path}: larger than 4 MB; split it into several files.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ContentError(f"{path}: this file is missing; create it or correct the pack's languages.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ContentError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8.") from None
    except OSError as error:
        raise ContentError(f"{path}: can't be read ({error.strerror}); check its permissions.") from None
    yaml = YAML(typ="rt")
    yaml.version = (1, 2)
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ContentError(
            f"{path}, line {line}: not valid YAML: {error.problem or error.context}; "
            'put a text that begins with [ or { or holds ": " in quotes.'
        ) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise ContentError(f"{path}: not valid YAML ({type(error).__name__}); check its indentation.") from None


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {_plain_key(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _plain_key(key: Any) -> Any:
    return key if isinstance(key, str) else str(key)


def _first(error: ValidationError, root: Any) -> tuple[Location, str]:
    detail = error.errors(include_url=False, include_context=False)[0]
    place = _in_file(detail["loc"], root)
    return place, _sentence(detail["type"], str(detail["loc"][-1]) if detail["loc"] else "", detail["msg"])


def _in_file(location: Location, root: Any) -> Location:
    """`location` without the parts that pydantic adds: the tags of a union's members."""
    found: list[str | int] = []
    node = root
    for part, following in zip_longest(location, location[1:]):
        if isinstance(node, CommentedMap) and part in node:
            is_tag = following in node and not isinstance(node[part], CommentedMap | CommentedSeq)
            if is_tag:
                continue
        elif not (isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)):
            continue
        found.append(part)
        node = node[part]
    return found


def _sentence(kind: str, where: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    match kind:
        case "extra_forbidden":
            return f"`{where}` is not known here; remove it or correct its spelling."
        case "missing":
            return f"`{where}` is missing; add it."
        case "no_step":
            return f"{message}."
        case _:
            return f"`{where}`: {message[0].lower()}{message[1:]}."
