"""A run of mining: failures are collected, clustered, ranked by what they cost, and known again from earlier runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import exists, select

from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack
from voicebot.dialogue.understander import without_slots
from voicebot.learning.mining.answers import drafts_of_answers
from voicebot.learning.mining.clustering import (
    MOST_SENTENCES,
    SAME,
    Sentence,
    by_typicality,
    clusters,
    sentences,
)
from voicebot.learning.mining.cost import FEWEST_CALLERS, cost_of
from voicebot.learning.mining.failures import Collected, Failure, LeftOut, collect, comparable, periods
from voicebot.learning.mining.likeness import Likeness, Matrix, Progress, RememberedEncoder
from voicebot.nlu.encoder import CachedEncoder, Embeddings, Encoder
from voicebot.nlu.normalise import normalise
from voicebot.store import mined_embeddings
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls
from voicebot.store.mining import Suggestions
from voicebot.store.mining.clusters import Clusters, Found, Known, Measures, Run

_TYPICAL = 10
"""Sentences that stand for a cluster where it is compared."""
_OF_INTENT = 40
"""Wordings of an intent that clusters are compared with, as many as its model learns from."""
_SHARED = 0.5
"""Share of the smaller cluster's turns from which two clusters are one whatever is said in them."""
Embed = Callable[[Sequence[str]], Embeddings]


@dataclass(frozen=True)
class Mined:
    """What a run found in one pack and language."""

    run: Run
    clusters: tuple[int, ...]
    """Numbers, the costliest first."""
    drafts: tuple[int, ...]
    """Numbers of the suggestions drawn from what agents answered."""


