"""Reading scenarios: an error names file, line, what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from telephony.phone.scenario import Scenario
from voicebot.audio.format import Pcm
from voicebot.audio.wav import AudioFileError, read_wav
from voicebot.errors import VoicebotError

_LARGEST = 256 * 1024


class ScenarioError(VoicebotError):
    """A scenario that can't be played."""


def load(path: Path) -> tuple[Scenario, Mapping[str, Pcm]]:
    """The scenario in a YAML 1.2 file, and the sounds it plays, by their names in it. Raises ScenarioError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path}: can't be read ({error.strerror}); check the path.") from None
    if len(raw) > _LARGEST:
        raise ScenarioError(f"{path}: larger than {_LARGEST // 1024} KiB; split it into several scenarios.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not UTF-8; save it as UTF-8.") from None
    scenario, document = parse(text, str(path))
    sounds: dict[str, Pcm] = {}
    for place, step in enumerate(scenario.steps):
        file = getattr(step, "play", None)
        if isinstance(file, str) and file not in sounds:
            try:
                sounds[file] = read_wav(path.parent / file)
            except AudioFileError as error:
                raise ScenarioError(f"{path}:{_line(document, ('steps', place, 'play'))}: {error}") from None
    return scenario, sounds


def parse(text: str, name: str) -> tuple[Scenario, Any]:
    """The scenario in a YAML text, and its document with line numbers. `name` stands in messages."""
    yaml = YAML(typ="rt")
    try:
        document = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise ScenarioError(f"{name}:{line}: not valid YAML ({_first(error.problem)}); mend that line.") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError(f"{name}:1: not valid YAML ({_first(str(error))}); mend it.") from None
    if not isinstance(document, dict):
        raise ScenarioError(f"{name}:1: a scenario is a mapping with the key steps, and has a list of steps there.")
    try:
        return Scenario.model_validate(_plain(document, 0)), document
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = tuple(part for part in first["loc"] if not str(part).endswith(" step"))
        raise ScenarioError(f"{name}:{_line(document, place)}: {_explain(first, place)}.") from None
    except RecursionError:
        raise ScenarioError(
            f"{name}:1: nested too deeply; a scenario has a list of steps, each a small mapping."
        ) from None


def _first(text: str | None) -> str:
    return (text or "it can't be parsed").strip().splitlines()[0]


def _plain(node: Any, depth: int) -> Any:
    """YAML's containers as plain ones. A step that is a word alone is that word with nothing behind."""
    if depth > 20:
        raise RecursionError
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value, depth + 1) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [{"hang_up": None} if item == "hang_up" else _plain(item, depth + 1) for item in node]
    if isinstance(node, bool):
        return node
    for kind in (str, int, float):
        if isinstance(node, kind):
            return kind(node)
    return node


def _line(document: Any, place: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `place` that stands in the document."""
    line, node = 0, document
    for part in place:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(part)[0]
            elif isinstance(node, CommentedSeq) and isinstance(part, int):
                line = node.lc.item(part)[0]
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return int(line) + 1


def _explain(error: Any, place: tuple[int | str, ...]) -> str:
    last = place[-1] if place else "the scenario"
    where = last if isinstance(last, str) else f"entry {last + 1}"
    match error["type"]:
        case "extra_forbidden":
            return f"there is no key called {where} here; see docs/testers.md for those there are"
        case "missing":
            return f"the key {where} is missing; add it"
        case "literal_error":
            return f"{where} can't be {error['input']!r}; write {error['ctx']['expected']}"
        case "value_error":
            return f"{where} can't be {_short(error['input'])}; {str(error['msg']).removeprefix('Value error, ')}"
        case "step":
            return f"{where} can't be {_short(error['input'])}; {error['msg']}"
        case _:
            message = str(error["msg"])
            return f"{where} can't be {_short(error['input'])}; {message[0].lower()}{message[1:]}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
