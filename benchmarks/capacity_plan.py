"""How many machines, what money, and how long callers wait for people: a plan and a simulation of days.

    python -m benchmarks.capacity_plan [--core-per-call 0.02] [--out docs/pictures/daily_peaks.svg] [--json]

The plan multiplies: the measured cost of a call (--core-per-call: processor time of the service, `voicebot loadtest`
tells it) gives calls a machine, machines, memory, messages, database writes and money for 100, 10,000 and 1,000,000
calls at once.

The simulation is of queues: callers come as an inhomogeneous Poisson process with a day's course, calls with the bot
last lognormally (both as found by Brown, Gans, Mandelbaum, Sakov, Shen, Zeltyn and Zhao, "Statistical Analysis of a
Telephone Call Center", JASA 100, 2005), those whom the bot can't help wait for people with exponential patience
(Erlang-A), and are offered a call-back after `queue_longest_s`. Callers beyond the bot's places press keys. Where calls
come at a constant rate, it gives what Erlang's formulas give: tests/benchmarks/test_capacity_plan.py.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import simpy

DAY_S = 24 * 3600.0
COURSE = (1, 1, 0.6, 0.5, 0.5, 0.8, 2, 5, 9, 11.5, 11.5, 9.5, 7, 8.5, 9, 8, 6.5, 5, 3.5, 2.5, 2, 1.8, 1.5, 1.3)
"""Calls by hour of the day, as shares. Assumed: two humps and a lunch between them, as in the paper's Figure 2."""


@dataclass(frozen=True)
class Load:
    """What callers do. The defaults are assumptions to be replaced by your own figures (`voicebot stats`)."""

    peak_calls: float
    """Calls at once with the bot in the busiest hour, on average."""
    bot_s: float = 150.0
    """Mean time with the bot."""
    bot_spread: float = 0.8
    """Sigma of its logarithm."""
    handed_over: float = 0.15
    """Share of calls that go to people."""
    keys_s: float = 120.0
    """Mean time with the keypad service."""
    keys_handed_over: float = 0.3
    agent_s: float = 300.0
    """Mean time with a person, exponential, with what they write afterwards."""
    patience_s: float = 240.0
    """Mean time after which a waiting caller hangs up, exponential."""
    queue_longest_s: float = 300.0
    """After which a call-back is offered; taken by all who are still there."""
    surge: float = 1.0
    """What comes, over what was planned for."""
    course: Sequence[float] = COURSE
    """Calls by hour of the day, as shares."""

    @property
    def peak_per_s(self) -> float:
        """Calls a second in the busiest hour, as planned."""
        return self.peak_calls / self.bot_s

    def rate(self, at_s: float) -> float:
        """Calls a second at that time of day, between the middles of hours linearly."""
        hour = at_s / 3600 - 0.5
        below = math.floor(hour)
        share = hour - below
        shape = self.course[below % 24] * (1 - share) + self.course[(below + 1) % 24] * share
        return self.peak_per_s * self.surge * shape / max(self.course)