class Miner:
    """Blocking: 15 ms a sentence that was not embedded before, and seconds for thousands of sentences."""

    def __init__(
        self,
        database: Database,
        packs: Callable[[str], Pack | None],
        encoder: Encoder | None,
        var: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`packs`: the pack of a name; None for one that is not installed, whose clusters have no nearest intent.

        `encoder` None: by n-grams alone. `var`: where embeddings are kept between runs.
        """
        self._database, self._packs, self._encoder, self._var, self._now = database, packs, encoder, var, now
        self._clusters = Clusters(database, now=now)

    def run(
        self, since: datetime, until: datetime, pack: str = "", progress: Progress = lambda _done, _of: None
    ) -> list[Mined]:
        """Mine the calls that began in the period, of one pack or of all; store what is found.

        `progress`: told how many of how many sentences are embedded. Raises DatabaseError.
        """
        embed: RememberedEncoder | None = None
        if self._encoder is not None:
            embed = RememberedEncoder(self._encoder, mined_embeddings.file_under(self._var), progress)
        found = [
            self._mine(name, language, since, until, embed)
            for name, language in periods(self._database, since, until, pack)
        ]
        if embed is not None:
            embed.keep()
        return found

    def _mine(self, pack: str, language: str, since: datetime, until: datetime, embed: Embed | None) -> Mined:
        collected = collect(self._database, pack, language, since, until)
        every = sentences(collected.failures)
        said = every[:MOST_SENTENCES]
        left_out = [*collected.left_out]
        if beyond := [failure for one in every[MOST_SENTENCES:] for failure in one.failures]:
            left_out.append(LeftOut("too_many", len(beyond)))
        likeness = Likeness([one.text for one in said], embed)
        among = likeness.among()
        known = self._clusters.known(pack, language)
        same = SAME[embed is not None]
        groups = _Groups(said, among, likeness, same)
        merged = groups.merged(clusters(among, same), known)
        kept = [(number, group) for number, group in merged if len(groups.callers(group)) >= FEWEST_CALLERS]
        few = [
            f for number, group in merged if len(groups.callers(group)) < FEWEST_CALLERS for f in groups.failures(group)
        ]
        if few:
            left_out.append(LeftOut("few_callers", len(few), len(_callers(few)), len({f.call for f in few})))
        before = self._before(pack, language, since, until)
        earlier = groups.earlier([group for _, group in kept], before)
        nearest = self._nearest(pack, language, groups, [group for _, group in kept])
        found = []
        for place, (number, group) in enumerate(kept):
            failures = groups.failures(group)
            cost = cost_of(failures)
            measures = Measures(
                cost_s=cost.seconds,
                calls=cost.calls,
                callers=cost.callers,
                hand_overs=cost.hand_overs,
                angry=cost.angry,
                lost_ms=cost.lost_ms,
                previous_calls=None if before is None else cost_of(earlier[place]).calls,
                nearest=nearest[place][0],
                likeness=nearest[place][1],
                kinds=dict(sorted(Counter(failure.kind for failure in failures).items())),
            )
            found.append(Found(measures, tuple((f.turn, f.kind) for f in failures), number))
        found.sort(key=lambda one: (-one.measures.cost_s, one.members[0]))
        now = self._now()
        turns = [failure for one in every for failure in one.failures]
        run = Run(
            pack, language, now, since, until, len(turns), len({failure.call for failure in turns}), len(said),
            tuple(asdict(one) for one in left_out),
        )  # fmt: skip
        numbers = self._clusters.put(run, found)
        words = self._words(pack, language)
        drafts = drafts_of_answers(self._database, pack, language, since, until, words, embed)
        suggestions = Suggestions(self._database, now=self._now)
        return Mined(run, tuple(numbers), tuple(suggestions.add(draft) for draft in drafts))

    def _before(self, pack: str, language: str, since: datetime, until: datetime) -> Collected | None:
        """The failures of the period before, as long; None where it has no calls."""
        earlier = since - (until - since)
        within = (calls.c.pack == pack, calls.c.language == language, calls.c.began >= earlier, calls.c.began < since)
        with self._database.reading() as connection:
            if not connection.execute(select(exists().where(*within))).scalar():
                return None
        found = collect(self._database, pack, language, earlier, since)
        most = [failure for one in sentences(found.failures)[:MOST_SENTENCES] for failure in one.failures]
        return replace(found, failures=tuple(most))

    def _words(self, pack: str, language: str) -> LanguagePack | None:
        content = self._packs(pack)
        return content.languages.get(language) if content is not None else None

    def _nearest(
        self, pack: str, language: str, groups: _Groups, found: Sequence[Sequence[int]]
    ) -> list[tuple[str | None, float | None]]:
        """For each group the intent or FAQ entry that its typical sentences are most like, and how much."""
        words = self._words(pack, language)
        if words is None or not found:
            return [(None, None)] * len(found)
        names, texts = [], []
        for name, expansions in words.sentences.items():
            if name in COMMANDS:
                continue
            some = min(len(expansions), _OF_INTENT)
            chosen = [expansions[n * len(expansions) // some].text for n in range(some)]
            for text in dict.fromkeys(normalise(without_slots(sentence)) for sentence in chosen):
                if text:
                    names.append(name)
                    texts.append(text)
        # Training embedded the same sentences, and has them at hand.
        embed = CachedEncoder(self._encoder, self._var / "embeddings").embed if self._encoder is not None else None
        likeness = groups.likeness.to(texts, embed)
        starts = [n for n, name in enumerate(names) if n == 0 or names[n - 1] != name]
        best = np.maximum.reduceat(likeness, starts, axis=0)
        nearest: list[tuple[str | None, float | None]] = []
        for group in found:
            mean = best[:, list(group[:_TYPICAL])].mean(axis=1)
            place = int(mean.argmax())
            nearest.append((names[starts[place]], round(float(np.clip(mean[place], 0, 1)), 3)))
        return nearest


class _Groups:
    """The sentences of one pack and language, in groups: lists of their indices, the most typical first."""

    def __init__(self, said: Sequence[Sentence], among: Matrix, likeness: Likeness, same: float) -> None:
        self.said, self.likeness = said, likeness
        self._among, self._same = among, same

    def failures(self, group: Sequence[int]) -> list[Failure]:
        return [failure for n in group for failure in self.said[n].failures]

    def callers(self, group: Sequence[int]) -> set[str]:
        return _callers(self.failures(group))

    def merged(self, found: Sequence[Sequence[int]], known: Sequence[Known]) -> list[tuple[int | None, list[int]]]:
        """The groups with the known cluster that each is; those that are the same one are put together."""
        typical = [by_typicality(group, self.said, self._among) for group in found]
        likeness = self._to_known(typical, known)
        of: dict[int, list[int]] = defaultdict(list)
        new: list[tuple[int | None, list[int]]] = []
        for place, group in enumerate(typical):
            turns = {failure.turn for failure in self.failures(group)}
            shared = [len(turns & one.turns) / max(1, min(len(turns), len(one.turns))) for one in known]
            best = max(range(len(known)), key=lambda n: (shared[n], likeness[place][n]), default=None)
            if best is not None and shared[best] < _SHARED:
                best = max(range(len(known)), key=lambda n: likeness[place][n])
                best = best if likeness[place][best] >= self._same else None
            if best is None:
                new.append((None, group))
            else:
                of[known[best].id] += group
        goes_on = [(number, by_typicality(group, self.said, self._among)) for number, group in of.items()]
        return [*goes_on, *new]

    def _to_known(self, typical: Sequence[Sequence[int]], known: Sequence[Known]) -> list[list[float]]:
        """Mean likeness of each group to each known cluster."""
        texts = [comparable(text) for one in known for text in one.texts]
        rows = self.likeness.to(texts)
        ends = np.cumsum([len(one.texts) for one in known]).tolist()
        return [
            [
                float(rows[end - len(one.texts) : end, list(group[:_TYPICAL])].mean())
                for one, end in zip(known, ends, strict=True)
            ]
            for group in typical
        ]

    def earlier(self, found: Sequence[Sequence[int]], before: Collected | None) -> list[list[Failure]]:
        """Of each group, the failures of the period before that belong to it."""
        of: list[list[Failure]] = [[] for _ in found]
        if before is None or not found:
            return of
        said = sentences(before.failures)
        rows = self.likeness.to([one.text for one in said])
        means = np.stack([rows[:, list(group[:_TYPICAL])].mean(axis=1) for group in found], axis=1)
        for sentence, mean in zip(said, means, strict=True):
            place = int(mean.argmax())
            if mean[place] >= self._same:
                of[place] += sentence.failures
        return of


def _callers(failures: Sequence[Failure]) -> set[str]:
    """Different ones; those without a number count as one."""
    return {failure.caller for failure in failures}
