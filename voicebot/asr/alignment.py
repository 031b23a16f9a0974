"""Scoring sentences exactly: each one's best path through the sound, all of a domain at once.

A sentence is a hidden Markov model with a state for every phone in context, in all its ways of being said. A state
emits one pdf in its first frame and another as long as it stays (Kaldi's chain topology).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicebot.asr.kaldi_files import Matrix
from voicebot.asr.phones import SILENCE, PhoneSet
from voicebot.nlu import pronunciation
from voicebot.nlu.pronunciation import Join

PAUSE_COST = 2.0
"""What a pause between words costs, in log-likelihood. Between 0 and 5 hardly anything changes."""

_IMPOSSIBLE = np.float32(-1e30)
_START = -1
_NONE = -2
_ENDLESS = 1 << 30


@dataclass(frozen=True)
class Word:
    """A word as it is said, and the model's words in it, whose ends shape its sounds."""

    text: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class SentenceModel:
    """The states of one sentence, or of a row of choices such as digits; shapes (states,) unless told."""

    first: NDArray[np.int32]
    """Pdf of a state's first frame."""
    further: NDArray[np.int32]
    """Pdf of the frames that follow."""
    cost: Matrix
    """Of entering the state."""
    before: NDArray[np.int32]
    """States that lead to it, -1 for the beginning, -2 for none; shape (most, states)."""
    last: NDArray[np.int32]
    """States in which it may end; shape (n,)."""
    place: NDArray[np.int32]
    """Which word of the row the state belongs to, -1 for silence at the ends."""
    choice: NDArray[np.int32]
    """Which of the words at that place; -1 for silence at the ends."""
    silent: NDArray[np.bool_]
    """Whether the state is silence, at the ends or between words."""
    phones: int
    """Sounds on the shortest way through."""


def compile_sentence(words: Sequence[Word], phones: PhoneSet) -> SentenceModel:
    """The model of a sentence."""
    return compile_row([[word] for word in words], (len(words),), phones)


def compile_row(
    choices: Sequence[Sequence[Word]], ends: Iterable[int], phones: PhoneSet, *, begins: Iterable[int] = (0,)
) -> SentenceModel:
    """The model of a row of words, with one or more words to choose from at each place.

    It may begin at any of the places in `begins` and end before any of those in `ends`. Raises ValueError where a word
    is not all Hangul syllables.
    """
    starts, stops = frozenset(begins), frozenset(ends)
    row = _Row(phones)
    heads = [
        [row.head(place, number, word, opens=place in starts) for number, word in enumerate(words)]
        for place, words in enumerate(choices)
    ]
    for place, words in enumerate(choices):
        for number, word in enumerate(words):
            tail = _Tail(row, heads[place][number])
            if place + 1 in stops:
                row.close(tail.after(pronunciation.closing(word.text)))
            if place + 1 < len(choices):
                for following in heads[place + 1]:
                    for join in pronunciation.joins(word.text[-1], following.word.text[0], apart=True):
                        row.join(tail.after(join.final), heads[place][number], join, following)
    return row.model()


@dataclass(frozen=True)
class _Pending:
    """The way to a sound whose own place in its piece is not known before the next sound is."""

    state: int
    """The state before it."""
    phone: int
    """The phone before it."""
    name: str
    """The sound; empty where the last one was said."""
    begins: bool
    """Whether it begins a piece."""


class _Head:
    """The vowel of a word's first syllable, and all ways to it."""

    def __init__(self, word: Word, place: int, choice: int) -> None:
        self.word = word
        self.where = (place, choice)
        self.ways: dict[_Pending, None] = {}


class _Tail:
    """The end of a word."""

    def __init__(self, row: _Row, head: _Head) -> None:
        self._row, self._head = row, head
        self._ways = row.through(head)
        self._after: dict[str, tuple[_Pending, ...]] = {}

    def after(self, final: str) -> tuple[_Pending, ...]:
        """The ways past its last sound, when it ends in this final."""
        if final not in self._after:
            ways = (self._row.end(way, final, self._head) for way in self._ways)
            self._after[final] = tuple(dict.fromkeys(ways))
        return self._after[final]


