"""The second listener: who is asked when the first does not hold up, or anything at all may be said."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np

from voicebot.asr.port import Domain, Listener, Partial, Recognition, Utterance, Verdict
from voicebot.asr.second_listener_admission import Pressing, Pressure, admits
from voicebot.asr.second_listener_pool import BoundedListener, EarlyHearing
from voicebot.asr.second_listener_verification import THRESHOLDS, judge, wanted_language
from voicebot.asr.verification import Thresholds
from voicebot.asr.vocabulary import ModelError
from voicebot.asr.whisper import LANGUAGES, WhisperModel, installed
from voicebot.audio.format import SAMPLE_RATE

_SILENT = 16
"""The highest sample, of 32768, under which nothing was said: -66 dB, at the edge of mu-law's first steps."""

_SHORTEST_SECONDS = 0.1
"""Shorter than any word."""

_NICENESS = 10
"""Of the second listener's threads: with both cores busy they get a tenth of what live audio gets."""


class WhisperListener:
    """Whisper as the second listener: reads, decides the language, and verifies. Implements `SecondListener`."""

    def __init__(
        self, model: WhisperModel, *, name: str = "whisper-base", thresholds: Thresholds | None = None
    ) -> None:
        self._model = model
        self._name = name
        self._thresholds = thresholds or THRESHOLDS

    def second_opinion(
        self, pcm: bytes, domain: Domain, cancelled: threading.Event | None = None
    ) -> Recognition | None:
        started = time.thread_time()
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16)
        if len(samples) < _SHORTEST_SECONDS * SAMPLE_RATE or np.abs(samples.astype(np.int32)).max() < _SILENT:
            evidence = {"seconds": len(samples) / SAMPLE_RATE}
            cpu = time.thread_time() - started
            return Recognition("", "", Verdict.REJECT, 0.0, self._name, domain.language, (), evidence, cpu)
        heard = self._model.transcribe(
            samples, lambda among, known: wanted_language(domain, among, known), cancelled=cancelled
        )
        return None if heard is None else judge(heard, domain, self._name, self._thresholds)


def open_second_listener(
    path: Path | None, *, thresholds: Thresholds | None = None, running: int = 1, threads: int = 1
) -> BoundedListener | None:
    """The second listener with the model in folder `path`, bounded and at low priority.

    None where there is no folder or its packages are not installed. Raises ModelError for a folder that holds no model
    that can be used.
    """
    if path is None or not installed():
        return None
    model = WhisperModel(path, threads=threads, parallel=running, niceness=_NICENESS)
    return BoundedListener(WhisperListener(model, thresholds=thresholds), running=running, niceness=_NICENESS)


class TwoListeners:
    """The first listener and the second as one. Implements `Recogniser`.

    A language that the first has no model for is heard by the second alone: its utterances give no partial results and
    are rejected at once, so that whoever listens asks for the second opinion off the threads of live audio.
    """

    def __init__(
        self,
        first: Listener | None,
        second: BoundedListener | None,
        *,
        first_languages: Collection[str] = ("ko",),
        pressing: Pressing = Pressure,
    ) -> None:
        """`first_languages` are those that `first` has a model for; `pressing` tells how hard live calls press."""
        self._first = first
        self._first_languages = frozenset(first_languages if first else ())
        self._second = second
        self._pressing = pressing
        self.hears_twice = second is not None

    def listen(self, domain: Domain) -> Utterance:
        """Begin an utterance. Raises ModelError where neither listener knows the language."""
        if self._first and domain.language in self._first_languages:
            return self._first.listen(domain)
        if self._second and domain.language in LANGUAGES:
            return UnheardUtterance(domain)
        raise ModelError(f"no speech model for the language {domain.language!r} is loaded; see: voicebot models list.")

    def prepare(self, domain: Domain) -> None:
        """Compile a domain before it is needed, where a first listener needs that."""
        if self._first and domain.language in self._first_languages:
            self._first.prepare(domain)

    def streams(self, domain: Domain) -> bool:
        return self._first is not None and domain.language in self._first_languages and self._first.streams(domain)

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        second = self._admitted(domain)
        return second.second_opinion(pcm, domain.beyond or domain) if second else None

    def begin(self, pcm: bytes, domain: Domain) -> EarlyHearing | None:
        """Let the second listener start on an utterance that has probably ended; see `BoundedListener.begin`."""
        second = self._admitted(domain)
        return second.begin(pcm, domain.beyond or domain) if second else None

    def _admitted(self, domain: Domain) -> BoundedListener | None:
        """The second listener, where it may be asked now."""
        alone = self._first is None or domain.language not in self._first_languages
        return self._second if self._second and admits(self._pressing(), alone=alone) else None

    def close(self) -> None:
        """Stop the second listener's threads."""
        if self._second:
            self._second.close()


class UnheardUtterance:
    """An utterance in a language that the first listener does not know. Implements `Utterance`."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    @property
    def partial(self) -> Partial:
        return Partial("", complete=False)

    def take(self, pcm: bytes) -> None:
        pass

    def feed(self, pcm: bytes) -> Partial:  # noqa: ARG002
        return Partial("", complete=False)

    def peek(self) -> Partial:
        return Partial("", complete=False)

    def finish(self) -> Recognition:
        return Recognition("", "", Verdict.REJECT, 0.0, "none", self._domain.language)
