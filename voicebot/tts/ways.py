"""Who speaks something: the engines in the order in which they are asked, and what was read ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from voicebot.tts.cache import key
from voicebot.tts.port import Engine
from voicebot.tts.sentence_parts import ToMake
from voicebot.tts.standing import Standing
from voicebot.tts.synthesis import Synthesis
from voicebot.tts.telephone import TREATMENT
from voicebot.tts.waits import JOINED_COSTS, WORTH_WAITING_S, ErrorRates, more_s, worth_reading

AHEAD_S = 3600.0
"""For what is spoken ahead: anything that a caller waits for is made before it."""


@dataclass(frozen=True)
class Way:
    """One engine that may speak a part."""

    engine: Engine
    name: str
    """Of the part as it makes it, in the cache."""
    error_rate: float
    is_asked: bool
    """Whether it works at present and is not known to be unable to say it."""
    more_s: float = 0.0
    """What it may take longer than usual, for it is so much better than what would be heard instead."""


class Ways:
    """Knows the engines' merits and paces. Callable from any thread; nothing here takes time."""

    def __init__(
        self,
        engines: Sequence[Engine],
        error_rates: ErrorRates,
        standing: Standing,
        synthesis: Mapping[str, Synthesis],
        is_made: Callable[[str], bool],
    ) -> None:
        """`engines`: best first. `is_made`: whether something is in the cache, by its name there."""
        self._engines, self._error_rates = tuple(engines), error_rates
        self._standing, self._synthesis, self._is_made = standing, synthesis, is_made

    def speaking(self, language: str) -> tuple[Engine, ...]:
        """The engines that speak it, best first."""
        return tuple(engine for engine in self._engines if language in engine.languages)

    def of(self, part: ToMake, language: str, within_s: float) -> list[Way]:
        """The best first, but those that would keep a caller waiting too long behind the others.

        Nobody is waited for longer than usual where the sound should have been there already (`within_s` below 0).
        """
        ways = []
        for engine in self.speaking(language):
            name = name_of(part, language, engine)
            is_asked = self._standing.is_asked(engine.name, name)
            ways.append(Way(engine, name, self._error_rate(engine, language), is_asked))
        # From the last to the first: what each one is better than is what would be asked instead.
        instead: float | None = None
        for number, way in reversed(list(enumerate(ways))):
            if way.is_asked:
                if instead is not None and within_s >= 0:
                    ways[number] = replace(way, more_s=more_s(way.error_rate, instead))
                instead = way.error_rate
        if within_s < AHEAD_S and len(ways) > 1:
            ways.sort(key=lambda way: not self._is_made(way.name) and self._is_slow(way, part, within_s))
        return ways

    def is_better_joined(self, way: Way, part: ToMake, language: str, within_s: float) -> bool:
        """Whether pieces that the best engine read beat what this engine would make, or when it would be made."""
        joined = self._error_rate(self.speaking(language)[0], language) + JOINED_COSTS
        if way.error_rate > joined:
            return True
        return self._is_slow(replace(way, more_s=more_s(way.error_rate, joined)), part, within_s)

    def is_worth_reading(self, language: str) -> bool:
        """Whether pieces read by the best engine would be understood better than the next engine."""
        rates = [self._error_rate(engine, language) for engine in self.speaking(language)[:2]]
        return len(rates) == 2 and worth_reading(*rates)

    def _is_slow(self, way: Way, part: ToMake, within_s: float) -> bool:
        expected_s = self._synthesis[way.engine.name].expected_s(len(part.words), within_s)
        return expected_s > within_s + WORTH_WAITING_S + way.more_s

    def _error_rate(self, engine: Engine, language: str) -> float:
        return self._error_rates.get((engine.name, language), 0.0)


def name_of(part: ToMake, language: str, engine: Engine) -> str:
    """Of the part as this engine makes it, in the cache."""
    return key(part.words, language, f"{engine.fingerprint} treatment {TREATMENT}", part.style)
