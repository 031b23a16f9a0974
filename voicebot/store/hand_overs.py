"""What the person who takes over a call is told: plain data that survives JSON, and where it is kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol


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

    `put` and `note` are called on the event loop: an implementation that writes elsewhere does so behind.
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
