"""The history of calls: a list with filters and search, a call with all that is known of it, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, render_template, request

from voicebot.console.access.guard import needs
from voicebot.console.operators.explanation import explain
from voicebot.console.operators.scene import Scene
from voicebot.store.history.filters import CallFilter, CursorError

OUTCOMES = ("hang_up", "hand_over", "caller_left", "failed", "lost", "live")
CHANNELS = ("twilio", "browser", "mic", "keypad", "text")
FEELINGS = ("angry", "displeased", "neutral", "glad")
_ROWS = 50
_LARGEST = 1e9


def add_calls(blueprint: Blueprint, scene: Scene) -> None:
    """The pages /console/calls, /console/calls/CALL and /console/audit."""

    @blueprint.get("/calls")
    @needs("calls")
    def calls() -> str:
        wanted = call_filter(request.args, scene.zone)
        words = request.args.get("words", "").strip()[:100]
        after = request.args.get("after", "")
        try:
            found = scene.history.search(words, wanted, after=after, limit=_ROWS) if words else None
            page = None if found else scene.history.list_calls(wanted, after=after, limit=_ROWS)
        except CursorError:
            abort(400)
        if words:
            scene.access.put("search calls")
        pack = scene.pack()
        language = g.interface_language
        shown = found or page
        assert shown is not None
        return render_template(
            "operators/calls.html",
            page=page,
            found=found,
            after=shown.after,
            query={name: value for name, value in request.args.items() if name != "after" and value},
            outcomes=OUTCOMES,
            channels=CHANNELS,
            feelings=FEELINGS,
            flows=sorted((scene.title(flow, language), flow) for flow in pack.flows) if pack else [],
            intents=sorted(
                (title, intent) for intent, title in (pack.languages[language].titles.items() if pack else ())
            ),
            title=lambda name: scene.title(name, language),
        )

    @blueprint.get("/calls/<call_id>")
    @needs("calls")
    def call(call_id: str) -> str:
        detail = scene.history.call(call_id)
        if detail is None:
            abort(404)
        scene.access.put("view call", call_id=call_id)
        language = g.interface_language
        return render_template(
            "operators/call.html",
            call=detail.call,
            has_sound=scene.recordings is not None and scene.recordings.has(call_id),
            turns=[(turn, explain(turn, language, lambda name: scene.title(name, language))) for turn in detail.turns],
            flows=[(scene.title(flow.flow, language), flow) for flow in detail.flows],
            step_title=lambda step: scene.step_title(step, language),
            hand_overs=detail.hand_overs,
            said="\n".join(
                turn.text for turn in detail.turns if turn.who == "caller" and turn.text and turn.listener != "keys"
            ),
            rating=detail.rating,
            title=lambda name: scene.title(name, language),
        )

    @blueprint.get("/audit")
    @needs("audit")
    def audit() -> str:
        wanted = {name: request.args.get(name, "").strip()[:80] for name in ("who", "action", "call_id")}
        try:
            page = scene.history.audit_trail(**wanted, after=request.args.get("after", ""), limit=100)
        except CursorError:
            abort(400)
        return render_template("operators/audit.html", page=page, wanted=wanted)


def call_filter(arguments: Mapping[str, str], zone: ZoneInfo) -> CallFilter:
    """The filter in a URL's query; what makes no sense there does not filter."""

    def day(name: str, further: int = 0) -> datetime | None:
        try:
            return datetime.fromisoformat(arguments.get(name, "")).replace(tzinfo=zone) + timedelta(days=further)
        except (ValueError, OverflowError):
            return None

    def number(name: str) -> float | None:
        try:
            found = float(arguments.get(name, ""))
        except ValueError:
            return None
        return found if abs(found) < _LARGEST else None  # neither infinite nor no number at all

    def whole(name: str) -> int | None:
        found = number(name)
        return None if found is None else int(found)

    def named(name: str) -> str:
        return arguments.get(name, "")[:80]

    contained = {"yes": True, "no": False}.get(arguments.get("contained", ""))
    return CallFilter(
        since=day("since"),
        until=day("until", 1),
        pack=named("pack"),
        language=named("language"),
        channel=named("channel"),
        caller=named("caller"),
        outcome=named("outcome"),
        flow=named("flow"),
        intent=named("intent"),
        feeling=named("feeling"),
        min_duration_s=number("min_duration"),
        max_duration_s=number("max_duration"),
        min_csat=whole("min_csat"),
        max_csat=whole("max_csat"),
        contained=contained,
        agent=named("agent"),
    )
