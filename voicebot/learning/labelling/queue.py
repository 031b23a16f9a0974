"""What somebody labels next.

Every turn belongs, by a hash of its place and nothing else, to the random ones or to the others. The random ones come
in the order of that hash, never because they are telling: what is found in them holds for all turns. The others come
the most telling first. A share of all turns is to be labelled by two people.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from voicebot.learning.labelling.order import Disagree, ordered
from voicebot.store.history.database import Database
from voicebot.store.labels.candidates import Candidate, candidates, labellers, sampled
from voicebot.store.labels.label import Sample, Turn

_KEPT_S = 60.0
"""How long an order holds: calls go on, and one label changes little of what is telling."""
_RESERVED_S = 600.0
"""How long a turn that was shown to somebody is shown to nobody else."""


@dataclass(frozen=True)
class Item:
    """A turn for somebody to label."""

    candidate: Candidate
    sample: Sample
    second: bool
    """Somebody else labelled it, and it is to be labelled by two: what they said is not to be shown."""


@dataclass(frozen=True)
class _Order:
    made: float
    found: tuple[Candidate, ...]
    telling: tuple[Candidate, ...]
    random: tuple[Candidate, ...]


class LabellingQueue:
    """Of one process: several people who label at once get different turns. Callable from any thread."""

    def __init__(
        self,
        database: Database,
        *,
        random_share: float,
        double_share: float,
        disagree: Disagree | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`random_share`: of turns, from 0 to 1; `double_share`: that two people are to label."""
        self._database, self._random, self._double = database, random_share, double_share
        self._disagree, self._clock = disagree, clock
        self._orders: dict[str, _Order] = {}
        self._reserved: dict[Turn, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def next(self, pack: str, by: str, count: int = 1, *, skip: Collection[Turn] = ()) -> list[Item]:
        """At most so many turns for `by`, those first that wait for a second label. Raises DatabaseError.

        `skip`: those that they have already before them, or put off.
        """
        with self._lock:
            now = self._clock()
            done = labellers(self._database, pack)
            order = self._order(pack, now, done)
            # What was labelled is free again, for the second labeller.
            self._reserved = {
                turn: kept
                for turn, kept in self._reserved.items()
                if kept[1] > now and kept[0] not in done.get(turn, ())
            }

            def free(one: Candidate) -> bool:
                holder, _ = self._reserved.get(one.turn, (by, 0.0))
                return holder == by and one.turn not in skip

            items = [
                Item(one, self.sample(one.turn), second=True)
                for one in order.found
                if len(done.get(one.turn, ())) == 1
                and by not in done[one.turn]
                and self.doubled(one.turn)
                and free(one)
            ][:count]
            telling = [one for one in order.telling if one.turn not in done and free(one)]
            random = [one for one in order.random if one.turn not in done and free(one)]
            labelled, random_ones = sampled(self._database, pack)
            while len(items) < count and (telling or random):
                # The share holds over all that was labelled, whoever did it and however often the page was opened.
                from_random = random and (not telling or random_ones < self._random * (labelled + 1))
                items.append(
                    Item(
                        (random if from_random else telling).pop(0),
                        "random" if from_random else "informative",
                        second=False,
                    )
                )
                labelled, random_ones = labelled + 1, random_ones + bool(from_random)
            for item in items:
                self._reserved[item.candidate.turn] = (by, now + _RESERVED_S)
            return items

    def left(self, pack: str, by: str) -> int:
        """How many turns there are for `by`, of the newest."""
        with self._lock:
            done = labellers(self._database, pack)
            order = self._order(pack, self._clock(), done)
        return sum(
            not done.get(one.turn) or (len(done[one.turn]) == 1 and by not in done[one.turn] and self.doubled(one.turn))
            for one in order.found
        )

    def sample(self, turn: Turn) -> Sample:
        """To which a turn belongs."""
        return "random" if self._place(turn, "random") < self._random else "informative"

    def doubled(self, turn: Turn) -> bool:
        """Whether two people are to label the turn."""
        return self._place(turn, "double") < self._double

    def _order(self, pack: str, now: float, done: Mapping[Turn, object]) -> _Order:
        kept = self._orders.get(pack)
        if kept is None or now - kept.made > _KEPT_S:
            found = candidates(self._database, pack)
            new = [one for one in found if one.turn not in done]
            others = [one for one in new if self.sample(one.turn) != "random"]
            random = [one for one in new if self.sample(one.turn) == "random"]
            random.sort(key=lambda one: self._place(one.turn, "random"))
            telling = ordered(others, disagree=self._disagree)
            kept = self._orders[pack] = _Order(now, tuple(found), tuple(telling), tuple(random))
        return kept

    @staticmethod
    def _place(turn: Turn, what: str) -> float:
        """From 0 to 1, the same each time, whatever was said."""
        digest = hashlib.sha256(f"{what}:{turn.call}:{turn.part}:{turn.number}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64
