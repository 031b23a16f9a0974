"""The first listener: Vosk with the domain's own sentences as its graph, streaming, then the second look."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from voicebot.asr.domain_graph import DomainGraph, compile_domain, key_of, spoken_digits
from voicebot.asr.judgement import Judgement, judge_free, judge_look, judge_similarity
from voicebot.asr.port import Domain, Partial, Recognition, Utterance, Verdict
from voicebot.asr.second_look import MOST_SENTENCES, SecondLook
from voicebot.asr.segmentation import Segmenter, Unsayable
from voicebot.asr.verification import Thresholds, Verifier
from voicebot.asr.vocabulary import UNKNOWN, ModelError
from voicebot.asr.vosk_model import VoskModel
from voicebot.audio.format import SAMPLE_RATE
from voicebot.audio.resample import StreamResampler

_BATCH_SAMPLES = 800
"""Sound is decoded 100 ms at a time: the decoder's own step is longer."""

LONGEST_SECONDS = 30
"""Of one utterance; what follows is not decoded. Nobody says a command this long."""

_LONGEST_LOOK_SECONDS = 20
"""Of an utterance that is looked at a second time."""

_SHORTEST_SECONDS = 0.15
"""Of an utterance in which something was said."""

_SILENT = 24
"""The highest sample, of 32768, under which nothing was said: about -63 dB."""

_PAUSE_SECONDS = 0.4
"""Of sound after a closer look that may still be the same pause."""

_QUIET = 0.1
"""Of the loudest sample so far: what stays below adds no speech."""

_IDLE_RECOGNIZERS = 64
"""Kept for reuse, 1.3 MB each for hundreds of sentences."""

_LOOKED_AT = "ko"
"""The language whose sounds the second look knows."""

_log = structlog.get_logger(__name__)


