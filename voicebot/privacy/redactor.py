"""Texts without personal data: what is found is replaced by a word that tells what stood there.

Linear in the length of a text, and quick enough to run on the event loop (`benchmarks/redaction.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.nlu.normalise import normalise_with_spans
from voicebot.privacy.addresses import find_addresses
from voicebot.privacy.cues import Cues
from voicebot.privacy.english_names import find_english_names
from voicebot.privacy.identifiers import find_births, find_documents, find_emails
from voicebot.privacy.kinds import PLACEHOLDERS, Found, Kind, placeholder
from voicebot.privacy.korean_names import find_korean_names
from voicebot.privacy.numbers import find_numbers
from voicebot.privacy.spoken_digits import runs

_ORDER: tuple[Kind, ...] = (
    "email", "resident", "card", "secret", "birth", "document", "plate", "phone", "account", "address", "name", "number"
)  # fmt: skip
"""Of two that overlap, the one that comes first here names what stands there; both are taken out."""
_PIECE = 1000
"""Characters that are looked at together: longer texts are cut at a space."""


@dataclass(frozen=True)
class Asked:
    """What the question was that a text answers."""

    kind: Kind | None = None
    """Personal data of that kind, else none."""
    lengths: tuple[int, ...] = ()
    """Of the number that was asked for."""
    known: tuple[str, ...] = ()
    """Digits that are known to be personal, from what was said before: they may come back as something else."""

    def to_json(self) -> dict[str, Any]:
        """Empty where nothing was asked."""
        return {name: value for name, value in self._fields if value}

    @property
    def _fields(self) -> tuple[tuple[str, Any], ...]:
        return (("kind", self.kind), ("lengths", list(self.lengths)), ("known", list(self.known)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Asked:
        """What `to_json` made `data` of."""
        return cls(data.get("kind"), tuple(data.get("lengths", ())), tuple(data.get("known", ())))


NOTHING_ASKED = Asked()


def find(text: str, language: str, asked: Asked = NOTHING_ASKED) -> list[Found]:
    """The personal data in `text`, in its order, none overlapping. Never raises."""
    found: list[Found] = []
    for start, piece in _pieces(text):
        found += [Found(one.kind, one.start + start, one.end + start) for one in _find(piece, language, asked)]
    return found


def redact(text: str, language: str, asked: Asked = NOTHING_ASKED) -> str:
    """`text` with placeholders for personal data; a text without any stays as it is, character for character."""
    parts: list[str] = []
    at = 0
    for one in find(text, language, asked):
        parts += [text[at : one.start], placeholder(one.kind, language)]
        at = one.end
    return "".join([*parts, text[at:]]) if parts else text


def _pieces(text: str) -> list[tuple[int, str]]:
    pieces = []
    at = 0
    while len(text) - at > _PIECE:
        cut = text.rfind(" ", at + _PIECE // 2, at + _PIECE)
        end = cut if cut > at else at + _PIECE
        pieces.append((at, text[at:end]))
        at = end
    return [*pieces, (at, text[at:])]


def _find(text: str, language: str, asked: Asked) -> list[Found]:
    normalised = normalise_with_spans(text, limit=2 * len(text) + 1)
    spoken = normalised.text
    if not spoken:
        return []
    candidates = list(_candidates(spoken, language, asked))
    if not candidates:
        return []
    joined = _joined(candidates)
    return [Found(one.kind, *normalised.given_span(one.start, one.end)) for one in joined if one.end > one.start]


def _candidates(text: str, language: str, asked: Asked) -> list[Found]:
    cues = Cues.of(text)
    korean = any("가" <= char <= "힣" for char in text)
    found = [*find_numbers(text, cues, language, () if asked.kind else asked.lengths)]
    found += find_emails(text)
    found += find_births(text, cues)
    found += find_documents(text, cues)
    found += find_addresses(text, cues)
    if korean:
        found += find_korean_names(text)
    if not korean or text.isascii():
        found += find_english_names(text)
    if asked.kind is not None:
        found += _answer(text, asked)
    if asked.known:
        found += [
            Found("number", *run.span(0, len(run.digits) - 1))
            for run in runs(text)
            if any(known in run.digits for known in asked.known)
        ]
    taken = _placeholders(text)
    return [one for one in found if not any(one.start < end and start < one.end for start, end in taken)]


def telling_digits(text: str, language: str, asked: Asked = NOTHING_ASKED) -> list[str]:
    """The digits of the personal numbers in a text, six at least, each as one string."""
    spans = [(one.start, one.end) for one in find(text, language, asked)]
    normalised = normalise_with_spans(text, limit=2 * len(text) + 1)
    found = []
    for run in runs(normalised.text, _LEAST_TELLING):
        start, end = normalised.given_span(*run.span(0, len(run.digits) - 1))
        if any(begin < end and start < finish for begin, finish in spans):
            found.append(run.digits)
    return found


_LEAST_TELLING = 6


def _answer(text: str, asked: Asked) -> list[Found]:
    """What was asked for is personal: digits of it, however few, or all that was said."""
    assert asked.kind is not None
    if asked.kind in ("name", "address", "email"):
        return [Found(asked.kind, 0, len(text))]
    return [Found(asked.kind, *run.span(0, len(run.digits) - 1)) for run in runs(text)]


def _placeholders(text: str) -> list[tuple[int, int]]:
    """Where what was redacted before stands: it stays as it is."""
    if "[" not in text:
        return []
    spans = []
    for word in _ALL_PLACEHOLDERS:
        at = text.find(word)
        while at >= 0:
            spans.append((at, at + len(word)))
            at = text.find(word, at + 1)
    return spans


_ALL_PLACEHOLDERS = frozenset(word for words in PLACEHOLDERS.values() for word in words.values())


def _joined(found: Sequence[Found]) -> list[Found]:
    """Those that overlap as one, named after the most telling."""
    joined: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if joined and one.start < joined[-1].end:
            last = joined[-1]
            kind = min(last.kind, one.kind, key=_ORDER.index)
            joined[-1] = Found(kind, last.start, max(last.end, one.end))
        else:
            joined.append(one)
    return joined


_FIELDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("secret", ("pin", "password", "passcode", "cvc")),
    ("phone", ("phone", "mobile", "telephone", "contact_number", "callback_number", "caller")),
    ("email", ("email", "mail")),
    ("address", ("address", "street")),
    ("card", ("card_number",)),
    ("account", ("account_number", "iban")),
    ("resident", ("resident", "registration_number", "rrn")),
    ("birth", ("birth", "birthday", "date_of_birth")),
    ("document", ("passport", "licence", "license")),
    ("plate", ("plate", "car_number")),
    ("name", ("customer_name", "full_name", "first_name", "last_name", "recipient", "holder", "applicant", "person")),
)


_PEOPLE = ("customer", "employee", "member", "recipient", "person", "caller", "holder", "applicant", "user", "manager")


def kind_of_field(name: str, parent: str = "") -> Kind | None:
    """What a value is whose field, or slot, has that name; None where the name doesn't say that it is personal.

    `parent`: the name of what has the field: a customer's `name` is personal, a product's is not.
    """
    plain = name.lower()
    if plain == "name" and any(person in parent.lower() for person in _PEOPLE):
        return "name"
    for kind, words in _FIELDS:
        if any(f"_{word}_" in f"_{plain}_" for word in words):
            return kind
    return None


Redact = Callable[[str, str, Asked], str]
"""Text, its language, what was asked -> the text without personal data."""


def redact_data(
    value: Any, language: str, asked: Asked = NOTHING_ASKED, *, redact: Redact = redact, parent: str = ""
) -> Any:
    """Plain data with every text redacted; what stands in a field that is called like personal data goes whole."""
    if isinstance(value, str):
        return redact(value, language, asked)
    if isinstance(value, Mapping):
        return {name: _field(name, parent, inner, language, asked, redact) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_data(inner, language, asked, redact=redact, parent=parent) for inner in value]
    return value


def _field(name: object, parent: str, value: Any, language: str, asked: Asked, redact: Redact) -> Any:
    kind = kind_of_field(name, parent) if isinstance(name, str) else None
    if kind is not None:
        return _emptied(value, placeholder(kind, language))
    return redact_data(value, language, asked, redact=redact, parent=str(name))


def _emptied(value: Any, word: str) -> Any:
    """Personal data, in whatever form it comes (`{"ko": ..., "en": ...}`)."""
    if isinstance(value, Mapping):
        return {name: _emptied(inner, word) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_emptied(inner, word) for inner in value]
    return value if value is None or isinstance(value, bool) or value == "" else word


def personal_values(value: Any, parent: str = "", within: Kind | None = None) -> Iterator[tuple[str, Kind]]:
    """The texts that stand in fields that are called like personal data, wherever in `value`, with their kinds."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            kind = within or (kind_of_field(name, parent) if isinstance(name, str) else None)
            yield from personal_values(inner, str(name), kind)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from personal_values(inner, parent, within)
    elif within is not None and isinstance(value, str) and len(value) > 1:
        yield value, within


def unfinished(text: str) -> Kind | None:
    """What a text ends in the middle of: "제 번호는 공일공" is the beginning of a phone number. None for anything else."""
    found = list(runs(text, least=2))
    if not found or len(text) - found[-1].ends[-1] > _AFTER_LAST:
        return None
    run = found[-1]
    cue = Cues.of(text).before(run.starts[0])
    if cue in ("phone", "account", "card", "resident") or (cue in (None, "number") and _BEGINNING.match(run.digits)):
        return "phone" if cue in (None, "number") else cue
    return None


_AFTER_LAST = 4
"""Characters behind the last digit of a number that goes on ("공일공에요")."""
_BEGINNING = re.compile(r"01[016789]\d{0,7}$")
