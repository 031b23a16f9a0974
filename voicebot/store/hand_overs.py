"""What the person who takes over a call is told: plain data that survives JSON, and where it is kept."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from voicebot.store.live import LiveStore


@dataclass(frozen=True)
class HandOverContext:
    """One call that people take over. Secret values are in no field of it."""

    call_id: str
    at: str
    """UTC, ISO 8601."""
    reason: str
    """`asked`, `no_match`, `no_input`, `flow`, `backend`, `stuck`, `time_limit`, `failed`."""
    queue: str
    language: str
    """The caller's."""
    number: str = ""
    """E.164; empty where withheld."""
    priority: int = 0
    """0 to 9; 0 is usual."""
    intents: tuple[str, ...] = ()
    """What the caller wanted, the newest last."""
    summaries: Mapping[str, str] = field(default_factory=dict)
    """One or two sentences for the agent, by language."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    feeling: Mapping[str, Any] = field(default_factory=dict)
    """`name`, `valence`, `arousal`, `trend`; empty before the first words."""
    transcript: tuple[Mapping[str, Any], ...] = ()
    """`who`, `at_ms`, `text`, in their order."""
    tried: tuple[str, ...] = ()
    """What was done already: by the bot, then on the way to people."""

    def summary(self, language: str) -> str:
        """The summary in that language, else in any."""
        return self.summaries.get(language) or next(iter(self.summaries.values()), "")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HandOverContext:
        """The context that `to_json` made `data` of. Raises TypeError, KeyError."""
        values = dict(data)
        for name in ("intents", "transcript", "tried"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


class HandOvers(Protocol):
    """Where contexts are kept: in this process's memory, or where several workers and the agents' desk see them.

    `put` is called on the event loop and returns at once; the others may block.
    """

    def put(self, context: HandOverContext) -> None:
        """Keep the context of a call, in place of an older one."""
        ...

    def note(self, call_id: str, step: str) -> None:
        """Add to `tried`: `dialled +8210... busy`, `queue support 120 s`, `voicemail RE...`, `served`."""
        ...

    def find(self, call_id: str) -> HandOverContext | None:
        """A call's context."""
        ...


class LocalHandOvers:
    """Contexts in this process's memory. Safe to use from any thread."""

    def __init__(self, *, most: int = 2_000) -> None:
        """`most`: contexts kept, some 10 kB each; the oldest go first."""
        self._most = most
        self._lock = threading.Lock()
        self._contexts: OrderedDict[str, HandOverContext] = OrderedDict()

    def put(self, context: HandOverContext) -> None:
        with self._lock:
            self._contexts[context.call_id] = context
            self._contexts.move_to_end(context.call_id)
            while len(self._contexts) > self._most:
                self._contexts.popitem(last=False)

    def note(self, call_id: str, step: str) -> None:
        with self._lock:
            known = self._contexts.get(call_id)
            if known is not None and (not known.tried or known.tried[-1] != step):
                self._contexts[call_id] = replace(known, tried=(*known.tried, step))

    def find(self, call_id: str) -> HandOverContext | None:
        with self._lock:
            return self._contexts.get(call_id)


_KIND = "hand_overs"
_KEPT_S = 6 * 3600.0
"""Longer than a call may last."""


class SharedHandOvers:
    """Contexts in a live store, where all workers find them: an agent's leg may be answered by another one."""

    def __init__(self, live: LiveStore, run_off: Callable[[Callable[[], None]], object]) -> None:
        """`run_off` does something off the event loop."""
        self._live = live
        self._run_off = run_off
        self._own = LocalHandOvers()

    def put(self, context: HandOverContext) -> None:
        self._own.put(context)
        self._run_off(lambda: self._live.put(_KIND, context.call_id, _text(context), _KEPT_S))

    def note(self, call_id: str, step: str) -> None:
        self._own.note(call_id, step)

        def noted(known: str | None) -> str | None:
            context = _read(known) or self._own.find(call_id)
            if context is None:
                return None
            tried = context.tried if context.tried[-1:] == (step,) else (*context.tried, step)
            return _text(replace(context, tried=tried))

        self._live.change(_KIND, call_id, noted, _KEPT_S)

    def find(self, call_id: str) -> HandOverContext | None:
        # What was put a moment ago may not be written yet.
        return _read(self._live.get(_KIND, call_id)) or self._own.find(call_id)


def _text(context: HandOverContext) -> str:
    return json.dumps(context.to_json(), ensure_ascii=False)


def _read(text: str | None) -> HandOverContext | None:
    """The context; None for one that another version wrote."""
    if text is None:
        return None
    try:
        return HandOverContext.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
