"""Alert rules: what they watch, when they fire, whom they tell, in virtual time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text
from support.history import NOON, a_call, put

from voicebot.analytics.alerts.book import RETRY_S, AlertBook, AlertEvent, State, transition
from voicebot.analytics.alerts.rules import FIGURES, AlertRule, RuleError, read_rules
from voicebot.analytics.alerts.watch import EVERY, AlertWatch, check
from voicebot.analytics.alerts.wording import notification
from voicebot.analytics.figures import Analytics
from voicebot.notify.port import Notification, NotifyError
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.desk import Desk
from voicebot.store.history.reading import History
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.tables import metadata
from voicebot.yaml_file import ContentError


class Told:
    """A way of telling that remembers; fails as often as it is told to."""

    def __init__(self, name: str = "webhook", failures: int = 0) -> None:
        self.name, self.failures = name, failures
        self.notifications: list[Notification] = []

    def tell(self, notification: Notification) -> None:
        if self.failures:
            self.failures -= 1
            raise NotifyError("nobody answers; is it running?")
        self.notifications.append(notification)

    @property
    def subjects(self) -> list[str]:
        return [one.subject for one in self.notifications]


class World:
    """A history, rules over it, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOON + timedelta(minutes=5)
        self.book = AlertBook(database, lambda: self.now)
        self.told = Told()
        self._calls = 0

    def calls(self, good: int, handed_over: int, at: datetime | None = None) -> None:
        """So many calls in this hour."""
        records = []
        for number in range(good + handed_over):
            self._calls += 1
            outcome = "hang_up" if number < good else "hand_over"
            records.append(a_call(f"CA{self._calls}", at=at or self.now, outcome=outcome))
        put(self.database, *records)
        count_stale(self.database, most=100)

    def watch(self, *notifiers: Told) -> AlertWatch:
        """As another process would have it."""
        return AlertWatch(self.book, Analytics(self.database), self.database, notifiers or (self.told,))

    def turn(self, after: timedelta = EVERY) -> list[str]:
        """Time passes; what happens then."""
        self.now += after
        return [event.state for event in self.watch().turn()]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a database without rows: making one takes longer than the tests."""
    folder = tmp_path_factory.mktemp("empty")
    database = open_database("", folder)
    database.migrate()
    database.close()
    return folder / "history.db"


@pytest.fixture
def world(empty: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copy(empty, tmp_path)
    database = open_database("", tmp_path)
    yield World(database)
    database.close()


def rule(**values: Any) -> AlertRule:
    usual = {"name": "상담원 연결이 많음", "figure": "hand_over_rate", "direction": "above", "threshold": 0.4}
    return AlertRule(**{**usual, "min_calls": 5, "cool_down_min": 60, **values})


def test_a_rule_fires_once_and_is_told_as_resolved_once(world: World) -> None:
    world.book.add(rule(), "kim")
    world.calls(good=5, handed_over=5)
    assert world.turn() == ["firing"]
    assert world.turn() == []
    world.calls(good=20, handed_over=0)
    assert world.turn() == ["ok"]
    assert world.turn() == []
    assert world.told.subjects == ["[voicebot] 경고: 상담원 연결이 많음", "[voicebot] 해소: 상담원 연결이 많음"]
    first = world.told.notifications[0]
    assert "현재 값: 50.0%" in first.text
    assert "통화 수: 10건" in first.text
    assert first.details["state"] == "firing"
    assert [event.state for event in world.book.events()] == ["ok", "firing"]


def test_too_few_calls_conclude_nothing(world: World) -> None:
    kept = world.book.add(rule(min_calls=11), "kim")
    world.calls(good=0, handed_over=10)
    assert world.turn() == []
    found = world.book.find(kept.id)
    assert found is not None
    assert (found.state, found.value) == ("ok", None)


def test_a_figure_that_goes_to_and_fro_is_told_once_in_the_cool_down(world: World) -> None:
    world.book.add(rule(), "kim")
    world.calls(good=5, handed_over=5)
    assert world.turn() == ["firing"]
    states = []
    for good, handed_over in [(20, 0), (0, 20), (40, 0), (0, 60)]:
        world.calls(good, handed_over)
        states += world.turn()
    assert states == ["ok", "firing", "ok", "firing"]
    assert len(world.told.notifications) == 2  # that it fired, and that it was over
    assert [event.told for event in world.book.events()] == [False, False, False, True, True]
    world.calls(good=100, handed_over=0)
    assert world.turn(timedelta(minutes=61)) == ["ok"]
    world.calls(good=0, handed_over=200)
    assert world.turn() == ["firing"]
    assert len(world.told.notifications) == 3


def test_only_calls_of_the_scope_count(world: World) -> None:
    world.book.add(rule(language="en"), "kim")
    world.calls(good=0, handed_over=10)
    assert world.turn() == []


def test_the_period_is_so_many_hours_back(world: World) -> None:
    world.book.add(rule(hours=2), "kim")
    world.calls(good=0, handed_over=10, at=NOON - timedelta(hours=4))
    assert world.turn() == []
    world.calls(good=0, handed_over=10, at=NOON - timedelta(hours=1))
    assert world.turn() == ["firing"]


def test_two_processes_check_a_rule_once_and_tell_once(world: World) -> None:
    world.book.add(rule(), "kim")
    world.calls(good=0, handed_over=10)
    one, other = Told(), Told()
    events = world.watch(one).turn() + world.watch(other).turn()
    assert len(events) == 1
    assert len(one.notifications) + len(other.notifications) == 1


def test_ten_processes_on_postgresql_tell_once(postgresql_database: Database) -> None:
    with postgresql_database.writing() as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    world = World(postgresql_database)
    world.book.add(rule(), "kim")
    world.calls(good=0, handed_over=10)
    ways = [Told() for _ in range(10)]
    with ThreadPoolExecutor(10) as processes:
        turns = list(processes.map(lambda way: world.watch(way).turn(), ways))
    assert [event.state for events in turns for event in events] == ["firing"]
    assert sum(len(way.notifications) for way in ways) == 1
    (way,) = world.book.events()[0].deliveries
    assert (way.attempts, way.delivered) == (1, world.now)
    with pytest.raises(RuleError, match="already"):
        world.book.add(rule(), "kim")


def test_who_can_not_be_told_is_told_later_and_others_are_told_meanwhile(world: World) -> None:
    world.book.add(rule(), "kim")
    world.calls(good=0, handed_over=10)
    failing, well = Told("webhook", failures=2), Told("mail")
    world.watch(failing, well).turn()
    assert (len(failing.notifications), len(well.notifications)) == (0, 1)
    for pause in RETRY_S[:2]:
        world.watch(failing, well).turn()  # too early
        world.now += timedelta(seconds=pause)
        world.watch(failing, well).turn()
    assert (len(failing.notifications), len(well.notifications)) == (1, 1)
    ways = {way.channel: way for way in world.book.events()[0].deliveries}
    assert (ways["webhook"].attempts, ways["webhook"].error) == (3, None)


def test_at_some_time_telling_is_given_up_and_shows_why(world: World) -> None:
    world.book.add(rule(), "kim")
    world.calls(good=0, handed_over=10)
    failing = Told(failures=100)
    for pause in (0, *RETRY_S, 86_400):
        world.now += timedelta(seconds=pause)
        world.watch(failing).turn()
    (way,) = world.book.events()[0].deliveries
    assert way.given_up
    assert way.attempts == len(RETRY_S) + 1
    assert way.error == "nobody answers; is it running?"


def test_a_changed_rule_begins_anew(world: World) -> None:
    kept = world.book.add(rule(), "kim")
    world.calls(good=0, handed_over=10)
    assert world.turn() == ["firing"]
    changed = world.book.change(kept.id, rule(threshold=0.9), "lee")
    assert changed is not None
    assert (changed.state, changed.changed_by) == ("ok", "lee")
    assert world.turn() == ["firing"]
    assert world.book.remove(kept.id)
    assert not world.book.remove(kept.id)
    assert world.turn() == []
    assert len(world.book.events()) == 2


def test_a_rule_that_is_switched_off_is_not_checked(world: World) -> None:
    world.book.add(rule(enabled=False), "kim")
    world.calls(good=0, handed_over=10)
    assert world.turn() == []


def test_names_are_taken_once(world: World) -> None:
    world.book.add(rule(), "kim")
    other = world.book.add(rule(name="다른 규칙"), "kim")
    with pytest.raises(RuleError, match="already"):
        world.book.add(rule(), "kim")
    with pytest.raises(RuleError, match="already"):
        world.book.change(other.id, rule(), "kim")


def test_who_waits_for_a_person_can_be_watched(world: World) -> None:
    world.calls(good=0, handed_over=3)
    analytics = Analytics(world.database)
    waiting = rule(figure="callers_waiting", threshold=2)
    longest = rule(figure="longest_wait", threshold=120)
    later = NOON + timedelta(minutes=9)
    assert check(waiting, analytics, world.database, later).value == 3
    assert check(longest, analytics, world.database, later).value == pytest.approx(180)  # after a call of a minute
    Desk(world.database).accept(History(world.database).hand_overs().items[0].id, "kim")
    assert not check(waiting, analytics, world.database, later).fires


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_figure_can_be_told(figure: str, language: str) -> None:
    event = AlertEvent(1, 1, rule(figure=figure, threshold=0.5), NOON, "firing", 0.75, 1234, told=True)
    told = notification(event, language, "https://bot.example")
    assert FIGURES[figure].titles[language] in told.text
    assert told.text.endswith("https://bot.example/console/alerts\n")
    assert "\n" not in told.subject


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"figure": "happiness"}, "choose one of"),
        ({"threshold": 70}, "0.7 for 70 %"),
        ({"threshold": float("nan"), "figure": "calls"}, "write a number"),
        ({"name": "a\nb"}, "one line"),
        ({"hours": 0}, "greater than or equal to 1"),
        ({"figure": "callers_waiting", "threshold": 3, "pack": "shop"}, "leave pack"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        rule(**wrong)


def test_rules_come_from_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(
        "rules:\n- {name: 이해율, figure: understanding_rate, direction: below, threshold: 0.7, hours: 3}\n", "utf-8"
    )
    world.book.add(rule(), "kim")
    assert world.book.load(read_rules(file), "command line") == (1, 1)
    assert world.book.load(read_rules(file), "command line") == (0, 0)
    assert [kept.rule.name for kept in world.book.rules()] == ["이해율"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("rules:\n- {name: x, figure: calls, direction: up, threshold: 1}\n", "line 2"),
        ("rules:\n- {name: x, figure: calls, direction: above, threshold: 1}\n" * 1 + "  \nmore: 1\n", "`more`"),
        ("rules:\n" + "- {name: x, figure: calls, direction: above, threshold: 1}\n" * 2, "two rules are called"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, written: str, words: str) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(written, "utf-8")
    with pytest.raises((ContentError, RuleError), match=words):
        read_rules(file)


@given(
    values=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    threshold=st.floats(0, 1),
    direction=st.sampled_from(["above", "below"]),
)
def test_fired_and_resolved_alternate_and_nothing_is_resolved_that_was_not_told(
    values: list[float], threshold: float, direction: str
) -> None:
    watched = rule(threshold=threshold, direction=direction, cool_down_min=3)
    state: State = "ok"
    knows, told_at, told = False, None, list[tuple[datetime, State]]()
    for minute, value in enumerate(values):
        now = NOON + timedelta(minutes=minute)
        step = transition(watched, state, knows, told_at, value, now)
        if step is None:
            continue
        state = step.state
        knows = step.tell and state == "firing"
        if step.tell:
            told.append((now, state))
            told_at = now if state == "firing" else told_at
    assert state == ("firing" if watched.fires_at(values[-1]) else "ok")
    states = [state for _, state in told]
    assert states == ["firing", "ok"] * (len(states) // 2) + ["firing"] * (len(states) % 2)
    fired = [at for at, state in told if state == "firing"]
    assert all(later - earlier >= timedelta(minutes=3) for earlier, later in pairwise(fired))
