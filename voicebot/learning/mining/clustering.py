"""Sentences that mean the same are put together: average linkage over their likeness, cut at one height.

Deterministic: the sentences come in one order, and so do the clusters. Average linkage needs memory and time by the
square of the sentences (4,000: 130 MB and some seconds), so of more the most informative are taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from voicebot.learning.mining.failures import Failure
from voicebot.learning.mining.likeness import Matrix

MOST_SENTENCES = 4000
SAME = {True: 0.37, False: 0.28}
"""Mean likeness from which two groups are one, with an encoder and without: benchmarks/failure_mining.py."""


@dataclass(frozen=True)
class Sentence:
    """What callers said in the same words."""

    text: str
    failures: tuple[Failure, ...]

    @property
    def callers(self) -> int:
        """Different ones; those without a number count as one."""
        return len({failure.caller for failure in self.failures})


def sentences(failures: Sequence[Failure]) -> list[Sentence]:
    """The different sentences, those of the most callers first; then those that cost most time."""
    by_text: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_text[failure.text].append(failure)
    found = [Sentence(text, tuple(said)) for text, said in by_text.items()]
    return sorted(found, key=lambda one: (-one.callers, -sum(f.lost_ms for f in one.failures), one.text))


def clusters(likeness: Matrix, same: float) -> list[list[int]]:
    """Indices of the sentences that belong together, every one in one cluster."""
    count = len(likeness)
    if count < 2:
        return [[n] for n in range(count)]
    distance = np.clip(1 - (likeness + likeness.T) / 2, 0, None)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average")
    label_of = fcluster(tree, t=1 - same, criterion="distance")
    members: dict[int, list[int]] = defaultdict(list)
    for n, label in enumerate(label_of.tolist()):
        members[label].append(n)
    return sorted(members.values())


def by_typicality(members: Sequence[int], said: Sequence[Sentence], likeness: Matrix) -> list[int]:
    """The members, the one first that is most like what the callers of the cluster said."""
    weights = np.array([said[n].callers for n in members], np.float32)
    mean = likeness[np.ix_(members, members)] @ weights / weights.sum()
    return [
        members[place] for place in sorted(range(len(members)), key=lambda p: (-round(float(mean[p]), 6), members[p]))
    ]
