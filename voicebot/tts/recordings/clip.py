"""One recorded piece of sound, made fit for the line when it is first heard."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from voicebot.audio.format import Pcm
from voicebot.errors import VoicebotError
from voicebot.tts.port import Sound
from voicebot.tts.recordings.loudness import on_line_loudness
from voicebot.tts.telephone import on_the_line


class RecordingError(VoicebotError):
    """A recording or an index that can't be used."""


class Clip:
    """Recorded speech. Callable from any thread."""

    def __init__(self, load: Callable[[], Sound]) -> None:
        """`load` reads it, and may raise VoicebotError; it is called once, when the clip is first heard."""
        self._load: Callable[[], Sound] | None = load
        self._pcm: Pcm | None = None
        self._lock = Lock()

    def pcm(self) -> Pcm:
        """8 kHz samples at the line's loudness, which can't be written. Raises VoicebotError where there is no speech.

        Treating it takes about 2 ms of a core the first time.
        """
        with self._lock:
            if self._pcm is None:
                assert self._load is not None
                pcm = on_the_line(self._load())
                if not len(pcm):
                    raise RecordingError("there is only silence in it; record it again.")
                pcm = on_line_loudness(pcm)
                pcm.flags.writeable = False
                self._pcm, self._load = pcm, None
            return self._pcm
