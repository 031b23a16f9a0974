"""The places that the bar on top leads to, for those who may go there."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app, g, request, url_for

from voicebot.console.access.guard import need_of, reader
from voicebot.console.interface_language import text
from voicebot.console.pages import NavigationEntry
from voicebot.store.accounts.permissions import PERMISSIONS

PLACES: tuple[tuple[str, str], ...] = (
    ("console.overview", "console.overview"),
    ("console.live", "live.page"),
    ("console.calls", "console.calls"),
    ("console.content", "console.content"),
    ("console.labelling", "labelling.page"),
    ("console.improvement", "console.improvement"),
    ("versions.title", "versions.page"),
    ("experiments.title", "console.experiments"),
    ("reports.title", "console.reports"),
    ("console.alerts", "console.alerts"),
    ("agents.desk", "agents.desk"),
    ("access.users", "people.everybody"),
    ("console.audit", "console.audit"),
    ("talk.title", "talk.page"),
)
"""Title and endpoint. A place whose page this installation lacks is left out."""


def navigation() -> Sequence[NavigationEntry]:
    """What this request's reader may go to; strangers get no menu."""
    who = reader()
    if who is None:
        return ()
    entries = []
    for title, endpoint in PLACES:
        view = current_app.view_functions.get(endpoint)
        if view is None:
            continue
        need = need_of(view)
        if not any(need == permission and who.may(permission) for permission in PERMISSIONS) and need != "public":
            continue
        url = url_for(endpoint)
        here = request.path == url or (url != "/console" and request.path.startswith(url + "/"))
        entries.append(NavigationEntry(text(g.interface_language, title), url, here))
    return entries
