"""What the history tells: one type for each thing that pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of what was asked for, in its order."""

    items: tuple[T, ...]
    after: str
    """Give this back as `after` for the next page; empty where this was the last."""


@dataclass(frozen=True)
class CallFound:
    """A call, as lists show it."""

    id: str
    pack: str
    version: str
    variants: Mapping[str, str] | None
    """Experiment -> variant."""
    language: str
    channel: str
    caller: str | None
    """A keyed hash; None where the number was withheld."""
    began: datetime
    ended: datetime | None
    """None while it lasts."""
    duration_ms: int | None
    outcome: str | None
    """`hand_over`, `hang_up`, `caller_left`, `failed` or `lost`."""
    reason: str | None
    queue: str | None
    goal: str | None
    """The flow that it was about last."""
    resolved: bool | None
    contained: bool | None
    """Resolved without a person."""
    called_again: datetime | None
    caller_turns: int
    understood_turns: int
    unmatched_turns: int
    silent_turns: int
    corrections: int
    interruptions: int
    valence: float | None
    lowest_valence: float | None
    arousal: float | None
    feeling: str | None
    csat: int | None


@dataclass(frozen=True)
class TurnFound:
    """One turn of one side. What is None is not known, or does not apply to this side."""

    id: int
    """For labels and links."""
    number: int
    """Within the call, from 1."""
    at_ms: int
    """On the call's clock."""
    who: str
    """`caller` or `bot`."""
    text: str | None
    """What was heard, or said; None where words are not kept, or no longer."""
    hypothesis: str | None
    alternatives: tuple[Mapping[str, Any], ...]
    """Other readings, best first: `text`, `meaning`, `score`."""
    listener: str | None
    verdict: str | None
    score: float | None
    decision: str | None
    intent: str | None
    intent_score: float | None
    margin: float | None
    flow: str | None
    step: str | None
    slots: Mapping[str, Any] | None
    wait_ms: int | None
    stages: Mapping[str, int] | None
    heard_share: float | None
    valence: float | None
    arousal: float | None
    feeling: str | None
    evidence: Mapping[str, Any] | None


@dataclass(frozen=True)
class FlowFound:
    """What became of a flow in a call."""

    flow: str
    began_ms: int
    ended_ms: int | None
    result: str | None
    """`completed`, `hand_over`, `caller_left`, `dropped`, `failed`; None while under way."""
    step: str | None
    """Where it was last."""
    reason: str | None
    steps: tuple[str, ...]
    """What it came to, in order."""


@dataclass(frozen=True)
class HandOverFound:
    """A call that was given to people."""

    id: int
    call_id: str
    requested: datetime
    reason: str
    queue: str
    priority: int
    summary: str | None
    context: Mapping[str, Any] | None
    accepted: datetime | None
    accepted_by: str | None
    waited_ms: int | None
    ended: datetime | None
    result: str | None
    """`answered`, `abandoned`, `call_back` or `voicemail`."""
    after_call: str | None
    note: str | None


@dataclass(frozen=True)
class RatingFound:
    score: int
    """1 to 5."""
    how: str
    at: datetime
    comment: str | None


@dataclass(frozen=True)
class CallDetail:
    """Everything about one call."""

    call: CallFound
    turns: tuple[TurnFound, ...]
    flows: tuple[FlowFound, ...]
    hand_overs: tuple[HandOverFound, ...]
    rating: RatingFound | None


@dataclass(frozen=True)
class TurnMatch:
    """A turn that a search found, with its call."""

    call_id: str
    began: datetime
    turn_id: int
    at_ms: int
    who: str
    text: str
    decision: str | None
    intent: str | None


@dataclass(frozen=True)
class AuditFound:
    id: int
    at: datetime
    who: str
    action: str
    call_id: str | None
    subject: str | None
    address: str | None
    details: Mapping[str, Any] | None
