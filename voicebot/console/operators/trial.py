"""What the bot would answer: a conversation in text that touches nothing and nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from voicebot.backends.port import Backend, BackendError
from voicebot.backends.registry import open_demonstration
from voicebot.dialogue import actions
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.text_session import TextSession, event_of_line
from voicebot.tts.markup import plain

MOST_LINES = 20
LONGEST_LINE = 300


@dataclass(frozen=True)
class TrialTurn:
    """One line of the reader's, and what came of it."""

    line: str
    """Empty at the beginning."""
    decision: str
    intent: str
    score: float | None
    said: tuple[str, ...]
    asked: tuple[str, ...]
    """Look-ups that the dialogue wanted, with their arguments."""
    slots: Mapping[str, Any]
    outcome: str
    """`hand_over` or `hang_up` where the conversation ended here."""


class _Unasked:
    """Stands for a real back end, which a trial must not touch."""

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:  # noqa: ARG002
        raise BackendError(f"{operation} is not asked in a trial; it would be in a call.")


def is_answered(dialogue: Dialogue) -> bool:
    """Whether look-ups are answered in trials: by a demonstration back end, never by a real one."""
    return open_demonstration(dialogue.pack.backend, dialogue.pack.folder) is not None


def attempt(dialogue: Dialogue, language: str, lines: Sequence[str], today: date) -> list[TrialTurn]:
    """A conversation from its beginning: an empty line is silence, a line of digits is keys, others are words."""
    pack = dialogue.pack
    backend: Backend = open_demonstration(pack.backend, pack.folder, today=lambda: today) or _Unasked()
    session = TextSession(dialogue, backend, dialogue.begin(language))
    turns = [_turn("", session.post(CallStarted(session.state.language, today.isoformat())), session, pack)]
    for line in list(lines)[:MOST_LINES]:
        if session.state.ended:
            break
        turns.append(_turn(line[:LONGEST_LINE], session.post(event_of_line(line[:LONGEST_LINE])), session, pack))
    return turns


def _turn(line: str, done: Sequence[actions.Action], session: TextSession, pack: Pack) -> TrialTurn:
    note = next((action for action in done if isinstance(action, actions.Note)), actions.Note(""))
    ends = [action for action in done if isinstance(action, actions.HandOver | actions.HangUp)]
    secret = {name for name, slot in pack.slots.items() if slot.secret}
    return TrialTurn(
        line=line,
        decision=note.decision,
        intent=note.intent,
        score=note.score if note.intent else None,
        said=tuple(plain(action.text) for action in done if isinstance(action, actions.Say)),
        asked=tuple(
            f"{action.operation}({', '.join(f'{name}={value}' for name, value in action.arguments.items())})"
            for action in done
            if isinstance(action, actions.AskBackend)
        ),
        slots={name: value for name, value in session.state.slots.items() if name not in secret},
        outcome="" if not ends else "hand_over" if isinstance(ends[0], actions.HandOver) else "hang_up",
    )
