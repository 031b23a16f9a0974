"""What agents answered: collected from the hand-overs, and drafted where several callers asked alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from voicebot.dialogue.pack import LanguagePack
from voicebot.learning.mining.clustering import MOST_SENTENCES, SAME, clusters
from voicebot.learning.mining.cost import FEWEST_CALLERS
from voicebot.learning.mining.drafting import Answered, Material, draft
from voicebot.learning.mining.failures import has_words
from voicebot.learning.mining.likeness import Likeness
from voicebot.nlu.encoder import Embeddings
from voicebot.nlu.normalise import normalise
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, hand_overs
from voicebot.store.mining import Draft, Suggestions

_MOST_OF_CALLER = 3
"""Answers to one caller that count."""


def answered(
    database: Database,
    pack: str,
    language: str,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    in_calls: Sequence[str] = (),
) -> list[Answered]:
    """The answers that agents gave to questions whose words are kept, the earliest first; `in_calls`: in these only."""
    h = hand_overs.c
    query = (
        select(calls.c.id.label("call"), calls.c.caller, h.accepted_by, h.context)
        .join(calls, calls.c.key == h.call_key)
        .where(calls.c.pack == pack, calls.c.language == language, h.context.is_not(None))
        .order_by(h.requested, h.id)
    )
    if since is not None:
        query = query.where(calls.c.began >= since)
    if until is not None:
        query = query.where(calls.c.began < until)
    if in_calls:
        query = query.where(calls.c.id.in_(list(in_calls)))
    found = []
    with database.reading() as connection:
        for row in connection.execute(query):
            found += [
                Answered(
                    row.call,
                    row.caller or "",
                    row.accepted_by or "",
                    normalise(str(one.get("question", ""))),
                    str(one.get("answer", "")),
                    str(one.get("kind", "")),
                    str(one.get("source", "")),
                )
                for one in _list(row.context)
            ]
    return found


def drafts_of_answers(
    database: Database,
    pack: str,
    language: str,
    since: datetime,
    until: datetime,
    words: LanguagePack | None,
    embed: Callable[[Sequence[str]], Embeddings] | None,
) -> list[Draft]:
    """Drafts for what several callers asked agents alike, but for those that were suggested before."""
    counted: dict[str, int] = {}
    asked = []
    for one in answered(database, pack, language, since, until):
        counted[one.caller] = counted.get(one.caller, 0) + 1
        if counted[one.caller] <= _MOST_OF_CALLER and has_words(one.question, language):
            asked.append(one)
    asked = asked[-MOST_SENTENCES:]
    if len({one.caller for one in asked}) < FEWEST_CALLERS:
        return []
    likeness = Likeness([one.question for one in asked], embed)
    same = SAME[embed is not None]
    among = likeness.among()
    made = []
    before = _suggested(database, pack, language)
    for group in clusters(among, same):
        if len({asked[n].caller for n in group}) < FEWEST_CALLERS:
            continue
        typical = sorted(group, key=lambda n: (-round(float(among[n, group].mean()), 6), n))
        answers = tuple(asked[n] for n in typical)
        texts = tuple(dict.fromkeys(one.question for one in answers))
        material = Material(pack, language, texts, tuple(one.call for one in answers), answers)
        drafted = draft(material, words, None)
        if drafted is not None and not before & {normalise(text) for text in drafted.variants}:
            made.append(drafted)
    return made


def _suggested(database: Database, pack: str, language: str) -> set[str]:
    """The sentences of all suggestions so far: what was refused does not come again."""
    return {
        normalise(text)
        for one in Suggestions(database).find_all(pack=pack)
        if one.language == language
        for text in one.variants
    }


def _list(context: Any) -> list[dict[str, Any]]:
    given = context.get("answers", []) if isinstance(context, dict) else []
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
