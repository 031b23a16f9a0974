"""How long a reply takes to say, estimated from its words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from voicebot.dialogue.content import Slot
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.nlu.hangul import is_syllable
from voicebot.tts.markup import Break, pieces

LONGEST_S = 12.0
"""What takes longer is forgotten before it ends, and invites an interruption."""

SYLLABLES_A_SECOND = 3.8
"""Korean, pauses included: what the embedded voice makes of its rate (`voicebot.tts.pyttsx3_engine`)."""

WORDS_A_SECOND = 155 / 60
"""English: the rate that the embedded voice is set to there."""

_SAMPLES: Mapping[str, object] = {"date": "2026-11-22", "time": "18:30", "digits": "12345678"}
"""What stands for a value, by its format."""

_NUMBER = 45000
"""What stands for a value of any other format: those say numbers."""

_UNKNOWN = {"ko": "다섯 글자쯤", "en": "two words"}
"""What stands for a value of which nothing is known."""

_OWN = {"name": {"ko": "가온몰", "en": "Gaon Mall"}, "address": {"ko": "고객님", "en": ""}}


_VALUE = re.compile(r"\{([a-z_][a-z0-9_.]*)(?::([a-z]+))?\}")


def seconds(template: ReplyTemplate, language: str, slots: Mapping[str, Slot]) -> float:
    """The speaking time of a reply in `language`, with values of the usual length in its braces."""
    values: dict[str, object] = {}
    for path, form in _VALUE.findall(template.text):
        _put(values, path.split("."), _sample(path, form, language, slots))
    return seconds_of(template.render(values, language), language)


def seconds_of(text: str, language: str) -> float:
    """The speaking time of a text, its numbers and dates in words, its breaks and rates as its markup has them."""
    return sum(
        piece.ms / 1000 if isinstance(piece, Break) else _seconds_of_words(piece.text, language) / piece.rate
        for piece in pieces(text, language)
    )


def _seconds_of_words(words: str, language: str) -> float:
    if language == "ko":
        return sum(1.0 if is_syllable(char) else 0.5 for char in words if char.isalnum()) / SYLLABLES_A_SECOND
    return len(words.split()) / WORDS_A_SECOND


def _sample(path: str, form: str, language: str, slots: Mapping[str, Slot]) -> object:
    if form:
        return _SAMPLES.get(form, _NUMBER)
    if path in _OWN:
        return _OWN[path][language]
    slot = slots.get(path)
    if slot is not None and slot.type == "list":
        return max((names[language][0] for names in slot.values.values() if names.get(language)), key=len, default="")
    if slot is not None and slot.type == "digits":
        return "1" * max(slot.lengths)
    return _UNKNOWN[language]


def _put(values: dict[str, object], path: list[str], value: object) -> None:
    node = values
    for part in path[:-1]:
        inner = node.setdefault(part, {})
        node = inner if isinstance(inner, dict) else {}
    node.setdefault(path[-1], value)
