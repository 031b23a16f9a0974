"""What the bot says, made sound sentence by sentence, and how much of it the caller heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import structlog

from voicebot.audio.format import SAMPLE_RATE, Pcm, milliseconds
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.channel import Channel
from voicebot.failure import place
from voicebot.tts.port import Style, Voice
from voicebot.tts.speech_text import sentences
from voicebot.tts.telephone import pause
from voicebot.tts.voice import BETWEEN_SENTENCES_MS

_log = structlog.get_logger()


class Speakable(Protocol):
    """What there is to say: `dialogue.actions.Say` is one."""

    @property
    def text(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def rate(self) -> float: ...


RunOff = Callable[[Callable[[], Any], Callable[[Any], None]], None]
"""Does the first off the loop, then the second on it with the result or the exception."""


@dataclass
class _Piece:
    """One sentence."""

    text: str
    language: str
    rate: float
    on_start: Callable[[int], None] | None = None
    """For the first sentence of what was said together: is told when it begins."""
    pcm: Pcm | None = None
    played_ms: int = 0


@dataclass
class _Marked:
    """Sound that was sent with a mark behind it."""

    piece: _Piece
    ms: int


@dataclass
class _Turn:
    """What is being said: pieces, and how many of them were sent."""

    pieces: list[_Piece] = field(default_factory=list)
    sent: int = 0


class Playback:
    """Speaks into a channel. Marks tell what was heard; without them, the time that it takes does."""

    def __init__(self, channel: Channel, voice: Voice, knobs: TurnKnobs, run_off: RunOff) -> None:
        self._channel, self._voice, self._knobs, self._run_off = channel, voice, knobs, run_off
        self._turn = _Turn()
        self._outstanding: dict[str, _Marked] = {}
        self._marks = 0
        self._now_ms = 0
        self._expected_end_ms = 0
        self._stopped = False
        self.interrupted = False
        """Whether the caller cut in, and it is not decided yet whether to go on."""

    @property
    def busy(self) -> bool:
        """Whether something is being said, or will be without anything else happening."""
        return not self.interrupted and (self._turn.sent < len(self._turn.pieces) or bool(self._outstanding))

    @property
    def heard(self) -> float:
        """How much of what was to be said since the floor last changed was heard, between 0 and 1."""
        known = [piece for piece in self._turn.pieces if piece.pcm is not None]
        total = sum(milliseconds(piece.pcm) for piece in known if piece.pcm is not None)
        if not total:
            return 0.0
        share_sounded = len(known) / len(self._turn.pieces)
        return min(1.0, sum(piece.played_ms for piece in known) / total) * share_sounded

    def say(self, says: Sequence[Speakable], on_start: Callable[[int], None]) -> None:
        """Say these, behind what is being said; `on_start` is told when, in milliseconds of the call's clock.

        What was cut off before is given up.
        """
        if self.interrupted or not self.busy:
            self._turn = _Turn()
            self.interrupted = False
        turn = self._turn
        first: Callable[[int], None] | None = on_start
        for said in says:
            for text in sentences(said.text, said.language):
                piece, first = _Piece(text, said.language, said.rate, first), None
                turn.pieces.append(piece)
                style = Style(rate=piece.rate)
                self._run_off(
                    partial(self._voice.speak, text, said.language, style), partial(self._spoken, turn, piece)
                )

    def _spoken(self, turn: _Turn, piece: _Piece, result: Pcm | BaseException) -> None:
        if isinstance(result, BaseException):
            _log.error("a sentence could not be spoken", error=type(result).__name__, place=place(result))
            turn.pieces.remove(piece)
        else:
            piece.pcm = result
        if turn is self._turn and not self.interrupted:
            self._send()

    def _send(self) -> None:
        """Send all sentences that are ready, in their order."""
        turn = self._turn
        while turn.sent < len(turn.pieces) and not self._stopped:
            piece = turn.pieces[turn.sent]
            if piece.pcm is None:
                return
            turn.sent += 1
            if piece.on_start is not None:
                piece.on_start(max(self._now_ms, self._expected_end_ms) if self._outstanding else self._now_ms)
                piece.on_start = None
            self._send_piece(piece, piece.pcm)

    def _send_piece(self, piece: _Piece, pcm: Pcm) -> None:
        if self._outstanding:
            pcm = np.concatenate((pause(BETWEEN_SENTENCES_MS), pcm))
        step = SAMPLE_RATE * self._knobs.chunk_ms // 1000
        for start in range(0, max(len(pcm), 1), step):
            chunk = pcm[start : start + step]
            self._marks += 1
            mark = str(self._marks)
            ms = milliseconds(chunk)
            self._outstanding[mark] = _Marked(piece, ms)
            self._expected_end_ms = max(self._expected_end_ms, self._now_ms) + ms
            self._channel.play(chunk, mark)

    def played(self, mark: str) -> None:
        """The channel played what stands before `mark`. Marks that were cut off or are unknown change nothing."""
        marked = self._outstanding.pop(mark, None)
        if marked is not None:
            marked.piece.played_ms += marked.ms

    def tick(self, now_ms: int) -> None:
        """The clock goes on. Marks that are long overdue count as come: some platforms lose them."""
        self._now_ms = now_ms
        if self._outstanding and now_ms > self._expected_end_ms + self._knobs.unmarked_slack_ms:
            for mark in list(self._outstanding):
                self.played(mark)

    def interrupt(self) -> None:
        """Stop at once. `resume` goes on, `say` or `forget` gives it up."""
        if not self.busy:
            return
        self.interrupted = True
        self._outstanding.clear()
        self._channel.clear()

    def resume(self) -> None:
        """Go on from the sentence that was cut off: the caller meant nothing by it."""
        if not self.interrupted:
            return
        self.interrupted = False
        turn = self._turn
        turn.sent = next(
            (n for n, p in enumerate(turn.pieces) if p.pcm is None or p.played_ms < milliseconds(p.pcm)),
            len(turn.pieces),
        )
        if turn.sent < len(turn.pieces):
            turn.pieces[turn.sent].played_ms = 0
        self._send()

    def forget(self) -> None:
        """Give up what was cut off."""
        self.interrupted = False
        self._turn = _Turn()

    def stop(self) -> None:
        """The call is over: nothing is sent any more."""
        self._stopped = True
