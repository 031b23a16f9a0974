"""Lines that are not as in a capture: other sizes, lost or shuffled sound, marks that never return or return twice."""

from __future__ import annotations

import asyncio
import base64
import random
from typing import Any

from peers.line_sound import FRAME_S
from peers.media_line import MediaLine


class LongPayloads(MediaLine):
    """40 ms a message."""

    frames = 2

    async def send_media(self, payload: Any) -> None:
        self._gathered = getattr(self, "_gathered", b"") + base64.b64decode(payload)
        if len(self._gathered) >= 160 * self.frames:
            sound, self._gathered = self._gathered, b""
            await super().send_media(base64.b64encode(sound).decode())
            self._chunk += self.frames - 1


class ShortPayloads(MediaLine):
    """10 ms a message."""

    async def send_media(self, payload: Any) -> None:
        sound = base64.b64decode(payload)
        for part in (0, 1):
            stamp = self._first_stamp + 10 * self._chunk
            self._chunk += 1
            half = base64.b64encode(sound[80 * part : 80 * part + 80]).decode()
            media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": str(stamp), "payload": half}
            await self.send("media", media=media)


class GappyLine(MediaLine):
    """One frame in twelve is lost on the way to Twilio: time goes on, sound is not there."""

    async def send_media(self, payload: Any) -> None:
        self._losses = getattr(self, "_losses", random.Random(7))
        if self._losses.random() < 1 / 12:
            self._chunk += 1
            return
        await super().send_media(payload)


class ShuffledLine(MediaLine):
    """Every eighth message comes after the next one, with its own numbers."""

    async def send_raw(self, message: str | bytes) -> None:
        self._sent = getattr(self, "_sent", 0) + 1
        held, self._held = getattr(self, "_held", None), None
        if isinstance(message, str) and '"event": "media"' in message and self._sent % 8 == 0 and held is None:
            self._held = message
            return
        await super().send_raw(message)
        if held is not None:
            await super().send_raw(held)


class NoMarks(MediaLine):
    """A mark is never returned."""

    async def _echo(self, position: int) -> None:
        while self._marks and self._marks[0][0] <= position:
            self._marks.popleft()


class MarksTwice(MediaLine):
    """Each mark is returned twice."""

    async def _echo(self, position: int) -> None:
        while self._marks and self._marks[0][0] <= position:
            _, name = self._marks.popleft()
            self.seen.echoed.append(name)
            await self.send("mark", mark={"name": name})
            await self.send("mark", mark={"name": name})


class BurstyLine(MediaLine):
    """Sound comes in bursts of half a second: Twilio itself was held up."""

    async def send_raw(self, message: str | bytes) -> None:
        self._burst: list[str | bytes] = getattr(self, "_burst", [])
        self._burst.append(message)
        if len(self._burst) >= round(0.5 / FRAME_S) or '"event": "media"' not in str(message):
            burst, self._burst = self._burst, []
            for one in burst:
                await super().send_raw(one)
            await asyncio.sleep(0)
