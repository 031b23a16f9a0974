"""The same sentence at another speech level: 해요체, as packs are written, becomes 합쇼체 or 반말."""

from __future__ import annotations

import re
from typing import Literal

SpeechLevel = Literal["polite", "formal", "familiar"]

# Behind each pattern stands the end of a sentence.
_FORMAL = (
    ("(해|봐|알려|바꿔|취소해|보내|눌러|들려) (?:주세요|줘요)", r"\1 주십시오"),
    ("주세요", "주십시오"),
    ("있(?:나요|어요)", "있습니까"),
    ("되나요|돼요", "됩니까"),
    ("하나요", "합니까"),
    ("인가요", "입니까"),
    ("싶어요", "싶습니다"),
    ("부탁드려요|부탁해요", "부탁드립니다"),
    ("할게요", "하겠습니다"),
    ("했어요", "했습니다"),
    ("왔어요", "왔습니다"),
    ("이에요|예요", "입니다"),
)
_FAMILIAR = (
    ("주세요|줘요", "줘"),
    ("있나요|있어요", "있어"),
    ("되나요", "되나"),
    ("돼요", "돼"),
    ("하나요|해요", "해"),
    ("인가요|이에요", "이야"),
    ("예요", "야"),
    ("싶어요", "싶어"),
    ("부탁드려요|부탁해요", "부탁해"),
    ("할게요", "할게"),
    ("([가-힣][았었했왔갔됐졌렸났])어요", r"\1어"),
)
_LEVELS = {"formal": _FORMAL, "familiar": _FAMILIAR}


def at_level(text: str, level: SpeechLevel, language: str) -> str:
    """A Korean sentence with its ending at `level`; as it is where no rule knows the ending, or in English."""
    if language != "ko" or level == "polite":
        return text
    for pattern, ending in _LEVELS[level]:
        changed, count = re.subn(f"(?:{pattern})$", ending, text)
        if count:
            return changed
    return text
