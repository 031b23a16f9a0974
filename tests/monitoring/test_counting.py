"""What calls tell is counted and traced beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from support.history import NOON, a_call, heard, said

from telephony.server import create_app
from voicebot.backends.port import BackendError
from voicebot.channel import Answering
from voicebot.config import Configuration, ConfigurationError
from voicebot.monitoring.measured import MeasuredBackend, MeasuredPool
from voicebot.monitoring.monitor import Monitor
from voicebot.monitoring.service_metrics import ServiceMetrics
from voicebot.monitoring.traces import CallTraces, open_traces
from voicebot.store.history.tables import milliseconds


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    monitor.start()
    yield monitor
    monitor.close()


def count(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_a_call_is_counted_from_its_beginning_to_its_end(monitor: Monitor) -> None:
    entries = [
        heard("배송 언제 와요"),
        said("배송 중입니다.", wait_ms=600),
        heard("음", decision="no_match", intent="", verdict="reject", listener="whisper-base"),
        said("다시 말씀해 주세요.", wait_ms=1400),
        heard("", decision="no_input", listener="", verdict=""),
    ]
    begun, *rest = a_call("CA1", entries, outcome="hand_over")
    get = monitor.registry
    monitor.keep(begun)
    assert monitor.flush()
    assert count(get, "voicebot_calls_running", channel="twilio") == 1
    for record in rest:
        monitor.keep(record)
    assert monitor.flush()
    assert count(get, "voicebot_calls_running", channel="twilio") == 0
    assert count(get, "voicebot_calls_total", outcome="hand_over", channel="twilio", language="ko") == 1
    assert count(get, "voicebot_hand_overs_total", reason="asked", queue="support") == 1
    for result in ("understood", "no_match", "no_input"):
        assert count(get, "voicebot_caller_turns_total", language="ko", result=result) == 1
    assert count(get, "voicebot_response_seconds_count", language="ko") == 2
    assert count(get, "voicebot_response_seconds_bucket", language="ko", le="1.0") == 1
    assert count(get, "voicebot_response_stage_seconds_sum", stage="listening") == pytest.approx(0.8)
    assert count(get, "voicebot_listener_decisions_total", listener="whisper-base", verdict="reject") == 1
    assert count(get, "voicebot_flows_total", flow="order_status", result="completed") == 1


def test_an_end_without_a_beginning_is_counted_and_nothing_goes_below_zero(monitor: Monitor) -> None:
    monitor.keep(a_call("CA1")[-1])
    assert monitor.flush()
    assert count(monitor.registry, "voicebot_calls_total", outcome="hang_up", channel="unknown", language="ko") == 1
    assert count(monitor.registry, "voicebot_calls_running", channel="twilio") is None


def test_back_ends_are_timed_by_what_came_of_it() -> None:
    registry = CollectorRegistry()

    class Known:
        def call(self, operation: str, arguments: object) -> dict[str, str] | None:
            if operation == "broken":
                raise BackendError("down")
            return {"a": "b"} if operation == "order" else None

    backend = MeasuredBackend(Known(), ServiceMetrics(registry))
    assert backend.call("order", {}) == {"a": "b"}
    assert backend.call("unknown", {}) is None
    with pytest.raises(BackendError):
        backend.call("broken", {})
    for operation, result in (("order", "found"), ("unknown", "nothing"), ("broken", "failed")):
        assert count(registry, "voicebot_backend_seconds_count", operation=operation, result=result) == 1


def test_what_waits_for_a_thread_is_counted() -> None:
    registry = CollectorRegistry()
    pool = MeasuredPool(1, "listening", ServiceMetrics(registry))
    assert [pool.submit(pow, 2, n).result() for n in range(3)] == [1, 2, 4]
    assert count(registry, "voicebot_decode_wait_seconds_count") == 3
    assert pool.waiting == 0
    pool.shutdown()


# Who may ask


class Nobody(Answering):
    """No call comes."""


@pytest.mark.parametrize(
    ("token", "headers", "peer", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1", 403),
        ("", {}, "192.0.2.7", 403),
        ("", {"Authorization": "Bearer "}, "192.0.2.7", 403),
        ("tell-me", {"Authorization": "Bearer tell-me"}, "192.0.2.7", 200),
        ("tell-me", {"Authorization": "Bearer tell"}, "192.0.2.7", 403),
        ("tell-me", {"Authorization": "Basic tell-me"}, "192.0.2.7", 403),
        ("tell-me", {}, "127.0.0.1", 200),
    ],
)
def test_metrics_are_for_this_machine_and_for_those_who_know_the_token(
    token: str, headers: dict[str, str], peer: str, status: int
) -> None:
    app = create_app(Configuration(metrics_token=token), Nobody())  # type: ignore[abstract]
    asked = app.flask.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert asked.status_code == status


# Several workers

WORKERS = """
import os, sys
from pathlib import Path
sys.path[:0] = ["tests"]
from telephony.metrics import all_workers, share_between_workers
share_between_workers(Path(sys.argv[1]))
from prometheus_client import generate_latest
from support.history import a_call
from voicebot.monitoring.monitor import Monitor
for worker in range(2):
    if os.fork() == 0:
        monitor = Monitor()
        monitor.start()
        for record in a_call(f"CA{worker}") + a_call(f"CB{worker}")[:1]:
            monitor.keep(record)
        monitor.flush()
        os._exit(0)
