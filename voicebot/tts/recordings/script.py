"""The recording script: everything a pack says, cut into the pieces that a speaker reads."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from voicebot.tts.recordings.carrier import Carrier, Element, Gap, Particle, cut
from voicebot.tts.recordings.piece import Ending, Piece, ending_of
from voicebot.tts.recordings.values import LARGEST_AMOUNT, Tail, of_kind, of_list
from voicebot.tts.speech_text import spoken

SECTIONS = ("phrase", "carrier", "digit", "number", "count", "date", "time", "value", "title")
"""In the order in which they are read. Titles, what the bot calls each thing that callers may want, come last: they are
the most and the least heard."""

_SYLLABLES_A_SECOND, _LETTERS_A_SECOND = 6.0, 14.0
"""How fast prompts are read, Korean and English: a little slower than talk (7 to 8 syllables, 15 letters)."""
_BETWEEN_LINES_S = 3.0
"""Seconds that a speaker takes from one line to the next, second tries among them."""

_SAMPLES = {
    "ko": {"digits": "1234", "won": "12,900원", "count": "3", "date": "11월 24일 화요일", "time": "오후 6시"},
    "en": {"digits": "1234", "won": "12,900 won", "count": "3", "date": "Tuesday, November 24", "time": "6 p.m."},
}


@dataclass(frozen=True)
class Line:
    """One piece to be read."""

    id: str
    """The name of its file, without `.wav`. It stays the same as long as its words and its place do."""
    piece: Piece
    section: str
    """One of SECTIONS."""
    context: str
    """A sentence in which it stands, the piece in square brackets: to be read with that melody."""
    used_by: tuple[str, ...]
    """The replies that need it."""

    def seconds(self, language: str) -> float:
        """About how long it takes to read, without pauses."""
        return expected_seconds(self.piece.words, language)


@dataclass(frozen=True)
class Script:
    """All lines of one language of a pack, in reading order."""

    language: str
    lines: tuple[Line, ...]
    open_gaps: frozenset[str] = frozenset()
    """Replies with a gap for values that nobody can record ahead."""
    replies: tuple[str, ...] = ()
    """All replies, in the pack's order."""

    @property
    def minutes(self) -> int:
        """About how long a speaker takes to read it."""
        seconds = sum(line.seconds(self.language) + _BETWEEN_LINES_S for line in self.lines)
        return math.ceil(seconds / 60)


def expected_seconds(words: str, language: str) -> float:
    """How long words last, read as a prompt."""
    letters = sum(map(str.isalnum, words))
    pauses = len(re.findall(r"[,.?!;:]\s", words))
    return 0.15 + 0.2 * pauses + letters / (_SYLLABLES_A_SECOND if language == "ko" else _LETTERS_A_SECOND)


def write_script(carriers: Iterable[Carrier], language: str, *, largest: int = LARGEST_AMOUNT) -> Script:
    """The script of these carriers. Pieces that several need stand once; numbers go up to `largest`."""
    draft = _Draft(language, largest)
    replies: dict[str, None] = {}
    open_gaps = set()
    for carrier in carriers:
        replies[carrier.name] = None
        for sentence in cut(carrier, language):
            if any(isinstance(part, Gap) and part.is_open for part in sentence):
                open_gaps.add(carrier.name)
            draft.add(sentence, carrier)
    return Script(language, draft.lines(), frozenset(open_gaps), tuple(replies))


@dataclass(frozen=True)
class _Slot:
    """A gap with what stands behind it."""

    gap: Gap
    tail: Tail
    fragment: str
    """Behind the tail, up to the next gap; empty for none."""
    ending: Ending
    """The fragment's."""


def _slots(sentence: tuple[Element, ...], last: Ending) -> tuple[str, list[_Slot]]:
    """What stands before the first gap, and the gaps. `last` is the ending of the whole."""
    head = sentence[0] if isinstance(sentence[0], str) else ""
    slots: list[_Slot] = []
    for index, gap in enumerate(sentence):
        if not isinstance(gap, Gap):
            continue
        form, text = "", ""
        for part in sentence[index + 1 :]:
            if isinstance(part, Gap):
                break
            if isinstance(part, Particle):
                form = part.form
            else:
                text = part
        found = _ATTACHED.fullmatch(text)
        assert found is not None
        attached, marks, fragment = found[1], found[2], found[3].strip()
        is_last = not any(isinstance(part, Gap) for part in sentence[index + 1 :])
        fragment = fragment if _has_words(fragment) else ""
        tail_ending = last if is_last and not fragment else _inner_ending(marks)
        slots.append(
            _Slot(gap, Tail(form, attached, tail_ending), fragment, last if is_last else _inner_ending(fragment))
        )
    return head, slots


_ATTACHED = re.compile(r"[\"'“”‘’)]*([^\s,.?!;:\"'“”‘’)]*)([^\w\s]*)(.*)", re.DOTALL)


