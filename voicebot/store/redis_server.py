"""The Redis server that several hosts share: opened from its URL, without ever telling the password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "voicebot:"
"""How all keys begin, so that a user of the server can be held to them (`ACL SETUSER bot ~voicebot:*`)."""
SCHEMES = ("redis", "rediss", "unix")
_IDLE_S = 15
"""After which a connection is tried before it is used: what stands between may have dropped it."""


class RedisError(VoicebotError):
    """Redis can't be used as configured."""


def open_redis(url: str, *, within_s: float) -> Redis:
    """A client that connects when it is first used. `within_s`: seconds for one answer. Safe to use from any thread.

    Raises RedisError for a URL that can't be used, and where the package is missing.
    """
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise RedisError("Redis needs a package more; install it with: pip install 'voicebot[redis]'.") from None
    try:
        if urlsplit(url).scheme not in SCHEMES:
            raise ValueError
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=within_s,
            socket_connect_timeout=within_s,
            **({} if url.startswith("unix:") else {"socket_keepalive": True}),
            health_check_interval=_IDLE_S,
            # What changes something must not be done twice; whoever asks knows what to do instead.
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError):  # whose words may have the URL in them
        raise RedisError(
            "redis_url can't be used; write redis://:PASSWORD@HOST:6379/0, or rediss://... for TLS."
        ) from None


def shown(url: str) -> str:
    """The URL without its password, for people."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
