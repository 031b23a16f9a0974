"""The places that the bar on top leads to, in groups, for those who may go there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flask import current_app, g, request, url_for

from voicebot.console.access.guard import need_of, reader
from voicebot.console.interface_language import text
from voicebot.console.pages import NavigationEntry, NavigationGroup
from voicebot.store.accounts.permissions import PERMISSIONS


@dataclass(frozen=True)
class Place:
    """A page of the bar, with all pages below it."""

    title: str
    """Key of its text."""
    endpoint: str
    beside: tuple[str, ...] = ()
    """Paths elsewhere that belong to it, too."""


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "common.group_operations",
        (
            Place("console.overview", "console.overview", ("/console/flows",)),
            Place("console.live", "live.page"),
            Place("console.calls", "console.calls"),
            Place("reports.title", "console.reports"),
            Place("console.alerts", "console.alerts"),
        ),
    ),
    ("agents.desk", (Place("agents.desk", "agents.desk"),)),
    ("console.content", (Place("console.content", "console.content"),)),
    (
        "common.group_learning",
        (
            Place("console.improvement", "console.improvement"),
            Place("console.labelling", "labelling.page"),
            Place("experiments.title", "console.experiments"),
            Place("versions.title", "versions.page"),
        ),
    ),
    (
        "common.group_administration",
        (Place("access.users", "people.everybody"), Place("console.audit", "console.audit")),
    ),
    ("talk.title", (Place("talk.title", "talk.page"),)),
)
"""In the order of the bar. A place whose page this installation lacks is left out, and a group without places."""


def navigation() -> Sequence[NavigationGroup]:
    """What this request's reader may go to; strangers get no menu."""
    groups = []
    for title, places in GROUPS:
        entries = tuple(_entries(places))
        if entries:
            # A group of one is that one place.
            shown = text(g.interface_language, title) if len(entries) > 1 else entries[0].title
            groups.append(NavigationGroup(shown, entries))
    return groups


def _entries(places: Sequence[Place]) -> Iterator[NavigationEntry]:
    who = reader()
    if who is None:
        return
    for place in places:
        view = current_app.view_functions.get(place.endpoint)
        if view is None:
            continue
        need = need_of(view)
        if not any(need == permission and who.may(permission) for permission in PERMISSIONS) and need != "public":
            continue
        url = url_for(place.endpoint)
        below = (*((url,) if url != "/console" else ()), *place.beside)
        is_below = any(request.path.startswith(path + "/") or request.path == path for path in below)
        current: Literal["page", "true", ""] = "page" if request.path == url else "true" if is_below else ""
        yield NavigationEntry(text(g.interface_language, place.title), url, current)
