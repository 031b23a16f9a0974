"""What a pack says, as it is to be cut for recording: texts with gaps, and what may stand in the gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from voicebot.nlu.hangul import PARTICLES, particle
from voicebot.tts.speech_text import sentences

KINDS = ("digits", "won", "count", "date", "time")
"""Kinds of values whose pieces are the same in every pack."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_GAP, _PARTICLE = 0xE000, 0xE800
"""Private characters that stand for gaps and particles while a text is cut into sentences."""


@dataclass(frozen=True)
class Gap:
    """A place for a value."""

    kinds: tuple[str, ...] = ()
    """Of KINDS. None of them, and no values: anything may stand here, and an engine has to speak it."""
    values: tuple[str, ...] = ()
    """All that may stand here, as written; a single one is part of the text."""
    section: str = "value"
    """The section of the script in which the values stand."""

    @property
    def is_open(self) -> bool:
        return not self.kinds and not self.values


@dataclass(frozen=True)
class Particle:
    """A Korean particle in one of its forms; which one, the value before it decides."""

    form: str


@dataclass(frozen=True)
class Carrier:
    """One thing that is said, with its gaps."""

    name: str
    """The reply's."""
    text: str
    """Gaps and particles in braces, as packs write them: `{order.price:won}{을} 돌려드려요.`"""
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    """By what stands between the braces. Those that are missing are open."""
    is_item: bool = False
    """Whether it is said inside an enumeration: it ends with a pause."""


Element = str | Gap | Particle


def cut(carrier: Carrier, language: str) -> tuple[tuple[Element, ...], ...]:
    """The sentences of a carrier, each as the texts, gaps and particles that make it up."""
    gaps: list[Gap] = []
    forms: list[str] = []
    written = ""
    constant = True
    pieces = _BRACES.split(carrier.text)
    for index, part in enumerate(pieces):
        if index % 2 == 0:
            written += part
            constant = constant or bool(part)
        elif part in PARTICLES:
            if constant:
                written += particle(written, part)
            else:
                written += chr(_PARTICLE + len(forms))
                forms.append(part)
        else:
            gap = carrier.gaps.get(part, Gap())
            constant = len(gap.values) == 1 and not gap.kinds
            if constant:
                written += gap.values[0]
            else:
                written += chr(_GAP + len(gaps))
                gaps.append(gap)
    return tuple(_elements(sentence, gaps, forms) for sentence in sentences(written, language))


def _elements(sentence: str, gaps: list[Gap], forms: list[str]) -> tuple[Element, ...]:
    found: list[Element] = []
    for part in re.split("([\ue000-\uefff])", sentence):
        if len(part) == 1 and _PARTICLE <= ord(part) <= 0xEFFF:
            found.append(Particle(forms[ord(part) - _PARTICLE]))
        elif len(part) == 1 and _GAP <= ord(part) < _PARTICLE:
            found.append(gaps[ord(part) - _GAP])
        elif part:
            found.append(part)
    return tuple(found)
