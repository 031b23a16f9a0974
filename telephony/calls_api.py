"""`GET /api/v1/calls/{call_sid}/turns`: what was said in a call, for the simulated phone on this machine."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from telephony.arrival import arrival_of_request, is_local
from voicebot.store.journal import Journal


def calls_blueprint(journal: Callable[[str], Journal | None]) -> Blueprint:
    """`journal` finds a call's journal by its id."""
    blueprint = Blueprint("calls", __name__, url_prefix="/api/v1/calls")

    @blueprint.get("/<call_id>/turns")
    def turns(call_id: str) -> Response:
        if not is_local(arrival_of_request(request)):
            abort(404)
        found = journal(call_id)
        if found is None:
            abort(404)
        return jsonify([entry.to_json() for entry in found.entries])

    return blueprint
