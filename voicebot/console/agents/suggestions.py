"""Answers to what a caller just said: the pack's FAQ, then its documents."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from voicebot.console.agents.scene import DeskScene

MOST = 4
LONGEST_QUESTION = 300
_LIKELY = 0.15
"""Of an intent, that it is worth an agent's glance: agents judge for themselves, other than callers."""
_LEAST_RELEVANT = 0.2
_LONGEST_ANSWER = 400


@dataclass(frozen=True)
class Suggestion:
    """An answer that an agent may give."""

    title: str
    answer: str
    kind: Literal["faq", "knowledge"]
    source: str
    """The FAQ entry, or the document."""
    score: float
    """0 to 1; comparable within a kind only."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def suggestions(scene: DeskScene, question: str, language: str) -> list[Suggestion]:
    """The likeliest first; none for small talk. Blocking: some 30 ms."""
    question = " ".join(question.split())[:LONGEST_QUESTION]
    if len(question) < 2:
        return []
    found = [*_from_faq(scene, question, language), *_from_documents(scene, question, language)]
    different: dict[str, Suggestion] = {}
    for one in found:
        different.setdefault(one.answer, one)
    return list(different.values())[:MOST]


def _from_faq(scene: DeskScene, question: str, language: str) -> list[Suggestion]:
    dialogue = scene.dialogue()
    if dialogue is None or language not in dialogue.pack.languages:
        return []
    words = dialogue.pack.languages[language]
    understood = dialogue.understander(language).understand(question)
    likely = [one for one in understood.alternatives if one.name in dialogue.pack.faq and one.score >= _LIKELY]
    return [
        Suggestion(
            words.titles.get(one.name, one.name),
            words.replies[one.name][0].render({"name": words.name}, language),
            "faq",
            one.name,
            round(one.score, 3),
        )
        for one in likely[:MOST]
        # An answer with gaps needs what only the dialogue knows.
        if set(words.replies[one.name][0].paths) <= {"name"}
    ]


def _from_documents(scene: DeskScene, question: str, language: str) -> list[Suggestion]:
    base = scene.bases().get(language)
    if base is None or not len(base):
        return []
    finding = base.search(question, MOST)
    return [
        Suggestion(
            found.passage.question or " › ".join(found.passage.titles[-2:]),
            _short(found.passage.text),
            "knowledge",
            found.passage.source.document,
            round(finding.certainty if place == 0 else found.score, 3),
        )
        for place, found in enumerate(finding.found)
        if found.score >= _LEAST_RELEVANT and (place == 0 or finding.certainty >= _LEAST_RELEVANT)
    ]


def _short(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= _LONGEST_ANSWER:
        return text
    return text[:_LONGEST_ANSWER].rpartition(" ")[0] + " …"
