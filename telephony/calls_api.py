"""`GET /api/v1/calls/{call_sid}/turns`: what was said in a call, for the simulated phone. On loopback only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from voicebot.store.journal import Journal

_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded")


def calls_blueprint(journal: Callable[[str], Journal | None]) -> Blueprint:
    """`journal` finds a call's journal by its id."""
    blueprint = Blueprint("calls", __name__, url_prefix="/api/v1/calls")

    @blueprint.get("/<call_id>/turns")
    def turns(call_id: str) -> Response:
        if not _is_local():
            abort(404)
        found = journal(call_id)
        if found is None:
            abort(404)
        return jsonify([entry.to_json() for entry in found.entries])

    return blueprint


def _is_local() -> bool:
    """Whether a program on this machine asks; through a proxy nobody counts as local."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