class VoskRecogniser:
    """One Vosk model a language. Implements `Listener`."""

    def __init__(
        self,
        models: Mapping[str, Path],
        *,
        thresholds: Thresholds | None = None,
        verification: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the models in `models`, folders by language: 3 s for Korean. Raises ModelError.

        `verification`: parameters of `Verifier`, where they are not the shipped ones.
        """
        self._thresholds = thresholds or Thresholds()
        self._listeners = {language: _Listener(path, language, verification) for language, path in models.items()}

    @property
    def languages(self) -> frozenset[str]:
        """Those that a model is loaded for."""
        return frozenset(self._listeners)

    def listen(self, domain: Domain) -> Utterance:
        return VoskUtterance(self._listener(domain), domain, self._thresholds)

    def prepare(self, domain: Domain) -> tuple[Unsayable, ...]:
        """Compile a domain before it is needed; the words in it that the decoder can't hear."""
        return self._listener(domain).graph(domain).unsayable

    def streams(self, domain: Domain) -> bool:
        return self._listener(domain).streams(domain)

    def _listener(self, domain: Domain) -> _Listener:
        try:
            return self._listeners[domain.language]
        except KeyError:
            raise ModelError(
                f"no speech model for the language {domain.language!r} is loaded; see: voicebot models list."
            ) from None


class _Listener:
    """A model with its compiled domains and idle recognisers."""

    def __init__(self, path: Path, language: str, verification: Mapping[str, Any] | None) -> None:
        self.model = VoskModel(path, language)
        self.verifier = Verifier(verification)
        self.second_look: SecondLook | None = None
        self._segmenter = Segmenter(self.model.words, language)
        self._graphs: dict[Domain, DomainGraph] = {}
        self._idle: OrderedDict[str, list[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._compiling = threading.Lock()
        if language == _LOOKED_AT:
            try:
                self.second_look = SecondLook(path, self._segmenter)
            except ModelError as error:
                # Vosk loaded it, so calls can be held; they are only heard less well.
                _log.warning("no_second_look", language=language, reason=str(error))

    def graph(self, domain: Domain) -> DomainGraph:
        found = self._graphs.get(domain)
        if found is None:
            with self._compiling:
                found = self._graphs.get(domain) or compile_domain(domain, self._segmenter)
                if self.second_look:
                    self.second_look.prepare(found)
                self._graphs[domain] = found
        return found

    def streams(self, domain: Domain) -> bool:
        """Whether the words are needed to judge an utterance: the second look scores sentences without them."""
        return self.second_look is None or domain.open_question or not 0 < len(domain.sentences) <= MOST_SENTENCES

    def take(self, grammar: str) -> Any:
        """A recogniser at the beginning of an utterance; give it back after its final result."""
        with self._lock:
            if idle := self._idle.get(grammar):
                self._idle.move_to_end(grammar)
                return idle.pop()
        return self.model.recognizer(grammar or None)

    def give_back(self, grammar: str, recognizer: Any) -> None:
        with self._lock:
            self._idle.setdefault(grammar, []).append(recognizer)
            self._idle.move_to_end(grammar)
            while sum(map(len, self._idle.values())) > _IDLE_RECOGNIZERS:
                oldest = next(iter(self._idle))
                if self._idle[oldest]:
                    self._idle[oldest].pop()
                if not self._idle[oldest]:
                    del self._idle[oldest]


class VoskUtterance:
    """Implements `Utterance`."""

    def __init__(self, listener: _Listener, domain: Domain, thresholds: Thresholds) -> None:
        started = time.thread_time()
        self._listener = listener
        self._domain = domain
        self._thresholds = thresholds
        self._graph = listener.graph(domain)
        self._free = domain.open_question or not self._graph.grammar
        self._grammar = "" if self._free else self._graph.grammar
        self._streams = self._free or listener.streams(domain)
        self._recognizer: Any = None
        """Taken when words are needed first."""
        rate = listener.model.rate
        self._resampler = StreamResampler(SAMPLE_RATE, rate) if rate != SAMPLE_RATE else None
        self._waiting = bytearray()
        self._sound = bytearray()
        self._samples = 0
        self._decoded = 0
        """Samples of them that were decoded."""
        self._partial = Partial("", complete=False)
        self._peeked: tuple[int, Judgement] | None = None
        """What was made of the sound so far, and how many samples that was."""
        self._cpu = time.thread_time() - started

    @property
    def partial(self) -> Partial:
        return self._partial

    def take(self, pcm: bytes) -> None:
        self._waiting += pcm

    def feed(self, pcm: bytes) -> Partial:
        self._waiting += pcm
        if len(self._waiting) < 2 * _BATCH_SAMPLES:
            return self._partial
        started = time.thread_time()
        self._keep()
        self._decode()
        self._read_partial()
        self._cpu += time.thread_time() - started
        return self._partial

    def _read_partial(self) -> None:
        text = self._words(json.loads(self._recognizer.PartialResult()).get("partial", ""))
        if text != self._partial.text:
            self._partial = Partial(text, complete=self._complete(text))

    def peek(self) -> Partial:
        """The second look at what was said so far; complete where it would be accepted. Else the words are decoded:
        they may be a whole sentence, and whoever reads of a misunderstanding wants to know them."""
        started = time.thread_time()
        self._keep()
        if self._streams:
            self._decode()
            self._read_partial()
        judged = self._judge(self._partial.text)
        if judged.verdict is not Verdict.ACCEPT and not self._streams:
            self._decode()
            self._read_partial()
        self._peeked = self._samples, judged
        self._cpu += time.thread_time() - started
        # A string of digits may go on after a pause unless it is as long as it can be.
        digits = spoken_digits(judged.text, self._domain.language)
        whole = self._complete(judged.text) if digits else judged.verdict is Verdict.ACCEPT
        return Partial(judged.text, complete=whole)

    def finish(self) -> Recognition:
        started = time.thread_time()
        self._keep()
        judged = self._peeked_just_now() or (None if self._streams else self._judge(""))
        if judged is not None and judged.verdict is Verdict.ACCEPT:
            hypothesis = judged.text
            if self._recognizer is not None:
                self._recognizer.Reset()
        else:
            self._decode(last=True)
            hypothesis = self._words(json.loads(self._recognizer.FinalResult()).get("text", ""))
            judged = judged or self._judge(hypothesis)
        if self._recognizer is not None:
            self._listener.give_back(self._grammar, self._recognizer)
        return Recognition(
            text=judged.text,
            hypothesis=hypothesis,
            verdict=judged.verdict,
            score=judged.score,
            listener=f"vosk-{self._domain.language}",
            language=self._domain.language,
            candidates=judged.candidates,
            evidence=judged.evidence | {"seconds": self._samples / SAMPLE_RATE},
            cpu_seconds=self._cpu + time.thread_time() - started,
        )

    def _peeked_just_now(self) -> Judgement | None:
        """What `peek` found, where nothing but the rest of the pause followed it."""
        if self._peeked is None:
            return None
        samples, judged = self._peeked
        since = np.frombuffer(bytes(self._sound[2 * samples :]), np.int16).astype(np.int32)
        if len(since) > _PAUSE_SECONDS * SAMPLE_RATE or judged.verdict is not Verdict.ACCEPT:
            return None
        before = np.frombuffer(bytes(self._sound[: 2 * samples]), np.int16).astype(np.int32)
        quiet = not len(since) or np.abs(since).max() <= _QUIET * np.abs(before).max()
        return judged if quiet else None

    def _keep(self) -> None:
        room = LONGEST_SECONDS * SAMPLE_RATE - self._samples
        whole = len(self._waiting) // 2
        sound = bytes(self._waiting[: 2 * min(whole, room)])
        del self._waiting[: 2 * whole]
        self._samples += len(sound) // 2
        self._sound += sound

    def _decode(self, *, last: bool = False) -> None:
        """All that is kept and was not decoded yet."""
        if self._recognizer is None:
            self._recognizer = self._listener.take(self._grammar)
        sound = bytes(self._sound[2 * self._decoded :])
        self._decoded = self._samples
        if self._resampler:
            sound = self._resampler.push(np.frombuffer(sound, np.int16), last=last).tobytes()
        if sound:
            # It returns whether Vosk would end the utterance here; the endpointer decides that, so go on.
            self._recognizer.AcceptWaveform(sound)

    def _complete(self, text: str) -> bool:
        if digits := spoken_digits(text, self._domain.language):
            return bool(self._graph.digits) and len(digits) == max(self._graph.digits)
        return key_of(text) in self._graph.wholes

    def _judge(self, hypothesis: str) -> Judgement:
        """What was said, looked for in this domain and, where nothing of it holds up, beyond it."""
        judged = self._judge_within(self._graph, hypothesis)
        if judged.verdict is Verdict.REJECT and judged.evidence and self._domain.beyond is not None:
            wider = self._judge_within(self._listener.graph(self._domain.beyond), hypothesis)
            if wider.verdict is not Verdict.REJECT:
                return wider
        return judged

    def _judge_within(self, graph: DomainGraph, hypothesis: str) -> Judgement:
        sound = np.frombuffer(bytes(self._sound), np.int16)
        if len(sound) < _SHORTEST_SECONDS * SAMPLE_RATE or np.abs(sound.astype(np.int32)).max() < _SILENT:
            return Judgement("", Verdict.REJECT, 0.0, (), {})
        look = None
        second_look = self._listener.second_look
        if second_look and len(sound) <= _LONGEST_LOOK_SECONDS * SAMPLE_RATE:
            look = second_look.look(sound, graph, hypothesis)
        if look:
            judged = judge_look(look, graph, self._listener.verifier, self._thresholds)
        else:
            judged = judge_similarity(hypothesis, graph, self._domain.language, self._thresholds)
        return judge_free(hypothesis, judged) if self._free else judged

    @staticmethod
    def _words(text: str) -> str:
        """Vosk's words; it writes some numbers in brackets."""
        return " ".join(re.sub(r"^\[(.+)\]$", r"\1", word) for word in text.split() if word != UNKNOWN)
