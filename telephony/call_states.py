"""What is known of each call between its webhooks and its streams."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from voicebot.channel import Outcome
from voicebot.store.live import LiveStore, MemoryStore

_KIND = "states"


@dataclass(frozen=True)
class CallState:
    """One call, by the steps it has taken; they only move forward."""

    call_sid: str
    number: str = ""
    """The caller's, E.164; empty where withheld."""
    language: str = "ko"
    """ISO 639-1, of what we say outside the stream."""
    streams: int = 0
    """Number of the newest stream that was offered, from 1."""
    begun: int = 0
    """Number of the newest stream that was opened."""
    outcome: Outcome | None = None
    """How the newest stream ended; None while it runs, or where it broke."""
    asked_after: int = 0
    """Number of the newest stream after which Twilio asked how to go on."""
    ended: bool = False
    """Twilio said that the call is over."""
    wish: str = ""
    """What the caller chose while waiting for people: `callback` or `voicemail`; empty for nothing yet."""


class CallStates:
    """Call states in a live store. Blocking, from any thread."""

    def __init__(self, store: LiveStore | None = None, *, kept_s: float = 6 * 3600.0) -> None:
        """`store`: by default in this process's memory. `kept_s`: seconds for which a call is remembered."""
        self._store = store or MemoryStore()
        self._kept_s = kept_s

    def find(self, call_sid: str) -> CallState | None:
        """The call's state; None for a call never seen, or forgotten."""
        return _read(self._store.get(_KIND, call_sid))

    def open(self, state: CallState) -> CallState:
        """Remember a call; returns what was known of it before, or else `state`."""

        def first(known: str | None) -> str:
            return known if _read(known) is not None and known is not None else _text(state)

        return _read(self._store.change(_KIND, state.call_sid, first, self._kept_s)) or state

    def change(self, call_sid: str, **changes: object) -> CallState | None:
        """Replace fields of a state; returns it as it is now, None for an unknown call."""

        def changed(known: str | None) -> str | None:
            state = _read(known)
            return None if state is None else _text(replace(state, **changes))  # type: ignore[arg-type]

        return _read(self._store.change(_KIND, call_sid, changed, self._kept_s))


def _text(state: CallState) -> str:
    return json.dumps(asdict(state), ensure_ascii=False)


def _read(text: str | None) -> CallState | None:
    """The state; None for one that another version wrote."""
    if text is None:
        return None
    try:
        data = json.loads(text)
        outcome = data.pop("outcome")
        return CallState(outcome=Outcome(**outcome) if outcome else None, **data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
