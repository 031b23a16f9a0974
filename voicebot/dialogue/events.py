"""What happens to a dialogue. Plain data: every event survives JSON (see `wire`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class CallStarted:
    """The line is open and nothing was said yet."""

    language: str
    today: str
    """ISO date at the caller's place, so that "tomorrow" has a meaning without a clock."""
    caller: str = ""
    """Whatever identifies the caller to the back end; empty where withheld."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """What is known from earlier calls, as Remember actions put it; empty for strangers."""
    ask_consent: bool = False
    """Whether to ask first if the call may be recorded."""
    ask_rating: bool = False
    """Whether to ask at the end how well the caller was helped."""


@dataclass(frozen=True)
class Heard:
    """The caller said something."""

    text: str
    verdict: str = "accept"
    """`accept`, `confirm` or `reject`: how far the listener may be believed."""
    score: float = 1.0
    alternatives: tuple[str, ...] = ()
    """Other readings of the same utterance, best first."""
    listener: str = "text"
    voice: Mapping[str, float] = field(default_factory=dict)
    """How it was said: level, rate and pitch, where there was sound."""
    pause_ms: int = 0
    """Milliseconds that the caller thought before speaking."""


@dataclass(frozen=True)
class Keyed:
    """A complete entry on the keypad: digits, or a lone `*` or `#`."""

    keys: str


@dataclass(frozen=True)
class NoInput:
    """The caller had the floor and stayed silent."""


TOO_LATE = "TimeoutError"
"""The error of a back end that was waited for in vain."""


@dataclass(frozen=True)
class BackendAnswered:
    """The answer to an AskBackend action."""

    request: int
    result: Mapping[str, Any] | None = None
    """None where there is no such thing."""
    error: str = ""
    """Why it failed; empty where it did not."""


@dataclass(frozen=True)
class Interrupted:
    """The caller cut in: of this bot turn only so much was heard."""

    turn: int
    heard: float
    """Fraction of the turn's sound that was played, 0 to 1."""


@dataclass(frozen=True)
class Resumed:
    """The conversation goes on in the same call where it was."""

    reason: Literal["connection", "trouble"] = "connection"
    """Why it stopped: the caller's connection was lost and is back, or something went wrong on our side."""


@dataclass(frozen=True)
class HungUp:
    """The caller is gone."""


@dataclass(frozen=True)
class TimeLimit:
    """The call lasted as long as it may with the bot: people go on."""

    reason: Literal["time_limit", "closing", "taken"] = "time_limit"
    """Its own time is over, or that of the service, which is about to stop; or a person takes it over."""


Event = CallStarted | Heard | Keyed | NoInput | BackendAnswered | Interrupted | Resumed | HungUp | TimeLimit
