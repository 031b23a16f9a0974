"""The first listener: Vosk with the domain's own sentences as its graph, streaming."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.asr.domain_graph import DomainGraph, compile_domain, key_of, spoken_digits
from voicebot.asr.port import Candidate, Domain, Partial, Recognition, Utterance, Verdict
from voicebot.asr.segmentation import Segmenter, Unsayable
from voicebot.asr.verification import Thresholds, margin, nearest_sentences, verdict_of
from voicebot.asr.vocabulary import UNKNOWN, ModelError
from voicebot.asr.vosk_model import VoskModel
from voicebot.audio.format import SAMPLE_RATE
from voicebot.audio.resample import StreamResampler

_BATCH_SAMPLES = 800
"""Sound is decoded 100 ms at a time: the decoder's own step is longer."""

LONGEST_SECONDS = 30
"""Of one utterance; what follows is not decoded. Nobody says a command this long."""

_IDLE_RECOGNIZERS = 64
"""Kept for reuse, 1.3 MB each for hundreds of sentences."""

_NEAREST = 20

SecondOpinion = Callable[[bytes, Domain], Recognition | None]


class VoskRecogniser:
    """One Vosk model a language. Implements `Recogniser`."""

    def __init__(
        self,
        models: Mapping[str, Path],
        *,
        thresholds: Thresholds | None = None,
        second_opinion: SecondOpinion | None = None,
    ) -> None:
        """Load the models in `models`, folders by language: 2 s for Korean. Raises ModelError."""
        self._thresholds = thresholds or Thresholds()
        self._second_opinion = second_opinion
        self._listeners = {language: _Listener(VoskModel(path, language)) for language, path in models.items()}

    def listen(self, domain: Domain) -> Utterance:
        return VoskUtterance(self._listener(domain), domain, self._thresholds)

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        return self._second_opinion(pcm, domain) if self._second_opinion else None

    def prepare(self, domain: Domain) -> tuple[Unsayable, ...]:
        """Compile a domain before it is needed; the words in it that can't be heard."""
        return self._listener(domain).graph(domain).unsayable

    def _listener(self, domain: Domain) -> _Listener:
        try:
            return self._listeners[domain.language]
        except KeyError:
            raise ModelError(
                f"no speech model for the language {domain.language!r} is loaded; see: voicebot models list."
            ) from None


class _Listener:
    """A model with its compiled domains and idle recognisers."""

    def __init__(self, model: VoskModel) -> None:
        self.model = model
        self._segmenter = Segmenter(model.words, model.language)
        self._graphs: dict[Domain, DomainGraph] = {}
        self._idle: OrderedDict[str, list[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def graph(self, domain: Domain) -> DomainGraph:
        found = self._graphs.get(domain)
        if found is None:
            found = self._graphs.setdefault(domain, compile_domain(domain, self._segmenter))
        return found

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
        self._grammar = "" if domain.open_question else self._graph.grammar
        self._recognizer = listener.take(self._grammar)
        rate = listener.model.rate
        self._resampler = StreamResampler(SAMPLE_RATE, rate) if rate != SAMPLE_RATE else None
        self._waiting = bytearray()
        self._samples = 0
        self._partial = Partial("", complete=False)
        self._cpu = time.thread_time() - started

    def feed(self, pcm: bytes) -> Partial:
        self._waiting += pcm
        if len(self._waiting) < 2 * _BATCH_SAMPLES:
            return self._partial
        started = time.thread_time()
        self._decode()
        text = self._words(json.loads(self._recognizer.PartialResult()).get("partial", ""))
        if text != self._partial.text:
            self._partial = Partial(text, complete=self._complete(text))
        self._cpu += time.thread_time() - started
        return self._partial

    def finish(self) -> Recognition:
        started = time.thread_time()
        self._decode(last=True)
        hypothesis = self._words(json.loads(self._recognizer.FinalResult()).get("text", ""))
        self._listener.give_back(self._grammar, self._recognizer)
        text, score, verdict, candidates, evidence = self._judge(hypothesis)
        return Recognition(
            text=text,
            hypothesis=hypothesis,
            verdict=verdict,
            score=score,
            listener=f"vosk-{self._domain.language}",
            language=self._domain.language,
            candidates=candidates,
            evidence=evidence | {"seconds": self._samples / SAMPLE_RATE},
            cpu_seconds=self._cpu + time.thread_time() - started,
        )

    def _decode(self, *, last: bool = False) -> None:
        room = LONGEST_SECONDS * SAMPLE_RATE - self._samples
        whole = len(self._waiting) // 2
        sound = bytes(self._waiting[: 2 * min(whole, room)])
        del self._waiting[: 2 * whole]
        self._samples += len(sound) // 2
        if self._resampler:
            sound = self._resampler.push(np.frombuffer(sound, np.int16), last=last).tobytes()
        if sound:
            # It returns whether Vosk would end the utterance here; the endpointer decides that, so go on.
            self._recognizer.AcceptWaveform(sound)

    def _complete(self, text: str) -> bool:
        if digits := spoken_digits(text, self._domain.language):
            return bool(self._graph.digits) and len(digits) == max(self._graph.digits)
        return key_of(text) in self._graph.wholes

    def _judge(self, hypothesis: str) -> tuple[str, float, Verdict, tuple[Candidate, ...], dict[str, float]]:
        digits = spoken_digits(hypothesis, self._domain.language) if self._graph.digits else ""
        if digits:
            fits = len(digits) in self._graph.digits
            score = 0.9 if fits else 0.5
            verdict = Verdict.ACCEPT if fits else Verdict.REJECT
            evidence = {"digits": float(len(digits))}
            return hypothesis, score, verdict, (Candidate(hypothesis, "digits", score),), evidence
        candidates = nearest_sentences(hypothesis, self._graph, _NEAREST)
        if not candidates:
            return hypothesis, 0.0, Verdict.REJECT, (), {}
        best = candidates[0]
        evidence = {"similarity": best.score, "margin": margin(candidates)}
        verdict = verdict_of(best.score, self._thresholds)
        text = hypothesis if verdict is Verdict.REJECT else best.text
        return text, best.score, verdict, candidates[:5], evidence

    @staticmethod
    def _words(text: str) -> str:
        """Vosk's words; it writes some numbers in brackets."""
        return " ".join(re.sub(r"^\[(.+)\]$", r"\1", word) for word in text.split() if word != UNKNOWN)
