"""What one person said about one turn, and what comes of several people's labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args, overload

from voicebot.errors import VoicebotError
from voicebot.nlu.normalise import normalise

State = Literal["proposed", "approved", "refused"]
Sample = Literal["random", "informative", "chosen", "imported"]
"""Why a turn was labelled. Only `random` ones tell how often the bot is right: others were chosen for being hard."""
SAMPLES: tuple[Sample, ...] = get_args(Sample)
Why = Literal["contradictory", "unintelligible", "no words", "intent is gone", "too many of one caller"]
"""Why a label is not used."""

OUT_OF_SCOPE, UNINTELLIGIBLE = ":out_of_scope", ":unintelligible"
"""Categories beside the intents; no intent's name has a colon."""
Trouble = Literal["bad_label", "no_turn", "no_label", "own_label", "contradicted", "changed"]

LONGEST_TRANSCRIPT = 1000
"""Characters; a minute of quick speech has about 600 syllables."""
_NOT_SAID = re.compile(r"[\W_]+")


class LabelError(VoicebotError):
    """A label that can't be kept, or changed."""

    def __init__(self, message: str, kind: Trouble = "bad_label", place: int = 0) -> None:
        """`kind`: by which pages find their own words for it. `place`: of several to be added, which one, from 0."""
        super().__init__(message)
        self.kind, self.place = kind, place


@dataclass(frozen=True)
class Turn:
    """Which turn: the call, the worker's part of it, and the number within the part."""

    call: str
    part: int
    number: int


@dataclass(frozen=True)
class Judgement:
    """What somebody says that a turn meant."""

    transcript: str
    """What was said. Empty where it is not intelligible."""
    intent: str | None
    """None: out of scope, or not intelligible."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """The values that the sentence itself names."""
    intelligible: bool = True

    @property
    def meaning(self) -> str:
        """The category: what two labellers agree on or not."""
        return meaning(self.intelligible, self.intent)


@dataclass(frozen=True)
class Label:
    """One person's judgement of one turn."""

    id: int
    pack: str
    language: str
    call: str
    turn_part: int
    turn_number: int
    heard: str
    """What the listener made of it; empty once it was deleted."""
    transcript: str
    """What was said, without personal data; empty where it is not intelligible, or was deleted."""
    intent: str | None
    """None: out of scope, or not intelligible."""
    slots: Mapping[str, str]
    caller: str
    """Pseudonym; empty where the number was withheld."""
    by: str
    at: datetime
    state: State
    intelligible: bool = True
    understood: str = ""
    """The intent that the bot took it for; empty: none."""
    version: str = ""
    """Of content and models that the call ran on."""
    sample: Sample = "chosen"
    decided_by: str = ""
    """Who agreed, or decided between two; empty: nobody had to."""
    first: str = ""
    """The meaning that was given first. Agreement is computed from these: later ones may follow from talk."""

    @property
    def turn(self) -> Turn:
        return Turn(self.call, self.turn_part, self.turn_number)

    @property
    def meaning(self) -> str:
        """The category: what two labellers agree on or not."""
        return meaning(self.intelligible, self.intent)

    @property
    def sentence(self) -> str:
        """The transcript as sentences are compared."""
        return sentence(self.transcript)


@dataclass(frozen=True)
class LeftOut:
    """A label that is not used for training, and why."""

    label: Label
    why: Why


@dataclass(frozen=True)
class Approved(Sequence[Label]):
    """What may be trained on: one label a turn, the oldest first. A sequence of `Label`."""

    labels: tuple[Label, ...]
    left_out: tuple[LeftOut, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Label: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Label]: ...
    def __getitem__(self, index: int | slice) -> Label | Sequence[Label]:
        return self.labels[index]

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def reasons(self) -> dict[Why, int]:
        """How many were left out for what."""
        counts: dict[Why, int] = {}
        for one in self.left_out:
            counts[one.why] = counts.get(one.why, 0) + 1
        return counts


@dataclass(frozen=True)
class Conflict:
    """Labels that can't all be right. None of them is used until somebody decides."""

    kind: Literal["turn", "sentence"]
    """`turn`: people differ about one turn. `sentence`: the same sentence has two intents."""
    labels: tuple[Label, ...]
    """The oldest first."""


def meaning(intelligible: bool, intent: str | None) -> str:
    """The category of a judgement: an intent's name, or one of the two that no intent's name can be."""
    if not intelligible:
        return UNINTELLIGIBLE
    return intent if intent is not None else OUT_OF_SCOPE


def sentence(text: str) -> str:
    """`text` without case, spaces and punctuation: "환불 해주세요." and "환불해주세요" are the same sentence."""
    return _NOT_SAID.sub("", unicodedata.normalize("NFC", normalise(text)).casefold())
