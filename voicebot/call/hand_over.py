"""The context of a hand-over, put together from how the call ended, its journal and where the dialogue stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from voicebot.call.redacting import redact_known
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.privacy.redactor import Asked, redact_data
from voicebot.store.hand_overs import HandOverContext
from voicebot.store.journal import Journal

_MOST_TURNS = 40
"""Of the transcript, the newest: what an agent can read while the telephone rings, and more."""

_PRIORITY = {"angry": 3, "displeased": 2}
"""Of callers who feel that way, over the usual 0."""
_FAILED_US = frozenset({"no_match", "no_input", "stuck", "backend", "failed"})
"""Reasons for which the caller was let down: one step of priority more."""


def hand_over_context(
    caller: Caller, outcome: Outcome, journal: Journal, state: State, pack: Pack, at: datetime
) -> HandOverContext:
    """What the agent is told. Values of secret slots are left out, and the journal holds none.

    It is stored as long as the hand-over may take, so it is without personal data too: the agent has the caller.
    """
    known = Asked(known=journal.personal)
    slots = {
        name: value
        for name, value in state.slots.items()
        if name in pack.slots and not pack.slots[name].secret and value is not None
    }
    reason = outcome.reason if outcome.kind == "hand_over" else "failed"
    feeling = str(state.feeling.get("name", ""))
    under_way = [frame.flow for frame in state.stack if frame.flow not in pack.internal]
    return HandOverContext(
        call_id=caller.call_id,
        at=at.astimezone(UTC).isoformat(timespec="seconds"),
        reason=reason,
        queue=outcome.queue or pack.queue,
        language=state.language,
        number=caller.number,
        priority=_PRIORITY.get(feeling, 0) + (reason in _FAILED_US),
        intents=tuple(dict.fromkeys([*state.solved, *under_way])),
        summaries={
            language: redact_known(_summary(pack, state, language), language, state, known)
            for language in pack.languages
        },
        slots=redact_data(slots, state.language, known),
        feeling=dict(state.feeling),
        transcript=tuple(
            {"who": entry.who, "at_ms": entry.at_ms, "text": entry.text}
            for entry in journal.entries[-_MOST_TURNS:]
            if entry.who != "call" and entry.text
        ),
        tried=_tried(journal, state),
    )


def _summary(pack: Pack, state: State, language: str) -> str:
    # How the caller feels is told in words of its own.
    return Draft(pack, {}, replace(state, language=language, feeling={})).summary()


def _tried(journal: Journal, state: State) -> tuple[str, ...]:
    """What the bot did: questions answered, wishes carried through, look-ups, and where it did not understand."""
    tried: list[str] = [f"solved {intent}" for intent in state.solved]
    tried += [f"looked up {name}" for name in state.results]
    missed = sum(entry.decision.startswith("no_match") for entry in journal.entries)
    if missed:
        tried.append(f"not understood {missed}")
    if state.silences:
        tried.append(f"no answer {state.silences}")
    return tuple(tried)
