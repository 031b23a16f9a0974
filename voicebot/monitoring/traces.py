"""Traces by OpenTelemetry: a span a call, one a turn, one for each stage of the answer.

No words, no values and no numbers of callers are in them.
The spans are made afterwards, from what calls tell the history, with the moments of the call's own clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from voicebot.config import ConfigurationError
from voicebot.store.history.records import Begun, Ended, FlowEnd, Record, Turn
from voicebot.store.journal import Entry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_MOST_CALLS = 10_000
_STAGES = ("listening", "thinking", "back_end", "speaking")
"""In the order in which they follow each other."""


class Traces(Protocol):
    """Is told what calls tell."""

    def see(self, record: Record, arrived_ms: int) -> None: ...

    def close(self) -> None: ...


def open_traces(endpoint: str) -> Traces | None:
    """Traces that go to `endpoint` by OTLP over HTTP; None where it is empty.

    Starts a thread: not before a fork. Raises ConfigurationError where the packages are missing.
    """
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigurationError(
            "otel_endpoint needs packages that are not installed; install them with: pip install 'voicebot[otel]'."
        ) from None
    return CallTraces(OTLPSpanExporter(endpoint=endpoint, timeout=10))


@dataclass
class _Traced:
    span: Any
    base_ms: int
    """When the call's clock showed 0, in milliseconds since 1970."""
    is_timed: bool = False
    """Whether `base_ms` was taken from a turn: calls that go on elsewhere begin with a clock that has run."""
    asked: Entry | None = None
    """The caller's turn that was not answered yet."""
    turns: int = 0


class CallTraces:
    """Implements `Traces`. Used by one thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": "voicebot", "service.version": version("voicebot")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("voicebot")
        self._calls: OrderedDict[str, _Traced] = OrderedDict()

    def see(self, record: Record, arrived_ms: int) -> None:
        """`arrived_ms`: when the call told it, milliseconds since 1970."""
        match record:
            case Begun():
                self._begin(record)
            case Turn(call=call, entry=entry) if call in self._calls:
                self._turn(self._calls[call], entry, arrived_ms)
            case FlowEnd(call=call) if call in self._calls:
                traced = self._calls[call]
                attributes = {"voicebot.flow": record.flow, "voicebot.result": record.result}
                traced.span.add_event("flow ended", attributes, _ns(traced.base_ms + record.at_ms))
            case Ended(call=call) if call in self._calls:
                self._end(self._calls.pop(call), record)
            case _:
                pass

    def close(self) -> None:
        """Send what is there. Running calls are left without an end."""
        self._provider.shutdown()

    def _begin(self, call: Begun) -> None:
        attributes = {
            "voicebot.call": call.call,
            "voicebot.pack": call.pack,
            "voicebot.pack_version": call.version,
            "voicebot.channel": call.channel,
            "voicebot.language": call.language,
        }
        span = self._tracer.start_span("call", attributes=attributes, start_time=_ns(call.part))
        self._calls[call.call] = _Traced(span, call.part)
        if len(self._calls) > _MOST_CALLS:
            self._calls.popitem(last=False)

    def _turn(self, traced: _Traced, entry: Entry, arrived_ms: int) -> None:
        if not traced.is_timed:
            traced.base_ms, traced.is_timed = max(arrived_ms - entry.at_ms, 0), True
        if entry.who == "caller":
            self._unanswered(traced)
            traced.asked = entry
            return
        if entry.wait_ms is None:
            return
        asked, traced.asked = traced.asked, None
        begin, end = traced.base_ms + entry.at_ms - entry.wait_ms, traced.base_ms + entry.at_ms
        turn = self._span(traced, "turn", begin, asked)
        turn.set_attribute("voicebot.wait_ms", entry.wait_ms)
        at = begin
        for stage in _STAGES:
            if spent := entry.stages.get(stage):
                self._child(turn, stage, at, at + spent)
                at += spent
        turn.end(_ns(end))

    def _unanswered(self, traced: _Traced) -> None:
        """The caller's turn before had no answer of its own."""
        asked, traced.asked = traced.asked, None
        if asked is not None:
            at = traced.base_ms + asked.at_ms
            self._span(traced, "turn", at, asked).end(_ns(at))

    def _span(self, traced: _Traced, name: str, begin_ms: int, asked: Entry | None) -> Any:
        traced.turns += 1
        span = self._child(traced.span, name, begin_ms, None)
        for key, value in _known(asked).items():
            span.set_attribute(key, value)
        return span

    def _child(self, parent: Any, name: str, begin_ms: int, end_ms: int | None) -> Any:
        from opentelemetry.trace import set_span_in_context

        span = self._tracer.start_span(name, set_span_in_context(parent), start_time=_ns(begin_ms))
        if end_ms is not None:
            span.end(_ns(end_ms))
        return span

    def _end(self, traced: _Traced, call: Ended) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._unanswered(traced)
        span = traced.span
        for key, value in (
            ("voicebot.outcome", call.outcome),
            ("voicebot.reason", call.reason),
            ("voicebot.goal", call.goal),
            ("voicebot.resolved", call.resolved),
            ("voicebot.turns", traced.turns),
        ):
            span.set_attribute(key, value)
        if call.outcome == "failed":
            span.set_status(Status(StatusCode.ERROR, call.reason))
        span.end(_ns(max(traced.base_ms + call.clock_ms, call.part)))


def _known(asked: Entry | None) -> dict[str, str | float]:
    """What may be told of a caller's turn: how it was heard and what it was taken for, not what was said."""
    if asked is None:
        return {}
    found: dict[str, str | float] = {
        "voicebot.listener": asked.listener,
        "voicebot.verdict": asked.verdict,
        "voicebot.decision": asked.decision,
        "voicebot.intent": asked.intent,
        "voicebot.flow": asked.flow,
        "voicebot.step": asked.step,
    }
    if asked.score is not None:
        found["voicebot.score"] = asked.score
    return {name: value for name, value in found.items() if value != ""}


def _ns(milliseconds: int) -> int:
    return milliseconds * 1_000_000
