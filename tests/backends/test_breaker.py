"""The circuit breaker as a state machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.backends.breaker import Circuit, CircuitBreaker


@given(st.lists(st.one_of(st.sampled_from(["ask", "well", "ill", "nothing"]), st.floats(0, 30)), max_size=60))
def test_any_course_of_events_keeps_the_breakers_promises(events: list[str | float]) -> None:
    now = 0.0
    breaker = CircuitBreaker(failures=3, open_s=10, clock=lambda: now)
    running = 0
    for event in events:
        if isinstance(event, float):
            now += event
        elif event == "ask":
            state = breaker.state
            allowed = breaker.allows()
            assert allowed or state is not Circuit.CLOSED
            assert not allowed or state is not Circuit.OPEN
            running += allowed
        elif running:
            running -= 1
            {"well": breaker.succeeded, "ill": breaker.failed, "nothing": breaker.withdrawn}[event]()
            assert event != "well" or breaker.state is Circuit.CLOSED
    # Whatever came before: left alone long enough, with nothing running, it gives a chance again.
    for _ in range(running):
        breaker.withdrawn()
    now += 10
    assert breaker.allows()


def test_only_one_trial_at_a_time() -> None:
    now = 0.0
    breaker = CircuitBreaker(failures=1, open_s=5, clock=lambda: now)
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    now = 5
    assert breaker.state is Circuit.HALF_OPEN
    assert breaker.allows()
    assert not breaker.allows()
    breaker.withdrawn()
    assert breaker.allows()
