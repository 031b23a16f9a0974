"""The simulated queues behave as theory says where theory has an answer."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("simpy")

from benchmarks.capacity_plan import Cost, Load, erlang_b, places_for, plan, simulate

FLAT = (1.0,) * 24


def test_blocking_is_what_erlang_b_gives() -> None:
    # Tabulated: 20 erlangs on 20 lines block 15.9 %, on 30 lines 0.85 %.
    assert erlang_b(20, 20) == pytest.approx(0.1589, abs=2e-4)
    assert erlang_b(20, 30) == pytest.approx(0.0085, abs=2e-4)
    assert places_for(20, 0.0085) in (30, 31)
    load = Load(20, bot_s=60, course=FLAT)
    day = simulate(load, 20, lambda _at: 1000, seed=3)
    # Insensitive to how long calls last in detail: lognormal here.
    assert day.by_keys / day.calls == pytest.approx(erlang_b(20, 20), rel=0.07)
    assert day.most_at_once == 20


def erlang_a(rate: float, service_s: float, patience_s: float, agents: int) -> float:
    """The share that hangs up in M/M/n+M, from the chain's stationary probabilities."""
    weights, weight = [1.0], 1.0
    for n in range(1, 600):
        leaving = min(n, agents) / service_s + max(0, n - agents) / patience_s
        weight *= rate / leaving
        weights.append(weight)
    total = math.fsum(weights)
    gone = math.fsum(w * max(0, n - agents) / patience_s for n, w in enumerate(weights)) / total
    return gone / rate


def test_waiting_callers_hang_up_as_often_as_in_erlang_a() -> None:
    load = Load(
        40, bot_s=40, bot_spread=0.5, handed_over=0.5, agent_s=100, patience_s=90, queue_longest_s=1e9, course=FLAT
    )
    day = simulate(load, 10_000, lambda _at: 47, seed=5)
    assert day.left / day.to_people == pytest.approx(erlang_a(0.5, 100, 90, 47), rel=0.12)
    assert day.called_back == 0


def test_nobody_waits_longer_than_until_a_call_back_is_offered() -> None:
    day = simulate(Load(50, handed_over=0.5, queue_longest_s=60, course=FLAT), 1000, lambda _at: 20, seed=1, days=0.2)
    assert max(day.waits_s) <= 60
    assert day.called_back > 100


def test_twice_the_calls_take_no_more_than_twice_the_machines() -> None:
    cost = Cost(0.02)
    one, two = (plan(calls, cost, Load(calls))["machines"] for calls in (5_000, 10_000))
    assert one < two <= 2 * one
