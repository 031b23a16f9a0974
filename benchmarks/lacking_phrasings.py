"""Content that lacks half of its templates, and phrasings of its intents that it lacks therefore.

A phrasing is a sentence of a withheld template (its core), reworded: another ending, a lead, a tail, as people have
them on the telephone. No phrasing stands in the content that is left.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from voicebot.dialogue.pack import COMMANDS, Pack, load_pack
from voicebot.simulation.wording import part
from voicebot.store.labels.label import sentence

WITHHELD = 0.5
"""Share of each intent's templates."""
SAID = 15
"""Phrasings of an intent that callers use; as many others are never said, and judge."""

_ENDINGS = {
    "ko": (
        ("(?:주세요|줘요)", ("주실래요", "주시겠어요", "주실 수 있나요", "주셨으면 해서요", "주시면 좋겠는데요")),
        ("싶어요", ("싶어서요", "싶은데요", "싶어서 전화했어요", "싶거든요")),
        ("되나요|돼요", ("되는지 궁금해서요", "되는지 알려 주세요", "되는 건가요", "되는 거죠")),
        ("하나요", ("하는지 궁금해서요", "하는 건가요", "하는지 좀 알려 주세요")),
        ("있나요|있어요", ("있는지 궁금해서요", "있는 건가요", "있을까요", "있는지 알려 주세요")),
        ("인가요|이에요|예요", ("인지 궁금해서요", "인지 알려 주세요", "인 건가요")),
        ("할게요", ("하려고요", "하려고 전화했어요", "하려고 하는데요")),
    ),
    "en": (
        ("^can i ", ("would I be able to ", "is there a way to ", "is it possible to ", "could I maybe ")),
        ("^(?:i want to|i'd like to|i would like to) ", ("I was hoping to ", "I'm looking to ", "I need to ")),
        ("^how (?:do|can) i ", ("what do I need to do to ", "could you tell me how to ", "how should I ")),
        ("^(?:please )?(?=tell me|show me|send me|give me)", ("could you ", "would you ", "can you please ")),
        ("^(?:do|does) ", ("I wonder do ", "can you tell me do ")),
        ("^(?:what is|what's) ", ("could you tell me ", "I need to know ", "I'm calling about ")),
    ),
}
_LEADS = {
    "ko": ("", "", "다름이 아니라", "제가 처음이라 그런데", "급해서 그런데", "아까부터 찾아봤는데", "수고하십니다"),
    "en": ("", "", "sorry to bother you", "quick question", "I've been trying to find out", "good morning", "listen"),
}
_TAILS = {
    "ko": ("", "", "그것 때문에 전화했어요", "그게 궁금해서요", "좀 여쭤보려고요"),
    "en": ("", "", "that's why I'm calling", "can you help with that", "if that's all right"),
}


@dataclass(frozen=True)
class Phrasing:
    """How a caller may put an intent."""

    text: str
    core: str
    """The sentence of the withheld template that it was made of."""


@dataclass(frozen=True)
class Phrasings:
    """Of one intent."""

    said: tuple[Phrasing, ...]
    """What callers use."""
    fresh: tuple[Phrasing, ...]
    """Drawn alike, and never said."""


def withhold(prompts: Path, name: str, into: Path, seed: int) -> Pack:
    """Copy a pack and what is common into the folder `into`, without half of each intent's templates; read it.

    Test dialogues in which callers say what is withheld are taken out too: whoever lacks a sentence has no test of it.
    """
    shutil.copytree(prompts / "common", into / "common", ignore=shutil.ignore_patterns("recordings"))
    shutil.copytree(prompts / name, into / name, ignore=shutil.ignore_patterns("recordings", "learned.yaml"))
    whole = load_pack(into, name)
    kept = part(whole, seed, WITHHELD)
    for language, words in whole.languages.items():
        for file, key in (("intents.yaml", "intents"), ("faq.yaml", "faq")):
            path = into / name / language / file
            if not path.exists():
                continue
            yaml = YAML()
            yaml.width = 4096
            content: Any = yaml.load(path)
            for intent, body in content[key].items():
                if intent not in COMMANDS:
                    out = {one.template for one in words.sentences[intent]}
                    out -= {one.template for one in kept.languages[language].sentences[intent]}
                    for place in sorted(out, reverse=True):
                        del body["templates"][place]
            with path.open("w", encoding="utf-8") as written:
                yaml.dump(content, written)
    lacking = load_pack(into, name)
    for language, words in whole.languages.items():
        known = _sentences(lacking, language)
        gone = {sentence(one.text) for those in words.sentences.values() for one in those} - known
        for path in (into / name / language / "tests").glob("*.yaml"):
            _withhold_tests(path, gone)
    return lacking


def _withhold_tests(path: Path, gone: Collection[str]) -> None:
    """Who lacks a sentence has no test dialogue with it."""
    yaml = YAML()
    yaml.width = 4096
    content: Any = yaml.load(path)
    content["tests"] = [
        test
        for test in content["tests"]
        if not any(isinstance(turn.get("caller"), str) and sentence(turn["caller"]) in gone for turn in test["turns"])
    ]
    path.unlink()
    if content["tests"]:
        with path.open("w", encoding="utf-8") as written:
            yaml.dump(content, written)


def _sentences(pack: Pack, language: str) -> set[str]:
    return {sentence(one.text) for those in pack.languages[language].sentences.values() for one in those}


def phrasings(whole: Pack, taught: Pack, language: str, seed: int) -> Mapping[str, Phrasings]:
    """By intent: two draws of `SAID` phrasings from the same kind. Intents without a withheld sentence have none."""
    of_sentence: dict[str, set[str]] = {}
    for intent, expansions in whole.languages[language].sentences.items():
        for one in expansions:
            of_sentence.setdefault(sentence(one.text), set()).add(intent)
    known = _sentences(taught, language)
    found = {}
    for intent, expansions in whole.languages[language].sentences.items():
        cores = [
            one.text
            for one in expansions
            if "{" not in one.text and sentence(one.text) not in known and len(of_sentence[sentence(one.text)]) == 1
        ]
        if intent in COMMANDS or not cores:
            continue
        chance = random.Random(f"{seed}:{language}:{intent}")
        drawn: dict[str, Phrasing] = {}
        for _ in range(20 * SAID):
            core = chance.choice(cores)
            text = reworded(chance, core, language)
            if sentence(text) not in of_sentence:
                drawn.setdefault(sentence(text), Phrasing(text, core))
            if len(drawn) == 2 * SAID:
                break
        every = list(drawn.values())
        found[intent] = Phrasings(tuple(every[::2]), tuple(every[1::2]))
    return found


def reworded(chance: random.Random, core: str, language: str) -> str:
    """The core as somebody may put it on the telephone."""
    text = core
    fitting = [
        (pattern, others)
        for pattern, others in _ENDINGS[language]
        if re.search(f"(?:{pattern}){'$' if language == 'ko' else ''}", text, re.IGNORECASE)
    ]
    lead, tail = chance.choice(_LEADS[language]), chance.choice(_TAILS[language])
    if fitting and chance.random() < 0.7:
        pattern, others = fitting[0]
        end = "$" if language == "ko" else ""
        text = re.sub(f"(?:{pattern}){end}", chance.choice(others), text, count=1, flags=re.IGNORECASE)
        tail = ""
    return " ".join(f"{lead} {text} {tail}".split())
