"""Operations on versions: reading only. They are changed on the console's page, or on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from voicebot.console.api.operations import Api, ApiError, Asked
from voicebot.store.versions import Version, Versions
from voicebot.store.versions.shadows import ShadowBook


class Gate(BaseModel):
    """Whether it is no worse than what ran when it was evaluated."""

    passed: bool
    reasons: list[str]


class VersionSummary(BaseModel):
    """A version of a pack."""

    id: str
    pack: str
    state: Literal["draft", "evaluated", "approved", "shadow", "shared", "active", "retired"]
    share: float | None
    """Of callers, while shared."""
    parent: str | None
    """What it was made from; null: the content as installed."""
    author: str
    reason: str
    made: datetime
    approved_by: str | None
    changed: datetime
    changed_by: str
    gate: Gate | None
    """Null: not evaluated yet."""


class VersionList(BaseModel):
    """The newest first."""

    items: list[VersionSummary]


class VersionQuery(Asked):
    """Which ones."""

    pack: str = Field("", max_length=80)


class VersionChange(BaseModel):
    """Something that was done to it."""

    at: datetime
    by: str
    action: str
    before: str
    after: str
    reason: str


class ShadowAgreement(BaseModel):
    """How often it understood the same as the active version, unheard."""

    language: str
    turns: int
    agreed: int
    crashed: int
    skipped: int


class VersionDetails(VersionSummary):
    """All that is known of it."""

    digest: str
    """SHA-256 of its manifest: the signature."""
    manifest: dict[str, Any]
    evaluation: dict[str, Any] | None
    guard: dict[str, Any] | None
    """What the comparison of its calls with the active version's found last."""
    shadow: list[ShadowAgreement]
    changes: list[VersionChange]


def add_versions(api: Api, registry: Versions, book: ShadowBook) -> None:
    """Under /versions."""

    @api.operation("get", "/versions", "numbers")
    def list_versions(query: VersionQuery) -> VersionList:
        """Versions of content and models, and their states"""
        return VersionList(items=[VersionSummary(**_summary(one)) for one in registry.all(query.pack)])

    @api.operation("get", "/versions/{version_id}", "numbers")
    def get_version(version_id: str) -> VersionDetails:
        """One version: manifest, evaluation, what its calls and its shadow showed, and its history"""
        one = registry.find(version_id)
        if one is None:
            raise ApiError(404, "there is no such version; see /api/v1/versions.")
        guard = registry.guard(one.id)
        return VersionDetails(
            **_summary(one),
            digest=one.digest,
            manifest=dict(one.manifest),
            evaluation=dict(one.evaluation) if one.evaluation is not None else None,
            guard=dict(guard) if guard is not None else None,
            shadow=[ShadowAgreement.model_validate(row, from_attributes=True) for row in book.agreement(one.id)],
            changes=[VersionChange.model_validate(row, from_attributes=True) for row in registry.changes(one.id)],
        )


def _summary(one: Version) -> dict[str, Any]:
    known = {name: getattr(one, name) for name in VersionSummary.model_fields if name != "gate"}
    gate = Gate(passed=one.gate_passed, reasons=list(one.gate_reasons)) if one.evaluation is not None else None
    return {**known, "gate": gate}
