"""The telephone voice: recordings, then the cache, then the engines in their order."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import time
import types
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import structlog

from voicebot.audio.format import Pcm
from voicebot.failure import place
from voicebot.tts.cache import SoundCache
from voicebot.tts.port import NORMAL, Engine, EngineBusyError, EngineError, Style
from voicebot.tts.recordings import Fill, Pause, Recorded, Recordings
from voicebot.tts.sentence_parts import Part, ToMake, parts_of
from voicebot.tts.soundness import distorted, unusable
from voicebot.tts.speech_text import sentences
from voicebot.tts.standing import Standing
from voicebot.tts.stretching import stretch
from voicebot.tts.synthesis import Synthesis
from voicebot.tts.telephone import join, on_the_line, pause
from voicebot.tts.waits import PATIENCE_S, WORTH_WAITING_S, ErrorRates
from voicebot.tts.ways import AHEAD_S, Ways, name_of

_log = structlog.get_logger(__name__)

BETWEEN_SENTENCES_MS = 280
"""Milliseconds of silence between sentences of one text."""
GIVE_UP_S = 8.0
"""Seconds after which what was asked for counts as not coming."""
_LATE_S = 0.1 - WORTH_WAITING_S
"""For what is spoken ahead when there is no time left: by whoever takes a tenth of a second."""
_TRIES = 2
"""Engines have been seen to make silence of a text under load, and speech of it a moment later."""
_AHEAD_AT_ONCE = 2 * max(2, min(4, os.cpu_count() or 2))
"""Phrases spoken ahead at the same time: enough that no engine waits for the next, while others are looked up."""
_KEPT_PLANS = 4096
"""Sentences whose words are remembered, so that a known one is found without reading it again."""


@dataclass(frozen=True)
class Phrase:
    """A text to be spoken."""

    text: str
    language: str
    style: Style = NORMAL


class _PoorError(EngineError):
    """What an engine made of a text is distorted, and would not be better the next time."""

    def __init__(self, message: str, pcm: Pcm) -> None:
        super().__init__(message)
        self.pcm = pcm
        """It can be heard, for want of anything better."""


class TelephoneVoice:
    """Implements the Voice port. Callable from any thread; callers who ask for the same new text share one synthesis.

    What fails is replaced by the best there is: the next engine, what is only distorted, the same words in another
    style from the cache, and at last silence.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        cache: SoundCache,
        recordings: Recordings | None = None,
        *,
        error_rates: ErrorRates = types.MappingProxyType({}),
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`engines`: best first; those that don't speak a language are passed over. `clock` counts seconds.

        `error_rates` decides how long callers wait for the better one (see `waits`).
        """
        self._engines = tuple(engines)
        self._cache = cache
        self._recordings = recordings or Recordings()
        self.readings = Recordings()
        """Pieces that the best engine read, to be added at any time. Sentences are joined from them where making them
        would take too long: they are understood less well."""
        self._clock = clock
        self._patience_s, self._give_up_s = patience_s, give_up_s
        self._synthesis = {
            engine.name: Synthesis(engine.name, places=engine.concurrency, hangs_after_s=give_up_s, clock=clock)
            for engine in self._engines
        }
        self._planned = functools.lru_cache(_KEPT_PLANS)(self._parts_of)
        self._standing = Standing(clock)
        self._ways = Ways(self._engines, error_rates, self._standing, self._synthesis, self._cache.__contains__)
        self._closed = False

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        """`text` as written to 8 kHz samples, its sentences joined by short pauses. Never raises.

        `within_s`: seconds until the sound is needed; what is needed sooner is made first.
        """
        try:
            if (recorded := self._recordings.find(text, language)) is not None:
                return stretch(recorded, style.rate)
            return _with_pauses(
                [
                    join([self._sound(part, language, within_s) for part in self._plan(sentence, language, style)])
                    for sentence in sentences(text, language)
                ]
            )
        except Exception as error:  # a caller hears silence rather than losing the call; the defect is in the log
            _log.error("speaking failed", language=language, error=type(error).__name__, place=place(error))
            return np.zeros(0, np.int16)

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        """Whether `speak` would answer from recordings and the cache."""
        return self._is_made(Phrase(text, language, style), 0.0)

    def prepare(
        self,
        phrases: Iterable[Phrase],
        progress: Callable[[int, int], None] = lambda _done, _of: None,
        within_s: float = math.inf,
    ) -> int:
        """Speak phrases ahead, several at a time, so that callers don't wait for them; returns how many failed.

        `progress(done, of)` is called before the first and after each. What callers ask for meanwhile comes first.
        What the best engine has not made `within_s` seconds is spoken by a quicker one, as far as there is any.
        """
        wanted = tuple(dict.fromkeys(phrases))
        until = self._clock() + within_s
        failed = 0
        progress(0, len(wanted))
        with contextlib.ExitStack() as stack:
            if not all(self._is_made(phrase, AHEAD_S) for phrase in wanted):
                stack.enter_context(self._cache.alone(lambda: self._closed or self._clock() >= until))
            threads = stack.enter_context(ThreadPoolExecutor(_AHEAD_AT_ONCE, "speaking ahead"))
            for done, ready in enumerate(threads.map(lambda phrase: self._prepared(phrase, until), wanted), start=1):
                failed += not ready
                progress(done, len(wanted))
        return failed

    def warm_up(self, languages: Iterable[str]) -> None:
        """Have the engines that these languages are spoken with load what they need. Returns soon."""
        for engine in dict.fromkeys(engine for language in languages for engine in self._ways.speaking(language)[:1]):
            engine.warm_up()

    def engine(self, language: str) -> Engine:
        """The best that speaks it. Raises IndexError where there is none."""
        return self._ways.speaking(language)[0]

    def is_worth_reading(self, language: str) -> bool:
        """Whether `readings` of the best engine would be understood better than whoever speaks when it has no time."""
        return self._ways.is_worth_reading(language)

    def close(self) -> None:
        """Close the engines. What is being prepared ends soon."""
        self._closed = True
        for synthesis in self._synthesis.values():
            synthesis.close()
        for engine in self._engines:
            engine.close()

    def _prepared(self, phrase: Phrase, until: float) -> bool:
        if self._closed:
            return False
        self.speak(phrase.text, phrase.language, phrase.style, AHEAD_S if self._clock() < until else _LATE_S)
        return self._is_made(phrase, AHEAD_S) or self._is_made(phrase, _LATE_S)

    def _is_made(self, phrase: Phrase, within_s: float) -> bool:
        """Whether it is recorded or in the cache, by the engine that would be asked for it."""
        if self._recordings.find(phrase.text, phrase.language) is not None:
            return True
        return all(
            not isinstance(part, ToMake) or self._is_known(part, phrase.language, within_s)
            for sentence in sentences(phrase.text, phrase.language)
            for part in self._plan(sentence, phrase.language, phrase.style)
        )

    def _plan(self, sentence: str, language: str, style: Style) -> tuple[Part, ...]:
        return self._planned(self._recordings.version, sentence, language, style)

    def _parts_of(self, _version: int, sentence: str, language: str, style: Style) -> tuple[Part, ...]:
        return parts_of(self._recordings, sentence, language, style)

    def _is_known(self, part: ToMake, language: str, within_s: float) -> bool:
        joined = None if within_s >= AHEAD_S else self._joined(part, language)
        for way in self._ways.of(part, language, within_s):
            if way.name in self._cache:
                return True
            if way.is_asked:
                return joined is not None and self._ways.is_better_joined(way, part, language, within_s)
        return joined is not None

    def _joined(self, part: ToMake, language: str) -> Pcm | None:
        """A part out of what the best engine read, where all of it was read."""
        if part.style != NORMAL or (found := self.readings.compose(part.words, language)) is None:
            return None
        sounds: list[Pcm] = []
        for one in found:
            match one:
                case Recorded(pcm):
                    sounds.append(pcm)
                case Pause(milliseconds):
                    sounds.append(pause(milliseconds))
                case Fill():
                    return None
        return join(sounds)

    def _sound(self, part: Part, language: str, within_s: float) -> Pcm:
        """A part from the best engine that can say it in time."""
        if not isinstance(part, ToMake):
            return part
        began, late = self._clock(), list[Future[Pcm]]()
        ways = self._ways.of(part, language, within_s)
        joined = None if within_s >= AHEAD_S else self._joined(part, language)
        for number, way in enumerate(ways):
            if (pcm := self._cache.get(way.name)) is not None:
                return pcm
            if not way.is_asked:
                continue
            if joined is not None and self._ways.is_better_joined(way, part, language, within_s):
                return joined
            make = functools.partial(self._make, way.engine, part, language, way.name)
            future = self._synthesis[way.engine.name].ask(way.name, make, len(part.words), within_s)
            others = joined is not None or any(other.is_asked for other in ways[number + 1 :])
            try:
                return future.result(timeout=within_s + (self._patience_s + way.more_s if others else self._give_up_s))
            except TimeoutError:
                late.append(future)
                self._tell(way.engine.name, f"{way.engine.name} takes too long", language)
            except EngineError as error:
                self._tell(way.engine.name, str(error), language)
        if joined is not None:
            return joined
        if late:
            finished = wait(late, timeout=max(0.0, within_s + self._give_up_s - (self._clock() - began))).done
            for future in finished:
                if future.exception() is None:
                    return future.result()
        return self._instead(part, language, [way.name for way in ways])

    def _instead(self, part: ToMake, language: str, names: Sequence[str]) -> Pcm:
        """For want of anything better: a distorted one, the same words in another style, silence."""
        if (poor := self._standing.poor(names)) is not None:
            return poor
        for engine in self._ways.speaking(language):
            if (pcm := self._cache.get(name_of(ToMake(part.words, NORMAL), language, engine))) is not None:
                return pcm
        self._tell("all", "no engine could speak; see `voicebot doctor`", language)
        return np.zeros(0, np.int16)

    def _make(self, engine: Engine, part: ToMake, language: str, name: str) -> Pcm:
        """Synthesise, judge, shape and keep. Raises EngineError."""
        if (made := self._cache.get(name)) is not None:
            return made  # in this very moment, or by another process
        try:
            pcm = _made(engine, part, language)
        except _PoorError as error:
            self._standing.cannot_say(name, error.pcm)
            raise
        except EngineBusyError:
            raise
        except EngineError:
            self._failed(engine)
            raise
        except Exception as error:  # an engine's own defect must not cost the next engine its turn
            self._failed(engine)
            raise EngineError(f"{engine.name} broke down ({type(error).__name__}); see `voicebot doctor`.") from error
        self._standing.spoke(engine.name)
        self._cache.put(name, pcm)
        return pcm

    def _failed(self, engine: Engine) -> None:
        if self._standing.failed(engine.name):
            self._synthesis[engine.name].give_up()

    def _tell(self, engine: str, reason: str, language: str) -> None:
        if not self._closed:
            self._standing.tell(engine, language, reason)


def _made(engine: Engine, part: ToMake, language: str) -> Pcm:
    for _ in range(_TRIES):
        sound = engine.synthesise(part.words, language, part.style)
        if not (reason := unusable(sound, part.words, part.style.rate)):
            break
    else:
        raise EngineError(f"{engine.name} made {reason}; choose another voice.")
    pcm = on_the_line(sound)
    if reason := distorted(sound, part.words, language, part.style.rate):
        raise _PoorError(f"{engine.name} made {reason}; mend its settings or choose another voice.", pcm)
    return pcm


def _with_pauses(spoken: Sequence[Pcm]) -> Pcm:
    """Sentences one after the other."""
    parts: list[Pcm] = []
    for pcm in spoken:
        if len(pcm):
            parts += [pause(BETWEEN_SENTENCES_MS), pcm]
    return join(parts[1:])
