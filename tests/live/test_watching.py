"""Live calls are seen by whoever looks, in this process and in others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicebot.live import topics
from voicebot.live.announcing import Announcer
from voicebot.live.watching import Watching
from voicebot.store.bus import Bus, LocalBus
from voicebot.store.bus_file import FileBus
from voicebot.store.journal import Entry, Journal

Pair = tuple[Bus, Bus]


@pytest.fixture(params=["one process", "two processes"])
def buses(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Where calls are held, and where somebody looks."""
    if request.param == "one process":
        bus = LocalBus()
        yield bus, bus
        return
    with closing(FileBus(tmp_path / "bus.db")) as here, closing(FileBus(tmp_path / "bus.db")) as there:
        yield here, there


def sees(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true within the time that messages take at most."""
    until = time.monotonic() + 5
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def announcer(bus: Bus) -> Announcer:
    return Announcer(bus, lambda: datetime(2026, 3, 2, tzinfo=UTC))


def test_a_call_is_seen_from_its_beginning_to_its_end(buses: Pair) -> None:
    here, there = buses
    told = announcer(here)
    watching = Watching(there)
    journal = Journal("CA1", (told,))
    told.begin(journal, pack="shop", language="ko", channel="twilio")
    journal.add(Entry("bot", 0, "안녕하세요."))
    assert sees(lambda: any(call.entries for call in watching.calls()))
    call = watching.call("CA1")
    assert call is not None
    assert (call.pack, call.channel, call.began) == ("shop", "twilio", "2026-03-02T00:00:00+00:00")
    assert call.entries == [{"who": "bot", "at_ms": 0, "text": "안녕하세요."}]
    journal.end(9000, {"kind": "hang_up"})
    assert sees(lambda: not watching.calls())


def test_who_comes_later_sees_the_running_calls_whole(buses: Pair) -> None:
    here, there = buses
    told = announcer(here)
    journal = Journal("CA1", (told,))
    told.begin(journal, pack="shop", language="ko", channel="browser")
    journal.add(Entry("caller", 100, "배송 언제 와요"))
    watching = Watching(there)
    assert sees(lambda: bool(watching.calls()) and bool(watching.calls()[0].entries))


def test_watchers_are_told_in_order_until_they_stop(buses: Pair) -> None:
    here, there = buses
    told = announcer(here)
    watching = Watching(there)
    seen: list[str] = []
    stop = watching.watch(lambda topic, _message: seen.append(topic))
    journal = Journal("CA1", (told,))
    told.begin(journal, pack="shop", language="ko", channel="mic")
    journal.add(Entry("bot", 0, "네"))
    journal.end(1, {"kind": "hang_up"})
    assert sees(lambda: len(seen) == 4)
    assert seen == [topics.BEGAN, topics.ENTRY, topics.ENTRY, topics.ENDED]
    stop()
    told.begin(Journal("CA2"), pack="shop", language="ko", channel="mic")
    assert sees(lambda: bool(watching.calls()))
    assert len(seen) == 4


def test_a_file_that_cant_be_written_costs_others_the_view_only(tmp_path: Path) -> None:
    (tmp_path / "bus.db").mkdir()
    with closing(FileBus(tmp_path / "bus.db")) as bus:
        watching = Watching(bus)
        told = announcer(bus)
        told.begin(Journal("CA1", (told,)), pack="shop", language="ko", channel="mic")
        assert [call.call for call in watching.calls()] == ["CA1"]
