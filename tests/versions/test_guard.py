"""The guard of a shared version: a bad one is rolled back soon, one that is no worse is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from support.history import a_call, heard, put

from voicebot.analytics.alerts.book import AlertBook
from voicebot.analytics.guard.evidence import ALPHA, STAKES, Outcome, compare
from voicebot.analytics.guard.watch import GUARD, MOST_OF_ONE_CALLER, VersionGuard, outcomes
from voicebot.store.history.database import Database
from voicebot.store.history.records import Begun
from voicebot.store.versions import Version, Versions

Approved = Callable[[str], Version]


def drawn(seed: int, share: float, active: float, shared: float, calls: int) -> list[Outcome]:
    """Calls until so many were on the shared version; rates of calls that went badly."""
    chance, found, number = random.Random(seed), list[Outcome](), 0
    while number < calls:
        is_shared = chance.random() < share
        bad = chance.random() < (shared if is_shared else active)
        number += is_shared
        found.append(Outcome(is_shared, {"not_contained": bad, "handed_over": bad, "failed": False}))
    return found


def test_a_bad_version_is_found_within_200_of_its_calls() -> None:
    after = [compare(drawn(seed, 0.1, 0.1, 0.35, 200)).after for seed in range(20)]
    assert all(after)


def test_a_version_that_is_no_worse_is_seldom_taken_for_one() -> None:
    worse = [compare(drawn(seed, 0.2, 0.1, 0.1, 250)).worse for seed in range(60)]
    better = [compare(drawn(seed, 0.2, 0.2, 0.1, 250)).worse for seed in range(20)]
    assert sum(worse) <= 0.1 * len(worse)
    assert not any(better)


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
    assert sum(one.shared for one in seen) == MOST_OF_ONE_CALLER
    VersionGuard(registry, database, AlertBook(database)).turn()
    assert registry.get(version.id).state == "shared"
    found = registry.guard(version.id)
    assert found is not None
    assert found["shared_calls"] == MOST_OF_ONE_CALLER
