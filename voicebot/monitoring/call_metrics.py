"""Metrics of calls and turns, counted from what calls tell the history."""

from __future__ import annotations

from collections import OrderedDict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from voicebot.store.history.decisions import CORRECTION, IGNORED, SILENT, UNMATCHED
from voicebot.store.history.records import Begun, Ended, FlowEnd, Record, Turn
from voicebot.store.journal import Entry

RESPONSE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 5.0)
"""Seconds. Callers notice 0.3 s more or less around one second, and beyond 3 s they ask whether anybody is there."""
_DURATION_BUCKETS = (10, 30, 60, 90, 120, 180, 300, 600, 900, 1800)
_MOST_CALLS = 10_000
_UNKNOWN = "unknown"


class CallMetrics:
    """Used by one thread. Labels come from small sets: channels, languages, the pack's flows, the code's own words."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._channels: OrderedDict[str, str] = OrderedDict()
        """Of running calls."""
        self.begun = Counter(
            "voicebot_calls_begun", "Calls that the bot took, by channel", ["channel"], registry=registry
        )
        self.running = Gauge(
            "voicebot_calls_running",
            "Calls that the bot holds now, by channel",
            ["channel"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.ended = Counter(
            "voicebot_calls",
            "Calls that are over, by how they left the bot, channel and language",
            ["outcome", "channel", "language"],
            registry=registry,
        )
        self.duration = Histogram(
            "voicebot_call_duration_seconds",
            "How long calls were with the bot",
            ["channel"],
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )
        self.caller_turns = Counter(
            "voicebot_caller_turns",
            "What callers said or keyed, by language and by what was made of it",
            ["language", "result"],
            registry=registry,
        )
        self.bot_turns = Counter(
            "voicebot_bot_turns", "What the bot said, by language", ["language"], registry=registry
        )
        self.response = Histogram(
            "voicebot_response_seconds",
            "From the end of the caller's speech or keys to the first sound of the answer",
            ["language"],
            buckets=RESPONSE_BUCKETS,
            registry=registry,
        )
        self.stage = Histogram(
            "voicebot_response_stage_seconds",
            "That time by stage: listening (until it was recognised), thinking, back_end, speaking (until it is heard)",
            ["stage"],
            buckets=RESPONSE_BUCKETS,
            registry=registry,
        )
        self.listened = Counter(
            "voicebot_listener_decisions",
            "Utterances by the listener whose reading was taken, and its verdict",
            ["listener", "verdict"],
            registry=registry,
        )
        self.listening_cpu = Counter(
            "voicebot_listening_cpu_seconds", "Processor time spent on utterances", ["listener"], registry=registry
        )
        self.flows = Counter(
            "voicebot_flows", "Flows that ended, by name and result", ["flow", "result"], registry=registry
        )
        self.handed_over = Counter(
            "voicebot_hand_overs", "Calls given to people, by reason and queue", ["reason", "queue"], registry=registry
        )
        self.feelings = Counter(
            "voicebot_caller_feelings", "Turns of callers by feeling", ["feeling"], registry=registry
        )

    def see(self, record: Record) -> None:
        """Count what a call tells."""
        match record:
            case Begun():
                self._begin(record)
            case Turn(entry=entry, language=language):
                self._turn(entry, language)
            case FlowEnd():
                self.flows.labels(record.flow, record.result).inc()
            case Ended():
                self._end(record)
            case _:
                pass

    def _begin(self, call: Begun) -> None:
        self.begun.labels(call.channel).inc()
        self.running.labels(call.channel).inc()
        self._channels[call.call] = call.channel
        if len(self._channels) > _MOST_CALLS:
            self._channels.popitem(last=False)

    def _end(self, call: Ended) -> None:
        channel = self._channels.pop(call.call, None)
        if channel is not None:
            self.running.labels(channel).dec()
        self.ended.labels(call.outcome, channel or _UNKNOWN, call.language or _UNKNOWN).inc()
        self.duration.labels(channel or _UNKNOWN).observe(call.clock_ms / 1000)
        if call.outcome == "hand_over":
            self.handed_over.labels(call.reason, call.queue).inc()

    def _turn(self, entry: Entry, language: str) -> None:
        if entry.who == "bot":
            self.bot_turns.labels(language).inc()
            if entry.wait_ms is not None:
                self.response.labels(language).observe(entry.wait_ms / 1000)
                for stage, spent_ms in entry.stages.items():
                    self.stage.labels(stage).observe(spent_ms / 1000)
            return
        self.caller_turns.labels(language, result_of(entry.decision)).inc()
        if entry.listener and entry.verdict:
            self.listened.labels(entry.listener, entry.verdict).inc()
            self.listening_cpu.labels(entry.listener).inc(float(entry.facts.get("cpu_s", 0.0)))
        if feeling := entry.feeling.get("name"):
            self.feelings.labels(feeling).inc()


def result_of(decision: str) -> str:
    """What a caller's turn counts as: `understood`, `no_match`, `no_input`, `correction` or `ignored`."""
    if decision in UNMATCHED:
        return "no_match"
    if decision in SILENT:
        return "no_input"
    if decision in IGNORED:
        return "ignored"
    return "correction" if decision == CORRECTION else "understood"
