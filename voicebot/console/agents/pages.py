"""The page /agent, and what it asks for."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, url_for

from voicebot.console.access.guard import Reader, needs, reader
from voicebot.console.agents.picture import card, context
from voicebot.console.agents.scene import DeskScene
from voicebot.console.agents.suggestions import suggestions
from voicebot.console.interface_language import LANGUAGES, texts
from voicebot.console.pages import error_page
from voicebot.errors import VoicebotError
from voicebot.live.desk import AGENT_STATES, AgentState, DeskCaller
from voicebot.live.desk_records import GivenAnswer

_LONGEST_NOTE = 1000
_LONGEST_NAME = 64
_MOST_ANSWERS = 30
_SEARCHES = "240 per minute"
"""Of suggestions, by one agent: one a sentence of the caller and one a few keys typed."""
_OTHER = "other"


def agents_blueprint(scene: DeskScene) -> Blueprint:
    """The desk, for those who may."""
    access = scene.access
    blueprint = access.protect(Blueprint("agents", __name__, url_prefix="/agent"))

    @blueprint.get("")
    @needs("desk")
    def desk() -> str:
        language = g.interface_language
        wanted = ("agents.", "console.feeling_", "console.channel_", "common.")
        pack = scene.pack()
        settings: dict[str, Any] = {
            "language": language,
            "me": _who().user.name,
            "feed": url_for("agents.desk") + "/feed?lang=" + language,
            "media": url_for("agents.desk") + "/media",
            "desk": url_for("agents.desk"),
            "worklet": url_for("console_static.static", filename="talk-worklet.js"),
            "queues": sorted({*scene.queues, *((pack.queue,) if pack else ())}),
            "words": {key: text for key, text in texts(language).items() if key.startswith(wanted)},
        }
        return render_template("agents/desk.html", settings=settings, states=AGENT_STATES)

    @blueprint.post("/state")
    @needs("desk")
    def state() -> Response:
        wanted = _asked().get("state")
        if wanted not in AGENT_STATES:
            abort(400)
        who = _who()
        return jsonify(state=scene.queue.present(who.user.name, who.user.shown, cast(AgentState, wanted)).state)

    @blueprint.post("/callers/<call>/accept")
    @needs("desk")
    def accept(call: str) -> tuple[Response, int]:
        agent = _who().user.name
        mine = scene.queue.with_agent(agent)
        if mine is not None and mine.call != call:
            return jsonify(problem="busy"), 409
        taken = scene.queue.claim(call, agent)
        if taken is None:
            return jsonify(problem="gone"), 409
        access.put("take caller", call_id=call)
        if taken.way == "twilio" and scene.telephone is not None and scene.telephone.can_ring(agent):
            try:
                scene.telephone.ring(call, agent, taken.language)
            except VoicebotError as error:
                scene.queue.release(call, agent)
                return jsonify(problem="no_ring", reason=str(error)), 502
        scene.records.accept(call, agent)
        return jsonify(caller=card(scene, taken, agent, g.interface_language)), 200

    @blueprint.post("/callers/<call>/decline")
    @needs("desk")
    def decline(call: str) -> Response:
        scene.queue.pass_on(call, _who().user.name)
        return jsonify(declined=True)

    @blueprint.get("/callers/<call>")
    @needs("desk")
    def caller(call: str) -> Response:
        access.put("view caller", call_id=call)
        return jsonify(context(scene, _mine(call), g.interface_language))

    @blueprint.get("/suggestions")
    @needs("desk")
    @access.limiter.limit(_SEARCHES, key_func=lambda: _who().user.name)
    def suggest() -> Response:
        language = request.args.get("language", "")
        language = language if language in LANGUAGES else g.interface_language
        found = suggestions(scene, request.args.get("question", ""), language)
        return jsonify(suggestions=[one.to_json() for one in found])

    @blueprint.post("/callers/<call>/close")
    @needs("desk")
    def close(call: str) -> Response:
        """After the call, whose line may be over already: then the browser tells whose it was."""
        asked = _asked()
        agent = _who().user.name
        known = scene.queue.find(call)
        if known is not None and known.agent not in ("", agent):
            abort(403)
        topic = str(asked.get("about", ""))[:_LONGEST_NAME]
        resolved = asked.get("resolved")
        if resolved is not None and not isinstance(resolved, bool):
            abort(400)
        told = scene.office.hand_overs.find(call)
        if told is None:
            abort(404)
        scene.records.close(
            call,
            "answered",
            language=told.language,
            after_call=topic or _OTHER,
            note=str(asked.get("note", ""))[:_LONGEST_NOTE],
            resolved=resolved,
            answers=_answers(asked.get("answers")),
        )
        scene.office.hand_overs.note(call, "served")
        if known is not None and known.way == "twilio":
            scene.queue.leave(call)
        access.put("close caller", call_id=call, details={"about": topic or _OTHER, "resolved": resolved})
        return jsonify(closed=True)

    @blueprint.post("/callbacks/<callback_id>")
    @needs("desk")
    def callback(callback_id: str) -> tuple[Response, int]:
        known = scene.office.callbacks.find(callback_id)
        if known is None:
            abort(404)
        what = _asked().get("what")
        now = scene.office.now()
        if what == "done":
            done = scene.office.callbacks.settle(callback_id, known.attempts, "human", now)
        elif what == "dial" and scene.telephone is not None and known.state == "waiting":
            scene.office.callbacks.add(
                known.number, known.reason, known.summary, now, language=known.language, context=known.context
            )
            try:
                scene.telephone.call_back()
            except VoicebotError as error:
                return jsonify(problem="no_dial", reason=str(error)), 502
            done = True
        else:
            abort(400)
        access.put(f"call-back: {what}", subject=callback_id, call_id=str(known.context.get("call_id", "")) or None)
        return jsonify(done=done), 200

    @blueprint.get("/voicemails/<recording>")
    @needs("desk")
    def voicemail(recording: str) -> Response:
        known = next((one for one in scene.office.voicemails.all() if one.recording_sid == recording), None)
        if known is None or scene.telephone is None:
            abort(404)
        access.put("hear voicemail", subject=recording, call_id=known.call_id)
        try:
            sound = scene.telephone.message(known)
        except VoicebotError:
            abort(503)
        return Response(sound, mimetype="audio/wav")

    @blueprint.post("/voicemails/<recording>")
    @needs("desk")
    def voicemail_done(recording: str) -> Response:
        access.put("voicemail: done", subject=recording)
        return jsonify(done=scene.office.voicemails.remove(recording))

    def _mine(call: str) -> DeskCaller:
        """The caller, if this agent took the call."""
        known = scene.queue.find(call)
        if known is None:
            abort(404)
        if known.agent != _who().user.name:
            abort(403)
        return known

    blueprint.register_error_handler(Exception, error_page)
    return blueprint


def _who() -> Reader:
    who = reader()
    assert who is not None  # the guard saw to that
    return who


def _asked() -> dict[str, Any]:
    asked = request.get_json(silent=True)
    return asked if isinstance(asked, dict) else {}


def _answers(told: object) -> list[GivenAnswer]:
    """The answers that the agent gave, as the page lists them; what makes no sense is left out."""
    answers: list[GivenAnswer] = []
    for one in told[:_MOST_ANSWERS] if isinstance(told, list) else []:
        match one:
            case {
                "answer": str(answer),
                "kind": "faq" | "knowledge" | "typed" as kind,
                "how": "copied" | "said" as how,
            }:
                question, source = one.get("question"), one.get("source")
                answers.append(
                    GivenAnswer(
                        question=question[:_LONGEST_NOTE] if isinstance(question, str) else "",
                        answer=answer[:_LONGEST_NOTE],
                        kind=kind,
                        source=source[:_LONGEST_NAME] if isinstance(source, str) else "",
                        how=how,
                    )
                )
    return answers
