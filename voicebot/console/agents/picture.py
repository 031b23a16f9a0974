"""The desk as one agent sees it, as JSON for the page."""

from __future__ import annotations

from typing import Any

from voicebot.console.agents.scene import DeskScene
from voicebot.live.desk import DeskCaller

_EARLIER = 5
_MOST_LATER = 50


def picture(scene: DeskScene, agent: str, language: str) -> dict[str, Any]:
    """Who waits, who is at a desk, and with whom this agent is. Blocking."""
    queue = scene.queue
    mine = queue.with_agent(agent)
    return {
        "waiting": [card(scene, one, agent, language) for one in queue.waiting_for(agent)],
        "mine": card(scene, mine, agent, language) if mine else None,
        "agents": [{"name": one.name, "shown": one.shown, "state": one.state} for one in queue.agents()],
        "state": next((one.state for one in queue.agents() if one.name == agent), "break"),
    }


def card(scene: DeskScene, caller: DeskCaller, agent: str, language: str) -> dict[str, Any]:
    """A caller in the list."""
    summary = caller.summaries.get(language) or next(iter(caller.summaries.values()), "")
    can_ring = caller.way == "twilio" and scene.telephone is not None and scene.telephone.can_ring(agent)
    return {
        "call": caller.call,
        "since": caller.since,
        "way": caller.way,
        "queue": caller.queue,
        "language": caller.language,
        "reason": caller.reason,
        "priority": caller.priority,
        "first": caller.first,
        "mine": caller.wanted == agent,
        "wanted": caller.wanted,
        "feeling": caller.feeling,
        "summary": summary,
        "rings": can_ring,
    }


def context(scene: DeskScene, caller: DeskCaller, language: str) -> dict[str, Any]:
    """All that is known of a caller, for the agent who took the call. Blocking."""
    told = scene.office.hand_overs.find(caller.call)
    pack = scene.pack()
    names = pack.languages[language].slot_titles if pack and language in pack.languages else {}
    found: dict[str, Any] = {"tried": [], "slots": [], "transcript": [], "intents": [], "number": ""}
    if told is not None:
        found = {
            "summary": told.summary(language),
            "number": told.number,
            "feeling": dict(told.feeling),
            "intents": [scene.title(intent, language) for intent in told.intents],
            "slots": [{"title": names.get(name, name), "value": str(value)} for name, value in told.slots.items()],
            "transcript": [dict(entry) for entry in told.transcript],
            "tried": [step(scene, one, language) for one in told.tried],
        }
    return {**found, "earlier": earlier(scene, caller.call, language), "topics": topics(scene, language, told)}


def step(scene: DeskScene, tried: str, language: str) -> dict[str, str]:
    """`solved order_status` as what was done, and what to."""
    kind, _, what = tried.partition(" ")
    if kind == "solved":
        return {"kind": "solved", "what": scene.title(what, language)}
    if tried.startswith("looked up "):
        return {"kind": "looked_up", "what": scene.title(tried.removeprefix("looked up "), language)}
    return {"kind": "other", "what": tried}


def earlier(scene: DeskScene, call: str, language: str) -> list[dict[str, Any]]:
    """The same caller's calls before this one, by the keyed hash of the number; the newest first."""
    from voicebot.store.history.database import DatabaseError
    from voicebot.store.history.filters import CallFilter

    if scene.history is None:
        return []
    try:
        detail = scene.history.call(call)
        if detail is None or not detail.call.caller:
            return []
        page = scene.history.list_calls(CallFilter(caller=detail.call.caller), limit=_EARLIER + 1)
    except DatabaseError:  # the conversation goes on without
        return []
    return [
        {
            "began": one.began.isoformat(),
            "goal": scene.title(one.goal, language) if one.goal else "",
            "outcome": one.outcome or "",
            "resolved": one.resolved,
        }
        for one in page.items
        if one.id != call
    ][:_EARLIER]


def topics(scene: DeskScene, language: str, told: Any) -> list[dict[str, str]]:
    """What a call can have been about: what the caller wanted of the bot first, then the pack's menu."""
    pack = scene.pack()
    if pack is None:
        return []
    wanted = [intent for intent in reversed(told.intents if told else ()) if intent in _known(pack)]
    names = list(dict.fromkeys([*wanted, *pack.menu]))[:8]
    return [{"name": name, "title": scene.title(name, language)} for name in names]


def _known(pack: Any) -> set[str]:
    return {*pack.flows, *pack.faq}


def later(scene: DeskScene) -> dict[str, Any]:
    """What waits for people, and not on the line: call-backs and messages. Blocking."""
    callbacks = scene.office.callbacks.all("waiting", "dialling")[:_MOST_LATER]
    return {
        "callbacks": [
            {
                "id": one.id,
                "number": one.number,
                "language": one.language,
                "summary": one.summary,
                "at": one.asked_at,
                "attempts": one.attempts,
                "dialling": one.state == "dialling",
            }
            for one in callbacks
        ],
        "voicemails": [
            {
                "id": one.recording_sid,
                "number": one.number,
                "language": one.language,
                "summary": one.summary,
                "at": one.at,
                "seconds": one.seconds,
            }
            for one in scene.office.voicemails.all()[:_MOST_LATER]
        ],
        "dials": scene.telephone is not None and scene.telephone.can_call_back,
        "plays": scene.telephone is not None,
    }
