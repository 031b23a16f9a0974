"""The first words of a call: a greeting, or first the question whether the call may be recorded.

What is answered to that holds for the whole call. What is no yes is no consent.
"""

from __future__ import annotations

from voicebot.dialogue.draft import Draft
from voicebot.dialogue.state import Question


def begin(draft: Draft, *, ask_consent: bool) -> None:
    """Nothing was said yet."""
    if ask_consent:
        draft.state.recording = "asked"
        draft.say("ask_recording")
        draft.ask(Question("consent", "ask_recording"))
    else:
        _greet(draft, greeted=False)


def consent_answered(draft: Draft, yes: bool) -> None:
    """The caller said, or pressed, yes or no."""
    draft.understood()
    draft.state.recording = "yes" if yes else "no"
    draft.say("recording_agreed" if yes else "recording_declined")
    _greet(draft, greeted=True)


def is_asking_consent(draft: Draft) -> bool:
    return draft.state.question is not None and draft.state.question.kind == "consent"


def pass_over_consent(draft: Draft) -> None:
    """The caller said something else: the call goes on unrecorded, and that counts as said to an open question."""
    draft.state.recording = "no"
    draft.ask_open("open", "how_can_i_help")


def _greet(draft: Draft, *, greeted: bool) -> None:
    state = draft.state
    last = str(state.profile.get("intent", ""))
    again = "greeting_again" if state.profile else "greeting"
    if not greeted:
        draft.say(again)
    if state.profile and last in draft.pack.flows and not state.profile.get("resolved"):
        draft.say("predict_intent", title=draft.title(last))
        draft.ask(Question("confirm_intent", "predict_intent", intent=last))
        return
    if state.profile and not greeted:
        draft.say("go_ahead")
    elif greeted:
        draft.say("how_can_i_help")
    draft.ask_open("open", "greeting")
