"""What may be said in a state of the dialogue, compiled for the recogniser.

Vosk makes a bigram graph of the sentences of its grammar, so sentences are given as they are, and loops as all pairs of
their words.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from voicebot.asr.port import Domain, Sentence
from voicebot.asr.segmentation import Segmenter, Unsayable
from voicebot.nlu.hangul import is_syllable, to_jamo

DIGIT_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ko": MappingProxyType(
            dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True))
            # Said for single digits where 일 and 이 are easily confused.
            | {"하나": "1", "둘": "2"}
        ),
        "en": MappingProxyType(
            dict(
                zip(
                    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
                    "00123456789",
                    strict=True,
                )
            )
        ),
    }
)
"""How single digits are spoken, by language."""

_AROUND_DIGITS = {"ko": ("입니다", "이에요", "예요", "요", "네"), "en": ()}


@dataclass(frozen=True, eq=False)
class DomainGraph:
    """A compiled domain. Each is equal to itself only, so that it can be a key at no cost."""

    grammar: str
    """JSON for Vosk; empty where there is nothing to listen for but free speech."""
    sentences: tuple[Sentence, ...]
    """Those that can be heard."""
    keys: tuple[str, ...]
    """The sentences in jamo without spaces, in the same order."""
    unsayable: tuple[Unsayable, ...]
    digits: tuple[int, ...]
    wholes: frozenset[str] = field(default=frozenset())
    """Keys of sentences that no longer sentence of another meaning goes on from."""


def compile_domain(domain: Domain, segmenter: Segmenter) -> DomainGraph:
    """The graph of a domain: milliseconds for hundreds of sentences."""
    heard: dict[str, Sentence] = {}
    grammar: dict[str, None] = {}
    unsayable: dict[Unsayable, None] = {}
    for sentence in domain.sentences:
        split = segmenter.sentence(sentence.text)
        unsayable.update(dict.fromkeys(split.unsayable))
        if split.pieces:
            heard.setdefault(key_of(sentence.text), sentence)
            grammar[" ".join(split.pieces)] = None
    if domain.digits:
        grammar.update(dict.fromkeys(_digit_sentences(domain.language, segmenter)))
    return DomainGraph(
        grammar=json.dumps(list(grammar), ensure_ascii=False) if grammar else "",
        sentences=tuple(heard.values()),
        keys=tuple(heard),
        unsayable=tuple(unsayable),
        digits=domain.digits,
        wholes=_wholes(heard),
    )


def key_of(text: str) -> str:
    """A text as it is compared: jamo, no spaces, no punctuation."""
    return to_jamo("".join(char for char in text.lower() if char.isalnum()))


def loop(words: Sequence[str]) -> list[str]:
    """Sentences whose bigram graph lets each word follow each."""
    return [f"{first} {second}" for first, second in itertools.product(words, repeat=2)]


def spoken_digits(text: str, language: str) -> str:
    """The digits of a hypothesis in which only digits (and what is said around them) were spoken, else empty."""
    names = DIGIT_WORDS.get(language, {})
    around = set(_AROUND_DIGITS.get(language, ()))
    digits = []
    for word in text.split():
        if word in names:
            digits.append(names[word])
        elif word not in around:
            return ""
    return "".join(digits)


def syllable_grammar(sentences: Iterable[Sentence], segmenter: Segmenter) -> str:
    """JSON of a loop over the commonest syllables of the sentences: what is said, whatever it is.

    Its likelihood is what the domain's is compared with.
    """
    counts: dict[str, int] = {}
    for sentence in sentences:
        for char in sentence.text:
            if is_syllable(char) and segmenter.sentence(char).pieces == (char,):
                counts[char] = counts.get(char, 0) + 1
    return json.dumps(sorted(counts, key=lambda char: (-counts[char], char)), ensure_ascii=False)


def _digit_sentences(language: str, segmenter: Segmenter) -> list[str]:
    names = [name for name in DIGIT_WORDS.get(language, {}) if segmenter.sentence(name).pieces == (name,)]
    endings = [word for word in _AROUND_DIGITS.get(language, ()) if segmenter.sentence(word).pieces == (word,)]
    return loop(names) + [f"{name} {ending}" for name in names for ending in endings]


def _wholes(sentences: Mapping[str, Sentence]) -> frozenset[str]:
    ordered = sorted(sentences)
    wholes = set()
    for index, key in enumerate(ordered):
        meaning = sentences[key].meaning
        for longer in itertools.islice(ordered, index + 1, None):
            if not longer.startswith(key):
                wholes.add(key)
                break
            if sentences[longer].meaning != meaning:
                break
        else:
            wholes.add(key)
    return frozenset(wholes)
