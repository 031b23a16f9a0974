"""One call's sound on its way to the disk: what the caller says and what the caller hears of the bot.

On the event loop nothing is encoded and nothing is written; a bounded number of seconds waits for the disk. Where the
disk can't keep up, or is full, the recording ends there and the call goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

import structlog

from voicebot.audio.format import FRAME_BYTES, Pcm
from voicebot.channel import Channel
from voicebot.store.call_recordings import CallRecordings, Part

_log = structlog.get_logger(__name__)

_CHUNK_BYTES = 4 * 50 * FRAME_BYTES
"""Four seconds of one channel go to the disk at a time."""
_MOST_WAITING = 8
"""Chunks that wait for the disk: half a minute."""
_MOST_QUEUED = 120 * 50 * FRAME_BYTES
"""Bytes of the bot's sound that are not played yet: playback makes 20 s ahead."""
_SILENT = bytes(FRAME_BYTES)


class CallRecorder:
    """Records from `start` on. The bot's sound is followed before that too: it may be in the middle of a sentence."""

    def __init__(self, recordings: CallRecordings, executor: Executor, call_id: str) -> None:
        """`executor` has one thread: what is written comes in its order."""
        self._recordings, self._executor, self._call_id = recordings, executor, call_id
        self._to_come = bytearray()
        self._caller, self._bot = bytearray(), bytearray()
        self._part: Part | None = None
        self._waiting = 0
        self.on = False
        """Whether sound is kept."""
        self._ended = False

    def start(self, clock_ms: int) -> None:
        """The caller agreed. Further calls change nothing."""
        if self.on or self._ended:
            return
        self.on = True
        self._off(partial(self._begin, clock_ms))

    def play(self, pcm: Pcm) -> None:
        """The bot's sound, queued behind what is already playing."""
        if len(self._to_come) < _MOST_QUEUED:
            self._to_come += pcm.tobytes()

    def clear(self) -> None:
        """What is queued is not played."""
        self._to_come.clear()

    def frame(self, caller: bytes, *, secret: bool) -> None:
        """20 ms went by. `secret`: the caller may be giving what must not be recorded, so both sides are silent."""
        bot = bytes(self._to_come[:FRAME_BYTES])
        del self._to_come[:FRAME_BYTES]
        if not self.on:
            return
        if secret:
            caller, bot = _SILENT, _SILENT
        self._caller += caller
        self._bot += bot.ljust(FRAME_BYTES, b"\0")
        if len(self._caller) >= _CHUNK_BYTES:
            self._hand_on()

    def end(self) -> None:
        """The call is over."""
        if self.on:
            self._hand_on()
            self._off(self._close)
        self.on, self._ended = False, True

    def drop(self) -> None:
        """The caller wants to be forgotten: nothing of the recording stays."""
        was_on, self.on, self._ended = self.on, False, True
        self._caller.clear()
        self._bot.clear()
        if was_on:
            self._off(self._drop)

    def _hand_on(self) -> None:
        caller, bot = bytes(self._caller), bytes(self._bot)
        self._caller.clear()
        self._bot.clear()
        if self._waiting >= _MOST_WAITING:
            self.on, self._ended = False, True
            _log.warning("a recording was ended: the disk is too slow", call=self._call_id)
            self._off(self._close)
            return
        self._waiting += 1
        self._off(partial(self._write, caller, bot))

    def _off(self, work: Callable[[], None]) -> None:
        try:
            self._executor.submit(self._safely, work)
        except RuntimeError:  # the service closes
            self.on = False

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, ValueError) as error:
            self._part = None
            reason = getattr(error, "strerror", None) or type(error).__name__
            _log.warning("a call can't be recorded any further", call=self._call_id, reason=reason)

    # In the executor's thread

    def _begin(self, clock_ms: int) -> None:
        self._part = self._recordings.begin(self._call_id, clock_ms)

    def _write(self, caller: bytes, bot: bytes) -> None:
        self._waiting -= 1
        if self._part is not None:
            self._part.write(caller, bot)

    def _close(self) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None

    def _drop(self) -> None:
        if self._part is not None:
            self._part.drop()
            self._part = None
        self._recordings.forget(self._call_id)


class RecordedChannel:
    """A channel whose sound a recorder follows."""

    def __init__(self, channel: Channel, recorder: CallRecorder) -> None:
        self._channel, self._recorder = channel, recorder

    def play(self, pcm: Pcm, mark: str) -> None:
        """See `Channel`."""
        self._recorder.play(pcm)
        self._channel.play(pcm, mark)

    def clear(self) -> None:
        """See `Channel`."""
        self._recorder.clear()
        self._channel.clear()
