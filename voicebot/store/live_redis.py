"""Live state in Redis, for several hosts.

A value is a string of its own, which Redis itself forgets a minute after its time at the latest; the keys of a kind and
their ends stand in a sorted set, which is what is counted. Every method but `change` is one script, so one round trip.
Times are the server's, so hosts whose clocks differ agree on what is over.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from voicebot.store.live import Change, LiveStoreError
from voicebot.store.redis_server import PREFIX, open_redis

if TYPE_CHECKING:
    from redis import Redis

_NOW = """
local now = tonumber(ARGV[1])
if not now then
    local moment = redis.call('TIME')
    now = moment[1] + moment[2] / 1000000
end
local function text(seconds) return string.format('%.6f', seconds) end
"""
_OLD = """
local ends = redis.call('ZSCORE', KEYS[1], ARGV[2])
local old = ends and tonumber(ends) > now and redis.call('GET', KEYS[2])
"""
_GET = _NOW + _OLD + "return old"
_COUNT = (
    _NOW
    + """
if ARGV[2] == '' then return redis.call('ZCOUNT', KEYS[1], '(' .. text(now), '+inf') end
local number = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. text(now), '+inf', 'BYSCORE')) do
    if redis.call('GET', KEYS[1] .. ':' .. key) == string.sub(ARGV[2], 2) then number = number + 1 end
end
return number
"""
)
_WRITE = (
    _NOW
    + _OLD
    + """
local how, value, keep, bound = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
if how == 'add' then
    if old then return 0 end
    if bound ~= '' and redis.call('ZCOUNT', KEYS[1], '(' .. text(now), '+inf') >= tonumber(bound) then return 0 end
elseif how == 'change' or how == 'drop' then
    if (old and '=' .. old or '') ~= bound then return 0 end
end
if how == 'drop' or keep <= 0 then
    redis.call('DEL', KEYS[2])
    redis.call('ZREM', KEYS[1], ARGV[2])
else
    redis.call('SET', KEYS[2], value, 'PX', math.ceil((keep + 60) * 1000))
    redis.call('ZADD', KEYS[1], text(now + keep), ARGV[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
return 1
"""
)
_FEW = 3
"""Attempts at a change until the next one waits a little: many change the same value."""


class RedisStore:
    """Implements `LiveStore`. Connects when first used."""

    def __init__(self, url: str, *, within_s: float = 0.4, clock: Callable[[], float] | None = None) -> None:
        """`within_s`: seconds for one answer. `clock`: by default the server's own. Raises RedisError."""
        self._redis: Redis = open_redis(url, within_s=within_s)
        self._within_s = within_s
        self._clock = clock
        self._get, self._count, self._write = map(self._redis.register_script, (_GET, _COUNT, _WRITE))

    def get(self, kind: str, key: str) -> str | None:
        value: str | None = self._run(self._get, kind, key, key)
        return value

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        self._run(self._write, kind, key, key, "put", value, keep_s, "")

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        return bool(self._run(self._write, kind, key, key, "add", value, keep_s, "" if most is None else most))

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        until = time.monotonic() + self._within_s * 5
        attempt = 0
        while True:
            old = self.get(kind, key)
            new = change(old)
            how = "change" if new is not None else "drop"
            bound = "" if old is None else f"={old}"
            if self._run(self._write, kind, key, key, how, new or "", keep_s, bound):
                return new
            attempt += 1
            if time.monotonic() > until:
                raise LiveStoreError("too many change the same at once")
            if attempt > _FEW:
                time.sleep(random.uniform(0.0, 0.005))

    def remove(self, kind: str, key: str) -> None:
        self._run(self._write, kind, key, key, "remove", "", 0, "")

    def count(self, kind: str, value: str | None = None) -> int:
        return int(self._run(self._count, kind, "", "" if value is None else f"={value}"))

    def close(self) -> None:
        self._redis.close()

    def _run(self, script: Any, kind: str, key: str, *arguments: str | float) -> Any:
        from redis.exceptions import RedisError

        names = [f"{PREFIX}live:{kind}", f"{PREFIX}live:{kind}:{key}"]
        now = "" if self._clock is None else f"{self._clock():.6f}"
        try:
            return script(keys=names, args=[now, *arguments])
        except (RedisError, OSError) as error:
            raise LiveStoreError(f"Redis: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Its first line. Redis's words name hosts and commands, and never a password or a value."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
