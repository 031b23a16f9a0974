"""The telephone voice: recordings, then the cache, then the engines in their order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import structlog

from voicebot.audio.format import Pcm
from voicebot.tts.cache import SoundCache, key
from voicebot.tts.port import NORMAL, Engine, EngineError, Sound, Style
from voicebot.tts.recordings import Recordings
from voicebot.tts.speech_text import sentences, spoken
from voicebot.tts.telephone import TREATMENT, on_the_line, pause

_log = structlog.get_logger(__name__)

BETWEEN_SENTENCES_MS = 280
"""Milliseconds of silence between sentences of one text."""
_REST_S = 30.0
"""Seconds for which an engine that failed twice running is left alone."""
_LONGEST_S_A_CHARACTER = 1.5
"""Seconds of sound a character, plus five: an engine that makes more has gone wrong."""


@dataclass(frozen=True)
class Phrase:
    """A text to be spoken."""

    text: str
    language: str
    style: Style = NORMAL


class TelephoneVoice:
    """Implements the Voice port. Callable from any thread; callers who ask for the same new text share one synthesis.

    What fails is replaced by the best there is: the next engine, the same words in another style from the cache, and
    at last silence.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        cache: SoundCache,
        recordings: Recordings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`engines`: best first; those that don't speak a language are passed over. `clock` counts seconds."""
        self._engines = tuple(engines)
        self._cache = cache
        self._recordings = recordings or Recordings()
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Pcm]] = {}
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}

    def speak(self, text: str, language: str, style: Style = NORMAL) -> Pcm:
        """`text` as written to 8 kHz samples, its sentences joined by short pauses. Never raises."""
        try:
            if (recorded := self._recordings.find(text, language)) is not None:
                return recorded
            pieces: list[Pcm] = []
            for sentence in sentences(text, language):
                pcm = self._sentence(sentence, language, style)
                if len(pcm):
                    pieces += [pause(BETWEEN_SENTENCES_MS), pcm]
            return np.concatenate(pieces[1:]) if pieces else np.zeros(0, np.int16)
        except Exception:  # a caller hears silence rather than losing the call; the defect is in the log
            _log.exception("speaking failed", characters=len(text), language=language)
            return np.zeros(0, np.int16)

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        """Whether `speak` would answer at once."""
        if self._recordings.find(text, language) is not None:
            return True
        return all(self._has(sentence, language, style) for sentence in sentences(text, language))

    def prepare(self, phrases: Iterable[Phrase], progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
        """Speak phrases ahead, so that callers don't wait for them; returns how many could not be spoken.

        `progress(done, of)` is called before the first and after each.
        """
        wanted = tuple(dict.fromkeys(phrases))
        failed = 0
        progress(0, len(wanted))
        for done, phrase in enumerate(wanted, start=1):
            if not self.is_ready(phrase.text, phrase.language, phrase.style):
                self.speak(phrase.text, phrase.language, phrase.style)
                failed += not self.is_ready(phrase.text, phrase.language, phrase.style)
            progress(done, len(wanted))
        return failed

    def close(self) -> None:
        """Close the engines."""
        for engine in self._engines:
            engine.close()

    def _has(self, sentence: str, language: str, style: Style) -> bool:
        words = spoken(sentence, language)
        if not _has_words(words) or self._recordings.find(sentence, language) is not None:
            return True
        return any(_key(words, language, engine, style) in self._cache for engine in self._awake(language)[:1])

    def _sentence(self, sentence: str, language: str, style: Style) -> Pcm:
        if (recorded := self._recordings.find(sentence, language)) is not None:
            return recorded
        words = spoken(sentence, language)
        if not _has_words(words):
            return np.zeros(0, np.int16)
        for engine in self._awake(language):
            try:
                return self._made(engine, words, language, style)
            except EngineError as error:
                _log.warning("an engine failed", engine=engine.name, language=language, reason=str(error))
        for engine in self._speaking(language):
            for other in (style, NORMAL):
                if (pcm := self._cache.get(_key(words, language, engine, other))) is not None:
                    return pcm
        _log.error("no engine could speak", language=language, characters=len(words))
        return np.zeros(0, np.int16)

    def _made(self, engine: Engine, words: str, language: str, style: Style) -> Pcm:
        """From the cache, or synthesised by exactly one of the threads that want it at the same time."""
        name = _key(words, language, engine, style)
        if (pcm := self._cache.get(name)) is not None:
            return pcm
        with self._lock:
            if mine := (under_way := self._under_way.get(name)) is None:
                under_way = self._under_way[name] = Future()
        assert under_way is not None
        if not mine:
            return under_way.result()
        try:
            pcm = self._synthesise(engine, words, language, style)
            self._cache.put(name, pcm)
            under_way.set_result(pcm)
        except BaseException as error:
            under_way.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[name]
        return pcm

    def _synthesise(self, engine: Engine, words: str, language: str, style: Style) -> Pcm:
        try:
            pcm = on_the_line(_checked(engine.synthesise(words, language, style), words))
        except EngineError:
            self._failed(engine)
            raise
        except Exception as error:  # an engine's own defect must not cost the next engine its turn
            self._failed(engine)
            raise EngineError(f"{engine.name} broke down ({type(error).__name__}); see `voicebot doctor`.") from error
        if not len(pcm):
            raise EngineError(f"{engine.name} made only silence; choose another voice.")
        with self._lock:
            self._failures.pop(engine.name, None)
        return pcm

    def _failed(self, engine: Engine) -> None:
        with self._lock:
            self._failures[engine.name] = self._failures.get(engine.name, 0) + 1
            if self._failures[engine.name] >= 2:
                self._resting[engine.name] = self._clock() + _REST_S

    def _speaking(self, language: str) -> tuple[Engine, ...]:
        return tuple(engine for engine in self._engines if language in engine.languages)

    def _awake(self, language: str) -> tuple[Engine, ...]:
        now = self._clock()
        with self._lock:
            return tuple(e for e in self._speaking(language) if self._resting.get(e.name, now) <= now)


def _key(words: str, language: str, engine: Engine, style: Style) -> str:
    return key(words, language, f"{engine.fingerprint} treatment {TREATMENT}", style)


def _has_words(words: str) -> bool:
    return any(char.isalnum() for char in words)


def _checked(sound: Sound, words: str) -> Sound:
    if len(sound.pcm) > sound.rate * (5 + _LONGEST_S_A_CHARACTER * len(words)):
        raise EngineError(
            f"{len(words)} characters came out as {len(sound.pcm) // sound.rate} s of sound; choose another voice."
        )
    return sound
