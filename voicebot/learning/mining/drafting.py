"""Drafts of suggestions. Nothing is made up: questions are callers' sentences, answers an agent's or a document's."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voicebot.dialogue.pack import LanguagePack
from voicebot.knowledge.base import KnowledgeBase
from voicebot.learning.mining.failures import has_words
from voicebot.nlu.intents_lexical import NgramVectors
from voicebot.nlu.normalise import normalise
from voicebot.privacy.redactor import redact
from voicebot.store.mining import Draft, Source

NEAR = 0.5
"""Likeness to an intent or FAQ entry from which sentences are taken to be other words for it
(benchmarks/failure_mining.py)."""
MOST_VARIANTS = 8
LONGEST_VARIANT = 80
LONGEST_ANSWER = 300
LIKELY = 0.25
"""Certainty from which a passage is worth an editor's look; the bot itself would say it from 0.5."""
_MOST_CALLS = 10
_LONG_NUMBER = re.compile(r"\d{3}")
_SYNTAX = frozenset("[](){}<>|")
"""What means something in templates, or stands where personal data was."""


@dataclass(frozen=True)
class Answered:
    """An answer that an agent gave in a call."""

    call: str
    caller: str
    agent: str
    question: str
    answer: str
    kind: str
    """`faq`, `knowledge` or `typed`."""
    source: str
    """The FAQ entry or the document."""


@dataclass(frozen=True)
class Material:
    """What a draft is made of."""

    pack: str
    language: str
    texts: tuple[str, ...]
    """What callers said, the most typical first."""
    calls: tuple[str, ...]
    answers: tuple[Answered, ...] = ()
    nearest: str | None = None
    likeness: float | None = None
    cluster: int | None = None


def draft(material: Material, words: LanguagePack | None, base: KnowledgeBase | None) -> Draft | None:
    """A draft for an editor; None where no sentence is fit to be shown as a question.

    Sentences near an intent become wordings of it, and so do those that agents answered from an entry of the FAQ. Else
    it is a new entry, answered by a document that is sure, by what most agents said, or by the likeliest passage.
    """
    variants = fit(material.texts, material.language, words)
    if not variants:
        return None
    asked = Source("calls", calls=_some(material.calls), times=len(set(material.calls)))
    entry = _entry(material, words)
    if entry:
        answered = _by_agents([one for one in material.answers if one.source == entry])
        return _draft(material, "wording", entry, "", variants, "", [asked, *answered[1:]] if answered else [asked])
    answer, sources, title = _answer(material, variants[0], base)
    name = f"asked_{material.cluster}" if material.cluster is not None else "asked_often"
    return _draft(material, "faq", name, title, variants, answer, [*sources, asked])


def fit(texts: Iterable[str], language: str, words: LanguagePack | None) -> tuple[str, ...]:
    """The sentences that may become content: without personal data, not too long, new to the pack."""
    known = {_key(expansion.text) for said in (words.sentences.values() if words else ()) for expansion in said}
    found: dict[str, str] = {}
    for text in texts:
        clean = redact(" ".join(text.split()), language)
        key = _key(clean)
        fits = len(clean) <= LONGEST_VARIANT and not _SYNTAX & set(clean) and not _LONG_NUMBER.search(clean)
        usable = fits and has_words(clean, language)
        if usable and key not in known:
            found.setdefault(key, clean)
    return tuple(found.values())[:MOST_VARIANTS]


def by_answer(answers: Sequence[Answered]) -> list[list[Answered]]:
    """The answers, those together that say the same in other words; what most callers were told first."""
    if not answers:
        return []
    texts = [normalise(one.answer) for one in answers]
    vectors = NgramVectors(texts)(texts)
    alike = (vectors @ vectors.T).toarray()
    groups: list[list[int]] = []
    for n in range(len(answers)):
        near = next((group for group in groups if alike[n, group[0]] >= _SAME_ANSWER), None)
        if near is None:
            groups.append([n])
        else:
            near.append(n)
    groups.sort(key=lambda group: (-len({answers[n].caller for n in group}), -len(group), group[0]))
    return [[answers[n] for n in group] for group in groups]


_SAME_ANSWER = 0.5


def _entry(material: Material, words: LanguagePack | None) -> str:
    """The intent or FAQ entry that the sentences belong to; empty for none."""
    callers: dict[str, set[str]] = defaultdict(set)
    for one in material.answers:
        if one.kind == "faq" and one.source:
            callers[one.source].add(one.caller)
    told = max(sorted(callers), key=lambda name: len(callers[name]), default="")
    if told and len(callers[told]) >= 2 and (words is None or told in words.titles):
        return told
    if material.nearest and (material.likeness or 0.0) >= NEAR:
        return material.nearest
    return ""


def _answer(material: Material, question: str, base: KnowledgeBase | None) -> tuple[str, list[Source], str]:
    """An answer, where it comes from, and what it is about."""
    passage = base.answer(question) if base is not None and len(base) else None
    agents = _by_agents(material.answers)
    if agents and not (passage is not None and passage.sure):
        return str(agents[0]), [agents[1]], ""
    if passage is None or passage.score < LIKELY:
        return "", [], ""
    found = passage.source
    source = Source("document", found.document, found.page, found.row, passage.titles)
    return passage.text[:LONGEST_ANSWER], [source], passage.titles[-1] if passage.titles else ""


def _by_agents(answers: Sequence[Answered]) -> tuple[str, Source] | None:
    """What most callers were told, and in which calls."""
    groups = by_answer([one for one in answers if one.answer.strip()])
    if not groups:
        return None
    best = groups[0]
    wordings = Counter(" ".join(one.answer.split()) for one in best)
    text = min(wordings, key=lambda wording: (-wordings[wording], len(wording), wording))
    calls = tuple(dict.fromkeys(one.call for one in best))
    return redact(text, _language_of(text))[:LONGEST_ANSWER], Source("agent", calls=_some(calls), times=len(best))


def _draft(
    material: Material,
    kind: str,
    entry: str,
    title: str,
    variants: Sequence[str],
    answer: str,
    sources: Sequence[Source],
) -> Draft:
    return Draft(
        pack=material.pack,
        language=material.language,
        kind="faq" if kind == "faq" else "wording",
        entry=entry,
        title=title,
        question=variants[0],
        variants=tuple(variants),
        answer=answer,
        sources=tuple(sources),
        cluster=material.cluster,
    )


def _some(calls: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(calls))[:_MOST_CALLS]


def _language_of(text: str) -> str:
    return "ko" if re.search("[가-힣]", text) else "en"


def _key(text: str) -> str:
    return "".join(char for char in normalise(text).lower() if char.isalnum())


def problems(draft: Draft, entries: Mapping[str, object], slots: Iterable[str] = ()) -> list[str]:
    """What keeps a suggestion from being accepted, as names: `variants`, `syntax`, `answer`, `title`, `name`, `taken`,
    `unknown`. `entries`: the intents and FAQ entries that there are. `slots`: those that may stand in braces."""
    found = []
    if not draft.variants:
        found.append("variants")
    slot = re.compile("|".join(re.escape(f"{{{name}}}") for name in slots) or "(?!)")
    if any(_SYNTAX & set(slot.sub("", text)) for text in draft.variants):
        found.append("syntax")
    if draft.kind == "wording":
        return found + (["unknown"] if draft.entry not in entries else [])
    if not draft.answer.strip():
        found.append("answer")
    elif set("{}") & set(draft.answer):
        found.append("syntax_answer")
    if not draft.title.strip():
        found.append("title")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", draft.entry):
        found.append("name")
    elif draft.entry in entries:
        found.append("taken")
    return found
