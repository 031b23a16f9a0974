"""What the webhooks and the media sockets of one service share."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.call_states import CallStates
from telephony.hosts import Hosts
from telephony.limits import Limits
from telephony.metrics import TwilioMetrics
from telephony.open_streams import OpenStreams
from telephony.people.moving import Moving
from telephony.places import Places
from telephony.refusals import Refusals
from telephony.signatures import Signatures
from telephony.stream_tokens import StreamTokens
from voicebot.store.live import LiveStore


@dataclass(frozen=True)
class Exchange:
    """Who may call, which calls there are, and what is allowed them."""

    signatures: Signatures
    tokens: StreamTokens
    places: Places
    hosts: Hosts
    states: CallStates
    streams: OpenStreams
    live: LiveStore
    """What these stand in, and what else workers share."""
    limits: Limits
    refusals: Refusals
    metrics: TwilioMetrics
    moving: Moving | None = None
    """Hands callers over through Twilio's API; None: TwiML after the stream does."""
