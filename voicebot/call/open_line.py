"""A line that is not dead while the bot is at work: quiet noise, which never holds up an answer."""

from __future__ import annotations

import numpy as np

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.channel import Channel
from voicebot.tts.comfort_noise import ComfortNoise

MARK = "quiet"
"""Behind the noise: nobody waits for it."""

_CHUNK_MS = 100
"""Milliseconds of noise sent at a time, and the most that is queued beside what is playing."""


class OpenLine:
    """Sends noise into a channel just ahead of its being played. No clock inside: the call's own is passed in.

    It begins after a silence that no usual turn has, so most turns have none. What is left of it is cleared before
    speech is sent: the answer is as early as without. While the caller has the floor there is none: that silence is
    the caller's own, and nothing should sound into it.
    """

    def __init__(self, channel: Channel, knobs: TurnKnobs) -> None:
        self._channel, self._after_ms = channel, knobs.comfort_noise_after_ms
        self._noise = ComfortNoise()
        self._quiet_since: int | None = None
        self._until_ms = 0
        """Until when there is noise, on the call's clock."""

    def tick(self, now_ms: int, *, at_work: bool) -> None:
        """The clock goes on; `at_work`: nothing is being said, and it is the bot's turn."""
        if not at_work:
            self._quiet_since = None
            return
        if self._quiet_since is None:
            self._quiet_since = now_ms
        if now_ms - self._quiet_since < self._after_ms:
            return
        while self._until_ms - now_ms < _CHUNK_MS:
            noise = self._noise.take(_CHUNK_MS * SAMPLE_RATE // 1000)
            if self._until_ms < now_ms:
                noise = np.round(noise * np.linspace(0, 1, len(noise))).astype(np.int16)
                self._until_ms = now_ms
            self._channel.play(noise, MARK)
            self._until_ms += _CHUNK_MS

    def speaks(self, now_ms: int) -> None:
        """Speech comes now: noise that is still queued must not stand before it."""
        if self._until_ms > now_ms:
            self._channel.clear()
        self._until_ms = 0

    def under(self, pcm: Pcm) -> Pcm:
        """Speech with the same noise beneath it: its pauses are no holes, and its voices share one room."""
        return self._noise.under(pcm)
