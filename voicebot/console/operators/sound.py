"""The sound of recorded calls: played in the page, and looked at as a waveform."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from voicebot.console.access.guard import needs
from voicebot.console.operators.scene import Scene
from voicebot.store.call_recordings import CallSound
from voicebot.store.sealing import SealError

_PEAKS = 600
"""Columns of a waveform: one every two pixels of a wide page."""


def add_sound(blueprint: Blueprint, scene: Scene) -> None:
    """/console/calls/CALL/sound, a WAV file that can be asked for in parts, and /console/calls/CALL/sound/peaks."""

    def found(call_id: str) -> CallSound:
        if scene.recordings is None:
            abort(404)
        try:
            sound = scene.recordings.open(call_id)
        except (SealError, OSError):
            abort(503)
        if sound is None:
            abort(404)
        return sound

    @blueprint.get("/calls/<call_id>/sound")
    @needs("calls")
    def sound(call_id: str) -> Response:
        wav = found(call_id).wav()
        asked = request.range.ranges[0][0] if request.range and request.range.ranges else 0
        if not asked:  # the player asks for the rest in parts: once is enough for the trail
            scene.access.put("listen to call", call_id=call_id)
        response = Response(wav, mimetype="audio/wav")
        try:
            response.make_conditional(request, accept_ranges=True, complete_length=len(wav))
        except RequestedRangeNotSatisfiable:
            abort(416)
        return response

    @blueprint.get("/calls/<call_id>/sound/peaks")
    @needs("calls")
    def peaks(call_id: str) -> Response:
        heard = found(call_id)
        caller, bot = heard.peaks(_PEAKS)
        return jsonify(begin_ms=heard.begin_ms, duration_ms=heard.duration_ms, caller=caller, bot=bot)
