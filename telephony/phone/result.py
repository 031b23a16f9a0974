"""What came of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from telephony.phone.measures import Measure
from telephony.phone.phone import CallEvent
from telephony.phone.turn_log import Turn


@dataclass(frozen=True)
class StepResult:
    """One step of a scenario."""

    number: int
    """From 1."""
    step: str
    """As it is written."""
    outcome: Literal["done", "failed", "unchecked"]
    """`unchecked`: an expectation on words, and the service offers no turn log."""
    at_ms: float
    """When it was over, on the line's clock."""
    detail: str = ""
    """What was otherwise, in a sentence; empty where all is well."""


@dataclass(frozen=True)
class CallResult:
    """A finished call."""

    call_sid: str
    scenario: str
    passed: bool
    """Whether every step was done and the call did not break."""
    ended_by: str
    """`caller`, `bot` or `failure`."""
    failure: str
    """Why Twilio would have dropped the call; empty where it would not."""
    status: str
    """Twilio's CallStatus at the end."""
    duration_ms: float
    handed_over: bool
    dialled: tuple[str, ...]
    queued: tuple[str, ...]
    steps: tuple[StepResult, ...]
    measures: tuple[Measure, ...]
    turns: tuple[Turn, ...] | None
    """The service's turn log; None where it offers none."""
    warnings: tuple[str, ...]
    """What Twilio would have written into its debugger."""
    events: tuple[CallEvent, ...]
    late_ms: float
    """By how much the phone's own clock fell behind at worst: measures are uncertain by that much."""

    def to_json(self) -> Mapping[str, Any]:
        """A JSON object with the same fields."""
        return asdict(self)
