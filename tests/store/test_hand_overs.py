"""What agents are told is found by every worker, whoever put it there."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.store.hand_overs import HandOverContext, HandOvers, LocalHandOvers, SharedHandOvers
from voicebot.store.live import MemoryStore


def context(call_id: str = "CA1", **fields: object) -> HandOverContext:
    return HandOverContext(call_id, "2026-11-23T03:00:00+00:00", "asked", "support", "ko", **fields)  # type: ignore[arg-type]


def at_once(work: Callable[[], None]) -> None:
    work()


def test_another_worker_finds_it_and_adds_what_was_tried() -> None:
    live = MemoryStore()
    one, other = SharedHandOvers(live, at_once), SharedHandOvers(live, at_once)
    one.put(context(summaries={"ko": "배송 문의"}))
    other.note("CA1", "rang 1: busy")
    other.note("CA1", "rang 1: busy")
    found = one.find("CA1")
    assert found is not None
    assert found.summary("ko") == "배송 문의"
    assert found.tried == ("rang 1: busy",)


def test_the_worker_that_put_it_finds_it_before_it_is_written() -> None:
    later: list[Callable[[], None]] = []
    own = SharedHandOvers(MemoryStore(), later.append)
    own.put(context())
    assert own.find("CA1") is not None
    own.note("CA1", "rang 1: busy")
    found = own.find("CA1")
    assert found is not None
    assert found.tried == ("rang 1: busy",)


def test_notes_of_unknown_calls_are_passed_over() -> None:
    hand_overs: tuple[HandOvers, ...] = (LocalHandOvers(), SharedHandOvers(MemoryStore(), at_once))
    for one in hand_overs:
        one.note("CA2", "rang 1: busy")
        assert one.find("CA2") is None


def test_only_the_newest_are_kept_in_memory() -> None:
    local = LocalHandOvers(most=2)
    for n in range(3):
        local.put(context(f"CA{n}"))
    assert [local.find(f"CA{n}") is not None for n in range(3)] == [False, True, True]
