"""Which pack a process begins with: that of the active version, else the content as installed."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog

from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.listeners import open_first
from voicebot.loading import Preloaded, first_domains, open_dialogue, open_pack, warm
from voicebot.store.history.database import DatabaseError, open_database
from voicebot.store.versions.bundle import ID_DIGITS, verify
from voicebot.store.versions.registry import FOLDER, Versions
from voicebot.store.versions.version import Serving

_log = structlog.get_logger(__name__)


def version_pack(folder: Path, version: str) -> Pack:
    """The pack of an unpacked version; calls on it are known by the version's id. Raises VoicebotError."""
    pack = verify(folder).pack
    return replace(load_pack(folder / "content", pack), version=version)


def version_of(pack: Pack) -> str | None:
    """The id of the version that a pack was read from; None: it is content as installed."""
    return pack.version if len(pack.version) == ID_DIGITS else None


def pack_name(configuration: Configuration) -> str:
    """The configured pack's name, also where a folder is configured."""
    return Path(configuration.pack).name


class LastServing:
    """What served a pack last, in a file: for a start while the database is away."""

    def __init__(self, var: Path, pack: str) -> None:
        self._path = var / FOLDER / f"{pack}.json"

    def keep(self, serving: Serving) -> None:
        """Remember it. A disk that is full is no reason to stop."""
        beside = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_text(json.dumps({"active": serving.active, "before": serving.before}))
            beside.replace(self._path)

    def read(self) -> Serving:
        """What was kept last; the content as installed where nothing was, or it can't be read."""
        try:
            kept = json.loads(self._path.read_text())
            return Serving(kept["active"], before=kept["before"])
        except (OSError, ValueError, KeyError, TypeError):
            return Serving()


def first_pack(configuration: Configuration) -> Pack:
    """What to begin with: the active version; where it can't be loaded its predecessor, else the content as installed.

    Leaves no connection open. Raises ContentError and ConfigurationError for installed content that can't be used.
    """
    name, last = pack_name(configuration), LastServing(configuration.var, pack_name(configuration))
    database = None
    try:
        database = open_database(configuration.database_url.get_secret_value(), configuration.var)
        versions = Versions(database, configuration.var)
        try:
            serving = versions.serving(name)
            last.keep(serving)
        except DatabaseError:  # it may be away, or not made yet
            serving = last.read()
        for version in (serving.active, serving.before):
            if version is None:
                break
            if (pack := _loaded(versions, configuration, version)) is not None:
                return pack
    except DatabaseError:  # told by the history
        pass
    finally:
        if database is not None:
            database.close()
    return open_pack(configuration)


def _loaded(versions: Versions, configuration: Configuration, version: str) -> Pack | None:
    try:
        try:
            folder = versions.folder(version)
        except DatabaseError:
            folder = configuration.var / FOLDER / version
            if verify(folder).id != version:
                return None
        return version_pack(folder, version)
    except Exception as error:  # whatever is wrong with it, calls are taken on another one
        reason = str(error) if isinstance(error, VoicebotError) else f"{type(error).__name__} in {place(error)}"
        _log.error("a version can't be loaded", version=version, reason=reason)
        return None


def preload(configuration: Configuration) -> Preloaded:
    """Load what processes can share that are forked afterwards. Leaves no thread.

    Raises ContentError and ConfigurationError.
    """
    pack = first_pack(configuration)
    with ThreadPoolExecutor(1, "loading") as loading:
        listening = loading.submit(open_first, pack, configuration)
        dialogue = open_dialogue(pack, configuration.var)
        warm(pack, dialogue)
    try:
        first = listening.result()
    except VoicebotError:
        first = None
    if first is not None and configuration.language in first.languages:
        for domain in first_domains(pack, configuration):
            first.prepare(domain)
    return Preloaded(pack, dialogue, first)
