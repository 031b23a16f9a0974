"""A piece of speech to be recorded, or recorded: its words, and where in a sentence they stand.

The place decides the melody: the same words fall at the end of a statement, rise at the end of a question, stay up
before a pause, and run on elsewhere. In an index and in a script, three dots mark where the sentence goes on:

    안녕하세요, 가온몰입니다.    a whole sentence
    반품 배송비…               the beginning of one
    …원을 빼고…                from its middle
    …오육칠팔,…                from its middle, before a pause
    …을 취소할까요?             the end of a question
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from voicebot.tts.speech_text import spoken

_DOTS = "…"
_MARKS = re.compile(r"[\s.,!?;:。、！？，]+$")


class Ending(StrEnum):
    """What comes behind a piece: the melody of its end."""

    OPEN = "open"
    """The sentence runs on."""
    PAUSE = "pause"
    """The sentence goes on after a pause."""
    STATEMENT = "statement"
    QUESTION = "question"

    @property
    def ends_sentence(self) -> bool:
        return self in (Ending.STATEMENT, Ending.QUESTION)


_WRITTEN_ENDING = {
    Ending.OPEN: _DOTS,
    Ending.PAUSE: "," + _DOTS,
    Ending.STATEMENT: ".",
    Ending.QUESTION: "?",
}


def normalise(text: str) -> str:
    """What two texts have in common that differ in white space, punctuation and capital letters only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold().replace("%", " percent "))


def ending_of(text: str) -> Ending:
    """How a sentence ends by its last mark: a question mark makes a question, all else a statement."""
    return Ending.QUESTION if re.search(r"[?？][\"'”’)\]]*\s*$", text) else Ending.STATEMENT


@dataclass(frozen=True)
class Piece:
    """Words with their place in a sentence."""

    words: str
    """In words, as they are said, without a mark at the end."""
    begins: bool = True
    """Whether a sentence begins with it."""
    ending: Ending = Ending.STATEMENT

    @classmethod
    def of(cls, text: str, language: str) -> Piece:
        """The piece that `text` writes, dots and all; figures are put into words."""
        text = text.strip()
        begins = not text.startswith(_DOTS)
        inside = text.removeprefix(_DOTS)
        if inside.endswith(_DOTS):
            inside = inside.removesuffix(_DOTS).rstrip()
            ending = Ending.PAUSE if inside.endswith((",", "，", "、")) else Ending.OPEN
        else:
            ending = ending_of(inside)
        return cls(_MARKS.sub("", spoken(inside, language)), begins, ending)

    @property
    def key(self) -> str:
        """What its words have in common with the same words written otherwise."""
        return normalise(self.words)

    @property
    def is_sentence(self) -> bool:
        return self.begins and self.ending.ends_sentence

    @property
    def position(self) -> str:
        """`whole`, `initial`, `medial` or `final`: where in its sentence it stands."""
        if self.begins:
            return "whole" if self.ending.ends_sentence else "initial"
        return "final" if self.ending.ends_sentence else "medial"

    @property
    def written(self) -> str:
        """The words with the mark that tells how they end."""
        return self.words + {Ending.OPEN: "", Ending.PAUSE: ","}.get(self.ending, _WRITTEN_ENDING[self.ending])

    def __str__(self) -> str:
        return ("" if self.begins else _DOTS) + self.words + _WRITTEN_ENDING[self.ending]