@dataclass
class Day:
    """What happened."""

    calls: int = 0
    by_keys: int = 0
    most_at_once: int = 0
    to_people: int = 0
    helped: int = 0
    left: int = 0
    called_back: int = 0
    waits_s: list[float] = field(default_factory=list)
    """Of those who were helped by a person at once or after waiting."""
    bot_busy_s: float = 0.0
    agents_busy_s: float = 0.0
    course: list[tuple[float, int, int, int]] = field(default_factory=list)
    """Every five minutes: hour, calls with the bot, by keys, waiting for people."""

    def wait_s(self, share: float) -> float:
        """The wait that `share` of those helped did not exceed."""
        ordered = sorted(self.waits_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class _People:
    """Agents and those who wait for them, first come first served. Their number may change over the day."""

    def __init__(
        self, world: simpy.Environment, agents: Callable[[float], int], load: Load, chance: random.Random
    ) -> None:
        self._world, self._agents, self._load, self._chance = world, agents, load, chance
        self._waiting: deque[simpy.Event] = deque()
        self._busy = 0

    @property
    def waiting(self) -> int:
        return sum(not event.triggered for event in self._waiting)

    def serve(self, day: Day) -> Generator[simpy.Event, Any, None]:
        world, began = self._world, self._world.now
        day.to_people += 1
        if self._busy >= self._agents(world.now):
            turn = world.event()
            self._waiting.append(turn)
            gone = self._chance.expovariate(1 / self._load.patience_s)
            patience = world.timeout(min(gone, self._load.queue_longest_s))
            yield turn | patience
            if not turn.triggered:
                turn.succeed()  # so that nobody calls them up any more
                if gone < self._load.queue_longest_s:
                    day.left += 1
                else:
                    day.called_back += 1
                return
        else:
            self._busy += 1
        day.helped += 1
        day.waits_s.append(world.now - began)
        talk = self._chance.expovariate(1 / self._load.agent_s)
        day.agents_busy_s += talk
        yield world.timeout(talk)
        self._busy -= 1
        self.look()

    def look(self) -> None:
        """Call up as many as there are agents for."""
        while self._busy < self._agents(self._world.now) and self._waiting:
            turn = self._waiting.popleft()
            if not turn.triggered:
                self._busy += 1
                turn.succeed()


def simulate(
    load: Load, places: int, agents: Callable[[float], int], *, seed: int = 0, days: float = 1.0, begin_s: float = 0.0
) -> Day:
    """A day (or `days` of it, from `begin_s`) with `places` for calls with the bot and `agents(time of day)` people."""
    chance = random.Random(seed)
    world = simpy.Environment(initial_time=begin_s)
    people = _People(world, agents, load, chance)
    day = Day()
    with_bot = with_keys = 0
    mu = math.log(load.bot_s) - load.bot_spread**2 / 2
    most = load.peak_per_s * load.surge

    def call() -> Generator[simpy.Event, Any, None]:
        nonlocal with_bot, with_keys
        day.calls += 1
        if with_bot < places:
            with_bot += 1
            day.most_at_once = max(day.most_at_once, with_bot)
            took = chance.lognormvariate(mu, load.bot_spread)
            day.bot_busy_s += took
            yield world.timeout(took)
            with_bot -= 1
            wants_people = chance.random() < load.handed_over
        else:
            day.by_keys += 1
            with_keys += 1
            yield world.timeout(chance.expovariate(1 / load.keys_s))
            with_keys -= 1
            wants_people = chance.random() < load.keys_handed_over
        if wants_people:
            yield from people.serve(day)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        while True:  # thinning (Lewis and Shedler, 1979)
            yield world.timeout(chance.expovariate(most))
            if chance.random() * most < load.rate(world.now % DAY_S):
                world.process(call())

    def clock() -> Generator[simpy.Event, Any, None]:
        while True:
            day.course.append((world.now / 3600, with_bot, with_keys, people.waiting))
            people.look()  # a new shift
            yield world.timeout(300)

    world.process(arrivals())
    world.process(clock())
    world.run(until=begin_s + days * DAY_S)
    return day


def erlang_b(offered: float, places: int) -> float:
    """The share of calls that find all places taken. Erlang (1917), by the usual recursion."""
    blocked = 1.0
    for n in range(1, places + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


def places_for(offered: float, blocked: float) -> int:
    """The fewest places with which at most `blocked` of the calls find none."""
    share, places = 1.0, 0
    while share > blocked:
        places += 1
        share = offered * share / (places + offered * share)
    return places


@dataclass(frozen=True)
class Cost:
    """What one call takes, and what things cost. Figures of 2026-11-22 unless said otherwise."""

    core_per_call: float
    """Processor seconds of the service a second of call, measured by `voicebot loadtest`."""
    filled: float = 0.7
    """How far cores are filled (`voicebot/capacity.py`)."""
    cores: int = 8
    """Of a machine."""
    mb_process: float = 900.0
    """Memory of the first process of a machine, model included; further workers share the model."""
    mb_worker: float = 250.0
    mb_call: float = 2.0
    core_hour: float = 0.0425
    """US dollars: c5.2xlarge on demand, $0.34 for 8 virtual cores, as in AWS's documentation on EC2 Auto Scaling."""
    line_minute: float = 0.0085
    """US dollars: a minute of an incoming local call, Twilio's own example (support article 223183328)."""
    turns_s: float = 10 / 150
    """Turns a second of a call, both sides."""
    kb_call: float = 6.5
    """Of the history, on disk: `python -m benchmarks.history_calls --calls 3000`, 10 turns a call."""
    kbit_s: float = 2 * 100.0
    """Of a call's stream both ways: 64 kbit/s of mu-law, as base64 in JSON, 50 messages a second."""


def plan(calls: int, cost: Cost, load: Load) -> dict[str, float]:
    """What `calls` at once on average in the busiest hour take."""
    places = places_for(calls, 0.001)
    per_machine = int(cost.cores * cost.filled / cost.core_per_call)
    machines = math.ceil(places / per_machine) + 1  # one may be away
    month_calls = calls / load.bot_s * 3600 / (max(load.course) / sum(load.course)) * 30
    mean_share = sum(load.course) / 24 / max(load.course)
    workers = max(1, cost.cores // 2)
    mb = cost.mb_process + (workers - 1) * cost.mb_worker + per_machine * cost.mb_call
    return {
        "calls": calls,
        "places": places,
        "calls_a_machine": per_machine,
        "machines": machines,
        "gb_a_machine": round(mb / 1024, 1),
        "gbit_s": round(calls * cost.kbit_s / 1e6, 2),
        "messages_s": calls * 100,
        "new_calls_s": round(calls / load.bot_s, 1),
        "turns_s": round(calls * cost.turns_s),
        "gb_history_month": round(month_calls * cost.kb_call / 1e6, 1),
        "machines_dollars_month": round(machines * cost.cores * cost.core_hour * 730),
        "with_autoscaling_dollars_month": round((2 + (machines - 2) * mean_share) * cost.cores * cost.core_hour * 730),
        "lines_dollars_month": round(month_calls * load.bot_s / 60 * cost.line_minute),
        "calls_month": round(month_calls),
    }


def staffing(load: Load, share: float = 1.1) -> Callable[[float], int]:
    """As many people in each hour as its callers need, and a tenth more than their work takes."""

    def agents(at_s: float) -> int:
        hour = math.floor(at_s % DAY_S / 3600)
        planned = load.peak_per_s * load.course[hour] / max(load.course) * load.handed_over * load.agent_s
        return max(1, math.ceil(planned * share + math.sqrt(planned)))

    return agents


def _summary(name: str, load: Load, places: int, day: Day) -> dict[str, Any]:
    return {
        "case": name,
        "peak_calls": load.peak_calls,
        "places": places,
        "calls": day.calls,
        "most_at_once": day.most_at_once,
        "by_keys_percent": round(100 * day.by_keys / day.calls, 2),
        "to_people": day.to_people,
        "waited_median_s": round(day.wait_s(0.5)),
        "waited_95_s": round(day.wait_s(0.95)),
        "left_percent": round(100 * day.left / max(1, day.to_people), 1),
        "called_back_percent": round(100 * day.called_back / max(1, day.to_people), 1),
    }


def _cases(cost: Cost, seed: int) -> list[tuple[str, Load, int, Day]]:
    found = []
    for name, peak, surge, days, begin in (
        ("100 calls at once, a usual day", 100.0, 1.0, 1.0, 0.0),
        ("100, half as many again as planned", 100.0, 1.5, 1.0, 0.0),
        ("100, three times as many", 100.0, 3.0, 1.0, 0.0),
        ("10,000, the busiest three hours", 10_000.0, 1.0, 3 / 24, 8.5 * 3600),
    ):
        load = Load(peak, surge=surge)
        per_machine = int(cost.cores * cost.filled / cost.core_per_call)
        places = (
            math.ceil(places_for(peak, 0.001) / per_machine) * per_machine if peak > 1000 else places_for(peak, 0.001)
        )
        found.append((name, load, places, simulate(load, places, staffing(load), seed=seed, days=days, begin_s=begin)))
    return found


def _draw(cases: Sequence[tuple[str, Load, int, Day]], out: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "voicebot"
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(len(cases), 1, figsize=(8, 2.3 * len(cases)), layout="constrained", sharex=True)
    for axes, (name, _, places, day) in zip(rows, cases, strict=True):
        hours = [hour for hour, *_ in day.course]
        axes.fill_between(hours, [bot for _, bot, _, _ in day.course], color="#9cc3e6", label="with the bot")
        axes.plot(hours, [keys for _, _, keys, _ in day.course], color="#b45f06", label="by keys")
        axes.plot(hours, [waiting for *_, waiting in day.course], color="#990000", label="waiting for people")
        axes.axhline(places, color="#555555", linestyle="--", linewidth=1, label="places")
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylabel("callers")
        axes.set_ylim(bottom=0)
    rows[0].set_xlim(0, 24)
    rows[0].legend(loc="upper left", fontsize=8, ncols=2)
    rows[-1].set_xlabel("hour of the day")
    rows[-1].set_xticks(range(0, 25, 3))
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description="How many machines, what money, and how long callers wait for people.")
    parser.add_argument("--core-per-call", type=float, default=0.02, help="processor seconds a second of call")
    parser.add_argument("--cores", type=int, default=8, help="of a machine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the picture goes, such as daily_peaks.svg")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cost = Cost(options.core_per_call, cores=options.cores)
    plans = [plan(calls, cost, Load(calls)) for calls in (100, 10_000, 1_000_000)]
    cases = _cases(cost, options.seed)
    days = [_summary(*case) for case in cases]
    if options.out:
        _draw(cases, options.out)
    if options.json:
        sys.stdout.write(json.dumps({"cost": asdict(cost), "plans": plans, "days": days}, indent=2) + "\n")
        return
    for rows in (plans, days):
        for name in rows[0]:
            sys.stdout.write(f"{name:<32}" + "".join(f"{row[name]!s:>38}" for row in rows) + "\n")
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
