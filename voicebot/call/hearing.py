"""The caller's sound to recognitions: segments, batches, endpoints. Decoding runs off the loop, in its order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from voicebot.asr.port import Domain, EarlyHearing, Partial, Recogniser, Recognition, Utterance, Verdict
from voicebot.asr.two_opinions import better, is_doubtful
from voicebot.audio.format import FRAME_BYTES, FRAME_MS
from voicebot.audio.prosody import Prosody, measure
from voicebot.audio.turn_taking import TurnKnobs, is_backchannel, silence_to_end
from voicebot.audio.vad import Segmenter
from voicebot.call.playback import RunOff
from voicebot.failure import place

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Work:
    """Work for the threads that listen."""

    do: Callable[[], Any]
    urgency: int
    """What is more urgent is done before."""

    def __call__(self) -> Any:
        return self.do()


@dataclass(frozen=True)
class HeardSpeech:
    """An utterance that is over."""

    recognition: Recognition
    voiced_ms: int
    """How much of it was voice."""
    ended_at_ms: int
    """When its last voiced frame came, on the call's clock."""
    prosody: Prosody
    """How it was said."""


class _Segment:
    """One utterance under way: its sound, and the decoding of it."""

    def __init__(self, recogniser: Recogniser, domain: Domain) -> None:
        self.domain = domain
        self.streams = bool(domain.digits) or recogniser.streams(domain)
        """Whether its words are needed while it goes on: amid digits, callers pause for longer."""
        self.partial = Partial("", complete=False)
        self.sound = bytearray()
        self.pending = bytearray()
        self.running = False
        self.peeks = False
        """Whether the next decoding is to look closer."""
        self.whole = False
        """Whether a closer look in this pause found a whole sentence."""
        self.ended: tuple[int, int] | None = None
        """Voiced milliseconds, and when the last voiced frame came, once its end was found."""
        self.early: EarlyHearing | None = None
        """The second listener at work already, while the end of the utterance is waited for."""
        self._recogniser = recogniser
        self._utterance: Utterance | None = None

    def _begun(self) -> Utterance:
        if self._utterance is None:
            self._utterance = self._recogniser.listen(self.domain)
        return self._utterance

    def feed(self, pcm: bytes) -> Partial:
        """Off the loop: decode more."""
        return self._begun().feed(pcm)

    def peek(self, pcm: bytes) -> Partial:
        """Off the loop: take more, and look closer."""
        utterance = self._begun()
        utterance.take(pcm)
        self.whole = utterance.peek().complete
        return utterance.partial

    def begin_early(self) -> None:
        """The caller pauses amid something that is no whole sentence: the second listener may be needed."""
        if self.early is None:
            self.early = self._recogniser.begin(bytes(self.sound), self.domain)

    def cancel_early(self) -> None:
        """The caller goes on, or the first listener knows."""
        if self.early is not None:
            self.early.cancel()
            self.early = None

    def second(self) -> Recognition | None:
        """Off the loop: what the second listener makes of it."""
        if self.early is not None:
            return self.early.complete(bytes(self.sound))
        return self._recogniser.second_opinion(bytes(self.sound), self.domain)

    def finish(self, pcm: bytes) -> Recognition:
        """Off the loop: decode the rest, and decide."""
        utterance = self._begun()
        utterance.take(pcm)
        return utterance.finish()

    def prosody(self, text: str) -> Prosody:
        """How it was said. Quick: under a millisecond a second of speech."""
        return measure(np.frombuffer(bytes(self.sound), np.int16), text, self.domain.language)


