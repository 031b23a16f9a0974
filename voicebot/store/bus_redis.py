"""A bus for several hosts: a stream in Redis, which all add to and read from.

A stream, and not Redis's publish and subscribe, because it keeps what was said while a connection was lost: who comes
back reads on from the last message that was read.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog

from voicebot.store.bus import Listener, LocalBus, Message, Stop
from voicebot.store.redis_server import PREFIX, open_redis

if TYPE_CHECKING:
    from redis import Redis

_log = structlog.get_logger(__name__)

_STREAM = f"{PREFIX}bus"
_MOST = 20_000
"""Messages that are kept for those who lost their connection: some 10 MB, and at 400 calls about a minute."""
_WAITING = 4096
"""Messages that wait to be sent at most: the bus never makes a call wait."""
_AT_ONCE = 256
_BLOCK_MS = 250
"""For which one question waits for messages, and so the longest time that `close` takes."""
_WITHIN_S = 2.0
_AGAIN_S = 1.0
"""Between two attempts while Redis is away."""


class RedisBus:
    """Implements `Bus`. Messages within the process arrive at once, others' within some milliseconds."""

    def __init__(self, url: str) -> None:
        """Raises RedisError for a URL that can't be used; a server that is away is waited for."""
        self._redis: Redis = open_redis(url, within_s=_WITHIN_S)
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._local = LocalBus()
        self._waiting: deque[tuple[str, Message]] = deque()
        self._some = threading.Condition()
        self._closed = threading.Event()
        self._failing = False
        self._full = False
        self._last: str | None = None
        """The newest message that was read, or that was there before this process listened."""
        try:
            self._begin()
        except Exception as error:  # from now on nothing is missed; where it fails, the thread tries again and tells
            self._fail(error)
        self._threads = [threading.Thread(target=one, name="bus", daemon=True) for one in (self._send, self._listen)]
        for thread in self._threads:
            thread.start()

    def publish(self, topic: str, message: Message) -> None:
        self._local.publish(topic, message)
        with self._some:
            if len(self._waiting) < _WAITING:
                self._waiting.append((topic, message))
                self._some.notify()
            elif not self._full:
                self._full = True
                _log.warning("messages about calls are lost: too many wait to be sent")

    def subscribe(self, topic: str, listener: Listener) -> Stop:
        return self._local.subscribe(topic, listener)

    def close(self) -> None:
        """Send what still waits, and stop."""
        self._closed.set()
        with self._some:
            self._some.notify()
        for thread in self._threads:
            thread.join(_WITHIN_S * 2)
        self._redis.close()

    def _send(self) -> None:
        while True:
            with self._some:
                while not self._waiting and not self._closed.is_set():
                    self._some.wait()
                batch = [self._waiting[n] for n in range(min(len(self._waiting), _AT_ONCE))]
            if not batch:
                return
            try:
                # All of it or nothing: what is sent twice would be told twice.
                pipeline = self._redis.pipeline(transaction=True)
                for topic, message in batch:
                    fields: dict[Any, Any] = {"from": self._name, "topic": topic, "body": json.dumps(message)}
                    pipeline.xadd(_STREAM, fields, maxlen=_MOST, approximate=True)
                pipeline.execute()
            except Exception as error:
                self._fail(error)
                if self._closed.wait(_AGAIN_S):
                    return
            else:
                with self._some:
                    for _ in batch:
                        self._waiting.popleft()
                    self._full = False

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                if self._last is None or self._failing:
                    self._begin()
                found: Any = self._redis.xread({_STREAM: self._last or "0-0"}, count=_AT_ONCE, block=_BLOCK_MS)
            except Exception as error:
                self._fail(error)
                self._closed.wait(_AGAIN_S)
                continue
            for _, messages in found or ():
                for number, fields in messages:
                    self._last = number
                    self._take(fields)

    def _begin(self) -> None:
        """At the newest message; after a loss where reading ended, unless all of it is gone and began anew."""
        newest: Any = self._redis.xrevrange(_STREAM, count=1)
        if self._last is None:
            self._last = newest[0][0] if newest else "0-0"
        elif newest and _order(newest[0][0]) < _order(self._last):
            self._last = "0-0"
        if self._failing:
            _log.info("calls of other hosts are watched again")
        self._failing = False

    def _take(self, fields: dict[str, str]) -> None:
        if fields.get("from") == self._name:
            return
        try:
            self._local.publish(fields["topic"], json.loads(fields["body"]))
        except Exception as error:  # one message must not end the bus
            _log.error("a message of another host can't be used", error=type(error).__name__)

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            _log.warning("watching calls of other hosts fails", reason=f"Redis: {reason}")
        self._failing = True


def _order(number: str) -> tuple[int, int]:
    milliseconds, _, count = number.partition("-")
    return int(milliseconds), int(count or 0)
