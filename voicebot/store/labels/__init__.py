"""Labels: what people say that callers said and meant. What was approved is what the bot learns from."""

from voicebot.store.labels.label import (
    Approved,
    Conflict,
    Judgement,
    Label,
    LabelError,
    LeftOut,
    Turn,
)
from voicebot.store.labels.labels import Counts, Labels, New

__all__ = ["Approved", "Conflict", "Counts", "Judgement", "Label", "LabelError", "Labels", "LeftOut", "New", "Turn"]
