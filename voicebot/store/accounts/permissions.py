"""Roles and what they permit: the one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Permission = Literal[
    "numbers",  # KPIs and charts: no caller's words
    "calls",  # the history with callers' words, recordings and decisions
    "live",  # calls as they happen, with callers' words
    "steer",  # whisper a hint into a live call, take it over
    "desk",  # the agents' desk
    "content",  # what the bot understands and says; what-if
    "label",  # correct transcripts, label, judge suggestions
    "alerts",  # set up alert rules
    "export",  # take the history out of the system
    "approve",  # approve versions and experiments
    "users",  # accounts, roles and tokens of others
    "audit",  # who saw and did what
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

Role = Literal["viewer", "agent", "editor", "analyst", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

PERMITTED: Mapping[Role, frozenset[Permission]] = {
    "viewer": frozenset({"numbers"}),
    "agent": frozenset({"desk", "live", "steer"}),
    "editor": frozenset({"numbers", "calls", "content", "label"}),
    "analyst": frozenset({"numbers", "calls", "live", "content", "alerts", "export"}),
    "admin": frozenset(PERMISSIONS),
}
