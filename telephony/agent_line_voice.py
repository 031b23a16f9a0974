"""What a caller hears while nobody talks: announcements, and between them the quiet noise of a line that is alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telephony.agent_line_end import LineEnd
from voicebot.audio import mulaw
from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, Pcm
from voicebot.tts.comfort_noise import ComfortNoise

Speak = Callable[[str, str], Pcm]
"""A text and its language to 8 kHz samples. Blocking."""

_FRAME_S = FRAME_MS / 1000


class LineVoice:
    """Speaks to one end of a line, and to others who are to hear it. Used on one event loop, by its clock."""

    def __init__(self, speak: Speak, end: LineEnd) -> None:
        self._speak, self._end = speak, end
        self._noise = ComfortNoise()
        self._loop = asyncio.get_running_loop()
        self._saying = asyncio.Lock()

    async def say(self, *texts: str, language: str, also: LineEnd | None = None) -> None:
        """Say these one after another; returns when they were played. `also`: an end where they are heard as well."""
        async with self._saying:
            for text in texts:
                pcm = await asyncio.to_thread(self._speak, text, language)
                payload = mulaw.encode(self._noise.under(pcm))
                await self._pace(payload + mulaw.SILENCE * (-len(payload) % FRAME_SAMPLES), also)

    async def be_quiet(self, seconds: float) -> None:
        """The noise of the line for so long."""
        async with self._saying:
            samples = round(seconds / _FRAME_S) * FRAME_SAMPLES
            await self._pace(mulaw.encode(self._noise.take(samples)), None)

    @property
    def speaking(self) -> bool:
        """Whether something is being said just now."""
        return self._saying.locked()

    async def _pace(self, payload: bytes, also: LineEnd | None) -> None:
        began = self._loop.time()
        for number, start in enumerate(range(0, len(payload), FRAME_SAMPLES)):
            frame = payload[start : start + FRAME_SAMPLES]
            self._end.play(frame)
            if also is not None:
                also.play(frame)
            ahead = began + (number + 1) * _FRAME_S - self._loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