def _inner_ending(text: str) -> Ending:
    """How a text ends before which more of the sentence follows."""
    return Ending.PAUSE if re.search(r"[,;:]\W*$", text) else Ending.OPEN


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


@dataclass
class _Draft:
    language: str
    largest: int
    _found: dict[tuple[str, bool, Ending], Line] = field(default_factory=dict)

    def lines(self) -> tuple[Line, ...]:
        """What was found, in reading order.

        The beginning of a sentence and its middle are too much alike to be read both; a whole sentence is kept whole.
        """
        lines: list[Line] = []
        for (key, begins, ending), line in self._found.items():
            if (twin := self._found.get((key, not begins, ending))) is None:
                lines.append(line)
            elif begins == ending.ends_sentence:
                lines.append(_both(line, twin))
        return tuple(sorted(lines, key=lambda line: SECTIONS.index(line.section)))

    def add(self, sentence: tuple[Element, ...], carrier: Carrier) -> None:
        """Cut one sentence."""
        texts = [part for part in sentence if isinstance(part, str)]
        last = Ending.PAUSE if carrier.is_item else ending_of(texts[-1] if isinstance(sentence[-1], str) else "")
        if len(texts) == len(sentence):
            self._put("".join(texts), True, last, "phrase", carrier.name, "")
            return
        head, slots = _slots(sentence, last)
        begins = not _has_words(head)
        said = [head]
        for slot in slots:
            value = _sample(slot.gap, self.language)
            said += [slot.tail.behind(value), slot.fragment]
        if not begins:
            self._put(head, True, _inner_ending(head), "carrier", carrier.name, _around(said, 0))
        for number, slot in enumerate(slots):
            at = 1 + 2 * number
            for unit, pieces in self._values(slot):
                for section, words, ending in pieces:
                    context = _around(said, at, part=section not in ("value", "title"))
                    self._put(words, begins and section == "value", ending, section, carrier.name, context)
                fragment = f"{unit} {slot.fragment}".strip()
                ending = slot.ending if slot.fragment else slot.tail.ending
                if _has_words(fragment):
                    shown = [*said[:at], _number(slot.gap, self.language), *said[at + 1 :]] if unit else said
                    context = _around(shown, at + 1)
                    self._put(fragment, False, ending, "carrier", carrier.name, context)
            begins = False

    def _values(self, slot: _Slot) -> list[tuple[str, list[tuple[str, str, Ending]]]]:
        """By kind: what goes with the fragment behind the value; section, words and ending of the value's pieces."""
        made = [of_kind(kind, slot.tail, self.language, self.largest) for kind in slot.gap.kinds]
        if slot.gap.values:
            made.append(of_list(slot.gap.values, slot.tail, self.language, slot.gap.section))
        if not made:
            return [("", [])]
        return [(one.unit or "", [(p.section, p.words, p.ending) for p in one.pieces]) for one in made]

    def _put(self, text: str, begins: bool, ending: Ending, section: str, reply: str, context: str) -> None:
        piece = Piece(_MARKS.sub("", spoken(text, self.language)), begins, ending)
        if not piece.key:
            return
        place = (piece.key, begins, ending)
        if (known := self._found.get(place)) is not None:
            self._found[place] = _both(known, replace(known, section=section, used_by=(reply,)))
            return
        name = hashlib.sha256("|".join((self.language, piece.key, str(begins), ending)).encode()).hexdigest()[:8]
        context = context.format(piece.written) if context else ""
        self._found[place] = Line(f"{self.language}-{piece.position}-{name}", piece, section, context, (reply,))


def _both(line: Line, other: Line) -> Line:
    """`line`, serving another's replies as well, and read as early as either."""
    used_by = tuple(dict.fromkeys((*line.used_by, *other.used_by)))
    return replace(line, section=min(line.section, other.section, key=SECTIONS.index), used_by=used_by)


_MARKS = re.compile(r"^[\s,.!?;:]+|[\s,.!?;:]+$")


def _around(said: list[str], at: int, *, part: bool = False) -> str:
    """The sentence with `[{}]` for what stands at one place; `part`: for a part of it."""
    shown = [re.sub(r'["“”{}]', "", one) for one in said]
    shown[at] = "[{}] …" if part else "[{}]"
    return re.sub(r"\s+", " ", " ".join(one.strip() for one in shown if one.strip()))


def _sample(gap: Gap, language: str) -> str:
    """A value that may stand in a gap, as written."""
    if gap.values:
        return gap.values[0]
    return _SAMPLES[language][gap.kinds[0]] if gap.kinds else "…"


def _number(gap: Gap, language: str) -> str:
    """The number of a sample, without its unit."""
    return re.sub(r"\s?(원|won)$", "", _sample(gap, language))
