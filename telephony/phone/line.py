"""The telephone line: one clock of 20 ms frames for both directions, and the recording of both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from telephony.phone.playout import SILENT_FRAME, PlayoutBuffer
from telephony.phone.speech_span import Span, is_voice, speech_span
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import SILENCE, decode, encode

_FRAME_S = FRAME_MS / 1000
_NOWHERE = Span(0, 0)


@dataclass
class Utterance:
    """Something that the caller says or keys in."""

    kind: Literal["speech", "keys"]
    label: str
    """What to call it: the words, the file, the keys."""
    text: str = ""
    """The words, where they are known."""
    frames: tuple[bytes, ...] = ()
    speech: Span = _NOWHERE
    """Samples of its speech, counted from its own start."""
    began: int = -1
    """First sample on the line; -1 while it was not begun."""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def onset_ms(self) -> float:
        """When the caller's voice began, in milliseconds of the line."""
        return (self.began + self.speech.begin) * 1000 / SAMPLE_RATE

    @property
    def end_ms(self) -> float:
        """When the caller's voice ended (or would end)."""
        return (self.began + self.speech.end) * 1000 / SAMPLE_RATE


def spoken(pcm: Pcm, label: str, text: str = "") -> Utterance:
    """An utterance of 8 kHz samples."""
    payload = encode(pcm)
    payload += SILENCE * (-len(payload) % FRAME_SAMPLES)
    frames = tuple(payload[i : i + FRAME_SAMPLES] for i in range(0, len(payload), FRAME_SAMPLES))
    return Utterance("speech", label, text, frames, speech_span(pcm))


class Line:
    """Runs from the answer to the end of the call.

    What the caller says is sent a frame after it began, when it is complete; what the bot sends is recorded when it is
    played out. So the recording is what a wiretap at the caller's ear and mouth would give.
    """

    def __init__(self) -> None:
        self.playout = PlayoutBuffer()
        self.on_caller_frame: Callable[[bytes], None] | None = None
        """Gets every complete frame of the caller's side, 160 bytes of mu-law."""
        self.on_marks: Callable[[tuple[str, ...]], None] | None = None
        """Gets the marks that were reached."""
        self.frames = 0
        """Frames begun so far."""
        self.ended = False
        self.utterances: list[Utterance] = []
        """What the caller said and keyed so far, in order, begun or finished."""
        self.bot_onset_ms = -1.0
        """When the bot last began to speak after silence of `_PAUSE_MS` or more; -1 for never."""
        self.bot_voice_ms = -1.0
        """End of the last frame with the bot's voice; -1 for never."""
        self.caller_voice_ms = -1.0
        """End of the last frame with the caller's voice; -1 for never."""
        self.late_ms = 0.0
        """By how much the clock fell behind at worst: what a busy machine adds to the measures."""
        self._mouth: deque[Utterance] = deque()
        self._position = 0
        self._complete = b""
        self._caller: list[bytes] = []
        self._bot: list[bytes] = []
        self._tick: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def now_ms(self) -> float:
        """Milliseconds since the answer, on the line's clock."""
        return self.frames * float(FRAME_MS)

    def start(self) -> None:
        """Begin to tick, in the running loop."""
        self._task = asyncio.create_task(self._run(), name="line")

    async def end(self) -> None:
        """Stop; everybody who waits for the line goes on."""
        self.ended = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._wake()
        for utterance in self._mouth:
            utterance.done.set()

    def speak(self, utterance: Utterance) -> None:
        """The caller says it, after what is being said."""
        if self.ended:
            utterance.done.set()
        else:
            self._mouth.append(utterance)

    def keyed(self, keys: Utterance) -> None:
        """The caller presses the last of these keys just now."""
        keys.began = self.frames * FRAME_SAMPLES
        keys.done.set()
        self.utterances.append(keys)

    async def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Wait for a condition, looked at every frame. False when the time is up or the call has ended before."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + within_s
        while not condition():
            if self.ended or loop.time() >= limit - 1e-9:
                return False
            if self._tick is None:
                self._tick = loop.create_future()
            await asyncio.wait({self._tick}, timeout=limit - loop.time())
        return True

    def recording(self) -> Pcm:
        """Both sides, shape (samples, 2): the caller on the left, the bot as played out on the right."""
        return np.stack((self.caller_side(), self.bot_side()), axis=1)

    def caller_side(self) -> Pcm:
        """The caller alone."""
        return decode(b"".join(self._caller))

    def bot_side(self) -> Pcm:
        """The bot alone, as played out."""
        return decode(b"".join(self._bot))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while True:
            delay = begin + self.frames * _FRAME_S - loop.time()
            self.late_ms = max(self.late_ms, -delay * 1000)
            await asyncio.sleep(max(0.0, delay))
            self._step()

    def _step(self) -> None:
        if self._complete and self.on_caller_frame is not None:
            self.on_caller_frame(self._complete)
        bot, marks = self.playout.step()
        if marks and self.on_marks is not None:
            self.on_marks(marks)
        self._complete = self._caller_frame()
        self._caller.append(self._complete)
        self._bot.append(bot)
        begin_ms = self.now_ms
        self.frames += 1
        if bot != SILENT_FRAME and is_voice(decode(bot)):
            if self.bot_voice_ms < 0 or begin_ms - self.bot_voice_ms >= _PAUSE_MS:
                self.bot_onset_ms = begin_ms
            self.bot_voice_ms = self.now_ms
        if self._complete is not SILENT_FRAME and is_voice(decode(self._complete)):
            self.caller_voice_ms = self.now_ms
        self._wake()

    def _caller_frame(self) -> bytes:
        while self._mouth:
            speaking = self._mouth[0]
            if speaking.began < 0:
                speaking.began = self.frames * FRAME_SAMPLES
                self.utterances.append(speaking)
            if self._position < len(speaking.frames):
                frame = speaking.frames[self._position]
                self._position += 1
                return frame
            self._mouth.popleft()
            self._position = 0
            speaking.done.set()
        return SILENT_FRAME

    def _wake(self) -> None:
        if self._tick is not None and not self._tick.done():
            self._tick.set_result(None)
        self._tick = None


_PAUSE_MS = 300.0
"""Silence after which the bot's voice counts as a new beginning."""
