"""What a dialogue wants done. Plain data: every action survives JSON (see `wire`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Say:
    """Speak a text. Several of one turn are spoken in their order."""

    text: str
    """As written; the voice makes words of digits and dates."""
    language: str
    turn: int
    """Counts the bot's turns from 1."""
    rate: float = 1.0
    """Relative speed."""


@dataclass(frozen=True)
class Listen:
    """Give the caller the floor when everything was said. Always the last action of a turn that goes on."""

    domain: str
    """Name of what is expected: an entry of `Content.domains`."""
    language: str
    key_lengths: tuple[int, ...] = (1,)
    """Lengths at which a keypad entry may be complete; at the longest it ends at once."""
    no_input_ms: int = 6000
    """Milliseconds of silence after which NoInput comes."""
    yes_no: bool = False
    """Whether a yes or no is pending: a short "네" while the bot talks is an answer then, not a backchannel."""
    secret: bool = False
    """Whether the answer must not be logged, recorded or stored."""


@dataclass(frozen=True)
class AskBackend:
    """Look something up or do something; BackendAnswered brings the result."""

    request: int
    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class HandOver:
    """Give the caller to a person."""

    reason: str
    """`asked`, `no_match`, `no_input`, `flow`, `backend`, `stuck`, `time_limit`."""
    queue: str
    summary: str
    """One or two sentences for the agent."""


@dataclass(frozen=True)
class HangUp:
    """End the call, after everything was said."""

    reason: str
    """`goodbye`, `no_input`, `caller`, `time_limit`."""


@dataclass(frozen=True)
class RequestCallback:
    """Put down that somebody is to call back."""

    reason: str
    summary: str


@dataclass(frozen=True)
class Remember:
    """Keep these facts about the caller for the next call, as far as the configuration allows."""

    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Forget:
    """Forget everything that is kept about the caller."""


@dataclass(frozen=True)
class Rate:
    """The caller said how well they were helped. Another one of the same call takes its place."""

    score: int
    """1 to 5."""
    how: Literal["voice", "keys"]
    remark: str = ""
    """What was not well, in the caller's words; not redacted yet."""


@dataclass(frozen=True)
class Note:
    """For the record: what the dialogue made of the event. Nothing is to be done."""

    decision: str
    """`answer order_number`, `start order_status`, `command agent`, `no_match 1`, ..."""
    intent: str = ""
    score: float = 0.0
    margin: float = 0.0
    """Of `score` over the next intent's."""


Action = Note | Say | Listen | AskBackend | HandOver | HangUp | RequestCallback | Remember | Forget | Rate
