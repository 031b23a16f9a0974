"""What a call tells the history while it goes on. Plain data: every record survives JSON, so that it can be spooled.

A record may arrive twice; its call, part and number tell. `part` is the moment (milliseconds since 1970) at which a
worker took the call: where another worker goes on with a call, its records are another part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args

from voicebot.store.journal import Entry


@dataclass(frozen=True)
class Begun:
    """A call begins, or goes on with another worker."""

    call: str
    part: int
    pack: str
    version: str
    language: str
    channel: str
    number: str = ""
    """The caller's; only a hash of it is ever written."""
    caller: str = ""
    """That hash."""
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """One side's turn is complete."""

    call: str
    part: int
    number: int
    """Within the part, from 0."""
    language: str
    entry: Entry


@dataclass(frozen=True)
class HeardShare:
    """How much of the bot's turn the caller heard."""

    call: str
    part: int
    number: int
    share: float


@dataclass(frozen=True)
class Step:
    """A flow came to a step, for the first time or again."""

    call: str
    part: int
    flow: str
    step: str
    """Empty: it began."""
    place: int
    at_ms: int


@dataclass(frozen=True)
class FlowEnd:
    """A flow is not under way any more."""

    call: str
    part: int
    flow: str
    at_ms: int
    result: str
    """`completed`, `hand_over`, `caller_left`, `dropped` or `failed`."""
    reason: str = ""


@dataclass(frozen=True)
class Rated:
    """The caller said how well they were helped; another one of the same call takes its place."""

    call: str
    part: int
    at: int
    """Milliseconds since 1970."""
    score: int
    """1 to 5."""
    how: str
    """`voice` or `keys`."""
    language: str
    comment: str = ""
    """What was not well, in the caller's words."""


@dataclass(frozen=True)
class Forgotten:
    """The caller asked to be forgotten: neither words nor the number's hash of any of their calls stay."""

    call: str
    part: int


@dataclass(frozen=True)
class Ended:
    """The call is over."""

    call: str
    part: int
    at: int
    """Milliseconds since 1970."""
    clock_ms: int
    outcome: str
    reason: str
    queue: str
    summary: str
    language: str
    goal: str
    resolved: bool
    context: Mapping[str, Any] = field(default_factory=dict)
    """For whoever takes it over."""


Record = Begun | Turn | HeardShare | Step | FlowEnd | Rated | Forgotten | Ended
Keep = Callable[[Record], None]
"""Takes a record; returns at once and never raises."""

_KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Record)}


def to_json(record: Record) -> dict[str, Any]:
    return {"kind": type(record).__name__, **asdict(record)}


def from_json(data: Mapping[str, Any]) -> Record:
    """The record that `to_json` made `data` of. Raises ValueError where it is none."""
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        raise ValueError(f"no record is called {data.get('kind')!r}")
    try:
        values = {f.name: data[f.name] for f in fields(kind) if f.name in data}
        if kind is Turn:
            known = {f.name for f in fields(Entry)}
            values["entry"] = Entry(**{name: value for name, value in data["entry"].items() if name in known})
        return kind(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{kind.__name__}: {error}") from None
