"""What the webhooks and the media sockets of one service share."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.call_states import CallStates
from telephony.limits import Limits
from telephony.metrics import TwilioMetrics
from telephony.open_streams import OpenStreams
from telephony.signatures import Signatures
from telephony.stream_tokens import StreamTokens


@dataclass(frozen=True)
class Exchange:
    """Who may call, which calls there are, and what is allowed them."""

    signatures: Signatures
    tokens: StreamTokens
    states: CallStates
    streams: OpenStreams
    limits: Limits
    metrics: TwilioMetrics
