"""Sentences joined from recorded pieces: which pieces, with which gaps, and what an engine has to fill.

A sentence in words is covered by the cheapest run of pieces (dynamic programming): few pieces, cut between words
rather than inside them, each with the melody that its place calls for. What no piece covers is left to an engine,
by these rules, so that the listener is not startled:

- An engine speaks whole words only, particles and endings included: a recorded particle behind another voice's noun
  is heard as a slip.
- Recorded crumbs between or beside such words are given to the engine too: a voice that comes back for two syllables
  is worse than one that stays away.
- A clause of which more than half is missing is the engine's as a whole, since a listener stands two changes of voice
  around a value better than a clause that changes voices at its core.
- With more than two changes to the engine, or with less than half recorded, nothing is joined.
- A statement's end never stands for a question's, nor the other way round: callers would not know
  that it is their turn.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from voicebot.audio.format import Pcm
from voicebot.tts.recordings.clip import Clip
from voicebot.tts.recordings.piece import Ending, Piece, ending_of

AT_COMMA_MS = 180
"""Milliseconds between pieces where the sentence has a comma; between sentences there is more."""
BETWEEN_WORDS_MS = 20
"""Pieces keep up to 40 ms of their own fading ends; with these, the join is a short closure, not a stop."""
AT_FILL_MS = 90
"""Before and after another voice: a breath, so that the change falls into a gap and not into a word."""

MOST_FILLS = 2
LEAST_RECORDED = 0.5
"""Share of a sentence, and of each of its clauses, by letters."""
_CRUMB = {"ko": 4}
_CRUMB_LETTERS = 8
"""Letters (Korean: syllables) below which a recorded run beside an engine's words is given to the engine."""

_LONGEST = 400
"""Letters; longer than any sentence that a speaker reads, and searched through in milliseconds."""

_PIECE = 1.0
_INSIDE_WORD = 0.7
_OTHER_BEGINNING = 0.3
_FILL, _FILL_LETTER = 8.0, 1.0
"""Costs of the cover. A fill costs more than any pieces that could stand for it."""
_OTHER_ENDING = {
    (Ending.OPEN, Ending.PAUSE): 0.5,
    (Ending.PAUSE, Ending.OPEN): 0.5,
    (Ending.STATEMENT, Ending.OPEN): 3.0,
    (Ending.STATEMENT, Ending.PAUSE): 1.0,
    (Ending.QUESTION, Ending.OPEN): 4.0,
    (Ending.QUESTION, Ending.PAUSE): 2.0,
    (Ending.OPEN, Ending.STATEMENT): 2.5,
    (Ending.PAUSE, Ending.STATEMENT): 2.0,
    (Ending.OPEN, Ending.QUESTION): 3.5,
    (Ending.PAUSE, Ending.QUESTION): 2.0,
}
"""What it costs that a piece recorded with the first ending stands where the second is called for; pairs that are
missing are not joined."""


@dataclass(frozen=True)
class Recorded:
    """Recorded speech."""

    pcm: Pcm


@dataclass(frozen=True)
class Pause:
    """Silence between two parts."""

    milliseconds: int


@dataclass(frozen=True)
class Fill:
    """What an engine has to speak."""

    text: str
    """In words."""


Part = Recorded | Pause | Fill


@dataclass(frozen=True)
class Run:
    """A stretch of a sentence, from one voice."""

    text: str
    letters: int
    clip: Clip | None
    """None: nothing recorded."""
    pause_before: bool
    """Whether the sentence has a comma before it."""
    space_before: bool


@dataclass
class Stock:
    """The recorded pieces of one language."""

    by_key: dict[str, list[tuple[Piece, Clip]]] = field(default_factory=lambda: defaultdict(list))
    lengths: set[int] = field(default_factory=set)
    """Letters that the pieces have."""

    def add(self, piece: Piece, clip: Clip) -> None:
        """A piece recorded again takes the place of the earlier one."""
        others = [(other, sound) for other, sound in self.by_key[piece.key] if _place(other) != _place(piece)]
        self.by_key[piece.key] = [*others, (piece, clip)]
        self.lengths.add(len(piece.key))

    def remove(self, clip: Clip) -> None:
        """Without this one."""
        for key, pieces in self.by_key.items():
            self.by_key[key] = [(piece, other) for piece, other in pieces if other is not clip]


def _place(piece: Piece) -> tuple[bool, Ending]:
    return piece.begins, piece.ending


def parts(runs: tuple[Run, ...]) -> tuple[Part, ...]:
    """Runs with the gaps between them. Raises VoicebotError where a clip can't be heard."""
    found: list[Part] = []
    for before, run in pairwise((None, *runs)):
        assert run is not None
        if before is not None and (gap := _gap(before, run)):
            found.append(Pause(gap))
        found.append(Fill(run.text) if run.clip is None else Recorded(run.clip.pcm()))
    return tuple(found)


def _gap(before: Run, run: Run) -> int:
    if run.pause_before:
        return AT_COMMA_MS
    if (before.clip is None) != (run.clip is None):
        return AT_FILL_MS
    return BETWEEN_WORDS_MS if run.space_before else 0


def plan(words: str, language: str, stock: Stock) -> tuple[Run, ...] | None:
    """The runs that make up a sentence in words, None where it is not worth joining."""
    sentence = _Sentence(words)
    if not 0 < len(sentence.letters) <= _LONGEST:
        return None
    runs = _cover(sentence, language, stock)
    if all(run.clip is not None for run in runs):
        return tuple(runs)
    runs = _merge(_without_crumbs(runs, _CRUMB.get(language, _CRUMB_LETTERS)))
    runs = _merge(_without_poor_clauses(runs))
    recorded = sum(run.letters for run in runs if run.clip is not None)
    fills = sum(run.clip is None for run in runs)
    if fills > MOST_FILLS or recorded < LEAST_RECORDED * sum(run.letters for run in runs):
        return None
    return tuple(runs)


