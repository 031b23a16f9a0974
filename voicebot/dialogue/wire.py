"""Events and actions to and from JSON objects, so that calls can be logged, replayed and resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

from voicebot.dialogue.actions import Action
from voicebot.dialogue.events import Event

_KINDS: dict[str, type] = {kind.__name__: kind for union in (Event, Action) for kind in get_args(union)}


def to_json(message: Event | Action) -> dict[str, Any]:
    """A JSON object: the message's fields and its `kind`."""
    return {"kind": type(message).__name__, **asdict(message)}


def from_json(data: Mapping[str, Any]) -> Any:
    """The message that `to_json` made `data` of. Fields it doesn't know are dropped.

    Raises ValueError where `kind` is unknown or a field is missing.
    """
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        raise ValueError(f"no event or action is called {data.get('kind')!r}")
    known = {f.name for f in fields(kind)}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items() if name in known}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from None
