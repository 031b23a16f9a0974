"""What a caller hears while nobody talks: announcements, and between them the quiet noise of a line that is alive."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from telephony.agent_line_end import LineEnd
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.channel import Channel
from voicebot.tts.comfort_noise import ComfortNoise

Speak = Callable[[str, str], Pcm]
"""A text and its language to 8 kHz samples. Blocking."""

_FRAME_S = FRAME_MS / 1000
_PIECE_S = 4.0
"""Noise that is queued at a time."""


class CallerChannel(Channel, Protocol):
    """The way to a browser caller: `telephony.browser_phone_call.BrowserChannel` is one."""

    @property
    def has_sound(self) -> bool:
        """Whether the caller hears anything; otherwise all is written."""
        ...

    def voice(self, frame: bytes) -> None:
        """20 ms of somebody's live voice: 160 bytes of mu-law."""
        ...

    def caption(self, line: Mapping[str, Any]) -> None:
        """Show a line: `who`, `text`, `at_ms`."""
        ...

    def state(self, name: str, **about: Any) -> None:
        """Tell what is going on."""
        ...


class LineVoice:
    """Speaks to the caller. Used on one event loop."""

    def __init__(self, speak: Speak, channel: CallerChannel, shown: Callable[[str], None]) -> None:
        """`shown` is told every text when it is said."""
        self._speak, self._channel, self._shown = speak, channel, shown
        self._noise = ComfortNoise()
        self._numbers = itertools.count(1)
        self._marks: dict[str, asyncio.Future[None]] = {}
        self.speaking = False
        """Whether something is being said just now."""

    def played(self, mark: str) -> None:
        """See `LiveCall.played`."""
        waiting = self._marks.pop(mark, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def say(self, *texts: str, language: str, also: LineEnd | None = None) -> None:
        """Say these one after another; returns when they were played. `also`: an end where they are heard as well."""
        self.speaking = True
        try:
            for text in texts:
                self._shown(text)
                if self._channel.has_sound:
                    pcm = self._noise.under(await asyncio.to_thread(self._speak, text, language))
                    await asyncio.gather(self._play(pcm), _pace(pcm, also) if also else asyncio.sleep(0))
        finally:
            self.speaking = False

    async def be_quiet(self, seconds: float) -> None:
        """The noise of the line for so long."""
        if not self._channel.has_sound:
            await asyncio.sleep(seconds)
            return
        while seconds > 0:
            piece = min(seconds, _PIECE_S)
            seconds -= piece
            await self._play(self._noise.take(round(piece * SAMPLE_RATE)))

    async def _play(self, pcm: Pcm) -> None:
        mark = f"line {next(self._numbers)}"
        played = self._marks[mark] = asyncio.get_running_loop().create_future()
        self._channel.play(pcm, mark)
        try:
            await played
        except asyncio.CancelledError:
            self._channel.clear()
            raise
        finally:
            self._marks.pop(mark, None)


async def _pace(pcm: Pcm, end: LineEnd) -> None:
    """Frames as if they were spoken now: an end takes no more than a few ahead."""
    payload = mulaw.encode(pcm)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, start in enumerate(range(0, len(payload) - FRAME_SAMPLES + 1, FRAME_SAMPLES), 1):
        end.play(payload[start : start + FRAME_SAMPLES])
        await asyncio.sleep(max(began + number * _FRAME_S - loop.time(), 0))