class _Row:
    """Builds a SentenceModel."""

    def __init__(self, phones: PhoneSet) -> None:
        self._phones = phones
        self._index: dict[tuple[object, ...], int] = {}
        self._pdfs: list[tuple[int, int]] = []
        self._costs: list[float] = []
        self._before: list[dict[int, None]] = []
        self._where: list[tuple[int, int]] = []
        self._silent: list[bool] = []
        self._last: dict[int, None] = {}
        self._shortest: dict[int, int] = {_START: 0}
        silence = self._add(("opening",), SILENCE, SILENCE, [_START], (-1, -1))
        self._openings = (_START, silence)

    def head(self, place: int, choice: int, word: Word, *, opens: bool) -> _Head:
        """The beginning of a word; `opens` where the row may begin with it. Raises ValueError where it's not Hangul."""
        head = _Head(word, place, choice)
        if opens:
            for state in self._openings:
                self._enter(head, _Pending(state, SILENCE, "", begins=True), pronunciation.opening(word.text))
        return head

    def _enter(self, head: _Head, way: _Pending, initial: str) -> None:
        """Come to a word from silence or from a word whose last sound is said."""
        for vowel in pronunciation.vowels(head.word.text, 0):
            if initial:
                sound = _Pending(way.state, way.phone, initial, begins=True)
                head.ways[self._say(sound, vowel, ends=False, begins=False, where=head.where, key="opening")] = None
            else:
                head.ways[_Pending(way.state, way.phone, vowel, begins=True)] = None

    def through(self, head: _Head) -> list[_Pending]:
        """The ways to the vowel of the word's last syllable, through all its other sounds."""
        text, where = head.word.text, head.where
        piece = [number for number, part in enumerate(head.word.pieces) for _ in part]
        ways = list(head.ways)
        for syllable in range(1, len(text)):
            parts = piece[syllable] != piece[syllable - 1]
            following: dict[_Pending, None] = {}
            for join in pronunciation.joins(text[syllable - 1], text[syllable], apart=False):
                for way in ways:
                    said = way
                    if join.final:
                        said = self._say(said, join.final, ends=False, begins=False, where=where, key=f"v{syllable}")
                    begins = parts
                    if join.initial:
                        said = self._say(said, join.initial, ends=parts, begins=parts, where=where, key=f"f{syllable}")
                        begins = False
                    for vowel in pronunciation.vowels(text, syllable):
                        end = self._say(said, vowel, ends=begins, begins=begins, where=where, key=f"i{syllable}")
                        following[end] = None
            ways = list(following)
        return ways

    def end(self, way: _Pending, final: str, head: _Head) -> _Pending:
        """Say the last vowel of a word and its final."""
        if final:
            way = self._say(way, final, ends=False, begins=False, where=head.where, key="last vowel")
        return self._say(way, "", ends=True, begins=True, where=head.where, key="last")

    def join(self, ways: Iterable[_Pending], head: _Head, join: Join, following: _Head) -> None:
        """Go on from a word that is said to the next."""
        for way in ways:
            said = way
            if join.pause:
                pause = self._add(("pause", head.where), way.phone, SILENCE, [way.state], head.where, PAUSE_COST)
                said = _Pending(pause, SILENCE, "", begins=True)
            self._enter(following, said, join.initial)

    def close(self, ways: Iterable[_Pending]) -> None:
        """Let the row end here."""
        self._last.update(dict.fromkeys(way.state for way in ways))

    def model(self) -> SentenceModel:
        spoken = list(self._last)
        phones = min((self._shortest[state] for state in spoken), default=0)
        silence = self._add(("closing",), SILENCE, SILENCE, spoken, (-1, -1))
        most = max(map(len, self._before))
        before = np.full((most, len(self._before)), -2, np.int32)
        for state, states in enumerate(self._before):
            before[: len(states), state] = list(states)
        pdfs, where = np.array(self._pdfs, np.int32), np.array(self._where, np.int32)
        return SentenceModel(
            first=pdfs[:, 0],
            further=pdfs[:, 1],
            cost=np.array(self._costs, np.float32),
            before=before,
            last=np.array([*spoken, silence], np.int32),
            place=where[:, 0],
            choice=where[:, 1],
            silent=np.array(self._silent, np.bool_),
            phones=phones,
        )

    def _say(self, way: _Pending, name: str, *, ends: bool, begins: bool, where: tuple[int, int], key: str) -> _Pending:
        """Say the pending sound, which ends its piece or not, and wait for `name`, which begins one or not."""
        phone = self._phones.phone(way.name, begins=way.begins, ends=ends)
        state = self._add((key, way.name, where), way.phone, phone, [way.state], where)
        return _Pending(state, phone, name, begins=begins)

    def _add(
        self,
        key: tuple[object, ...],
        before: int,
        phone: int,
        states: Iterable[int],
        where: tuple[int, int],
        cost: float = 0.0,
    ) -> int:
        pdfs = self._phones.pdfs(before, phone)
        # Ways that differ only in what came before share a state where the sound is the same.
        full = (*key, phone, *pdfs)
        index = self._index.setdefault(full, len(self._pdfs))
        if index == len(self._pdfs):
            self._pdfs.append(pdfs)
            self._costs.append(cost)
            self._before.append({})
            self._where.append(where)
            self._silent.append(phone == SILENCE)
            self._shortest[index] = _ENDLESS
        self._before[index].update(dict.fromkeys(states))
        spoken = 0 if phone == SILENCE else 1
        self._shortest[index] = min(self._shortest[index], *(self._shortest[state] + spoken for state in states))
        return index


