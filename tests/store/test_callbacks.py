"""Call-backs: put down once, claimed by one worker, tried with growing pauses, given up in the end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from voicebot.store.callbacks import LEASE, Callbacks, Persistence, Result, open_callbacks

NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)
NUMBER = "+821012345678"


def in_memory(attempts: int = 3) -> Callbacks:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    return Callbacks(engine, Persistence(attempts))


def test_a_callback_is_claimed_once_with_its_attempt_counted() -> None:
    callbacks = in_memory()
    known = callbacks.add(NUMBER, "asked", "배송 문의", NOON, language="ko")
    claimed = callbacks.claim(NOON, most=2)
    assert claimed is not None
    assert (claimed.id, claimed.attempts, claimed.state) == (known, 1, "dialling")
    assert callbacks.claim(NOON, most=2) is None


def test_pauses_grow_until_it_is_given_up() -> None:
    callbacks = in_memory()
    known = callbacks.add(NUMBER, "asked", "", NOON)
    now = NOON
    for attempt, gap in ((1, timedelta(minutes=15)), (2, timedelta(hours=1))):
        assert callbacks.claim(now, most=1) is not None
        assert callbacks.settle(known, attempt, "no-answer", now)
        assert callbacks.claim(now + gap - timedelta(seconds=1), most=1) is None
        now += gap
    assert callbacks.claim(now, most=1) is not None
    callbacks.settle(known, 3, "busy", now)
    (one,) = callbacks.all()
    assert (one.state, one.result, one.attempts) == ("given_up", "busy", 3)
    assert callbacks.claim(now + timedelta(days=30), most=1) is None


def test_a_person_who_answered_counts_whenever_it_is_heard_of() -> None:
    callbacks = in_memory(attempts=1)
    known = callbacks.add(NUMBER, "asked", "", NOON)
    callbacks.claim(NOON, most=1)
    assert callbacks.settle(known, 1, "failed", NOON), "the status that the call is over came first"
    assert callbacks.settle(known, 1, "human", NOON)
    assert not callbacks.settle(known, 1, "failed", NOON)
    assert callbacks.all()[0].state == "reached"


def test_what_is_heard_of_an_older_attempt_changes_nothing() -> None:
    callbacks = in_memory()
    known = callbacks.add(NUMBER, "asked", "", NOON)
    callbacks.claim(NOON, most=1)
    callbacks.settle(known, 1, "busy", NOON)
    later = NOON + timedelta(hours=1)
    callbacks.claim(later, most=1)
    assert not callbacks.settle(known, 1, "no-answer", later)
    assert callbacks.all()[0].state == "dialling"


def test_a_worker_that_dies_costs_an_attempt_and_never_a_second_call_at_once(tmp_path: Path) -> None:
    path = tmp_path / "callbacks.db"
    open_callbacks(path).add(NUMBER, "asked", "", NOON)
    assert open_callbacks(path).claim(NOON, most=1) is not None
    another = open_callbacks(path)
    assert another.claim(NOON + LEASE, most=1) is None, "it may be ringing"
    lost = NOON + LEASE + timedelta(seconds=1)
    assert another.claim(lost, most=1) is None, "it waits for its pause"
    again = another.claim(lost + timedelta(minutes=15), most=1)
    assert again is not None
    assert again.attempts == 2


def test_so_many_are_dialled_at_once_and_no_more() -> None:
    callbacks = in_memory()
    for n in range(4):
        callbacks.add(f"+82101234567{n}", "asked", "", NOON + timedelta(seconds=n))
    now = NOON + timedelta(minutes=1)
    first, second = callbacks.claim(now, most=2), callbacks.claim(now, most=2)
    assert first is not None
    assert second is not None
    assert first.number < second.number, "the oldest first"
    assert callbacks.claim(now, most=2) is None
    callbacks.settle(first.id, 1, "human", now)
    assert callbacks.claim(now, most=2) is not None


def test_who_waits_already_is_put_down_once_and_with_the_newer_wish() -> None:
    callbacks = in_memory()
    first = callbacks.add(NUMBER, "asked", "배송 문의", NOON)
    assert callbacks.add(NUMBER, "asked", "반품 신청", NOON + timedelta(minutes=5)) == first
    (one,) = callbacks.all()
    assert one.summary == "반품 신청"


def test_who_withheld_the_number_is_kept_and_never_dialled() -> None:
    callbacks = in_memory()
    callbacks.add("", "asked", "", NOON)
    callbacks.add("", "asked", "", NOON)
    assert len(callbacks.all("waiting")) == 2
    assert callbacks.claim(NOON, most=5) is None


def test_a_cancelled_callback_is_not_dialled() -> None:
    callbacks = in_memory()
    known = callbacks.add(NUMBER, "asked", "", NOON)
    assert callbacks.cancel(known)
    assert not callbacks.cancel(known)
    assert not callbacks.cancel("nothing")
    assert callbacks.claim(NOON, most=1) is None


def test_several_workers_never_claim_the_same(tmp_path: Path) -> None:
    path = tmp_path / "callbacks.db"
    callbacks = open_callbacks(path)
    for n in range(12):
        callbacks.add(f"+8210123456{n:02d}", "asked", "", NOON)
    taken: list[str] = []

    def work() -> None:
        own = open_callbacks(path)
        while (one := own.claim(NOON, most=100)) is not None:
            taken.append(one.id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) <= 12
    while (one := callbacks.claim(NOON, most=100)) is not None:
        taken.append(one.id)
    assert len(set(taken)) == len(taken) == 12


def test_the_list_is_for_its_owner_only(tmp_path: Path) -> None:
    open_callbacks(tmp_path / "callbacks.db")
    assert (tmp_path / "callbacks.db").stat().st_mode & 0o077 == 0


def test_what_is_over_is_deleted_by_age_and_what_waits_is_not() -> None:
    callbacks = in_memory()
    over = callbacks.add(NUMBER, "asked", "", NOON)
    callbacks.cancel(over)
    callbacks.add("+821087654321", "asked", "", NOON)
    assert callbacks.expire(NOON) == 0
    assert callbacks.expire(NOON + timedelta(days=30)) == 1
    assert [one.state for one in callbacks.all()] == ["waiting"]


class Attempts(RuleBasedStateMachine):
    """Whatever comes in whatever order: no more attempts than allowed, and an end is an end."""

    def __init__(self) -> None:
        super().__init__()
        self.callbacks = in_memory()
        self.known = self.callbacks.add(NUMBER, "asked", "", NOON)
        self.now = NOON
        self.reached = False

    @rule(minutes=st.integers(0, 600))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def claim(self) -> None:
        self.callbacks.claim(self.now, most=1)

    @rule(attempt=st.integers(0, 4), result=st.sampled_from(["human", "machine", "busy", "no-answer", "fax", "failed"]))
    def settle(self, attempt: int, result: Result) -> None:
        self.callbacks.settle(self.known, attempt, result, self.now)

    @invariant()
    def no_more_attempts_than_allowed(self) -> None:
        (one,) = self.callbacks.all()
        assert one.attempts <= 3
        self.reached = self.reached or one.state == "reached"
        assert one.state == "reached" or not self.reached


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
