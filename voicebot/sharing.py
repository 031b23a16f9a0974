"""What several hosts share, opened from the configuration: live state, the bus, and what callers left."""

from __future__ import annotations

import socket

import structlog

from voicebot.config import Configuration, ConfigurationError
from voicebot.store import callbacks, voicemails
from voicebot.store.bus import Bus
from voicebot.store.callbacks import Callbacks, Persistence
from voicebot.store.carried import CarriedCallbacks, CarriedVoicemails
from voicebot.store.history.database import Database, open_database
from voicebot.store.key_file import key_from
from voicebot.store.live import LiveStore
from voicebot.store.live_steady import SteadyStore
from voicebot.store.profiles import CallerProfiles, Profiles
from voicebot.store.profiles_shared import SharedProfiles
from voicebot.store.voicemails import Voicemails

_log = structlog.get_logger(__name__)

_LIVE_WITHIN_S = 0.5
"""For which a call waits for Redis at most, once a second while Redis is away."""


def machine(configuration: Configuration) -> str:
    """This host's name among those that share calls; empty where it is alone."""
    if not configuration.redis_url.get_secret_value():
        return ""
    return configuration.machine or socket.gethostname()


def check_sharing(configuration: Configuration) -> None:
    """Raises ConfigurationError where hosts that share calls would not understand each other."""
    shares = bool(configuration.redis_url.get_secret_value())
    needed = {
        "database_url": configuration.database_url.get_secret_value() or not shares,
        "console_key": configuration.console_key.get_secret_value(),
        "profile_key": configuration.profile_key.get_secret_value() or not configuration.remember_callers,
    }
    missing = [name for name, value in needed.items() if not value]
    if not missing:
        return
    if shares:
        raise ConfigurationError(
            f"hosts that share redis_url need {' and '.join(missing)} as well, the same on all of them; "
            "for a key write what `openssl rand -hex 32` prints."
        )
    if configuration.database_url.get_secret_value():
        _log.warning("keys are made by this host alone: others on the same database need the same", settings=missing)


def open_live(configuration: Configuration, beside: LiveStore | None = None) -> SteadyStore | None:
    """Live state that all hosts share; None where this one is alone. `beside`: what this host's workers share while
    Redis is away, by default this process's memory. Raises RedisError."""
    url = configuration.redis_url.get_secret_value()
    if not url:
        return None
    from voicebot.store.live_redis import RedisStore

    return SteadyStore(RedisStore(url), within_s=_LIVE_WITHIN_S, beside=beside, remembers=False)


def open_bus(configuration: Configuration) -> Bus | None:
    """The bus of all hosts; None where this one is alone. Not before a fork. Raises RedisError."""
    url = configuration.redis_url.get_secret_value()
    if not url:
        return None
    from voicebot.store.bus_redis import RedisBus

    return RedisBus(url)


def open_callbacks(configuration: Configuration, database: Database | None = None) -> Callbacks:
    """The call-backs that callers asked for: in the database where one is configured, else in a file under `var`.

    `database`: the configured one, where it is open already; its migrations run elsewhere. Raises PrivateDatabaseError
    and DatabaseError.
    """
    persistence = Persistence(configuration.callback_attempts)
    if shared := _shared(configuration, database):
        return CarriedCallbacks(shared.engine, configuration.var / "callbacks-aside.db", persistence)
    return callbacks.open_callbacks(configuration.var / "callbacks.db", persistence)


def open_voicemails(configuration: Configuration, database: Database | None = None) -> Voicemails:
    """What callers left; see `open_callbacks`."""
    if shared := _shared(configuration, database):
        return CarriedVoicemails(shared.engine, configuration.var / "voicemails-aside.db")
    return voicemails.open_voicemails(configuration.var / "voicemails.db")


def open_profiles(configuration: Configuration, database: Database | None = None) -> CallerProfiles:
    """What is remembered of callers; see `open_callbacks`. Raises ProfilesError and KeyFileError."""
    key, days = configuration.profile_key.get_secret_value(), configuration.remember_days
    shared = _shared(configuration, database)
    if shared is None:
        return Profiles(configuration.var, key, keep_days=days)
    return SharedProfiles(shared, key or key_from(configuration.var / "profiles.key").decode("latin-1"), keep_days=days)


def _shared(configuration: Configuration, database: Database | None) -> Database | None:
    url = configuration.database_url.get_secret_value()
    return (database or open_database(url, configuration.var)) if url else None
