"""Labels go with what they are about: at a caller's wish, and by age."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from voicebot.store.history.tables import calls
from voicebot.store.labels.tables import labels

UNLINKED = "unlinked:"
"""Begins what stands for a caller whose calls are deleted: still one person, but nobody can tell who."""


def forget_labels(run: Any, keys: Sequence[int]) -> None:
    """Delete the labels of these calls: their callers asked for it. `run` executes a statement."""
    if keys:
        ids = select(calls.c.id).where(calls.c.key.in_(keys))
        run(delete(labels).where(labels.c.call_id.in_(ids)))


def expire_words(run: Any, before: datetime) -> int:
    """Delete the words of labels of older calls, those that are approved apart; returns how many lost them.

    What was approved was redacted when it was written and is what the bot learns from. What remains of the others is
    who gave which intent: agreement is counted from it.
    """
    old = (labels.c.said < before, labels.c.state != "approved", (labels.c.heard != "") | (labels.c.transcript != ""))
    emptied = {"heard": "", "transcript": "", "sentence": "", "slots": {}}
    return int(run(update(labels).where(*old).values(emptied)).rowcount)


def unlink_callers(run: Any, before: datetime) -> int:
    """Put something else in the place of the callers' hashes of older calls; returns of how many callers."""
    old = (labels.c.said < before, labels.c.caller != "", ~labels.c.caller.startswith(UNLINKED))
    callers = [*run(select(labels.c.caller).where(*old).distinct()).scalars()]
    for caller in callers:
        run(update(labels).where(*old, labels.c.caller == caller).values(caller=UNLINKED + secrets.token_hex(8)))
    return len(callers)
