"""Why a turn was understood as it was, in a few sentences of the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.console.interface_language import text
from voicebot.store.history.found import TurnFound

Title = Callable[[str | None], str]


def explain(turn: TurnFound, language: str, title: Title) -> list[str]:
    """What the listener and the dialogue went by; empty for the bot's turns and where nothing is known."""
    if turn.who != "caller":
        return []

    def say(key: str, **values: object) -> str:
        return text(language, f"console.{key}", **values)

    sentences = []
    if turn.listener and turn.listener != "keys":
        heard = "why_listener_score" if turn.score is not None else "why_listener"
        sentences.append(say(heard, listener=turn.listener, score=_percent(turn.score)))
    if turn.verdict in ("accept", "confirm", "reject"):
        sentences.append(say(f"why_{turn.verdict}"))
    if turn.hypothesis and turn.text and turn.hypothesis.replace(" ", "") != turn.text.replace(" ", ""):
        sentences.append(say("why_hypothesis", words=turn.hypothesis))
    if turn.intent:
        sentences.append(say("why_intent", intent=title(turn.intent), score=_percent(turn.intent_score)))
        if turn.margin is not None:
            sentences.append(say("why_close" if turn.margin < _CLOSE else "why_clear", margin=_percent(turn.margin)))
    if turn.decision:
        sentences.append(say("why_decision", decision=turn.decision))
    return sentences


_CLOSE = 0.15
"""A second intent less than this behind was nearly chosen."""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f}%"
