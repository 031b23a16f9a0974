"""Splitting what callers say into words that the model has.

The Korean model's words are pieces of about a morpheme (배송, 언제, 도착, 하나요): each written word is split into the
fewest pieces; pieces of one syllable count more, since short words are what a recogniser confuses most.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from voicebot.nlu.hangul import FINALS, INITIALS, VOWELS, compose, decompose, is_syllable

PIECE_COST = 1.0
ONE_SYLLABLE_COST = 0.7
"""What a piece of one syllable costs beside PIECE_COST."""

_LONGEST_PIECE = 12
"""Syllables; the model has longer words, but hardly any that people say."""

_LETTER_NAMES = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "에이",
            "비",
            "씨",
            "디",
            "이",
            "에프",
            "지",
            "에이치",
            "아이",
            "제이",
            "케이",
            "엘",
            "엠",
            "엔",
            "오",
            "피",
            "큐",
            "알",
            "에스",
            "티",
            "유",
            "브이",
            "더블유",
            "엑스",
            "와이",
            "지",
        ],
        strict=True,
    )
)


@dataclass(frozen=True)
class Unsayable:
    """A word of a sentence that the model can't hear."""

    word: str
    suggestion: str
    """What to write instead; empty where nothing near is known. The recogniser listens for the suggestion meanwhile."""


@dataclass(frozen=True)
class Segmentation:
    """A sentence as the model's words."""

    pieces: tuple[str, ...]
    """Empty where a word can't be said and there is no suggestion."""
    unsayable: tuple[Unsayable, ...] = ()


class Segmenter:
    """Splits sentences of one language by one model's vocabulary."""

    def __init__(self, words: Container[str], language: str) -> None:
        self._words = words
        self._language = language
        self._known: dict[str, tuple[str, ...] | None] = {}

    def sentence(self, text: str) -> Segmentation:
        """The pieces of a sentence; punctuation is dropped."""
        pieces: list[str] = []
        unsayable: list[Unsayable] = []
        sayable = True
        for word in spoken_words(text):
            split = self._word(word)
            if split is None:
                suggestion = self._suggestion(word)
                unsayable.append(Unsayable(word, suggestion))
                split = self._word(suggestion) if suggestion else None
            if split is None:
                sayable = False
            else:
                pieces.extend(split)
        return Segmentation(tuple(pieces) if sayable else (), tuple(unsayable))

    def said(self, text: str) -> list[tuple[str, tuple[str, ...]]]:
        """The words of a sentence as they sound, each with its pieces: a word of letters is spelt out.

        A word that has no pieces is its own.
        """
        words = spoken_words(text)
        if self._language == "ko":
            words = [word if all(map(is_syllable, word)) else self._suggestion(word) or word for word in words]
        return [(word, self._word(word) or (word,)) for word in words]

    def _word(self, word: str) -> tuple[str, ...] | None:
        if word not in self._known:
            self._known[word] = self._split(word)
        return self._known[word]

    def _split(self, word: str) -> tuple[str, ...] | None:
        if self._language != "ko":
            return (word,) if word in self._words else None
        best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())] + [None] * len(word)
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_PIECE), end):
                before, piece = best[start], word[start:end]
                if before is None or piece not in self._words:
                    continue
                cost = before[0] + PIECE_COST + (ONE_SYLLABLE_COST if len(piece) == 1 else 0.0)
                here = best[end]
                if here is None or cost < here[0]:
                    best[end] = (cost, (*before[1], piece))
        last = best[-1]
        return last[1] if last else None

    def _suggestion(self, word: str) -> str:
        if self._language != "ko":
            return ""
        spelt = "".join(_LETTER_NAMES.get(char, char) for char in word.lower())
        near = "".join(self._near_syllable(char) for char in spelt)
        return next((spoken for spoken in (spelt, near) if self._word(spoken)), "")

    def _near_syllable(self, char: str) -> str:
        """The syllable that differs least: in its final, then its vowel, then its initial."""
        if char in self._words or not is_syllable(char):
            return char
        initial, vowel, final = decompose(char)
        nearest = (
            *(compose(initial, vowel, other) for other in FINALS),
            *(compose(initial, other, final) for other in VOWELS),
            *(compose(other, vowel, final) for other in INITIALS),
        )
        return next((syllable for syllable in nearest if syllable in self._words), char)


def spoken_words(text: str) -> list[str]:
    """The words of a text without punctuation, in lower case, in normal form C."""
    cleaned = re.sub(r"[^\w']+|_", " ", unicodedata.normalize("NFKC", text).lower())
    return cleaned.split()
