"""A draft for one cluster: its sentences, and what agents and documents answer to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from voicebot.dialogue.pack import LanguagePack
from voicebot.knowledge.base import KnowledgeBase
from voicebot.learning.mining.answers import answered
from voicebot.learning.mining.clustering import SAME
from voicebot.learning.mining.drafting import Answered, Material, draft
from voicebot.nlu.intents_lexical import NgramVectors
from voicebot.store.history.database import Database
from voicebot.store.mining import Draft
from voicebot.store.mining.clusters import Cluster, Clusters

_COMPARED = 20
"""Sentences of the cluster that agents' questions are compared with."""


def suggest(
    database: Database, cluster: Cluster, words: LanguagePack | None, base: KnowledgeBase | None
) -> Draft | None:
    """A draft for an editor; None where no sentence is left that can be shown. Raises DatabaseError.

    `words`: the pack in the cluster's language, where it is loaded. `base`: its knowledge, where it has some.
    """
    said = Clusters(database).sayings(cluster.id)
    # A remark on a call says what was not well; nobody asks for something in those words.
    texts = tuple(dict.fromkeys(one.text for one in said if one.kind != "remark"))
    calls = tuple(dict.fromkeys(one.call for one in said))
    answers = tuple(_to(texts, answered(database, cluster.pack, cluster.language, in_calls=calls))) if calls else ()
    material = Material(
        cluster.pack, cluster.language, texts, calls, answers, cluster.nearest, cluster.likeness, cluster.id
    )
    return draft(material, words, base)


def _to(texts: Sequence[str], answers: Sequence[Answered]) -> list[Answered]:
    """The answers to questions like these, and those that were the only one of their call."""
    if not answers:
        return []
    vectors = NgramVectors(texts[:_COMPARED])
    alike = (vectors([one.question for one in answers]) @ vectors(texts[:_COMPARED]).T).toarray().max(axis=1)
    of_call = Counter(one.call for one in answers)
    return [
        one
        for one, near in zip(answers, alike, strict=True)
        if near >= SAME[False] or (of_call[one.call] == 1 and not one.question)
    ]