class Hearing:
    """What comes from the caller of one call."""

    def __init__(
        self,
        recogniser: Recogniser,
        knobs: TurnKnobs,
        listening: RunOff,
        second: RunOff,
        *,
        on_heard: Callable[[HeardSpeech], None],
        on_doubt: Callable[[], None],
    ) -> None:
        """`listening` decodes; `second` asks the second listener, which may take a second; `on_doubt` comes before."""
        self._recogniser, self._knobs = recogniser, knobs
        self._listening, self._second, self._on_heard, self._on_doubt = listening, second, on_heard, on_doubt
        self._segmenter = Segmenter(knobs.segmentation)
        self._segment: _Segment | None = None
        self._finishing: set[_Segment] = set()

    @property
    def speaking(self) -> bool:
        """Whether the caller talks just now."""
        return self._segmenter.speaking

    @property
    def busy(self) -> bool:
        """Whether the caller talks, or it is being found out what was said."""
        return self._segmenter.speaking or bool(self._finishing)

    @property
    def partial(self) -> str:
        """What was heard so far of the utterance under way."""
        return self._segment.partial.text if self._segment else ""

    def push(self, frame: bytes, domain: Domain, now_ms: int, *, words: bool = True) -> None:
        """Take one frame. `domain` holds for an utterance that begins with it. `words`: whether what is said matters
        before it is over, as it does while the bot speaks and may be interrupted."""
        sound = self._segmenter.push(frame)
        if not sound:
            return
        if self._segment is None:
            self._segment = _Segment(self._recogniser, domain)
        segment = self._segment
        segment.sound += sound
        segment.pending += sound
        silence = self._segmenter.silence_ms
        if silence == self._knobs.peek_ms:
            segment.peeks = True
        streams = words or segment.streams
        if segment.peeks or (streams and len(segment.pending) >= self._knobs.decode_batch_ms * FRAME_BYTES // FRAME_MS):
            self._decode(segment)
        if silence == 0:
            segment.whole = False
            segment.cancel_early()
        complete = segment.whole or segment.partial.complete
        if silence == self._knobs.early_second_ms and not complete and self._recogniser.hears_twice:
            segment.begin_early()
        wanted = silence_to_end(
            self._knobs, complete=complete, amid_digits=bool(segment.domain.digits) and _digits(segment)
        )
        if silence >= wanted or self._segmenter.length_ms >= self._knobs.longest_utterance_ms:
            self._end(segment, now_ms)

    def stops_the_bot(self, language: str, *, yes_no: bool) -> bool:
        """Whether what the caller says is an interruption: enough voice, or a word that means something."""
        voiced, limit = self._segmenter.voiced_ms, self._knobs.barge_in_ms
        text = self.partial
        if text and not yes_no and is_backchannel(text, language):
            return voiced >= 2 * limit
        return voiced >= limit or (voiced >= limit // 2 and bool(text))

    def drop(self) -> None:
        """Forget what was heard and is not decided: a key was pressed, or the call is over."""
        self._segmenter.end()
        for segment in (*self._finishing, *([self._segment] if self._segment else ())):
            segment.cancel_early()
        self._segment = None
        self._finishing.clear()

    def _decode(self, segment: _Segment) -> None:
        """Decode what is pending, unless that is under way: then it goes on by itself."""
        if segment.running or not segment.pending:
            return
        segment.running = True
        decode, segment.peeks = (segment.peek if segment.peeks else segment.feed), False
        pcm = bytes(segment.pending)
        segment.pending.clear()

        def decoded(result: Partial | BaseException) -> None:
            segment.running = False
            if isinstance(result, BaseException):
                _log.error("decoding failed", error=type(result).__name__, place=place(result))
            else:
                segment.partial = result
            if segment.ended is not None:
                self._finish(segment)

        # Who pauses may have finished, and waits for the answer; who talks on does not.
        self._listening(_Work(lambda: decode(pcm), urgency=1 if decode == segment.peek else 0), decoded)

    def _end(self, segment: _Segment, now_ms: int) -> None:
        segment.ended = (self._segmenter.voiced_ms, now_ms - self._segmenter.silence_ms)
        self._segmenter.end()
        self._segment = None
        self._finishing.add(segment)
        if not segment.running:
            self._finish(segment)

    def _finish(self, segment: _Segment) -> None:
        segment.running = True
        pcm = bytes(segment.pending)
        segment.pending.clear()
        self._listening(_Work(lambda: segment.finish(pcm), 2), lambda result: self._finished(segment, result))

    def _finished(self, segment: _Segment, result: Recognition | BaseException) -> None:
        if segment not in self._finishing:
            return
        if isinstance(result, BaseException):
            _log.error("decoding failed", error=type(result).__name__, place=place(result))
            result = Recognition("", "", Verdict.REJECT, 0.0, "none", segment.domain.language)
        if self._recogniser.hears_twice and is_doubtful(result, segment.domain):
            self._ask_second(segment, result)
        else:
            segment.cancel_early()
            self._report(segment, result)

    def _ask_second(self, segment: _Segment, first: Recognition) -> None:
        def answered(second: Recognition | BaseException | None) -> None:
            if isinstance(second, BaseException):
                _log.error("the second listener failed", error=type(second).__name__, place=place(second))
                second = None
            if segment in self._finishing:
                self._report(segment, better(first, second, segment.domain))

        self._on_doubt()
        self._second(segment.second, answered)

    def _report(self, segment: _Segment, recognition: Recognition) -> None:
        self._finishing.discard(segment)
        assert segment.ended is not None
        voiced_ms, ended_at_ms = segment.ended
        self._on_heard(HeardSpeech(recognition, voiced_ms, ended_at_ms, segment.prosody(recognition.text)))


def _digits(segment: _Segment) -> bool:
    """Whether the caller seems to be amid a digit string."""
    text = segment.partial.text.replace(" ", "")
    return bool(text) and all(char in _SPOKEN_DIGITS for char in text[-2:])


_SPOKEN_DIGITS = frozenset("0123456789영공일이삼사오육륙칠팔구")
