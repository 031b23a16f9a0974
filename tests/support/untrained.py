"""Dialogues whose understanding is not trained: for callers who press keys, or say what the pack has word for word."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.dialogue.understander import PackUnderstander
from voicebot.nlu.understanding import Understanding

PROMPTS = Path(__file__).parents[2] / "prompts"


class _Untrained:
    def understand(self, text: str, *, expected: Collection[str] = ()) -> Understanding:
        return Understanding(text, None, 0.0, ())


@lru_cache(maxsize=4)
def untrained(pack: str) -> Dialogue:
    """The pack's dialogue, made in a moment."""
    return without_training(load_pack(PROMPTS, pack))


def without_training(pack: Pack) -> Dialogue:
    """The same of a pack that is loaded already."""
    return Dialogue(pack, {language: PackUnderstander(pack, language, _Untrained()) for language in pack.languages})