class Lineup:
    """Sentence models side by side. Sentences that begin alike share the states of their beginning: the same scores for
    a third of the work."""

    def __init__(self, models: Sequence[SentenceModel]) -> None:
        """`models` must not be empty."""
        states = _States()
        lasts = [states.add(model) for model in models]
        self._size = len(states.first)
        self._first = np.array(states.first, np.intp)
        self._further = np.array(states.further, np.intp)
        self._cost = np.array(states.cost, np.float32)
        most = max(map(len, states.before))
        # Beyond the last state stand one that can't be, and the beginning.
        before = np.full((most, self._size), self._size, np.intp)
        for state, others in enumerate(states.before):
            before[: len(others), state] = [self._size - _START if other == _START else other for other in others]
        self._before = before[0].copy()
        self._more = [(np.flatnonzero(row != self._size), row[row != self._size]) for row in before[1:]]
        self._last = np.concatenate(lasts)
        self._last_starts = np.concatenate([[0], np.cumsum([len(last) for last in lasts])[:-1]])

    def scores(self, likelihoods: Matrix) -> Matrix:
        """Each sentence's log-likelihood along its best path, shape (sentences,), for shape (frames, pdfs)."""
        score = np.full(self._size + 2, _IMPOSSIBLE, np.float32)
        score[-1] = 0
        states = score[:-2]
        entered, fits = np.empty(self._size, np.float32), np.empty(self._size, np.float32)
        for frame in likelihoods:
            # `take` into an array that is there is several times as quick as an index; no index is out of bounds.
            score.take(self._before, out=entered, mode="clip")
            for where, before in self._more:
                entered[where] = np.maximum(entered.take(where), score.take(before))
            entered -= self._cost
            entered += frame.take(self._first, out=fits, mode="clip")
            states += frame.take(self._further, out=fits, mode="clip")
            np.maximum(states, entered, out=states)
            score[-2:] = _IMPOSSIBLE
        return np.asarray(np.maximum.reduceat(score[self._last], self._last_starts))


