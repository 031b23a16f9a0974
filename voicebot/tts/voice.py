"""The telephone voice: recordings, then the cache, then the engines in their order."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import structlog

from voicebot.audio.format import Pcm
from voicebot.failure import place
from voicebot.tts.cache import SoundCache, key
from voicebot.tts.markup import Break, Words, pieces
from voicebot.tts.port import NORMAL, Engine, EngineBusyError, EngineError, Style
from voicebot.tts.recordings import Fill, Pause, Recorded, Recordings
from voicebot.tts.soundness import clipped, unusable
from voicebot.tts.speech_text import sentences
from voicebot.tts.synthesis import Synthesis
from voicebot.tts.telephone import TREATMENT, join, on_the_line, pause

_log = structlog.get_logger(__name__)

BETWEEN_SENTENCES_MS = 280
"""Milliseconds of silence between sentences of one text."""
PATIENCE_S = 2.5
"""Seconds a caller waits for an engine before the next one is asked as well. A new sentence takes a tenth of that; with
fifty at once, the quick plain voice beats a long silence."""
GIVE_UP_S = 8.0
"""Seconds after which what was asked for counts as not coming."""
AHEAD_S = 3600.0
"""For what is spoken ahead: anything that a caller waits for is made before it."""
_REST_S = 30.0
"""Seconds for which an engine that failed twice running is left alone."""
_TELL_AGAIN_S = 600.0
"""Seconds after which the operator is told again that something fails."""
_AHEAD_AT_ONCE = 4 * max(2, min(4, os.cpu_count() or 2))
"""Phrases spoken ahead at the same time: enough that no engine waits for the next, while others are looked up."""
_KEPT_PLANS = 4096
"""Sentences whose words are remembered, so that a known one is found without reading it again."""
_KEPT_POOR = 500
"""Pieces remembered that an engine could not say."""
_EMPHASIS = Style(rate=0.9, pitch=1.06)
"""Emphasis in engines that have none: a little slower and higher, as speakers do."""


@dataclass(frozen=True)
class Phrase:
    """A text to be spoken."""

    text: str
    language: str
    style: Style = NORMAL


@dataclass(frozen=True)
class _ToMake:
    """Words for an engine."""

    words: str
    style: Style


_Part = Pcm | _ToMake
"""Of a sentence: a recording or a silence, or what an engine makes."""


class _PoorError(EngineError):
    """What an engine made of a text is no good, and would not be better the next time."""

    def __init__(self, message: str, pcm: Pcm) -> None:
        super().__init__(message)
        self.pcm = pcm
        """What there is of it, for want of anything better; may be empty."""


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
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`engines`: best first; those that don't speak a language are passed over. `clock` counts seconds."""
        self._engines = tuple(engines)
        self._cache = cache
        self._recordings = recordings or Recordings()
        self._clock = clock
        self._patience_s, self._give_up_s = patience_s, give_up_s
        self._synthesis = {
            engine.name: Synthesis(engine.name, places=engine.concurrency, hangs_after_s=give_up_s)
            for engine in self._engines
        }
        self._plan = functools.lru_cache(_KEPT_PLANS)(self._planned)
        self._lock = threading.Lock()
        """Of what follows; held for a few instructions at a time."""
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._poor: OrderedDict[str, Pcm] = OrderedDict()
        """What an engine can't say properly, by key."""
        self._told: dict[tuple[str, str], float] = {}
        self._closed = False

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        """`text` as written to 8 kHz samples, its sentences joined by short pauses. Never raises.

        `within_s`: seconds until the sound is needed; what is needed sooner is made first.
        """
        try:
            if (recorded := self._recordings.find(text, language)) is not None:
                return recorded
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
        if self._recordings.find(text, language) is not None:
            return True
        return all(
            self._is_known(part, language)
            for sentence in sentences(text, language)
            for part in self._plan(sentence, language, style)
        )

    def prepare(self, phrases: Iterable[Phrase], progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
        """Speak phrases ahead, several at a time, so that callers don't wait for them; returns how many failed.

        `progress(done, of)` is called before the first and after each. What callers ask for meanwhile comes first.
        """
        wanted = tuple(dict.fromkeys(phrases))
        failed = 0
        progress(0, len(wanted))
        with contextlib.ExitStack() as stack:
            if not all(self.is_ready(phrase.text, phrase.language, phrase.style) for phrase in wanted):
                stack.enter_context(self._cache.alone(lambda: self._closed))
            threads = stack.enter_context(ThreadPoolExecutor(_AHEAD_AT_ONCE, "speaking ahead"))
            for done, ready in enumerate(threads.map(self._prepared, wanted), start=1):
                failed += not ready
                progress(done, len(wanted))
        return failed

    def warm_up(self, languages: Iterable[str]) -> None:
        """Have the engines that these languages are spoken with load what they need. Returns soon."""
        for engine in dict.fromkeys(self._speaking(language)[0] for language in languages if self._speaking(language)):
            engine.warm_up()

    def close(self) -> None:
        """Close the engines. What is being prepared ends soon."""
        self._closed = True
        for synthesis in self._synthesis.values():
            synthesis.close()
        for engine in self._engines:
            engine.close()

    def _prepared(self, phrase: Phrase) -> bool:
        if self._closed:
            return False
        self.speak(phrase.text, phrase.language, phrase.style, AHEAD_S)
        return self.is_ready(phrase.text, phrase.language, phrase.style)

    def _planned(self, sentence: str, language: str, style: Style) -> tuple[_Part, ...]:
        """What a sentence is made of."""
        if (recorded := self._recordings.find(sentence, language)) is not None:
            return (recorded,)
        composed = None if "<" in sentence or "&" in sentence else self._recordings.compose(sentence, language)
        if composed is None:
            return _to_make(sentence, language, style)
        parts: list[_Part] = []
        for part in composed:
            match part:
                case Recorded(pcm):
                    parts.append(pcm)
                case Pause(milliseconds):
                    parts.append(pause(milliseconds))
                case Fill(words):
                    parts += _to_make(words, language, style)
        return tuple(parts)

    def _is_known(self, part: _Part, language: str) -> bool:
        """Whether the engine whose turn it is has made this before."""
        if not isinstance(part, _ToMake):
            return True
        for engine in self._speaking(language):
            name = _key(part, language, engine)
            if name in self._cache:
                return True
            if self._is_asked(engine, name):
                return False
        return False

    def _sound(self, part: _Part, language: str, within_s: float) -> Pcm:
        """A part from the best engine that can say it in time."""
        if not isinstance(part, _ToMake):
            return part
        speaking = self._speaking(language)
        names = {id(engine): _key(part, language, engine) for engine in speaking}
        began, late = self._clock(), list[Future[Pcm]]()
        for number, engine in enumerate(speaking):
            name = names[id(engine)]
            if (pcm := self._cache.get(name)) is not None:
                return pcm
            if not self._is_asked(engine, name):
                continue
            future = self._synthesis[engine.name].ask(
                name, functools.partial(self._make, engine, part, language, name), within_s
            )
            others = any(self._is_asked(other, names[id(other)]) for other in speaking[number + 1 :])
            try:
                return future.result(timeout=within_s + (self._patience_s if others else self._give_up_s))
            except TimeoutError:
                late.append(future)
                self._tell(engine.name, f"{engine.name} takes too long", language)
            except EngineError as error:
                self._tell(engine.name, str(error), language)
        if late:
            finished = wait(late, timeout=max(0.0, within_s + self._give_up_s - (self._clock() - began))).done
            for future in finished:
                if future.exception() is None:
                    return future.result()
        return self._instead(part, language, tuple(names.values()))

    def _instead(self, part: _ToMake, language: str, names: Sequence[str]) -> Pcm:
        """For want of anything better: a distorted one, the same words in another style, silence."""
        with self._lock:
            poor = [pcm for name in names if (pcm := self._poor.get(name)) is not None and len(pcm)]
        if poor:
            return poor[0]
        for engine in self._speaking(language):
            if (pcm := self._cache.get(_key(_ToMake(part.words, NORMAL), language, engine))) is not None:
                return pcm
        self._tell("", "no engine could speak; see `voicebot doctor`", language)
        return np.zeros(0, np.int16)

    def _make(self, engine: Engine, part: _ToMake, language: str, name: str) -> Pcm:
        """Synthesise, judge, shape and keep. Raises EngineError."""
        try:
            pcm = _made(engine, part, language)
        except _PoorError as error:
            with self._lock:
                self._poor[name] = error.pcm
                while len(self._poor) > _KEPT_POOR:
                    self._poor.popitem(last=False)
            if not len(error.pcm):
                self._failed(engine)
            raise
        except EngineBusyError:
            raise
        except EngineError:
            self._failed(engine)
            raise
        except Exception as error:  # an engine's own defect must not cost the next engine its turn
            self._failed(engine)
            raise EngineError(f"{engine.name} broke down ({type(error).__name__}); see `voicebot doctor`.") from error
        with self._lock:
            self._failures.pop(engine.name, None)
        self._cache.put(name, pcm)
        return pcm

    def _failed(self, engine: Engine) -> None:
        with self._lock:
            count = self._failures[engine.name] = self._failures.get(engine.name, 0) + 1
            if count >= 2:
                self._resting[engine.name] = self._clock() + _REST_S
        if count >= 2:
            self._synthesis[engine.name].give_up()

    def _tell(self, what: str, reason: str, language: str) -> None:
        """One message for the operator about what goes wrong, not one for every sentence."""
        now = self._clock()
        with self._lock:
            if self._closed or now < self._told.get((what, language), 0.0):
                return
            self._told[what, language] = now + _TELL_AGAIN_S
        _log.warning("a voice fails, the next best is heard", engine=what or "all", language=language, reason=reason)

    def _speaking(self, language: str) -> tuple[Engine, ...]:
        return tuple(engine for engine in self._engines if language in engine.languages)

    def _is_asked(self, engine: Engine, name: str) -> bool:
        """Whether an engine works at present and is not known to be unable to say this."""
        now = self._clock()
        with self._lock:
            return self._resting.get(engine.name, now) <= now and name not in self._poor


def _to_make(text: str, language: str, style: Style) -> tuple[_Part, ...]:
    """The words and silences of a text; pure signs say nothing."""
    parts: list[_Part] = []
    for piece in pieces(text, language):
        if isinstance(piece, Break):
            parts.append(pause(piece.ms))
        elif any(char.isalnum() for char in piece.text):
            parts.append(_ToMake(piece.text, _styled(style, piece)))
    return tuple(parts)


def _styled(style: Style, words: Words) -> Style:
    rate, pitch = style.rate * words.rate, style.pitch * words.pitch
    if words.emphasis:
        rate, pitch = rate * _EMPHASIS.rate, pitch * _EMPHASIS.pitch
    return Style(round(rate, 3), round(pitch, 3))


def _made(engine: Engine, part: _ToMake, language: str) -> Pcm:
    sound = engine.synthesise(part.words, language, part.style)
    if reason := unusable(sound, part.words, language, part.style.rate):
        raise _PoorError(f"{engine.name} made {reason}; choose another voice.", np.zeros(0, np.int16))
    pcm = on_the_line(sound)
    if clipped(sound.pcm):
        raise _PoorError(f"{engine.name} made clipped sound; turn its volume down or choose another voice.", pcm)
    return pcm


def _with_pauses(spoken: Sequence[Pcm]) -> Pcm:
    """Sentences one after the other."""
    parts: list[Pcm] = []
    for pcm in spoken:
        if len(pcm):
            parts += [pause(BETWEEN_SENTENCES_MS), pcm]
    return join(parts[1:])


def _key(part: _ToMake, language: str, engine: Engine) -> str:
    return key(part.words, language, f"{engine.fingerprint} treatment {TREATMENT}", part.style)
