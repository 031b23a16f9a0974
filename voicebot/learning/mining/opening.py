"""A miner, opened from the configuration."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.errors import VoicebotError
from voicebot.learning.mining.miner import Miner
from voicebot.loading import content_folder, open_encoder, open_pack
from voicebot.store.history.database import Database
from voicebot.store.mining import Suggestions

_log = structlog.get_logger(__name__)


def open_miner(
    configuration: Configuration, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Miner:
    """With the configured encoder; n-grams alone where there is none. Raises VoicebotError for one not installed."""

    @functools.cache
    def pack(name: str) -> Pack | None:
        try:
            configured = open_pack(configuration)
            return configured if configured.name == name else load_pack(content_folder(configuration), name)
        except VoicebotError as error:
            _log.warning("a pack's content can't be read; its clusters have no nearest intent", reason=str(error))
            return None

    return Miner(database, pack, open_encoder(configuration), configuration.var, now=now)


def forget_old_drafts(configuration: Configuration, database: Database, now: datetime) -> int:
    """Delete drafts that nobody touched for as long as words are kept: callers' sentences are in them. How many."""
    return Suggestions(database).forget_drafts(now - timedelta(days=configuration.transcript_days))