class _Sentence:
    """The letters of a sentence, with what stands between them."""

    def __init__(self, words: str) -> None:
        self.ending = ending_of(words)
        self.text = unicodedata.normalize("NFKC", words).casefold()
        self._at: list[int] = []
        self.space: list[bool] = []
        self.pause: list[bool] = []
        """Whether white space or a hyphen, and whether a comma or another mark, stands before each letter."""
        space = pause = False
        for index, char in enumerate(self.text):
            if char.isalnum():
                self._at.append(index)
                self.space.append(space or pause)
                self.pause.append(pause)
                space = pause = False
            else:
                space = space or char.isspace() or char == "-"
                pause = pause or char in ",;:.!?，、"
        self.letters = "".join(self.text[index] for index in self._at)

    def is_word_boundary(self, index: int) -> bool:
        return index in (0, len(self.letters)) or self.space[index]

    def called_for(self, end: int) -> Ending:
        """The ending of a piece that reaches to `end`."""
        if end == len(self.letters):
            return self.ending
        return Ending.PAUSE if self.pause[end] else Ending.OPEN

    def between(self, start: int, end: int) -> str:
        """The text from one letter to before another, marks and all, without those at its ends but the sentence's."""
        stop = len(self.text) if end == len(self.letters) else self._at[end]
        text = self.text[self._at[start] : stop].strip()
        return text if end == len(self.letters) else text.rstrip(",;: ")

    def run(self, start: int, end: int, clip: Clip | None) -> Run:
        pause, space = start > 0 and self.pause[start], start > 0 and self.space[start]
        return Run(self.between(start, end), end - start, clip, pause, space)


def _cover(sentence: _Sentence, language: str, stock: Stock) -> list[Run]:
    """The cheapest cover."""
    length = len(sentence.letters)
    costs = [0.0] + [float("inf")] * length
    came: list[tuple[int, Clip | None]] = [(0, None)] * (length + 1)
    boundaries = [index for index in range(1, length + 1) if sentence.is_word_boundary(index)]
    for start in range(length):
        if costs[start] == float("inf"):
            continue
        if sentence.is_word_boundary(start):
            for end in boundaries:
                if end > start and (cost := costs[start] + _FILL + _FILL_LETTER * (end - start)) < costs[end]:
                    costs[end], came[end] = cost, (start, None)
        elif language != "ko":
            continue
        for size in stock.lengths:
            end = start + size
            if end > length or not (language == "ko" or sentence.is_word_boundary(end)):
                continue
            for piece, clip in stock.by_key.get(sentence.letters[start:end], ()):
                cost = costs[start] + _cost(sentence, piece, start, end)
                if cost < costs[end]:
                    costs[end], came[end] = cost, (start, clip)
    runs: list[Run] = []
    end = length
    while end:
        start, found = came[end]
        runs.append(sentence.run(start, end, found))
        end = start
    return runs[::-1]


def _cost(sentence: _Sentence, piece: Piece, start: int, end: int) -> float:
    wanted = sentence.called_for(end)
    cost = _PIECE
    if piece.ending is not wanted:
        cost += _OTHER_ENDING.get((piece.ending, wanted), float("inf"))
    if piece.begins != (start == 0):
        cost += _OTHER_BEGINNING
    if not sentence.is_word_boundary(end):
        cost += _INSIDE_WORD
    return cost


def _joined(runs: list[Run]) -> Run:
    """One run for an engine."""
    first = runs[0]
    text = first.text
    for run in runs[1:]:
        text += (", " if run.pause_before else " " if run.space_before else "") + run.text
    return Run(text, sum(run.letters for run in runs), None, first.pause_before, first.space_before)


def _merge(runs: list[Run]) -> list[Run]:
    """Neighbouring fills as one, so that the engine speaks them in one breath."""
    merged: list[Run] = []
    for run in runs:
        if merged and run.clip is None and merged[-1].clip is None:
            merged[-1] = _joined([merged[-1], run])
        else:
            merged.append(run)
    return merged


def _emptied(run: Run) -> Run:
    return _joined([run])


def _without_crumbs(runs: list[Run], crumb: int) -> list[Run]:
    """Recorded stretches that are short and touch a fill become fills."""
    found: list[Run] = []
    index = 0
    while index < len(runs):
        if runs[index].clip is None:
            found.append(runs[index])
            index += 1
            continue
        end = index
        while end < len(runs) and runs[end].clip is not None:
            end += 1
        stretch = runs[index:end]
        touches = index > 0 or end < len(runs)
        if touches and sum(run.letters for run in stretch) < crumb:
            stretch = [_emptied(run) for run in stretch]
        found += stretch
        index = end
    return found


def _without_poor_clauses(runs: list[Run]) -> list[Run]:
    """Clauses, from comma to comma, of which too little is recorded become fills."""
    clauses: list[list[Run]] = []
    for run in runs:
        if run.pause_before or not clauses:
            clauses.append([])
        clauses[-1].append(run)
    found: list[Run] = []
    for clause in clauses:
        recorded = sum(run.letters for run in clause if run.clip is not None)
        poor = recorded < LEAST_RECORDED * sum(run.letters for run in clause)
        found += [_emptied(run) for run in clause] if poor else clause
    return found
