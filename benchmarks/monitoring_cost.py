"""What watching costs a call: putting a record into the monitor's queue, and counting it beside the call.

    python -m benchmarks.monitoring_cost

2026-11-22, 2 cores shared with other work, processor time: 0.4 us on the call's loop; beside it 4.9 us to count a
record and 49 us to trace it.
"""

from __future__ import annotations

import time

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from voicebot.monitoring.monitor import Monitor
from voicebot.monitoring.traces import CallTraces
from voicebot.store.history.records import Begun, Ended, FlowEnd, Record, Turn
from voicebot.store.journal import Entry

_CALLS = 2_000


def main() -> None:
    records = [record for number in range(_CALLS) for record in _call(f"CA{number}")]
    monitor = Monitor()
    began = time.thread_time()
    for record in records:
        monitor.keep(record)
    print(f"on the call's loop: {_each(time.thread_time() - began, records):.2f} us a record")
    counting = Monitor()
    began = time.thread_time()
    for record in records:
        counting.calls.see(record)
    print(f"counting beside it: {_each(time.thread_time() - began, records):.1f} us a record")
    traces = CallTraces(InMemorySpanExporter())
    began = time.thread_time()
    for record in records:
        traces.see(record, 1_700_000_000_000)
    print(f"tracing beside it: {_each(time.thread_time() - began, records):.1f} us a record")


def _each(seconds: float, records: list[Record]) -> float:
    return seconds / len(records) * 1e6


def _call(call: str) -> list[Record]:
    """A call of four turns."""
    turns = [
        Entry(
            "caller", 5_000, "", "vosk-ko", "accept", 0.98, "new_subject", "order_status", 0.9, facts={"cpu_s": 0.02}
        ),
        Entry("bot", 5_600, "", wait_ms=600, stages={"listening": 400, "thinking": 20, "speaking": 180}),
        Entry("caller", 9_000, "", "keys", decision="keyed"),
        Entry("bot", 9_400, "", wait_ms=400, stages={"listening": 0, "thinking": 20, "back_end": 300, "speaking": 80}),
    ]
    part = 1_700_000_000_000
    return [
        Begun(call, part, "shop", "1", "ko", "twilio"),
        *(Turn(call, part, number, "ko", entry) for number, entry in enumerate(turns)),
        FlowEnd(call, part, "order_status", 9_400, "completed"),
        Ended(call, part, part + 12_000, 12_000, "hang_up", "goodbye", "", "", "ko", "order_status", True),
    ]


if __name__ == "__main__":
    main()
