"""One caller on one stream: listens, thinks, speaks, cuts in, hangs up."""

from __future__ import annotations

import math
from dataclasses import dataclass

from telephony.phone.load.script import Act, Habits, Script
from telephony.phone.load.sounds import Clip, Voice
from telephony.phone.load.stream import LoadStream
from voicebot.audio.format import FRAME_MS

_FRAME_S = FRAME_MS / 1000
_SILENT_S = 0.35
"""Seconds without the bot's voice after which it has finished: pauses between its sentences are shorter."""
_ANSWER_WITHIN_S = 10.0
"""Seconds until a caller who hears nothing goes on."""
_KEY_FRAMES = 10
"""Frames from one key to the next: five a second."""
_LOOKS_EVERY = 5
"""Frames between two looks at what the bot does."""
_HANDED_OVER_WITHIN_S = 15.0
"""Seconds that the bot has to let go of the call after the last act."""


@dataclass(frozen=True)
class Done:
    """Something that the caller did; milliseconds since the stream began."""

    act: Act
    onset_ms: float
    """Of the voice; for keys, when the last was pressed."""
    end_ms: float
    cut_in: bool
    """Whether the bot was speaking when it began."""


class Caller:
    """Is ticked every 20 ms, and sends a frame each time."""

    def __init__(self, stream: LoadStream, script: Script, voice: Voice, habits: Habits) -> None:
        self._stream, self._script, self._voice, self._habits = stream, script, voice, habits
        self.done: list[Done] = []
        self.left = False
        """Whether the caller is done with the call."""
        self.talked = 0
        """Frames in which the caller spoke."""
        self._next = 0
        self._clip: Clip | None = None
        self._keys = ""
        self._position = 0
        self._cut_in = False
        self._waits_since = stream.began
        self._hears_s = habits.hears_s()
        self._speaks_at = math.inf
        """When the caller has thought enough; infinite while the bot is listened to."""

    def tick(self, now: float) -> None:
        """20 ms."""
        stream = self._stream
        clip = self._clip
        if clip is not None:
            frame = clip.frames[self._position]
            self._position += 1
            self.talked += 1
            if self._position == len(clip.frames):
                self._said(clip, now)
        else:
            silence = self._voice.silence
            frame = silence[stream.frames % len(silence)]
        stream.send(frame, now)
        if self._keys:
            self._press(now)
        elif self._clip is None and not stream.frames % _LOOKS_EVERY:
            self._look(now)

    def _look(self, now: float) -> None:
        """The bot speaks, has finished, or says nothing: what a caller does then."""
        stream = self._stream
        over = self._next == len(self._script.acts)
        if stream.voice_from < 0 or now < stream.voice_from:
            if now - self._waits_since > (_HANDED_OVER_WITHIN_S if over else _ANSWER_WITHIN_S):
                self._act(now)
            return
        speaks = now < stream.voice_end + _SILENT_S
        if not speaks and self._speaks_at == math.inf:
            self._speaks_at = now + max(0.0, self._habits.thinks_s(self._share) - _SILENT_S)
        elif speaks:
            self._speaks_at = math.inf
        if over and not self._script.hangs_up:
            self.left = self.left or now - self._waits_since > _HANDED_OVER_WITHIN_S
        elif now >= self._speaks_at or (self.done and not over and self._has_heard_enough(now)):
            self._act(now)

    def _has_heard_enough(self, now: float) -> bool:
        # Asked again and again: who has talked much hears the bot out, or until that is made up for.
        return now - self._stream.voice_from > self._hears_s and self._habits.cuts_in(self._share)

    @property
    def _share(self) -> float:
        return self.talked / max(1, self._stream.frames)

    def _act(self, now: float) -> None:
        """The next thing, or the end."""
        if self._next == len(self._script.acts):
            self.left = True
            return
        act = self._script.acts[self._next]
        self._cut_in = self._stream.voice_from >= 0 and now < self._stream.voice_end
        self._position = 0
        if act.clip >= 0:
            self._clip = self._voice.clips[act.clip]
        else:
            self._keys = act.text

    def _said(self, clip: Clip, now: float) -> None:
        """The last frame leaves now: it was complete when it left, so it began to be spoken a frame before."""
        begin_ms = (now - self._stream.began) * 1000 - FRAME_MS * len(clip.frames)
        self._finished(begin_ms + clip.onset_ms, begin_ms + clip.end_ms, now)
        self._clip = None

    def _press(self, now: float) -> None:
        if self._position % _KEY_FRAMES == 0:
            self._stream.key(self._keys[self._position // _KEY_FRAMES])
        self._position += 1
        if self._position > (len(self._keys) - 1) * _KEY_FRAMES:
            at_ms = (now - self._stream.began) * 1000
            self._keys = ""
            self._finished(at_ms, at_ms, now)

    def _finished(self, onset_ms: float, end_ms: float, now: float) -> None:
        self.done.append(Done(self._script.acts[self._next], onset_ms, end_ms, self._cut_in))
        self._next += 1
        self._stream.acts()
        self._waits_since = now
        self._speaks_at = math.inf
        self._hears_s = self._habits.hears_s()
