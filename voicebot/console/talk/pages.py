"""The page /talk, and what it asks for: leave to call, another socket for a lost one, a rating afterwards."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, session, url_for
from flask_limiter.errors import RateLimitExceeded

from voicebot.console.access.guard import public
from voicebot.console.interface_language import LANGUAGES, texts
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import error_page
from voicebot.console.talk.line import Leave, Line, Refusal
from voicebot.store.history.desk import Desk

_CALLS = "20 per minute; 200 per hour"
"""From one address: an office behind one may have many callers."""
_SOCKETS = "60 per minute"
_REMEMBERED = 5
"""Calls that a browser may go on with, or rate: its latest."""
_OURS = "calls"
_STATUS: dict[Refusal, int] = {"full": 503, "not_ready": 503, "over": 410}


def talk_blueprint(scene: Scene, line: Line, desk: Desk | None) -> Blueprint:
    """`desk`: where ratings go; None where no history is kept."""
    access = scene.access
    blueprint = access.protect(Blueprint("talk", __name__, url_prefix="/talk"))

    @blueprint.get("")
    @public
    def page() -> str:
        pack = scene.pack()
        language = g.interface_language
        words = {key[5:]: text for key, text in texts(language).items() if key.startswith("talk.")}
        settings: dict[str, Any] = {
            "language": language,
            "calls": url_for("talk.begin"),
            "media": url_for("talk.page") + "/media",
            "worklet": url_for("console_static.static", filename="talk-worklet.js"),
            "rates": desk is not None,
            "words": words,
        }
        spoken = pack.languages.get(language) if pack else None
        return render_template("talk/page.html", name=spoken.name if spoken else "", settings=settings)

    @blueprint.post("/calls")
    @public
    @access.limiter.limit(_CALLS)
    def begin() -> tuple[Response, int]:
        asked = request.get_json(silent=True)
        asked = asked if isinstance(asked, dict) else {}
        language = asked.get("language")
        if language not in LANGUAGES:
            language = g.interface_language
        leave = line.open(language, sound=asked.get("sound") is not False)
        if isinstance(leave, Leave):
            session[_OURS] = [*session.get(_OURS, []), leave.call_id][-_REMEMBERED:]
        return _answer(leave)

    @blueprint.post("/calls/<call_id>/again")
    @public
    @access.limiter.limit(_SOCKETS)
    def again(call_id: str) -> tuple[Response, int]:
        if call_id not in session.get(_OURS, []):
            abort(404)
        return _answer(line.again(call_id))

    @blueprint.post("/calls/<call_id>/rating")
    @public
    @access.limiter.limit(_CALLS)
    def rate(call_id: str) -> tuple[Response, int]:
        asked = request.get_json(silent=True)
        score = asked.get("score") if isinstance(asked, dict) else None
        if desk is None or call_id not in session.get(_OURS, []):
            abort(404)
        if type(score) is not int or not 1 <= score <= 5:
            abort(400)
        return jsonify(kept=desk.rate(call_id, score, "page")), 200

    @blueprint.errorhandler(RateLimitExceeded)
    def too_often(_error: RateLimitExceeded) -> tuple[Response, int]:
        return jsonify(problem="too_often"), 429

    blueprint.register_error_handler(Exception, error_page)
    return blueprint


def _answer(leave: Leave | Refusal) -> tuple[Response, int]:
    if isinstance(leave, Leave):
        return jsonify(call=leave.call_id, token=leave.token), 201
    return jsonify(problem=leave), _STATUS[leave]
