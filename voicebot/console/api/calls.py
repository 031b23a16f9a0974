"""Operations on calls: the history, what is going on now, hand-overs, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import AwareDatetime, BaseModel, Field, field_validator

from voicebot.console.api.operations import Api, ApiError, Asked, Listed
from voicebot.console.api.sent import Name, Paged, sensible
from voicebot.console.operators.scene import Scene
from voicebot.live.watching import WatchedCall
from voicebot.store.history.database import Database
from voicebot.store.history.export import export_lines
from voicebot.store.history.filters import CallFilter
from voicebot.store.history.found import CallDetail, CallFound, HandOverFound, TurnMatch

_LONGEST_EXPORT_DAYS = 400


class CallQuery(Paged):
    """Which calls; what is left out does not matter."""

    since: AwareDatetime | None = None
    """Those that began then or later."""
    until: AwareDatetime | None = None
    """Those that began earlier."""
    pack: Name = ""
    version: Name = ""
    language: Name = ""
    channel: Name = ""
    caller: Name = ""
    """The keyed hash of the number."""
    outcome: Name = ""
    """`hang_up`, `caller_left`, `hand_over`, `failed`, `lost`, or `live`."""
    reason: Name = ""
    flow: Name = ""
    intent: Name = ""
    feeling: Name = ""
    min_duration_s: float | None = Field(None, ge=0, le=1e6)
    max_duration_s: float | None = Field(None, ge=0, le=1e6)
    min_csat: int | None = Field(None, ge=1, le=5)
    max_csat: int | None = Field(None, ge=1, le=5)
    resolved: bool | None = None
    contained: bool | None = None
    agent: Name = ""

    _sensible = field_validator("since", "until")(sensible)

    def filter(self) -> CallFilter:
        """As the history takes it."""
        return CallFilter(**self.model_dump(exclude={"after", "limit", "words"}))


class TurnQuery(CallQuery):
    """Which turns."""

    words: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    """Words that all stand in one turn, of either side."""


class HandOverQuery(Paged):
    """Which hand-overs."""

    waiting: bool | None = None
    """Only those that nobody took yet, or only the others."""
    agent: Name = ""


class LiveCall(BaseModel):
    """A call that is going on."""

    call: str
    pack: str
    language: str
    channel: str
    began: str
    entries: list[dict[str, Any]]
    """What was said so far, as the call's journal has it."""


class LiveCalls(BaseModel):
    """All of them, the oldest first, without what is said in them."""

    items: list[Mapping[str, str]]


class ExportQuery(Asked):
    """Of which calls."""

    since: AwareDatetime
    until: AwareDatetime
    format: Literal["jsonl", "csv"] = "jsonl"

    _sensible = field_validator("since", "until")(sensible)


Table = Literal["calls", "turns", "flows", "steps", "hand_overs", "ratings"]


def add_calls(api: Api, scene: Scene, database: Database) -> None:
    """Under /calls, /turns, /live, /hand-overs and /export."""
    history, put = scene.history, api.access.put

    @api.operation("get", "/calls", "calls")
    def list_calls(query: CallQuery) -> Listed[CallFound]:
        """Calls, the newest first"""
        page = history.list_calls(query.filter(), after=query.after, limit=query.limit)
        return Listed[CallFound](items=list(page.items), after=page.after)

    @api.operation("get", "/calls/{call_id}", "calls")
    def get_call(call_id: str) -> CallDetail:
        """A call with its turns and what became of it; that it was seen is put down"""
        found = history.call(call_id) if "\x00" not in call_id else None
        if found is None:
            raise ApiError(404, "there is no such call; it may have been deleted for its age.")
        put("view call", call_id=call_id)
        return found

    @api.operation("get", "/turns", "calls")
    def search_turns(query: TurnQuery) -> Listed[TurnMatch]:
        """Turns in which words were said, the newest first; that they were looked for is put down"""
        put("search calls")
        page = history.search(query.words, query.filter(), after=query.after, limit=query.limit)
        return Listed[TurnMatch](items=list(page.items), after=page.after)

    @api.operation("get", "/live", "live")
    def list_live_calls() -> LiveCalls:
        """Calls that are going on, without words"""
        names = ("call", "pack", "language", "channel", "began")
        return LiveCalls(items=[{name: getattr(call, name) for name in names} for call in scene.watching.calls()])

    @api.operation("get", "/live/{call_id}", "live")
    def get_live_call(call_id: str) -> LiveCall:
        """A call that is going on, with what was said so far; that it was seen is put down"""
        found: WatchedCall | None = scene.watching.call(call_id)
        if found is None:
            raise ApiError(404, "there is no such call going on; see /api/v1/calls for those that are over.")
        put("view call", call_id=call_id)
        return LiveCall.model_validate(asdict(found))

    @api.operation("get", "/hand-overs", "desk")
    def list_hand_overs(query: HandOverQuery) -> Listed[HandOverFound]:
        """Calls given to people, the newest first; that they were seen is put down"""
        put("view hand-overs")
        page = history.hand_overs(waiting=query.waiting, agent=query.agent, after=query.after, limit=query.limit)
        return Listed[HandOverFound](items=list(page.items), after=page.after)

    @api.operation("get", "/export/{table}", "export", media="application/x-ndjson, text/csv")
    def export_table(table: Table, query: ExportQuery) -> Response:
        """One table of the history as lines of JSON, or as CSV; that it was taken is put down"""
        if table not in Table.__args__:  # type: ignore[attr-defined]
            raise ApiError(404, f"there is no such table; choose one of: {', '.join(Table.__args__)}.")  # type: ignore[attr-defined]
        if not 0 < (query.until - query.since).total_seconds() <= _LONGEST_EXPORT_DAYS * 86_400:
            raise ApiError(400, f"until must be later than since, by {_LONGEST_EXPORT_DAYS} days at most.")
        put("export", subject=table, details={"since": _iso(query.since), "until": _iso(query.until)})
        lines = export_lines(database, table, query.format, query.since, query.until)
        kind = "application/x-ndjson" if query.format == "jsonl" else "text/csv"
        name = f"{table}.{query.format}"
        return Response(lines, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _iso(moment: datetime) -> str:
    return moment.isoformat()