for worker in range(2):
    os.wait()
print(generate_latest(all_workers(None)).decode())
"""


def test_whichever_worker_answers_it_tells_of_all(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PROMETHEUS")}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, str(tmp_path)],
        cwd=root,
        env={**environment, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert 'voicebot_calls_total{channel="twilio",language="ko",outcome="hang_up"} 2.0' in done.stdout
    assert 'voicebot_calls_running{channel="twilio"} 2.0' in done.stdout
    assert 'voicebot_response_seconds_count{language="ko"} 2.0' in done.stdout


# Traces


def spans(*calls: list) -> list[ReadableSpan]:  # type: ignore[type-arg]
    exporter = InMemorySpanExporter()
    traces = CallTraces(exporter)
    for records in calls:
        for record in records:
            traces.see(record, milliseconds(NOON) + 700)
    traces._provider.force_flush()
    found = list(exporter.get_finished_spans())
    traces.close()
    return found


def test_a_call_is_a_span_with_a_span_for_each_turn_and_stage() -> None:
    entries = [heard("배송 언제 와요"), said("배송 중입니다.", wait_ms=600)]
    found = {span.name: span for span in spans(a_call("CA1", entries, number="+821012345678"))}
    assert set(found) == {"call", "turn", "listening", "speaking"}
    call, turn, listening, speaking = (found[name] for name in ("call", "turn", "listening", "speaking"))
    assert turn.parent is not None
    assert turn.parent.span_id == call.context.span_id
    assert listening.parent is not None
    assert listening.parent.span_id == turn.context.span_id
    assert call.attributes is not None
    assert call.attributes["voicebot.outcome"] == "hang_up"
    assert turn.attributes is not None
    assert turn.attributes["voicebot.intent"] == "order_status"
    assert (turn.end_time or 0) - (turn.start_time or 0) == 600_000_000
    assert listening.start_time == turn.start_time
    assert listening.end_time == speaking.start_time
    assert speaking.end_time == turn.end_time


def test_no_word_value_or_number_is_in_a_trace() -> None:
    entries = [heard("제 번호는 010-1234-5678이에요", slots={"phone": "01012345678"}), said("확인했습니다.")]
    told = "".join(span.to_json() for span in spans(a_call("CA1", entries, number="+821012345678")))
    assert "voicebot.call" in told
    for secret in ("1234", "번호", "확인"):
        assert secret not in told


def test_a_call_that_failed_is_marked() -> None:
    (call,) = (span for span in spans(a_call("CA1", outcome="failed")) if span.name == "call")
    assert not call.status.is_ok


def test_without_an_endpoint_there_are_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_traces("") is None
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError, match=r"voicebot\[otel\]"):
        open_traces("http://127.0.0.1:4318/v1/traces")


def test_traces_reach_a_receiver() -> None:
    from tests.monitoring.test_notifying import receiver, status

    with receiver(status(200)) as asked:
        traces = open_traces(asked.url)
        assert traces is not None
        for record in a_call("CA1"):
            traces.see(record, milliseconds(NOON))
        traces.close()
    ((path, headers, body),) = asked.requests
    assert path == "/hook"
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == "application/x-protobuf"
    assert b"voicebot.outcome" in body
