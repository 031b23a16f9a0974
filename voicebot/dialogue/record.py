"""Turns as they are stored, and stored calls held again: the same events must bring the same decisions.

What is secret never reaches a file: a secret entry is stored as zeros, and so it is held again. Where files are not
encrypted, personal data does not either; a turn whose words were changed for that is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.dialogue.actions import Action, Note
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, Heard, Keyed
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.state import State
from voicebot.dialogue.wire import from_json, to_json
from voicebot.privacy.redactor import NOTHING_ASKED, Asked, redact_data
from voicebot.store.call_log import StoredCall, state_hash


@dataclass(frozen=True)
class Turn:
    """One turn, ready to be stored."""

    event: dict[str, Any]
    actions: list[dict[str, Any]]
    state_hash: str


def record(pack: Pack, before: State, event: Event, after: State, actions: Sequence[Action]) -> Turn:
    """A turn without its secrets."""
    secrets = _secrets(pack, before) | _secrets(pack, after)
    stored_event = to_json(event)
    if isinstance(event, Keyed) and is_secret(pack, before):
        secrets.add(event.keys)
        stored_event["keys"] = "0" * len(event.keys)
    elif isinstance(event, CallStarted):
        stored_event["caller"] = "0" * len(event.caller)
    elif isinstance(event, Heard) and is_secret(pack, before) and not _is_command(actions):
        stored_event |= {"text": "", "alternatives": [], "masked": True}
    return Turn(
        stored_event,
        [_masked(to_json(action), secrets) for action in actions],
        state_hash(_masked(after.to_json(), secrets)),
    )


def without_personal_data(
    turn: Turn, language: str, asked: Asked = NOTHING_ASKED, known: Asked = NOTHING_ASKED
) -> Turn:
    """The turn for a file that is not encrypted. `asked`: of the event; `known`: for what follows from it."""
    event = redact_data(turn.event, language, asked)
    if event["kind"] == "Keyed" and event != turn.event:
        event["keys"] = "0" * len(turn.event["keys"])  # keys stay keys
    if event["kind"] in ("Heard", "Keyed") and event != turn.event:
        event["masked"] = True
    return Turn(event, redact_data(turn.actions, language, known), turn.state_hash)


def is_secret(pack: Pack, state: State) -> bool:
    """Whether something secret was asked for."""
    question = state.question
    return bool(question and question.kind == "slot" and pack.slots[question.slot].secret)


def _is_command(actions: Sequence[Action]) -> bool:
    return any(isinstance(action, Note) and action.decision in ("urgent", "command") for action in actions)


def _secrets(pack: Pack, state: State) -> set[str]:
    """What must not be stored: secret values, and the caller's number."""
    values = {str(value) for slot, value in state.slots.items() if slot in pack.slots and pack.slots[slot].secret}
    return values | ({state.caller} if state.caller else set())


def _masked(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, str):
        return "0" * len(value) if value in secrets else value
    if isinstance(value, Mapping):
        return {key: _masked(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, secrets) for inner in value]
    return value


@dataclass(frozen=True)
class Difference:
    """A turn that goes another way now."""

    turn: int
    """From 1."""
    event: Mapping[str, Any]
    then: list[Mapping[str, Any]]
    now: list[Mapping[str, Any]]


def replay(call: StoredCall, dialogue: Dialogue) -> Iterator[Difference]:
    """Hold a stored call again, each turn from the state that the turns before it lead to now.

    Yields the turns whose decisions differ. Raises ValueError for a call whose state or events can't be read.
    """
    state = State.from_json(call.state)
    for number, stored in enumerate(call.turns, start=1):
        event = from_json(stored.event)
        new, actions = dialogue.turn(state, event)
        now = record(dialogue.pack, state, event, new, actions)
        then = [dict(action) for action in stored.actions]
        if call.redacted:
            now = without_personal_data(now, new.language)
        # What was said instead of a secret is not stored, so that turn can't be compared.
        if not stored.event.get("masked") and _plain(now.actions) != _plain(then):
            yield Difference(number, stored.event, list(then), list(now.actions))
        state = new


def _plain(value: Any) -> Any:
    """As JSON brings it back: tuples are lists."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
