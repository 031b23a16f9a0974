"""What the Twilio side counts, for Prometheus. Labels come from small fixed sets."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from telephony.media_stream import Reason


class TwilioMetrics:
    """The counters and gauges, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.webhooks = Counter(
            "voicebot_twilio_webhooks",
            "Webhooks answered, by endpoint and reply",
            ["endpoint", "reply"],
            registry=registry,
        )
        self.streams = Gauge("voicebot_twilio_streams", "Media streams open", registry=registry)
        self.sockets_refused = Counter(
            "voicebot_twilio_sockets_refused", "Media sockets turned away, by reason", ["reason"], registry=registry
        )
        self.outcomes = Counter(
            "voicebot_twilio_outcomes", "How calls left their stream, by kind", ["kind"], registry=registry
        )
        self.messages_refused = Counter(
            "voicebot_twilio_messages_refused", "Stream messages passed over, by reason", ["reason"], registry=registry
        )
        self.lost = Counter("voicebot_twilio_lost_seconds", "Caller's sound lost on the way", registry=registry)
        self.marks_overdue = Counter(
            "voicebot_twilio_marks_overdue", "Marks that Twilio did not send back in time", registry=registry
        )
        self.sound_dropped = Counter(
            "voicebot_twilio_sound_dropped_seconds", "The bot's sound dropped from a full queue", registry=registry
        )

    def count_refused(self, refused: Mapping[Reason, int]) -> None:
        """Add a stream's refused messages."""
        for reason, number in refused.items():
            self.messages_refused.labels(reason.value).inc(number)
