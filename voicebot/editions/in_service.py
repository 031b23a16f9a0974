"""Which editions serve callers: looked up every few seconds, opened in the background, chosen for each new call.

A call keeps the edition with which it began; so a switch drops no call. What can't be opened changes nothing: calls go
on getting what they got.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from voicebot.channel import Caller
from voicebot.editions.choosing import is_in_share
from voicebot.editions.edition import Edition, Opening
from voicebot.editions.packs import LastServing
from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.stoppable_encoder import EncodingStoppedError
from voicebot.store.history.database import DatabaseError
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.version import Serving

_log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
"""So long a change that another host made may take to be noticed."""
TRY_AGAIN_S = 60.0
"""Until a version that could not be opened is tried again: its files may be restored, or the disk emptied."""
TOPIC = "versions"
"""On the bus: tells the pack whose versions changed."""


@dataclass(frozen=True)
class _Now:
    """What is in service; replaced as a whole, so that a reader sees one moment's."""

    serving: Serving
    editions: Mapping[str | None, Edition]
    """Everything that is open, by version."""
    active: Edition

    @property
    def shared(self) -> Edition | None:
        return self.editions.get(self.serving.shared[0]) if self.serving.shared else None


class InService:
    """`for_call`, `of` and `active` never wait; callable from any thread."""

    def __init__(
        self,
        first: Edition,
        opening: Opening,
        versions: Versions,
        last: LastServing,
        *,
        prepare: Callable[[Edition], None] = lambda _edition: None,
        changed: Callable[[Edition], None] = lambda _edition: None,
        failed: Callable[[str], None] = lambda _version: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`first`: what serves until it is known better. `prepare`: what takes time is done with an edition before it
        gets calls. `changed` is told the edition that became active, `failed` the version that can't be opened."""
        self._opening, self._versions, self._last = opening, versions, last
        self._prepare, self._changed, self._failed, self._clock = prepare, changed, failed, clock
        self._now = _Now(Serving(first.version), {first.version: first}, first)
        self._lock = threading.Lock()
        self._again: dict[str | None, float] = {}
        """When to try again what could not be opened."""
        self._woken = threading.Event()
        self._trouble = ""

    @property
    def active(self) -> Edition:
        """What callers get who are not of a share."""
        return self._now.active

    @property
    def shadow(self) -> Edition | None:
        """What understands beside it, unheard."""
        return self._now.editions.get(self._now.serving.shadow) if self._now.serving.shadow else None

    def for_call(self, caller: Caller) -> Edition:
        """What a call that begins now gets: a caller always the same while the share lasts."""
        now = self._now
        shared = now.shared
        if shared is not None and now.serving.shared is not None:
            who = f"number {caller.number}" if caller.number else f"call {caller.call_id}"
            if is_in_share(now.serving.key, who, now.serving.shared[1]):
                return shared
        return now.active

    def of(self, version: str) -> Edition | None:
        """The edition on which a call began, by its dialogue's version; None where it is not open here."""
        for edition in self._now.editions.values():
            if edition.pack.version == version:
                return edition
        return None

    # In the background

    def look(self, encoder: Encoder | None = None) -> None:
        """See what is to serve, and open what is not open. `encoder`: what new editions learn with. Raises
        DatabaseError."""
        serving = self._versions.serving(self._now.active.pack.name)
        if serving != self._now.serving:
            self._last.keep(serving)
        self._switch(serving)
        for version in _wanted(serving):
            if version in self._now.editions or self._again.get(version, 0.0) > self._clock():
                continue
            edition = self._open(version, encoder)
            if edition is not None:
                with self._lock:
                    self._now = _Now(self._now.serving, {**self._now.editions, version: edition}, self._now.active)
                self._switch(serving)
        self._forget(serving)

    def learn(self, encoder: Encoder) -> None:
        """Train what is active now on embeddings, while calls are taken already; new calls understand better then."""
        edition = self.active
        try:
            learnt = self._opening.learnt(edition, encoder)
        except EncodingStoppedError:
            return
        with self._lock:
            now = self._now
            if now.editions.get(edition.version) is not edition:
                return
            editions = {**now.editions, edition.version: learnt}
            self._now = _Now(now.serving, editions, learnt if now.active is edition else now.active)
        _log.info("trained on embeddings", pack=edition.pack.name, version=edition.pack.version)

    def keep_looking(self, encoder: Encoder | None, closed: threading.Event) -> None:
        """Until it is closed. A database that is away changes nothing."""
        while not closed.is_set():
            try:
                self.look(encoder)
                self._trouble = ""
            except DatabaseError as error:
                if self._trouble != str(error):
                    self._trouble = str(error)
                    _log.warning("versions can't be looked up; calls go on getting what they got", reason=str(error))
            except EncodingStoppedError:
                return
            self._woken.wait(LOOK_EVERY_S)
            self._woken.clear()

    def wake(self) -> None:
        """Look now: something changed, or it is the end. Returns at once."""
        self._woken.set()

    def _switch(self, serving: Serving) -> None:
        """New calls get from now on what is to serve, as far as it is open."""
        with self._lock:
            before = self._now.active
            active = self._now.editions.get(serving.active, before)
            self._now = _Now(serving, self._now.editions, active)
        if active is not before and active.version != before.version:
            _log.info("another version is active", version=active.pack.version, before=before.pack.version)
            self._changed(active)

    def _open(self, version: str | None, encoder: Encoder | None) -> Edition | None:
        try:
            edition = self._opening.open(version, encoder)
            self._prepare(edition)
        except (DatabaseError, EncodingStoppedError):
            raise
        except Exception as error:  # whatever is wrong with it, calls must not suffer
            reason = str(error) if isinstance(error, VoicebotError) else f"{type(error).__name__} in {place(error)}"
            if version not in self._again:
                _log.error("a version can't be loaded", version=version or "installed", reason=reason)
                self._failed(version or "installed")
            self._again[version] = self._clock() + TRY_AGAIN_S
            return None
        self._again.pop(version, None)
        return edition

    def _forget(self, serving: Serving) -> None:
        """What no new call and no running one gets. Running calls hold what they need of it themselves."""
        with self._lock:
            now = self._now
            wanted = {now.active.version, *_wanted(serving)}
            self._now = _Now(
                now.serving, {name: one for name, one in now.editions.items() if name in wanted}, now.active
            )


def _wanted(serving: Serving) -> list[str | None]:
    """What is to be open, the most urgent first. The one that a roll back leads to waits, open, for its moment."""
    shared = serving.shared[0] if serving.shared else None
    wanted: list[str | None] = [serving.active, *([shared] if shared else ()), *serving.left]
    if serving.active is not None:
        wanted.append(serving.before)
    if serving.shadow:
        wanted.append(serving.shadow)
    return list(dict.fromkeys(wanted))
