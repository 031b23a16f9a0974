"""Who calls whom, and how the rest of the world behaves in a simulated call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from voicebot.audio.format import Pcm

Synthesise = Callable[[str, str], Pcm]
"""Speaks a text in a language (ISO 639-1): 8 kHz samples."""


@dataclass(frozen=True)
class DialOutcome:
    """What becomes of a <Dial>."""

    status: Literal["answered", "busy", "no-answer", "failed"] = "answered"
    ring_s: float = 2.0
    """Seconds until somebody answers, or it is busy."""
    talk_s: float = 2.0
    """Seconds that the two talk, before the agent hangs up."""
    agent_keys: str = "1"
    """What the agent presses where a whisper asks, one question after another; empty for nothing."""


@dataclass(frozen=True)
class QueueOutcome:
    """What becomes of an <Enqueue>."""

    result: Literal["bridged", "leave", "queue-full", "error"] = "bridged"
    wait_s: float = 3.0
    """Seconds until an agent takes the caller, who may leave the queue before."""
    talk_s: float = 2.0
    place: int = 1
    """The caller's place at first; it gets better as time passes."""
    average_s: int = 0
    """Twilio's AvgQueueTime."""


@dataclass(frozen=True)
class CallSettings:
    """One call."""

    voice_url: str
    """The number's Voice URL, as Twilio knows it."""
    status_url: str = ""
    """The number's status callback; empty for none."""
    account_sid: str = "AC" + "0" * 32
    auth_token: str = field(default="", repr=False)
    """What requests are signed with; empty: they are not signed."""
    caller: str = "+821012345678"
    """Who calls, E.164; or `anonymous`."""
    called: str = "+8215881234"
    direction: Literal["inbound", "outbound-api"] = "inbound"
    """`outbound-api`: the service calls, so `caller` is its own number, and `called` the person's."""
    answered_by: str = ""
    """For an outbound call, what machine detection says: `human`, `machine_end_beep`, ...; empty without it."""
    language: str = "ko"
    """Of what the caller says, ISO 639-1."""
    dial: DialOutcome = DialOutcome()
    dials: tuple[DialOutcome, ...] = ()
    """What becomes of the first <Dial>, the second, ...; of further ones, `dial`."""
    queue: QueueOutcome = QueueOutcome()
    synthesise: Synthesise | None = None
    """Twilio's voice for <Say>, and the caller's for texts. Without it <Say> is silence of about the right length."""
    seed: int | None = None
    """Fixes the identifiers and the small irregularities of a call; None: every call is another."""
