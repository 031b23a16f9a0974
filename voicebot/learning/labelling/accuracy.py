"""How often the bot understands callers, from turns that were labelled because chance chose them."""

from __future__ import annotations

from collections.abc import Iterable

from voicebot.nlu.evaluation import Proportion
from voicebot.store.labels.label import Label


def understood_rightly(labels: Iterable[Label]) -> Proportion:
    """Of approved labels of random turns, those in which the bot took the turn for what it meant.

    Out of scope is right where the bot took it for nothing. What is not intelligible to people counts neither way.
    """
    right = total = 0
    seen = set()
    for label in labels:
        if label.sample != "random" or label.state != "approved" or not label.intelligible or label.turn in seen:
            continue
        seen.add(label.turn)
        total += 1
        right += label.understood == (label.intent or "")
    return Proportion(right, total)
