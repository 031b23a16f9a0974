"""What the rest of the bot knows of listening: domains in, recognitions out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Sentence:
    """Something a caller may say, as it is spoken: no digits, no punctuation."""

    text: str
    meaning: str
    """What it stands for: an intent's name, or `slot:NAME` for a value. Sentences of one meaning don't compete."""


@dataclass(frozen=True)
class Domain:
    """All that is expected from the caller in one state of the dialogue."""

    name: str
    """Unique for its content within a process; the compiled graph is cached by it."""
    language: str
    """ISO 639-1: `ko` or `en`."""
    sentences: tuple[Sentence, ...]
    digits: tuple[int, ...] = ()
    """Where spoken digit strings are expected, their possible lengths; empty for none."""
    open_question: bool = False
    """Whether anything at all may be said, so that the sentences are hints only."""
    beyond: Domain | None = None
    """What else may be said, all of this one included: looked at only where nothing of this one holds up."""


class Verdict(StrEnum):
    """How far a recognition may be believed."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REJECT = "reject"


@dataclass(frozen=True)
class Candidate:
    """One reading of an utterance."""

    text: str
    meaning: str
    score: float
    """Between 0 and 1, higher is better; comparable within one recognition only."""


@dataclass(frozen=True)
class Recognition:
    """What was heard in one utterance, and how far to believe it."""

    text: str
    """What to understand: the hypothesis, or the domain sentence it was snapped to."""
    hypothesis: str
    """The listener's own words; the same as `text` where it was so sure of the sentence that none were decoded."""
    verdict: Verdict
    score: float
    """Probability, between 0 and 1, that `text` is what was said."""
    listener: str
    """Which listener: `vosk-ko`, `whisper-base`, ..."""
    language: str
    candidates: tuple[Candidate, ...] = ()
    """Best first."""
    evidence: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind the verdict, by name, so that thresholds can be set anew from a log."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Partial:
    """What was heard so far, while the caller talks."""

    text: str
    complete: bool
    """Whether it already is a whole sentence of the domain: a short silence ends the turn then."""


class Utterance(Protocol):
    """One utterance while it is heard. Not thread-safe: one call at a time. Blocking: run it off the event loop."""

    @property
    def partial(self) -> Partial:
        """What was decoded so far."""
        ...

    def take(self, pcm: bytes) -> None:
        """Keep more audio, 16-bit 8 kHz mono, any whole number of samples: decoded when its words are needed."""
        ...

    def feed(self, pcm: bytes) -> Partial:
        """Take more audio, and decode it."""
        ...

    def peek(self) -> Partial:
        """The caller pauses: look closer at what was said so far, as if it were all. Costs more than `feed`."""
        ...

    def finish(self) -> Recognition:
        """The caller stopped. Nothing may be fed afterwards."""
        ...


class Listener(Protocol):
    """Hears one or more languages. Its methods may be called from any thread."""

    def listen(self, domain: Domain) -> Utterance:
        """Begin an utterance. Cheap (milliseconds) where the domain's graph is cached."""
        ...

    def prepare(self, domain: Domain) -> object:
        """Compile a domain before it is needed, so that `listen` is quick."""
        ...

    def streams(self, domain: Domain) -> bool:
        """Whether decoding while the caller talks is needed to know what was said: else a closer look at all of it,
        when the caller pauses, does as well, and what is fed before only costs."""
        ...


class EarlyHearing(Protocol):
    """An utterance that the second listener began to read before it was certain that it had ended."""

    def cancel(self) -> None:
        """The caller went on, or the first listener knows. May be called at any time, repeatedly."""
        ...

    def complete(self, pcm: bytes) -> Recognition | None:
        """The caller did stop: the reading of `pcm`, the whole utterance. Blocking; None as `second_opinion`."""
        ...


class Recogniser(Listener, Protocol):
    """All of listening, one per process: the first listener and, where there is one, the second."""

    hears_twice: bool
    """Whether there is a second listener, so that `second_opinion` may take a second."""

    def second_opinion(self, pcm: bytes, domain: Domain) -> Recognition | None:
        """What the second listener makes of a whole utterance; None where there is none or it is too busy."""
        ...

    def begin(self, pcm: bytes, domain: Domain) -> EarlyHearing | None:
        """Let the second listener start on an utterance that has probably ended; at once. None where it can't."""
        ...
