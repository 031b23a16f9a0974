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
from voicebot.call.open_line import OpenLine
from voicebot.channel import Channel
from voicebot.failure import place
from voicebot.tts.clauses import first_clause
from voicebot.tts.port import Style, Voice
from voicebot.tts.speech_text import sentences
from voicebot.tts.telephone import pause
from voicebot.tts.voice import BETWEEN_SENTENCES_MS

_log = structlog.get_logger()

_BETWEEN_CLAUSES_MS = 130
"""Milliseconds of silence between clauses that were made one by one."""
_AHEAD_MS = 20_000
"""Milliseconds of sound that are made ahead of what the caller hears: the rest of an endless text can wait, and should
where other callers wait for their first word."""
_ASKED_AT_ONCE = 2
"""Sentences of one call that are being made at the same time."""


class Speakable(Protocol):
    """What there is to say: `dialogue.actions.Say` is one."""

    @property
    def text(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def rate(self) -> float: ...


Filler = Callable[[str, int], str]
"""A few words that bridge a silence, by language and how many were said before."""

RunOff = Callable[[Callable[[], Any], Callable[[Any], None]], None]
"""Does the first off the loop, then the second on it with the result or the exception."""


@dataclass(eq=False)
class _Piece:
    """One sentence, or a clause of a long one."""

    text: str
    language: str
    rate: float
    on_start: Callable[[int], None] | None = None
    """For the first sentence of what was said together: is told when it begins."""
    gap_ms: int = BETWEEN_SENTENCES_MS
    """Silence before it, where something was said just before."""
    asked: bool = False
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
    bridged: bool = False
    """Whether a wait for its speech was bridged by a few words."""


class Playback:
    """Speaks into a channel. Marks tell what was heard; without them, the time that it takes does."""

    def __init__(
        self, channel: Channel, voice: Voice, knobs: TurnKnobs, run_off: RunOff, filler: Filler = lambda _l, _n: ""
    ) -> None:
        """`filler`: what is said when speech is long in the making; nothing by default."""
        self._filler = filler
        self._channel, self._voice, self._knobs, self._run_off = channel, voice, knobs, run_off
        self._line = OpenLine(channel, knobs)
        self._turn = _Turn()
        self._outstanding: dict[str, _Marked] = {}
        self._marks = 0
        self._now_ms = 0
        self._expected_end_ms = 0
        self._stopped = False
        self._silent_since: int | None = None
        """Since when the caller hears nothing because speech is being made."""
        self._fillers = 0
        self.thinking = False
        """Whether the bot is at work on an answer; told from outside. The line does not go dead meanwhile."""
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

        What was cut off before is given up. Sentences without a letter or a figure are passed over.
        """
        if self.interrupted or not self.busy:
            self._turn = _Turn()
            self.interrupted = False
        turn = self._turn
        added = [
            _Piece(text, said.language, said.rate)
            for said in says
            for text in sentences(said.text, said.language)
            if any(map(str.isalnum, text))
        ]
        if not added:
            on_start(self._now_ms)
            return
        added[0].on_start = on_start
        turn.pieces += added
        self._ask()

    def _ask(self) -> None:
        """Have the next sentences made, the soonest needed first, as far ahead as makes sense."""
        turn = self._turn
        ahead_ms = self._expected_end_ms - self._now_ms if self._outstanding else 0
        under_way = 0
        # By number: a long sentence becomes two on the way.
        number = turn.sent
        while number < len(turn.pieces) and under_way < _ASKED_AT_ONCE and ahead_ms < _AHEAD_MS:
            piece = turn.pieces[number]
            if piece.pcm is not None:
                ahead_ms += milliseconds(piece.pcm)
            else:
                if not piece.asked:
                    if number == turn.sent and not self._outstanding:
                        self._begin_with_a_clause(turn, number)
                    piece.asked = True
                    speak = partial(
                        self._voice.speak, piece.text, piece.language, Style(rate=piece.rate), max(0, ahead_ms) / 1000
                    )
                    self._run_off(speak, partial(self._spoken, turn, piece))
                under_way += 1
            number += 1

    def _begin_with_a_clause(self, turn: _Turn, number: int) -> None:
        """A long new sentence that the caller waits for is said in two pieces: the first is there sooner."""
        piece = turn.pieces[number]
        first, rest = first_clause(piece.text, piece.language)
        if rest and not self._voice.is_ready(piece.text, piece.language, Style(rate=piece.rate)):
            piece.text = first
            behind = _Piece(rest, piece.language, piece.rate, gap_ms=_BETWEEN_CLAUSES_MS)
            turn.pieces.insert(number + 1, behind)

    def _spoken(self, turn: _Turn, piece: _Piece, result: Pcm | BaseException) -> None:
        if isinstance(result, BaseException):
            _log.error("a sentence could not be spoken", error=type(result).__name__, place=place(result))
            turn.pieces.remove(piece)
        else:
            piece.pcm = result
        if turn is self._turn and not self.interrupted and not self._stopped:
            self._send()
            self._ask()

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
        self._line.speaks(self._now_ms)
        if self._outstanding:
            pcm = np.concatenate((pause(piece.gap_ms), pcm))
        pcm = self._line.under(pcm)
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
        to_come = not self.interrupted and not self._stopped and self._turn.sent < len(self._turn.pieces)
        if to_come:
            self._ask()
        self._bridge(waiting=to_come and not self._outstanding)
        at_work = (self.thinking or to_come) and not self._stopped
        self._line.tick(now_ms, at_work=at_work and not self._outstanding)

    def _bridge(self, *, waiting: bool) -> None:
        """A few words, once a turn, where speech is so long in the making that callers would take the line for dead."""
        turn = self._turn
        if not waiting:
            self._silent_since = None
            return
        if self._silent_since is None:
            self._silent_since = self._now_ms
        if turn.bridged or self._now_ms - self._silent_since < self._knobs.slow_voice_ms:
            return
        turn.bridged = True
        late = turn.pieces[turn.sent]
        text, style = self._filler(late.language, self._fillers), Style(rate=late.rate)
        if text and self._voice.is_ready(text, late.language, style):
            piece = _Piece(text, late.language, late.rate, asked=True)
            speak = partial(self._voice.speak, text, late.language, style)
            self._run_off(speak, partial(self._bridge_spoken, turn, piece))

    def _bridge_spoken(self, turn: _Turn, piece: _Piece, result: Pcm | BaseException) -> None:
        speaks = bool(self._outstanding) or turn.sent == len(turn.pieces)
        over = turn is not self._turn or self.interrupted or self._stopped
        if not speaks and not over and not isinstance(result, BaseException) and len(result):
            self._fillers += 1
            piece.pcm = result
            turn.pieces.insert(turn.sent, piece)
            self._send()

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
        self._ask()

    def forget(self) -> None:
        """Give up what was cut off."""
        self.interrupted = False
        self._turn = _Turn()

    def stop(self) -> None:
        """The call is over: nothing is sent any more."""
        self._stopped = True
