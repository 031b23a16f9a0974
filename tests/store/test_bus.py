"""Messages reach all who listen: in one process, in several of one machine, and on several hosts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.redis_server import PASSWORD, RedisServer

from voicebot.store.bus import Bus, Message
from voicebot.store.bus_file import FileBus
from voicebot.store.bus_redis import RedisBus

Open = Callable[[], Bus]
_WITHIN_S = 20.0


@pytest.fixture(params=["file", "redis"])
def open_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens another member of the same bus."""
    url = request.getfixturevalue("redis_server").url if request.param == "redis" else ""
    with ExitStack() as opened:

        def another() -> Bus:
            bus: Bus = RedisBus(url) if url else FileBus(tmp_path / "bus.db")
            return opened.enter_context(closing(bus))

        yield another


class Heard:
    """What was heard so far."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self.messages: list[Message] = []
        self._some = threading.Condition()
        self.stop = bus.subscribe(topic, self._hear)

    def _hear(self, message: Message) -> None:
        with self._some:
            self.messages.append(message)
            self._some.notify_all()

    def wait_for(self, number: int) -> list[Message]:
        """The messages, once there are so many."""
        with self._some:
            assert self._some.wait_for(lambda: len(self.messages) >= number, _WITHIN_S), self.messages
            return list(self.messages)


def test_all_members_hear_in_order_and_once(open_bus: Open) -> None:
    here, there = open_bus(), open_bus()
    heard_here, heard_there, other = Heard(here, "a"), Heard(there, "a"), Heard(there, "b")
    for n in range(50):
        here.publish("a", {"n": n, "text": "안녕하세요"})
    there.publish("b", {})
    there.publish("a", {"n": 50})
    other.wait_for(1)
    assert sorted(message["n"] for message in heard_there.wait_for(51)) == list(range(51))
    assert sorted(message["n"] for message in heard_here.wait_for(51)) == list(range(51))
    firsts = [message["n"] for message in heard_there.messages if message["n"] < 50]
    assert firsts == list(range(50)), "each publisher's in its order"


def test_who_comes_later_hears_nothing_of_before(open_bus: Open) -> None:
    here, watching = open_bus(), open_bus()
    heard = Heard(watching, "a")
    here.publish("a", {"n": 1})
    heard.wait_for(1)
    late = Heard(open_bus(), "a")
    here.publish("a", {"n": 2})
    assert late.wait_for(1) == [{"n": 2}]
    late.stop()


def test_what_was_published_last_is_heard_though_the_publisher_closes(open_bus: Open) -> None:
    here, there = open_bus(), open_bus()
    heard = Heard(there, "a")
    here.publish("a", {"n": 1})
    here.close()
    assert heard.wait_for(1) == [{"n": 1}]


def test_a_redis_that_is_away_for_a_while_costs_no_message(redis_server: RedisServer) -> None:
    with closing(RedisBus(redis_server.url)) as here, closing(RedisBus(redis_server.url)) as there:
        heard = Heard(there, "a")
        here.publish("a", {"n": 1})
        heard.wait_for(1)
        with capture_logs() as logs:
            redis_server.stop()
            try:
                here.publish("a", {"n": 2})
                until = time.monotonic() + _WITHIN_S
                while len(logs) < 2 and time.monotonic() < until:
                    time.sleep(0.01)
            finally:
                redis_server.start()
            heard.wait_for(2)
        here.publish("a", {"n": 3})
        assert heard.wait_for(3) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert PASSWORD not in str(logs)
    warnings = [line for line in logs if line["log_level"] == "warning"]
    assert len(warnings) == 2, "one line of each member"


def test_a_connection_that_hangs_costs_no_message(redis_server: RedisServer) -> None:
    with closing(RedisBus(redis_server.url)) as here, closing(RedisBus(redis_server.url)) as there:
        heard = Heard(there, "a")
        redis_server.freeze()
        here.publish("a", {"n": 1})
        redis_server.thaw()
        assert heard.wait_for(1) == [{"n": 1}]
