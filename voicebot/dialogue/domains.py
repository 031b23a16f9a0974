"""What is expected from the caller at each question, compiled from a pack for the listeners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voicebot.asr.port import Domain, Sentence
from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack
from voicebot.nlu.templates import Expansion, spread

MOST_SENTENCES_AN_INTENT = 60
"""The listener's graph joins the sentences' words anew, so that some of an intent's wordings stand for all."""


class PackDomains:
    """Every domain of a pack: `open`, `yes_no`, `rating`, `remark`, and `slot:NAME` for each slot."""

    def __init__(self, pack: Pack) -> None:
        self._domains = {(domain.name, domain.language): domain for domain in _compile(pack)}
        self._by_question = {
            (name.split("/", 2)[2], language): domain for (name, language), domain in self._domains.items()
        }

    def domain(self, name: str, language: str) -> Domain:
        """The domain of a Listen action. Raises KeyError for a name that no question of the pack has."""
        return self._by_question[name, language]

    @property
    def all(self) -> tuple[Domain, ...]:
        return tuple(self._domains.values())


def _compile(pack: Pack) -> Iterator[Domain]:
    for language, words in pack.languages.items():
        anything = tuple(_sentences(words.sentences))
        prefix = f"{pack.name}-{pack.version}/{language}/"
        everything = Domain(prefix + "open", language, anything)
        yield everything
        # Beside a yes and a no few things are said there, and many sentences would make a short "네" uncertain.
        commands = tuple(sentence for sentence in anything if sentence.meaning in COMMANDS)
        yield Domain(prefix + "yes_no", language, commands, beyond=everything)
        points = tuple(Sentence(one.text, f"rating={n}") for n, said in words.ratings.items() for one in said)
        yield Domain(prefix + "rating", language, points + commands, beyond=everything)
        # What was not well is said in words that no pack has: the nearest sentence would be a made-up reason. Without a
        # second listener, which is asked for the words, none are better than those.
        yield Domain(prefix + "remark", language, commands, open_question=True)
        for name, slot in pack.slots.items():
            yield Domain(
                f"{prefix}slot:{name}",
                language,
                tuple(_values(pack, words, name)) + anything,
                digits=tuple(slot.lengths) if slot.type == "digits" else (),
            )


def _sentences(of_intents: Mapping[str, tuple[Expansion, ...]]) -> Iterator[Sentence]:
    for intent, expansions in of_intents.items():
        chosen = _chosen([one for one in expansions if "{" not in one.text])
        for text in dict.fromkeys(one.core or one.text for one in chosen):
            yield Sentence(text, intent)


def _chosen(spoken: Sequence[Expansion]) -> list[Expansion]:
    """Wordings evenly over the templates, one for every value that a list has, and as many again from calls."""
    learned = spread([one for one in spoken if one.source], MOST_SENTENCES_AN_INTENT)
    spoken = [one for one in spoken if not one.source]
    chosen = [*spread(spoken, MOST_SENTENCES_AN_INTENT), *learned]
    named = {value for expansion in chosen for value in expansion.slots.items()}
    for expansion in spoken:
        if not named.issuperset(expansion.slots.items()):
            named.update(expansion.slots.items())
            chosen.append(expansion)
    return chosen


def _values(pack: Pack, words: LanguagePack, slot: str) -> Iterator[Sentence]:
    kind = pack.slots[slot]
    for value, names in kind.values.items():
        for name in names.get(words.language, []):
            yield Sentence(name, f"slot:{slot}={value}")
    for expansion in words.answers.get(slot, ()):
        if "{" not in expansion.text:
            yield Sentence(expansion.text, f"slot:{slot}={expansion.slots.get(slot, '')}")
