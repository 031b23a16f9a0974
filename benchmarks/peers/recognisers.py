"""What others listen with, behind the bot's own port: so that only the listening differs.

`FreeVosk` is what vosk-server's WebSocket server does with each connection: a KaldiRecognizer without a grammar, fed as
the sound comes, its results joined. `WhisperOnly` gives each segment to faster-whisper (`faster_whisper_worker.py`).
Neither knows what callers may say, and neither tells how far it may be believed: what has words is accepted, and the
understanding of text, which is the bot's, decides what it means.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from voicebot.asr.domain_graph import key_of
from voicebot.asr.port import Domain, EarlyHearing, Partial, Recognition, Utterance, Verdict

RATE = 8000
"""Hertz."""


@dataclass(frozen=True)
class Words:
    """A transcription."""

    text: str
    cpu_s: float
    """Processor seconds after the last sample was there."""


class Transcribing(Protocol):
    """One utterance."""

    def feed(self, pcm: bytes) -> str:
        """More sound; the words so far, where they are known before the end."""
        ...

    def finish(self) -> Words:
        """It is over."""
        ...


class _VoskTranscribing:
    def __init__(self, recogniser: Any, over: Callable[[Any], None]) -> None:
        self._recogniser, self._over = recogniser, over
        self._said: list[str] = []

    def feed(self, pcm: bytes) -> str:
        if self._recogniser.AcceptWaveform(pcm):
            self._said.append(json.loads(self._recogniser.Result())["text"])
            return self._text()
        return self._text(json.loads(self._recogniser.PartialResult())["partial"])

    def finish(self) -> Words:
        began = time.thread_time()
        self._said.append(json.loads(self._recogniser.FinalResult())["text"])
        self._over(self._recogniser)
        return Words(self._text(), time.thread_time() - began)

    def _text(self, partial: str = "") -> str:
        return " ".join(words for words in (*self._said, partial) if words)


class FreeVosk:
    """vosk-server's way of listening."""

    name = "free Vosk"

    def __init__(self, model: Path) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._new = functools.partial(vosk.KaldiRecognizer, vosk.Model(str(model)), RATE)
        self._free: deque[Any] = deque()
        """Recognisers that are not in use: a connection to vosk-server keeps its own as long as it lasts."""

    def begin(self) -> Transcribing:
        try:
            recogniser = self._free.pop()
        except IndexError:
            recogniser = self._new()
            recogniser.SetWords(True)  # as vosk-server does
        return _VoskTranscribing(recogniser, self._free.append)

    def close(self) -> None:
        """Nothing to do."""


class _WhisperTranscribing:
    def __init__(self, whisper: WhisperOnly) -> None:
        self._whisper = whisper
        self._sound = bytearray()

    def feed(self, pcm: bytes) -> str:
        self._sound += pcm
        return ""

    def finish(self) -> Words:
        return self._whisper.read(bytes(self._sound))


class WhisperOnly:
    """faster-whisper on each segment."""

    name = "Whisper only"

    def __init__(self, python: Path, model: Path, language: str, threads: int = 1) -> None:
        """`python`: of the environment in which faster-whisper is installed."""
        self._process = subprocess.Popen(
            [python, Path(__file__).parent / "faster_whisper_worker.py", model, language, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        self._turn = threading.Lock()
        self.read(bytes(2 * RATE))

    def begin(self) -> Transcribing:
        return _WhisperTranscribing(self)

    def read(self, pcm: bytes) -> Words:
        """The words of 16-bit 8 kHz samples. Blocking; one after the other."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(f"{len(pcm) // 2}\n".encode() + pcm)
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        return Words(answer["text"], answer["cpu_s"])

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class _Utterance:
    """`voicebot.asr.port.Utterance` around a transcription."""

    def __init__(self, transcribing: Transcribing, name: str, domain: Domain) -> None:
        self._transcribing, self._name, self._domain = transcribing, name, domain
        self._kept = bytearray()
        self._partial = Partial("", complete=False)

    @property
    def partial(self) -> Partial:
        return self._partial

    def take(self, pcm: bytes) -> None:
        self._kept += pcm

    def feed(self, pcm: bytes) -> Partial:
        self._kept += pcm
        sound, self._kept = bytes(self._kept), bytearray()
        text = self._transcribing.feed(sound) if sound else self._partial.text
        self._partial = Partial(text, complete=bool(text) and key_of(text) in _keys(self._domain))
        return self._partial

    def peek(self) -> Partial:
        return self.feed(b"")

    def finish(self) -> Recognition:
        self.feed(b"")
        words = self._transcribing.finish()
        verdict = Verdict.ACCEPT if words.text else Verdict.REJECT
        return Recognition(words.text, words.text, verdict, 1.0, self._name, self._domain.language)


@functools.lru_cache(maxsize=64)
def _keys(domain: Domain) -> frozenset[str]:
    return frozenset(key_of(sentence.text) for sentence in domain.sentences)


class PeerRecogniser:
    """`voicebot.asr.port.Recogniser` for a service that listens as others do."""

    hears_twice = False

    def __init__(self, peer: FreeVosk | WhisperOnly) -> None:
        self._peer = peer

    def listen(self, domain: Domain) -> Utterance:
        return _Utterance(self._peer.begin(), self._peer.name, domain)

    def prepare(self, domain: Domain) -> None:
        """Nothing: whatever may be said, the same is listened for."""

    def streams(self, domain: Domain) -> bool:  # noqa: ARG002
        return True

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:  # noqa: ARG002
        return None

    def begin(self, pcm: bytes, domain: Domain) -> EarlyHearing | None:  # noqa: ARG002
        return None

    def close(self) -> None:
        self._peer.close()
