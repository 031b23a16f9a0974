"""The pages of live calls, and what operators do from there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, url_for
from flask_limiter.errors import RateLimitExceeded

from voicebot.console.access.guard import needs, reader
from voicebot.console.interface_language import texts
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import error_page
from voicebot.live.steering import LONGEST_CHARS, WHATS, steer
from voicebot.store.bus import Bus

_STEPS = "60 per minute"
_ENTRIES_OF = ("live", "console")


def live_blueprint(scene: Scene, bus: Bus) -> Blueprint:
    """/console/live; the words themselves come over the feed (`voicebot.console.live.feed`)."""
    access = scene.access
    blueprint = access.protect(Blueprint("live", __name__, url_prefix="/console/live"))

    def settings(**more: str) -> dict[str, Any]:
        language = g.interface_language
        words = {key: text for key, text in texts(language).items() if key.partition(".")[0] in _ENTRIES_OF}
        pack = scene.pack()
        titles = pack.languages[language].titles if pack and language in pack.languages else {}
        return {"words": words, "titles": dict(titles), "language": language, **more}

    @blueprint.get("")
    @needs("live")
    def page() -> str:
        feed = url_for("live.page") + "/feed"
        return render_template("live/calls.html", settings=settings(feed=feed, call=url_for("live.call", call_id="")))

    @blueprint.get("/calls/", defaults={"call_id": ""})
    @blueprint.get("/calls/<call_id>")
    @needs("live")
    def call(call_id: str) -> str | tuple[str, int]:
        found = scene.watching.call(call_id)
        if found is None:
            return render_template("live/over.html", call_id=call_id), 404
        who = reader()
        return render_template(
            "live/call.html",
            call=found,
            may_steer=who is not None and who.may("steer") and found.channel != "keypad",
            longest=LONGEST_CHARS,
            settings=settings(
                feed=url_for("live.page") + f"/feed?call={call_id}", steer=url_for("live.step_in", call_id=call_id)
            ),
        )

    @blueprint.post("/calls/<call_id>/steer")
    @needs("steer")
    @access.limiter.limit(_STEPS)
    def step_in(call_id: str) -> tuple[Response, int]:
        asked = request.get_json(silent=True)
        what = asked.get("what") if isinstance(asked, dict) else None
        text = asked.get("text", "") if isinstance(asked, dict) else ""
        if what not in WHATS or not isinstance(text, str):
            abort(400)
        found = scene.watching.call(call_id)
        if found is None:
            return jsonify(problem="over"), 404
        if found.channel == "keypad":
            return jsonify(problem="keys"), 409
        who = reader()
        assert who is not None
        access.put(f"steer {what}", call_id=call_id)
        try:
            steer(bus, call_id, what, who.user.name, text)
        except ValueError:
            return jsonify(problem="text"), 400
        return jsonify(asked=what), 202

    @blueprint.errorhandler(RateLimitExceeded)
    def too_often(_error: RateLimitExceeded) -> tuple[Response, int]:
        return jsonify(problem="too_often"), 429

    blueprint.register_error_handler(Exception, error_page)
    return blueprint
