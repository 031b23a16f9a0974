"""What the Twilio side counts, for Prometheus. Labels come from small fixed sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, multiprocess, values

from telephony.media_stream import Reason
from telephony.shared_memory import shared_folder

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers put their figures for each other; prometheus_client reads it when it is imported."""


def all_workers(registry: CollectorRegistry) -> CollectorRegistry:
    """The registry to read: with several workers, one of what all of them counted."""
    if _FOLDER not in os.environ:
        return registry
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def share_between_workers(folder: Path) -> None:
    """Before anything is counted: let workers that are forked later add up what they count.

    The figures are in memory mapped from files in `folder`, or in the system's shared memory where there is such
    a thing: on a disk that is full, writing to mapped memory kills the process.
    """
    folder = shared_folder("metrics") or folder
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink(missing_ok=True)
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def forget_worker(pid: int) -> None:
    """A worker has ended: what it still had open is gone."""
    if _FOLDER in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


class TwilioMetrics:
    """The counters and gauges, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.webhooks = Counter(
            "voicebot_twilio_webhooks",
            "Webhooks answered, by endpoint and reply",
            ["endpoint", "reply"],
            registry=registry,
        )
        self.streams = Gauge(
            "voicebot_twilio_streams", "Media streams open", registry=registry, multiprocess_mode="liveall"
        )
        self.capacity = Gauge(
            "voicebot_twilio_capacity",
            "Calls that may stream at once, in all workers",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.places = Gauge(
            "voicebot_twilio_places_taken",
            "Calls that stream or are about to, in all workers",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.live_away = Gauge(
            "voicebot_live_state_away",
            "1 while what workers or hosts share of running calls can't be reached",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
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
