"""Where speech begins and goes on, frame by frame: webrtcvad with a smoothed onset and pre-roll. No clock inside."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import webrtcvad

from voicebot.audio.format import FRAME_BYTES, FRAME_MS, SAMPLE_RATE


@dataclass(frozen=True)
class SegmentationKnobs:
    """How frames become segments."""

    aggressiveness: int = 2
    """0-3, webrtcvad's mode. 2: mode 3 clips weak Korean finals, mode 1 takes line noise for speech."""
    onset_frames: int = 7
    """Voiced frames within `onset_window` that begin a segment. webrtcvad goes on for five or six frames after a click;
    the shortest "네" is voiced for ten."""
    onset_window: int = 9
    """Frames looked at for the onset: one or two unvoiced frames inside a plosive don't hide it."""
    preroll_ms: int = 300
    """Milliseconds of sound kept from before the onset, so that a weak first syllable is not lost."""


class Segmenter:
    """Finds the beginning of speech and measures it; ending it is the endpointer's decision, by calling `end`."""

    def __init__(self, knobs: SegmentationKnobs = SegmentationKnobs()) -> None:
        self._knobs = knobs
        self._vad = webrtcvad.Vad(knobs.aggressiveness)
        self._recent: deque[bool] = deque(maxlen=knobs.onset_window)
        self._preroll: deque[bytes] = deque(maxlen=max(knobs.onset_window, knobs.preroll_ms // FRAME_MS))
        self.speaking = False
        self.voiced_ms = 0
        """Milliseconds of voiced frames in this segment."""
        self.silence_ms = 0
        """Milliseconds since the last voiced frame of this segment."""
        self.length_ms = 0
        """Milliseconds since the onset, pauses included."""

    def push(self, frame: bytes) -> bytes:
        """Take one 20 ms frame; returns the sound to listen to: empty outside speech, pre-roll and all at the onset.

        Raises ValueError for a frame of another size.
        """
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        voiced: bool = self._vad.is_speech(frame, SAMPLE_RATE)
        if self.speaking:
            self.length_ms += FRAME_MS
            if voiced:
                self.voiced_ms += FRAME_MS
                self.silence_ms = 0
            else:
                self.silence_ms += FRAME_MS
            return frame
        self._recent.append(voiced)
        self._preroll.append(frame)
        voiced_frames = sum(self._recent)
        if not voiced or voiced_frames < self._knobs.onset_frames:
            return b""
        self.speaking = True
        self.voiced_ms = voiced_frames * FRAME_MS
        self.length_ms = self.voiced_ms
        self.silence_ms = 0
        sound = b"".join(self._preroll)
        self._preroll.clear()
        self._recent.clear()
        return sound

    def end(self) -> None:
        """The segment is over; wait for the next onset."""
        self.speaking = False
        self._recent.clear()
