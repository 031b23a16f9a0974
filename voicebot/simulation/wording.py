"""How simulated callers put things: sentences of the pack, and sentences that the bot was never taught.

The pack's templates are parted: from a share of them, drawn by a seed, the bot learns nothing, neither understanding
nor listening; callers use these too. On top come the caller's speech level, openings such as 저기요, and endings, which
no template has. Values are spoken: digits one by one, dates in words, list values by any of their names.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack
from voicebot.nlu.hangul import particle
from voicebot.nlu.numerals import english_digits, english_ordinal, month, sino, spell_digits
from voicebot.nlu.templates import Expansion, fill
from voicebot.simulation.speech_levels import SpeechLevel, at_level

HELD_OUT = 0.25
"""Share of each intent's templates that the bot is not taught; of an intent with a single template, none."""

_COMMON_WORDS = 0.7
"""Share of yes and no in the commonest words, 네 and 아니요."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_OPENINGS = {
    "ko": ("저기요", "네", "아 네", "음", "여보세요", "안녕하세요", "죄송한데요", "혹시", "저"),
    "en": ("hi", "hello", "um", "yes hi", "excuse me", "well", "so", "okay"),
}
_DIGITS_UNKNOWN = {"ko": ("잘 모르겠는데요", "모르겠어요", "그건 몰라요"), "en": ("I don't know", "I'm not sure")}


@dataclass(frozen=True)
class Said:
    """What a caller says."""

    text: str
    digits: str = ""
    """The part of `text` that is a number read digit by digit; empty for none."""
    unseen: bool = False
    """Whether it comes from a template that the bot was not taught."""


def part(pack: Pack, seed: int, share: float = HELD_OUT) -> Pack:
    """The pack without a share of each intent's templates: what the bot is taught. Commands stay whole."""
    languages = {name: _parted(words, random.Random(f"{seed}:{name}"), share) for name, words in pack.languages.items()}
    return replace(pack, languages=languages)


def _parted(words: LanguagePack, chance: random.Random, share: float) -> LanguagePack:
    kept: dict[str, tuple[Expansion, ...]] = {}
    for intent, expansions in words.sentences.items():
        # What was learnt from calls stays: with it and without it the same templates are withheld.
        templates = sorted({one.template for one in expansions if not one.source})
        out: set[int] = set()
        if intent not in COMMANDS and len(templates) > 1:
            out = set(chance.sample(templates, min(len(templates) - 1, max(1, round(share * len(templates))))))
        kept[intent] = tuple(one for one in expansions if one.template not in out)
    return replace(words, sentences=kept)


