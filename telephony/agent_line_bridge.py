"""From the host that accepted an agent's socket to the one that holds the caller: two lists in Redis between them.

One list each way, and one per process on which agents knock. Lists and not publish and subscribe, because what is sent
before the other side reads must not be lost. A frame takes about a millisecond this way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import structlog

from telephony.agent_line_end import SendText, Texts
from voicebot.store.redis_server import PREFIX

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = structlog.get_logger(__name__)

_KNOCKS_S = 5
"""Seconds of one wait for agents."""
_ALIVE_S = 3.0
_GONE_S = 10
"""Seconds without a sign after which the other side is gone."""
_MOST = 500
"""Messages that wait in a list at most, ten seconds of sound: then nobody reads it."""
_ALIVE, _OVER = "~", ""
_AGAIN_S = 1.0
_CANCELLED_S = 1.0

Joined = Callable[[str, str, str, Texts, SendText], Awaitable[None]]
"""A call, the agent's name as accounts have it and as others see it, and the agent's socket."""


class LineBridge:
    """This process's side."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.address = secrets.token_hex(12)
        """By which other hosts reach the callers of this process."""
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, joined: Joined) -> None:
        """Take agents from other hosts from now on, on the running loop."""
        self._start(self._knocks(joined))

    def close(self) -> None:
        """Take nobody any more; on the loop."""
        for task in tuple(self._tasks):
            task.cancel()

    async def pass_on(self, address: str, call: str, agent: str, shown: str, texts: Texts, send: SendText) -> None:
        """Connect an agent's socket with the process at `address`, until either side is done. Raises OSError."""
        session = secrets.token_hex(12)
        from redis.exceptions import RedisError

        try:
            async with _opened(self._url) as redis:
                hello = {"session": session, "call": call, "agent": agent, "shown": shown}
                await _push(redis, _key(address), json.dumps(hello))
                wire = _Wire(redis, sends=f"{session}:in", reads=f"{session}:out")
                await _until_first(wire.carry(), _pump(texts, wire.send), _pump(wire.texts, send))
                await wire.end()
        except RedisError as error:
            raise OSError(type(error).__name__) from None

    async def _knocks(self, joined: Joined) -> None:
        while True:
            try:
                async with _opened(self._url) as redis:
                    while True:
                        found = await _pop(redis, _key(self.address), _KNOCKS_S)
                        if found is not None:
                            self._start(self._take(joined, json.loads(found)))
            except Exception as error:  # Redis may come back
                _log.warning("agents of other hosts can't reach this host's callers", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_S)

    async def _take(self, joined: Joined, hello: dict[str, str]) -> None:
        try:
            async with _opened(self._url) as redis:
                wire = _Wire(redis, sends=f"{hello['session']}:out", reads=f"{hello['session']}:in")
                line = joined(hello["call"], hello["agent"], hello["shown"], wire.texts, wire.send)
                await _until_first(wire.carry(), line)
                await wire.end()
        except Exception as error:
            _log.warning("an agent of another host was not connected", error=type(error).__name__)

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Redis]:
    from redis.asyncio import Redis

    redis: Redis = Redis.from_url(url, decode_responses=True, socket_connect_timeout=2.0, socket_timeout=_GONE_S + 5)
    try:
        yield redis
    finally:
        await redis.aclose()


class _Wire:
    """Both ways between two hosts. What others await are queues of our own: they may cancel that at any moment, which
    Redis's client does not always take."""

    def __init__(self, redis: Redis, *, sends: str, reads: str) -> None:
        self._redis, self._sends, self._reads = redis, _key(sends), _key(reads)
        self._in: asyncio.Queue[str | None] = asyncio.Queue()
        self._out: asyncio.Queue[str] = asyncio.Queue(_MOST)
        self._over = False

    async def texts(self) -> str | None:
        """The next message; None when the other side is gone."""
        return None if self._over and self._in.empty() else await self._in.get()

    async def send(self, text: str) -> None:
        """Raises OSError where the other side is gone, or Redis is."""
        if self._over or self._out.full():
            raise OSError("the other host does not read")
        self._out.put_nowait(text)

    async def carry(self) -> None:
        """Until the other side is gone."""
        try:
            await _until_first(self._read(), self._write())
        finally:
            self._over = True
            self._in.put_nowait(None)

    async def end(self) -> None:
        """Send what waits, and tell the other side."""
        while not self._out.empty():
            await _push(self._redis, self._sends, self._out.get_nowait())
        await _push(self._redis, self._sends, _OVER)

    async def _read(self) -> None:
        while (found := await _pop(self._redis, self._reads, _GONE_S)) not in (None, _OVER):
            if found != _ALIVE:
                self._in.put_nowait(found)

    async def _write(self) -> None:
        while True:
            text = _ALIVE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ALIVE_S):
                    text = await self._out.get()
            await _push(self._redis, self._sends, text)


async def _until_first(*works: Any) -> None:
    """Until one of them is done; the others are cancelled. Raises what the first one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_CANCELLED_S)
    for task in done:
        task.result()


async def _pump(texts: Texts, send: SendText) -> None:
    while (text := await texts()) is not None:
        if isinstance(text, str):
            await send(text)


async def _push(redis: Redis, key: str, text: str) -> None:
    pipeline = redis.pipeline(transaction=False)
    pipeline.rpush(key, text)
    pipeline.ltrim(key, -_MOST, -1)
    pipeline.expire(key, _GONE_S * 3)
    await pipeline.execute()


async def _pop(redis: Redis, key: str, within_s: int) -> str | None:
    found = await cast(Awaitable[Any], redis.blpop([key], timeout=within_s))
    return None if found is None else str(found[1])


def _key(name: str) -> str:
    return f"{PREFIX}line:{name}"
