"""The states of a version, and the one table of what may be done in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from voicebot.errors import VoicebotError

State = Literal["draft", "evaluated", "approved", "shadow", "shared", "active", "retired"]
STATES: tuple[State, ...] = ("draft", "evaluated", "approved", "shadow", "shared", "active", "retired")

Action = Literal["evaluate", "approve", "shadow", "share", "activate", "withdraw", "roll back", "restore", "retire"]
"""What is done to one version. `withdraw`: it runs beside the active one no more, and may again. `roll back`: it is
taken out of service because something is wrong with it. `restore`: it is in service again, in place of one that was
rolled back."""

TRANSITIONS: Mapping[Action, tuple[frozenset[State], State]] = {
    "evaluate": (frozenset({"draft", "evaluated"}), "evaluated"),
    "approve": (frozenset({"evaluated"}), "approved"),
    "shadow": (frozenset({"approved"}), "shadow"),
    "share": (frozenset({"approved", "shadow", "shared"}), "shared"),
    "activate": (frozenset({"approved", "shadow", "shared"}), "active"),
    "withdraw": (frozenset({"shadow", "shared"}), "approved"),
    "roll back": (frozenset({"shared", "active"}), "retired"),
    "restore": (frozenset({"retired"}), "active"),
    "retire": (frozenset({"draft", "evaluated", "approved", "shadow", "shared"}), "retired"),
}
"""Action -> the states in which it may be done, and the state that follows.

An active version is retired by what takes its place: another one (`activate`), or its predecessor (`roll back`)."""


class VersionError(VoicebotError):
    """Something that can't be done with a version, or there is no such one."""


def after(action: Action, state: State, version: str) -> State:
    """The state that follows. Raises VersionError where the action may not be done in this state."""
    allowed, then = TRANSITIONS[action]
    if state not in allowed:
        needed = " or ".join(one for one in STATES if one in allowed)
        raise VersionError(f"version {version} is {state}: to {action} it, it must be {needed}.")
    return then


def possible(state: State) -> tuple[Action, ...]:
    """What may be done with a version in this state by people, in the table's order."""
    return tuple(action for action, (allowed, _) in TRANSITIONS.items() if state in allowed and action != "restore")
