"""What of a learnt sentence is the wish: without what callers say around wishes of every kind.

"제가 처음이라 그런데 후기는 어떻게 써요" and "제가 처음이라 그런데 할인 코드가 안 돼요" share most of their sound. A
listener that expects both takes one for the other, so it is given the core: "후기는 어떻게 써요".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from voicebot.dialogue.learned import LearnedSentence
from voicebot.store.labels.label import sentence

AROUND = 4
"""So many intents must have words at their beginning, or end, for these to say nothing of any."""


def with_cores(
    learned: Mapping[str, Sequence[LearnedSentence]], taken: Mapping[str, Collection[str | None]]
) -> dict[str, list[LearnedSentence]]:
    """The sentences of each intent, each with its core where that is shorter and stands for no other intent.

    `taken`: sentences of the content, as sentences are compared, with what they stand for.
    """
    openings, endings = defaultdict[tuple[str, ...], set[str]](set), defaultdict[tuple[str, ...], set[str]](set)
    for intent, those in learned.items():
        for one in those:
            words = one.text.split()
            for count in range(1, len(words)):
                openings[*words[:count]].add(intent)
                endings[*words[-count:]].add(intent)
    cores = {
        (intent, one.text): _core(one.text.split(), openings, endings)
        for intent, those in learned.items()
        for one in those
    }
    means: dict[str, set[str | None]] = {key: set(intents) for key, intents in taken.items()}
    for (intent, _), core in cores.items():
        means.setdefault(sentence(core), set()).add(intent)
    return {
        intent: [
            one.model_copy(update={"core": core})
            if (core := cores[intent, one.text]) != one.text and means[sentence(core)] == {intent}
            else one.model_copy(update={"core": None})
            for one in those
        ]
        for intent, those in learned.items()
    }


def _core(
    words: Sequence[str], openings: Mapping[tuple[str, ...], set[str]], endings: Mapping[tuple[str, ...], set[str]]
) -> str:
    first = max((n for n in range(1, len(words)) if len(openings[*words[:n]]) >= AROUND), default=0)
    words = words[first:]
    last = max((n for n in range(1, len(words)) if len(endings.get((*words[-n:],), ())) >= AROUND), default=0)
    return " ".join(words[: len(words) - last])