class Wording:
    """What may be said in one language of a pack, by a caller who knows what they want."""

    def __init__(self, pack: Pack, taught: Pack, language: str) -> None:
        """`pack` with all its templates, `taught` with those that the bot knows (see `part`)."""
        self._pack, self._language = pack, language
        self._words = pack.languages[language]
        known = {name: {one.text for one in kept} for name, kept in taught.languages[language].sentences.items()}
        meanings: dict[str, set[str]] = defaultdict(set)
        for intent, expansions in self._words.sentences.items():
            for one in expansions:
                meanings[one.text].add(intent)
        self._pools: dict[tuple[str, bool], dict[int, list[Expansion]]] = defaultdict(lambda: defaultdict(list))
        for intent, expansions in self._words.sentences.items():
            for one in expansions:
                # What stands for two things is no clear wish.
                if len(meanings[one.text]) == 1:
                    self._pools[intent, one.text not in known[intent]][one.template].append(one)
        self._mentioned: dict[tuple[str, str], frozenset[str]] = {}
        self._answers: dict[tuple[str, str], list[str]] = {}

    def wish(
        self,
        chance: random.Random,
        intent: str,
        values: Mapping[str, Any],
        *,
        unseen: bool,
        with_values: bool = False,
        slots: Sequence[str] = (),
    ) -> Said:
        """The intent in words. `values`: what the caller would give; a wording that names another value is not used.

        `unseen` prefers templates that the bot was not taught; `with_values` those that name values; `slots` are all
        that the intent's flow asks for.
        """
        for kind in (unseen, not unseen):
            pool = self._pools.get((intent, kind), {})
            fitting = {
                template: good
                for template, found in pool.items()
                if (good := [one for one in found if self._fits(one, values, slots)])
            }
            if with_values and (rich := {t: g for t, g in fitting.items() if any("{" in one.text for one in g)}):
                fitting = rich
            elif plain := {t: p for t, g in fitting.items() if (p := [one for one in g if "{" not in one.text])}:
                fitting = plain
            if fitting:
                one = chance.choice(fitting[chance.choice(sorted(fitting))])
                return replace(self._filled(chance, one.text, values), unseen=kind)
        return Said(self._words.titles.get(intent, intent))

    def answer(self, chance: random.Random, slot: str, value: Any) -> Said:
        """A value, as the answer to the question for it."""
        kind = self._pack.slots[slot]
        if kind.type == "list":
            return Said(chance.choice(self._list_answers(slot, str(value))))
        given = self._words.answers.get(slot, ())
        texts = [one.text for one in given if f"{{{slot}}}" in one.text] or [f"{{{slot}}}"]
        return self._filled(chance, chance.choice(texts), {slot: value})

    def correction(self, chance: random.Random, slot: str, wrong: Any, right: Any) -> Said:
        """ "아니 2번이 아니라 3번이요": the value that was understood is not the one that was meant."""
        new = self._spoken(chance, slot, right)
        digits = new if self._pack.slots[slot].type == "digits" else ""
        if self._language == "en":
            return Said(chance.choice(("no I said {}", "no it's {}", "that's wrong it's {}")).format(new), digits)
        if digits or chance.random() < 0.5:
            return Said(f"아니요 {new}{particle(new, '이에요')}", digits)
        old = self._spoken(chance, slot, wrong)
        return Said(f"아니 {old}{particle(old, '이')} 아니라 {new}{particle(new, '이에요')}")

    def command(self, chance: random.Random, intent: str) -> Said:
        """A command, a yes or a no; mostly as every pack has it, not as this one adds it for its own questions."""
        pool = self._pools[intent, False]
        if intent in ("yes", "no") and chance.random() < _COMMON_WORDS:
            return Said(chance.choice(pool[min(pool)]).text)
        return self.wish(chance, intent, {}, unseen=False)

    def ignorance(self, chance: random.Random) -> Said:
        return Said(chance.choice(_DIGITS_UNKNOWN[self._language]))

    def title(self, intent: str) -> Said:
        return Said(self._words.titles.get(intent, intent))

    def in_manner(self, chance: random.Random, said: Said, level: SpeechLevel, *, opening: bool) -> Said:
        """The same at the caller's speech level and, with `opening`, behind a word that opens."""
        text = at_level(said.text, level, self._language)
        if opening:
            text = f"{chance.choice(_OPENINGS[self._language])} {text}"
        return replace(said, text=text)

    def _fits(self, one: Expansion, values: Mapping[str, Any], slots: Sequence[str]) -> bool:
        for slot in slots:
            named = self._names_in(slot, one.text)
            if named and named != {str(values.get(slot))}:
                return False
            if f"{{{slot}}}" in one.text and slot not in values:
                return False
        return all(name in values for name in _open_slots(one.text))

    def _names_in(self, slot: str, text: str) -> frozenset[str]:
        """The values of a list that a text names: those with the longest names, for "큰 사이즈" is no "사이즈"."""
        kind = self._pack.slots[slot]
        if kind.type != "list":
            return frozenset()
        key = (slot, text)
        if key not in self._mentioned:
            spans = [
                (len(name), value)
                for value, names in kind.values.items()
                for name in names.get(self._language, ())
                if _says(text, name, self._language)
            ]
            longest = max((length for length, _ in spans), default=0)
            self._mentioned[key] = frozenset(value for length, value in spans if length == longest)
        return self._mentioned[key]

    def _list_answers(self, slot: str, value: str) -> list[str]:
        key = (slot, value)
        if key not in self._answers:
            names = list(self._pack.slots[slot].values.get(value, {}).get(self._language, ())) or [value]
            found = [one.text for one in self._words.answers.get(slot, ()) if self._names_in(slot, one.text) == {value}]
            if self._language == "ko":
                found += [f"{names[0]}{particle(names[0], '이에요')}"] * 2
            self._answers[key] = found + [names[0]] * 3
        return self._answers[key]

    def _filled(self, chance: random.Random, text: str, values: Mapping[str, Any]) -> Said:
        spoken = {name: self._spoken(chance, name, values[name]) for name in _open_slots(text) if name in values}
        digits = next((said for name, said in spoken.items() if self._pack.slots[name].type == "digits"), "")
        return Said(fill(text, spoken), digits)

    def _spoken(self, chance: random.Random, slot: str, value: Any) -> str:
        match self._pack.slots[slot].type:
            case "digits" if self._language == "ko":
                return spell_digits(str(value), chance.choice(("공", "공", "영")))
            case "digits":
                return english_digits(str(value), chance.choice(("oh", "zero")))
            case "date":
                return _spoken_date(date.fromisoformat(str(value)), self._language)
            case "list":
                names = self._pack.slots[slot].values.get(str(value), {}).get(self._language, ())
                return names[0] if names else str(value)
            case _:
                return str(value)


def _says(text: str, name: str, language: str) -> bool:
    return name in text if language == "ko" else f" {name.lower()} " in f" {text.lower()} "


def _open_slots(text: str) -> list[str]:
    return [piece.split("}")[0] for piece in text.split("{")[1:] if piece.split("}")[0].isascii()]


def _spoken_date(day: date, language: str) -> str:
    if language == "ko":
        return f"{month(day.month)} {sino(day.day)}일"
    return f"{_MONTHS[day.month - 1]} {english_ordinal(day.day)}"
