"""Where calls by keys stand between two of Twilio's requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import structlog
from cryptography.fernet import Fernet, InvalidToken

from voicebot.store.live import LiveStore

_log = structlog.get_logger(__name__)

_KIND = "keypad"
_PURPOSE = b"voicebot keypad sessions"


@dataclass(frozen=True)
class KeypadSound:
    """Something that the caller is to hear, as it is fetched."""

    text: str
    language: str
    rate: float


@dataclass(frozen=True)
class KeypadSession:
    """One call by keys. Plain data; the dialogue's state may hold what the caller keyed in secret."""

    call_sid: str
    number: str
    """E.164, empty where withheld."""
    language: str
    step: int
    """Number of the document that the caller hears now, from 1: its answer must carry it."""
    document: str
    """That document: what a repeated request gets once more."""
    sounds: Mapping[str, KeypadSound]
    """By the unguessable part of their URL."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The dialogue's."""
    waits: int = 0
    """How often in a row a back end was waited for; 0 where the caller is asked for keys."""
    token: str = ""
    """Idempotency token of the request that this document answered."""
    over: bool = False
    """Whether the bot is done with the call."""


class KeypadSessions(Protocol):
    """Sessions by call. Safe to use from any thread; may be shared by several processes."""

    def find(self, call_sid: str) -> KeypadSession | None:
        """The call's session; None where it has none, or none that can be read."""
        ...

    def save(self, session: KeypadSession, *, after: int) -> KeypadSession:
        """Keep a session whose step follows `after`; where another process was quicker, theirs stays. What is kept."""
        ...


class LiveKeypadSessions:
    """Sessions in the live store, encrypted: what callers key in secret is in them until it is used."""

    def __init__(self, store: LiveStore, secret: bytes, kept_s: float) -> None:
        """`secret`: the same for all processes that share the store. `kept_s`: seconds after the last step."""
        self._store, self._kept_s = store, kept_s
        self._cipher = Fernet(base64.urlsafe_b64encode(hmac.digest(secret, _PURPOSE, hashlib.sha256)))

    def find(self, call_sid: str) -> KeypadSession | None:
        """See `KeypadSessions`."""
        text = self._store.get(_KIND, call_sid)
        return self._opened(text) if text is not None else None

    def save(self, session: KeypadSession, *, after: int) -> KeypadSession:
        """See `KeypadSessions`."""
        content = json.dumps(asdict(session), ensure_ascii=False)
        text = self._cipher.encrypt(content.encode()).decode()

        def first(old: str | None) -> str:
            known = self._opened(old) if old is not None else None
            return text if old is None or known is None or known.step == after else old

        kept = self._store.change(_KIND, session.call_sid, first, self._kept_s)
        return session if kept is None or kept == text else self._opened(kept) or session

    def _opened(self, text: str) -> KeypadSession | None:
        try:
            data = json.loads(self._cipher.decrypt(text.encode()))
            data["sounds"] = {name: KeypadSound(**sound) for name, sound in data["sounds"].items()}
            return KeypadSession(**data)
        except (InvalidToken, ValueError, KeyError, TypeError) as error:
            # Another version wrote it, or one with another auth token.
            _log.warning("a call by keys can't be read", error=type(error).__name__)
            return None
