"""The words of feeling of each language: `sentiment_ko.toml` and `sentiment_en.toml`.

A file has `intensifiers`, `softeners` (which stand directly before what they soften) and `cues`. A cue has

- `kind`: what the words show, one of KINDS;
- `valence` (-1 to 1) and `arousal` (0 to 1) that they have by themselves;
- `patterns`: regular expressions;
- `heard`: whole phrases, long enough to be recognised even where a listener misheard some of their sounds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from voicebot.nlu.hangul import to_jamo

KINDS = (
    "insult",
    "anger",
    "disbelief",
    "demand",
    "threat",
    "repetition",
    "waiting",
    "dissatisfaction",
    "worst",
    "misunderstanding",
    "worry",
    "sadness",
    "problem",
    "joy",
    "relief",
    "praise",
    "thanks",
    "agreement",
)

_DEGREE = "(?:좀|조금|약간|너무|많이|정말|진짜|아주|그렇게|별로|별|더|하나도|전혀|영)?"
_ALIKE = 84.0
"""Similarity (0 to 100) from which a misheard phrase counts: about one jamo in six wrong."""


@dataclass(frozen=True)
class Cue:
    """Words that show one kind of feeling."""

    kind: str
    valence: float
    arousal: float
    anywhere: re.Pattern[str] | None
    at_word: re.Pattern[str] | None
    """Only where a word begins."""
    heard: tuple[str, ...]
    """Phrases as sounds: jamo, or letters, without spaces."""


@dataclass(frozen=True)
class Lexicon:
    """The words of feeling of one language."""

    spaced: bool
    """Whether patterns see words with spaces between them, as in English; else the text without spaces."""
    intensifiers: re.Pattern[str]
    softener: re.Pattern[str]
    """At the end of what stands before a cue."""
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class Match:
    """A cue found in a text."""

    cue: Cue
    start: int
    end: int
    """The span in the plain text."""
    misheard: bool = False


@dataclass(frozen=True)
class PlainText:
    """A text as patterns see it."""

    text: str
    word_starts: frozenset[int]


@cache
def lexicon(language: str) -> Lexicon | None:
    """The lexicon of `ko` or `en`; None for any other language."""
    path = Path(__file__).with_name(f"sentiment_{language}.toml")
    if language not in ("ko", "en"):
        return None
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    spaced = language == "en"
    intensifiers = "|".join(sorted(data["intensifiers"], key=len, reverse=True))
    softeners = "|".join(data["softeners"])
    return Lexicon(
        spaced,
        re.compile(rf"\b(?:{intensifiers})\b" if spaced else intensifiers),
        re.compile(rf"\b(?:{softeners}) $" if spaced else rf"(?:{softeners})$"),
        tuple(_cue(entry, spaced) for entry in data["cues"]),
    )


def plain(text: str, words: Lexicon) -> PlainText:
    """The text in lower case without punctuation: words with single spaces, or no spaces at all."""
    tokens = re.findall(r"[a-z0-9']+" if words.spaced else r"[가-힣ㄱ-ㅣa-z0-9]+", text.lower())
    joiner = " " if words.spaced else ""
    starts: list[int] = []
    position = 0
    for token in tokens:
        starts.append(position)
        position += len(token) + len(joiner)
    return PlainText(joiner.join(tokens), frozenset(starts))


def matches(text: PlainText, words: Lexicon) -> list[Match]:
    """Every cue in `text`, in the order of the text; of spans that begin at one place in one cue, the first."""
    found: list[Match] = []
    sounds = ""
    for cue in words.cues:
        hits = [Match(cue, start, end) for start, end in sorted(set(_spans(cue, text, words)))]
        if not hits and cue.heard:
            sounds = sounds or _sounds(text.text)
            for phrase in cue.heard:
                at = fuzz.partial_ratio_alignment(phrase, sounds, score_cutoff=_ALIKE)
                # A short text inside a long phrase is similar to a part of it, which proves nothing.
                if at is not None and len(sounds) >= 0.85 * len(phrase):
                    place = round(at.dest_start / len(sounds) * len(text.text))
                    hits = [Match(cue, place, place, misheard=True)]
                    break
        found.extend(hits)
    return sorted(found, key=lambda match: (match.start, -match.end))


def _spans(cue: Cue, text: PlainText, words: Lexicon) -> Iterator[tuple[int, int]]:
    if cue.anywhere:
        for hit in cue.anywhere.finditer(text.text):
            yield hit.span()
    if cue.at_word:
        # Without spaces, a word may also begin behind an intensifier: 정말화나네요.
        behind = {hit.end() for hit in words.intensifiers.finditer(text.text)}
        for start in text.word_starts | behind:
            if at := cue.at_word.match(text.text, start):
                yield at.span()


def _cue(entry: dict[str, Any], spaced: bool) -> Cue:
    if entry["kind"] not in KINDS:
        raise ValueError(f"{entry['kind']!r} is no kind of feeling")
    patterns = [pattern.replace("~", _DEGREE) for pattern in entry["patterns"]]
    anywhere = [pattern for pattern in patterns if not pattern.startswith("_")]
    at_word = [pattern[1:] for pattern in patterns if pattern.startswith("_")]
    edge = r"\b" if spaced else ""
    return Cue(
        entry["kind"],
        entry["valence"],
        entry["arousal"],
        re.compile(f"{edge}(?:{'|'.join(anywhere)}){edge}") if anywhere else None,
        re.compile("|".join(at_word)) if at_word else None,
        tuple(_sounds(phrase) for phrase in entry.get("heard", ())),
    )


def _sounds(text: str) -> str:
    return to_jamo(text.replace(" ", ""))