class _States:
    """Of several models: those that can't be told apart by what leads to them and what they emit are one."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.further: list[int] = []
        self.cost: list[float] = []
        self.before: list[tuple[int, ...]] = []
        self._known: dict[tuple[int, int, float, tuple[int, ...]], int] = {}

    def add(self, model: SentenceModel) -> NDArray[np.intp]:
        """Its states, and which of all of them it may end in."""
        first, further, cost = model.first.tolist(), model.further.tolist(), model.cost.tolist()
        columns = [[state for state in column if state != _NONE] for column in model.before.T.tolist()]
        numbers: dict[int, int] = {_START: _START}
        for last in model.last.tolist():
            # What leads to a state comes before it, though not always by number.
            waiting = [last]
            while waiting:
                state = waiting[-1]
                missing = [before for before in columns[state] if before not in numbers]
                if missing:
                    waiting += missing
                    continue
                waiting.pop()
                if state not in numbers:
                    before = tuple(sorted({numbers[other] for other in columns[state]}))
                    numbers[state] = self._number((first[state], further[state], cost[state], before))
        return np.array(sorted({numbers[last] for last in model.last.tolist()}), np.intp)

    def _number(self, key: tuple[int, int, float, tuple[int, ...]]) -> int:
        number = self._known.setdefault(key, len(self.first))
        if number == len(self.first):
            self.first.append(key[0])
            self.further.append(key[1])
            self.cost.append(key[2])
            self.before.append(key[3])
        return number


def align(model: SentenceModel, likelihoods: Matrix) -> NDArray[np.int32]:
    """The best path of a sentence: its state in every frame, shape (frames,).

    With fewer frames than sounds it is no path of the sentence; `Lineup.scores` then says impossible.
    """
    size = len(model.first)
    before = np.where(model.before >= 0, model.before, np.where(model.before == _START, size + 1, size))
    columns = np.arange(size)
    score = np.full(size + 2, _IMPOSSIBLE, np.float32)
    score[-1] = 0
    came_from = np.empty((len(likelihoods), size), np.int32)
    for number, frame in enumerate(likelihoods):
        entering = score[before]
        best = entering.argmax(axis=0)
        entered = entering[best, columns] - model.cost + frame[model.first]
        stayed = score[:size] + frame[model.further]
        came_from[number] = np.where(entered > stayed, before[best, columns], columns)
        score[:size] = np.maximum(entered, stayed)
        score[size:] = _IMPOSSIBLE
    path = np.empty(len(likelihoods), np.int32)
    state = int(model.last[score[model.last].argmax()])
    for number in range(len(likelihoods) - 1, -1, -1):
        path[number] = state
        state = min(int(came_from[number, state]), size - 1)
    return path


class Choices:
    """What each choice of a row is worth. Source: max-marginals by one pass forward and one backward."""

    def __init__(self, model: SentenceModel) -> None:
        self.model = model
        size = len(model.first)
        column, state = np.nonzero(model.before >= 0)
        source = model.before[column, state].astype(np.intp)
        self._enter_order = np.argsort(state, kind="stable")
        self._entered, self._entered_from = _groups(state[self._enter_order])
        self._sources = source[self._enter_order]
        order = np.argsort(source, kind="stable")
        self._left, self._left_from = _groups(source[order])
        self._targets = state[order]
        self._starts = np.flatnonzero((model.before == _START).any(axis=0))
        self._size = size

    def best_through(self, likelihoods: Matrix) -> dict[tuple[int, int], float]:
        """For each place and each choice there, the log-likelihood of the best path through it."""
        model, size = self.model, self._size
        forward = np.full((len(likelihoods), size), _IMPOSSIBLE, np.float32)
        for number, frame in enumerate(likelihoods):
            entered = np.full(size, _IMPOSSIBLE, np.float32)
            if number == 0:
                entered[self._starts] = 0
                stayed = np.full(size, _IMPOSSIBLE, np.float32)
            else:
                before = forward[number - 1]
                entered[self._entered] = np.maximum.reduceat(before[self._sources], self._entered_from)
                stayed = before + frame[model.further]
            forward[number] = np.maximum(entered + (frame[model.first] - model.cost), stayed)
        backward = np.full(size, _IMPOSSIBLE, np.float32)
        backward[model.last] = 0
        best = forward[-1] + backward
        for number in range(len(likelihoods) - 1, 0, -1):
            frame = likelihoods[number]
            entering = backward - model.cost + frame[model.first]
            backward = backward + frame[model.further]
            onward = np.maximum.reduceat(entering[self._targets], self._left_from)
            backward[self._left] = np.maximum(backward[self._left], onward)
            np.maximum(best, forward[number - 1] + backward, out=best)
        through: dict[tuple[int, int], float] = {}
        for place, choice, value in zip(model.place.tolist(), model.choice.tolist(), best.tolist(), strict=True):
            if place >= 0:
                through[place, choice] = max(through.get((place, choice), float(_IMPOSSIBLE)), value)
        return through


def _groups(ordered: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The different values of an ordered array, and where each begins."""
    values, starts = np.unique(ordered, return_index=True)
    return values, starts
