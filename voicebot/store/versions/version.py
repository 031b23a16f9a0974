"""What is known of a version, and which versions serve a pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voicebot.store.versions.states import State


@dataclass(frozen=True)
class Version:
    """A version of a pack: its content and models together. Nothing of what it is made of ever changes."""

    id: str
    """The first 12 hexadecimal digits of `digest`."""
    digest: str
    """SHA-256 of the canonical manifest, which holds that of every file: the signature of the whole."""
    pack: str
    state: State
    share: float | None
    """Of callers, between 0 and 1; only while `shared`."""
    revision: int
    """Goes up with every change of state: a change that expects another one is refused."""
    parent: str | None
    """The version that it was made from; None: from the content as installed."""
    author: str
    reason: str
    """Why it was made."""
    made: datetime
    manifest: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None
    """Machine-readable, with `gate: {passed: bool, reasons: [...]}`; None before it was evaluated."""
    cards: Mapping[str, str]
    """The model card by language, Markdown; those that the bundle has."""
    size: int
    """Bytes of all its files."""
    added: datetime
    added_by: str
    approved: datetime | None
    approved_by: str | None
    changed: datetime
    changed_by: str
    replaced: str | None
    """Which version was active before this one was: what a roll back leads to. None: the content as installed."""
    note: str
    """Why it was changed last, where somebody said so."""

    @property
    def gate_passed(self) -> bool:
        """Whether its evaluation found it no worse than what runs."""
        return self.evaluation is not None and bool(self.evaluation.get("gate", {}).get("passed"))

    @property
    def gate_reasons(self) -> tuple[str, ...]:
        """Why the gate does not let it pass."""
        gate = (self.evaluation or {}).get("gate", {})
        return tuple(str(reason) for reason in gate.get("reasons", ()))


@dataclass(frozen=True)
class Serving:
    """Which versions of a pack serve its callers."""

    active: str | None = None
    """None: the content as installed."""
    shared: tuple[str, float] | None = None
    """A version for a share of callers, between 0 and 1."""
    shadow: str | None = None
    """Understands beside the active one, unheard."""
    before: str | None = None
    """The one that a roll back of the active one leads to; None: the content as installed."""
    left: tuple[str, ...] = ()
    """Versions that new calls get no more, but running ones may still be on."""
    key: str = ""
    """Secret of the shared version: which callers are its share follows from it."""


@dataclass(frozen=True)
class Change:
    """Something that was done to a version."""

    at: datetime
    by: str
    action: str
    version: str
    before: str
    """The state; empty: it was not there yet."""
    after: str
    reason: str
    details: Mapping[str, Any]
