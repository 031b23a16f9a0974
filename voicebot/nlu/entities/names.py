"""Names from lists, with near-misses: what was misheard by a few jamo is taken, what is further away is not."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voicebot.nlu.entities.grammar import Candidate, ListEntry
from voicebot.nlu.hangul import to_jamo
from voicebot.nlu.normalise import normalise

NEAR = 0.22
"""A near-miss may differ in this share of its jamo (letters in English), rounded down; names of fewer than five not at
all: two wrong jamo in a name of three syllables, one in a name of two."""

_WORD = re.compile(r"[^\s,.!?~:;\"']+")
_PARTICLES = re.compile(
    r"(?:이라고요|이라고|라고|이에요|예요|에요|입니다|인데요|인데|이고요|이고|고요|이요|요|에서|에게|으로|로|하고"
    r"|이랑|랑|까지|부터|처럼|이나|나|을|를|이|가|은|는|도|만|에|의|과|와|님|씨|이야|야|주세요|말고|한테|께|죠|이죠"
    r"|네요|이네요|은요|는요|이면|면|대신|아니라|이|좀){1,3}$"
)


@dataclass(frozen=True)
class _Names:
    spelled: tuple[str, ...]
    """Lower-case, without spaces, in jamo, short ones first."""
    lengths: tuple[int, ...]
    values: tuple[str, ...]
    exact: Mapping[str, str]
    words: int
    """The most words that a name has, and one: recognisers split names."""


def names(text: str, language: str, lists: Mapping[str, Sequence[ListEntry]]) -> Iterator[Candidate]:
    """The entries of the lists that are named; near-misses only where one value is nearer than all others."""
    if not lists:
        return
    words = list(_WORD.finditer(text))
    for kind, entries in lists.items():
        spelled = _spelled(tuple((repr(entry.value), tuple(entry.names)) for entry in entries))
        if spelled.spelled:
            values = {repr(entry.value): entry.value for entry in entries}
            yield from _named(text, kind, words, spelled, values, language)


@lru_cache(maxsize=64)
def _spelled(entries: tuple[tuple[str, tuple[str, ...]], ...]) -> _Names:
    exact: dict[str, str] = {}
    for value, spoken in entries:
        for name in spoken:
            if spelled := _spell(name):
                exact.setdefault(spelled, value)
    pairs = sorted(exact.items(), key=lambda pair: (len(pair[0]), pair))
    most = max((len(name.split()) for _, spoken in entries for name in spoken), default=0)
    return _Names(
        tuple(spelled for spelled, _ in pairs),
        tuple(len(spelled) for spelled, _ in pairs),
        tuple(value for _, value in pairs),
        exact,
        min(most, 5) + 1,
    )


def _spell(text: str) -> str:
    return to_jamo(re.sub(r"[\s,.!?~:;\"'()-]+", "", normalise(text)).lower())


def _named(
    text: str, kind: str, words: list[re.Match[str]], names_: _Names, values: Mapping[str, Any], language: str
) -> Iterator[Candidate]:
    found: list[tuple[int, int, int, str]] = []
    for first, word in enumerate(words):
        for last in range(first, min(first + names_.words, len(words))):
            start, stop = word.start(), words[last].end()
            for end in _ends(text, start, stop, words[last].start(), language):
                if (near := _nearest(_spell(text[start:end]), names_)) is not None:
                    found.append((near[1], start - end, start, near[0]))
    taken = 0
    for distance, length, start, value in sorted(found):
        mask = (1 << (start - length)) - (1 << start)
        if not taken & mask:
            taken |= mask
            yield Candidate(kind, values[value], start, start - length, rank=10 - distance)
    yield from _run_on(text, kind, names_, values, language)


def _ends(text: str, start: int, stop: int, last_word: int, language: str) -> Iterator[int]:
    yield stop
    if language != "ko":
        return
    base = max(start, last_word)
    if stripped := _PARTICLES.search(text[base:stop]):
        for end in range(base + max(stripped.start(), 1), stop):
            if _PARTICLES.fullmatch(text, end, stop):
                yield end


def _nearest(said: str, names_: _Names) -> tuple[str, int] | None:
    """The nearest value and how many jamo away it is; None where none is near, or two are equally near."""
    if (value := names_.exact.get(said)) is not None:
        return value, 0
    allowed = int(len(said) * NEAR) if len(said) >= 5 else 0
    if not allowed:
        return None
    first = bisect_left(names_.lengths, len(said) - allowed)
    last = bisect_right(names_.lengths, len(said) + allowed)
    near = process.extract(
        said, names_.spelled[first:last], scorer=Levenshtein.distance, score_cutoff=allowed, limit=4, processor=None
    )
    if not near:
        return None
    name, distance, index = near[0]
    if distance > int(len(name) * NEAR) or (distance > 1 and name[0] != said[0]):
        return None
    value = names_.values[first + index]
    if any(names_.values[first + other] != value and score == distance for _, score, other in near[1:]):
        return None
    return value, int(distance)


def _run_on(text: str, kind: str, names_: _Names, values: Mapping[str, Any], language: str) -> Iterator[Candidate]:
    """Whole names inside a longer word, where its spaces were lost ("무선이어폰주세요"); three syllables at least."""
    if language != "ko":
        return
    letters: list[str] = []
    offsets: list[int] = []
    for offset, char in enumerate(text):
        for jamo in _spell(char):
            letters.append(jamo)
            offsets.append(offset)
    squashed = "".join(letters)
    for name, value in zip(names_.spelled, names_.values, strict=True):
        if len(name) < 6:
            continue
        at = squashed.find(name)
        while at >= 0:
            start, end = offsets[at], offsets[at + len(name) - 1] + 1
            whole_syllables = (at == 0 or offsets[at - 1] != offsets[at]) and (
                at + len(name) == len(offsets) or offsets[at + len(name)] >= end
            )
            if whole_syllables:
                yield Candidate(kind, values[value], start, end, rank=9)
            at = squashed.find(name, at + 1)
