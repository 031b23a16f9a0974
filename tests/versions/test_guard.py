"""The guard of a shared version: a bad one is rolled back soon, one that is no worse is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from support.history import a_call, heard, put

from voicebot.analytics.alerts.book import AlertBook
from voicebot.analytics.guard.evidence import ALPHA, STAKES, Outcome, compare
from voicebot.analytics.guard.reading import MOST_OF_ONE_CALLER, WEEKS, outcomes
from voicebot.analytics.guard.watch import GUARD, VersionGuard
from voicebot.store.history.database import Database
from voicebot.store.history.records import Begun
from voicebot.store.versions import Version, Versions

Approved = Callable[[str], Version]


def drawn(
    seed: int, share: float, active: float, shared: float, calls: int, before: float | None = None
) -> list[Outcome]:
    """Calls until so many were on the shared version; rates of calls that went badly, also `before` the share."""
    chance, found, number = random.Random(seed), list[Outcome](), 0
    while number < calls:
        is_shared = chance.random() < share
        bad = chance.random() < (shared if is_shared else active)
        number += is_shared
        if before is not None:
            found += [Outcome("earlier", {"not_contained": chance.random() < before}) for _ in range(4)]
        found.append(
            Outcome("shared" if is_shared else "active", {"not_contained": bad, "handed_over": bad, "failed": False})
        )
    return found


def test_a_bad_version_is_found_within_200_of_its_calls() -> None:
    after = [compare(drawn(seed, 0.1, 0.1, 0.35, 200)).after for seed in range(20)]
    assert all(after)


def test_a_version_that_is_no_worse_is_seldom_taken_for_one() -> None:
    worse = [compare(drawn(seed, 0.2, 0.1, 0.1, 250)).worse for seed in range(40)]
    better = [compare(drawn(seed, 0.2, 0.2, 0.1, 250)).worse for seed in range(20)]
    assert sum(worse) <= 0.1 * len(worse)
    assert not any(better)


def test_earlier_calls_find_a_bad_version_sooner() -> None:
    alone = [compare(drawn(seed, 0.5, 0.1, 0.3, 200)).after or 200 for seed in range(20)]
    helped = [compare(drawn(seed, 0.5, 0.1, 0.3, 200, before=0.1)).after or 200 for seed in range(20)]
    assert sum(helped) < 0.9 * sum(alone)


def test_harder_times_for_both_versions_are_not_held_against_the_shared_one() -> None:
    worse = [compare(drawn(seed, 0.5, 0.3, 0.3, 250, before=0.05)).worse for seed in range(40)]
    assert sum(worse) <= 0.1 * len(worse)  # 1 / AGREED


def test_earlier_calls_alone_decide_nothing() -> None:
    calls = [Outcome("earlier", {"not_contained": False})] * 500 + [Outcome("shared", {"not_contained": True})] * 50
    assert not compare(calls).worse


def test_stakes_are_all_there_is_to_bet() -> None:
    assert abs(sum(STAKES.values()) - 1) < 1e-9


def put_calls(database: Database, versions: list[tuple[str, bool]], at: datetime, number: str = "") -> None:
    """Calls on these versions, and whether they were contained."""
    told = []
    for n, (version, good) in enumerate(versions):
        records = a_call(
            f"CA{number}{n}",
            (heard("배송 언제 와요"),),
            at=at + timedelta(seconds=n),
            outcome="hang_up" if good else "hand_over",
            resolved=good,
            number=number,
        )
        begun = records[0]
        assert isinstance(begun, Begun)
        told.append([Begun(**{**begun.__dict__, "version": version}), *records[1:]])
    put(database, *told)


def test_a_bad_version_is_rolled_back_audited_and_told(
    registry: Versions, approved: Approved, database: Database
) -> None:
    version = approved("one")
    registry.share(version.id, 0.5, "lee")
    book = AlertBook(database)
    guard = VersionGuard(registry, database, book, ["mail"])
    put_calls(database, [("x", True), (version.id, False)] * 15, datetime.now(UTC) + timedelta(minutes=1))
    guard.turn()
    assert registry.get(version.id).state == "retired"
    assert registry.serving("shop").shared is None
    latest = registry.changes(version.id)[0]
    assert (latest.by, latest.action) == (GUARD, "roll back")
    assert latest.details["not_contained"] == [1.0, 0.0]
    assert latest.details["evidence"] >= 1 / ALPHA
    (event,) = book.events()
    assert event.rule.figure == "containment"
    assert (event.value, event.calls, event.told) == (0.0, 15, True)
    assert [way.channel for way in event.deliveries] == ["mail"]


def test_one_caller_decides_nothing(registry: Versions, approved: Approved, database: Database) -> None:
    version = approved("one")
    registry.share(version.id, 0.5, "lee")
    since = datetime.now(UTC)
    put_calls(database, [(version.id, False)] * 100, since + timedelta(minutes=1), "+821012345678")
    put_calls(database, [("x", True)] * 100, since + timedelta(minutes=1))
    seen = list(outcomes(database, "shop", version.id, since))
    assert sum(one.group == "shared" for one in seen) == MOST_OF_ONE_CALLER
    VersionGuard(registry, database, AlertBook(database)).turn()
    assert registry.get(version.id).state == "shared"
    found = registry.guard(version.id)
    assert found is not None
    assert found["shared_calls"] == MOST_OF_ONE_CALLER


def test_earlier_calls_are_those_of_the_same_hours_and_the_same_version(database: Database) -> None:
    since = datetime(2026, 11, 20, 3, tzinfo=UTC)
    hour, week = timedelta(hours=1), timedelta(weeks=1)
    put_calls(database, [("x", True), ("new", True), ("x", True)], since + hour, "+821011110001")
    put_calls(database, [("x", True)], since - week + hour / 2, "+821011110002")  # the same hours
    put_calls(database, [("y", True)], since - week + hour / 2, "+821011110003")  # another version
    put_calls(database, [("x", True)], since - week + 3 * hour, "+821011110004")  # later than any call so far
    put_calls(database, [("x", True)], since - WEEKS * week, "+821011110005")
    put_calls(database, [("x", True)], since - (WEEKS + 1) * week, "+821011110006")  # too long ago
    groups = [one.group for one in outcomes(database, "shop", "new", since)]
    assert groups == ["earlier", "earlier", "active", "shared", "active"]


def test_a_call_that_asks_the_same_twice_or_stops_midway_is_bad(database: Database) -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    put(
        database,
        a_call("CA1", (heard("배송 언제 와요"), heard("아니요", "answer", "no"), heard("배송 조회요")), at=at),
        a_call("CA2", (heard("배송 언제 와요"), heard("환불요", intent="refund")), at=at + timedelta(minutes=1)),
        a_call("CA3", outcome="caller_left", result="", at=at + timedelta(minutes=2)),
    )
    seen = [one.bad for one in outcomes(database, "shop", "new", at)]
    assert [one["asked_again"] for one in seen] == [True, False, False]
    assert [one["left_flow"] for one in seen] == [False, False, True]
