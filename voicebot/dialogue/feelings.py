"""How the caller feels, and what that changes: an apology, a person offered earlier, gladness shared."""

from __future__ import annotations

from voicebot.audio.prosody import VoiceFeeling
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.events import Heard
from voicebot.nlu.sentiment import Feeling, words_feeling
from voicebot.nlu.sentiment_turns import combine

WORSE = -0.1
"""A trend below means that the caller's mood gets worse."""
_HAPPY = frozenset({"joy", "relief", "praise"})


def before(draft: Draft, event: Heard) -> None:
    """Take note of how it was said; an angry caller hears a short apology with the next step, a happy one is joined."""
    state = draft.state
    known = {name: value for name, value in state.feeling.items() if name != "name"}
    words = words_feeling(event.text, state.language, after_result=bool(state.solved))
    voice = VoiceFeeling(**event.voice) if event.voice else None
    feeling = combine(words, voice, event.pause_ms or None, Feeling.from_json(known) if known else None)
    state.feeling = {**feeling.to_json(), "name": feeling.band}
    if words.band == "angry":
        draft.say_once("apology")
    elif words.band == "glad" and _HAPPY & set(words.cues):
        draft.say_once("glad")


def after(draft: Draft) -> None:
    """When the mood gets worse, a person is offered, once, before the caller has to ask."""
    state = draft.state
    unhappy = state.feeling.get("name") in ("angry", "displeased") and state.feeling.get("trend", 0.0) < WORSE
    if unhappy and not state.offered_person and not state.ended:
        state.offered_person = True
        draft.say("offer_person")
