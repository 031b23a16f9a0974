"""What becomes of labels when several people judged the same turn, or the same sentence. Pure functions.

One person's label is proposed. It is approved where the labeller is entitled to that, where a second person labelled
the turn alike without seeing it, or where one agreed. Labels of one turn that differ in meaning or slots stay proposed,
all of them, until somebody decides; a label that contradicts the decision afterwards opens the question again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voicebot.store.labels.label import Approved, Conflict, Label, LeftOut, State, Turn, Why

MOST_PER_CALLER = 5
"""Labels of one meaning that one caller may add to the training: saying it a thousand times makes it no truer."""
MOST_OF_UNKNOWN = 20
"""The same for all callers together whose numbers are not known."""


@dataclass(frozen=True)
class Opinion:
    """What settling needs to know of one label of a turn."""

    id: int
    meaning: str
    slots: Mapping[str, str]
    entitled: bool
    state: State
    ruled: bool
    """Somebody agreed with it, or decided about it."""

    def same(self, other: Opinion) -> bool:
        return self.meaning == other.meaning and dict(self.slots) == dict(other.slots)


def settled(opinions: Sequence[Opinion]) -> dict[int, tuple[State, bool]]:
    """The state of each label of one turn by its id, and whether what was ruled about it still holds."""
    right = next((one for one in opinions if one.ruled and one.state == "approved"), None)
    fresh = [one for one in opinions if not one.ruled]
    if right is not None and all(one.same(right) for one in fresh):
        return {one.id: ("approved" if not one.ruled else one.state, one.ruled) for one in opinions}
    if not fresh:
        return {one.id: (one.state, True) for one in opinions}
    alike = all(one.same(opinions[0]) for one in opinions)
    approved = alike and (len(opinions) > 1 or opinions[0].entitled)
    return {one.id: ("approved" if approved else "proposed", False) for one in opinions}


def conflicts(labels: Iterable[Label]) -> tuple[Conflict, ...]:
    """What contradicts what, the oldest first. Refused labels and those without words contradict nothing."""
    standing = [label for label in labels if label.state != "refused"]
    found = [
        Conflict("turn", tuple(several))
        for several in _by_turn(standing).values()
        if len({(label.meaning, tuple(sorted(label.slots.items()))) for label in several}) > 1
    ]
    known = {label.id for conflict in found for label in conflict.labels}
    sentences: dict[tuple[str, str], list[Label]] = {}
    for label in standing:
        if label.id not in known and label.intelligible and label.sentence:
            sentences.setdefault((label.language, label.sentence), []).append(label)
    found += [
        Conflict("sentence", tuple(several))
        for several in sentences.values()
        if len({label.meaning for label in several}) > 1
    ]
    return tuple(sorted(found, key=lambda conflict: conflict.labels[0].id))


def for_training(
    labels: Sequence[Label],
    *,
    intents: Mapping[str, Iterable[str]] | None,
    most_per_caller: int,
    most_of_unknown: int,
) -> Approved:
    """One label a turn of those that are approved, the oldest first, and what is left out of them and why.

    `labels`: all of a pack, whatever their state. `intents`: those that there are now, by language.
    """
    contradictory = {label.id for conflict in conflicts(labels) for label in conflict.labels}
    there = {language: frozenset(names) for language, names in (intents or {}).items()}
    counts: dict[tuple[str, str, str], int] = {}
    kept: list[Label] = []
    left_out: list[LeftOut] = []
    approved = [label for label in labels if label.state == "approved"]
    for several in _by_turn(approved).values():
        label = several[0]
        reason: Why | None = None
        if any(one.id in contradictory for one in several):
            reason = "contradictory"
        elif not label.intelligible:
            reason = "unintelligible"
        elif not label.transcript:
            reason = "no words"
        elif intents is not None and label.intent is not None and label.intent not in there.get(label.language, ()):
            reason = "intent is gone"
        else:
            key = (label.caller, label.language, label.meaning)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] > (most_per_caller if label.caller else most_of_unknown):
                reason = "too many of one caller"
        if reason is None:
            kept.append(label)
        else:
            left_out.append(LeftOut(label, reason))
    waiting = [label for label in labels if label.state == "proposed" and label.id in contradictory]
    return Approved(tuple(kept), (*left_out, *(LeftOut(label, "contradictory") for label in waiting)))


def _by_turn(labels: Iterable[Label]) -> dict[Turn, list[Label]]:
    found: dict[Turn, list[Label]] = {}
    for label in labels:
        found.setdefault(label.turn, []).append(label)
    return found
