"""The embedded default engine: pyttsx3, which is espeak-ng on Linux. It runs in worker processes of its own.

pyttsx3 keeps state for a whole process; it is never imported here. See `pyttsx3_worker` for how it really behaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.worker_engine import SpeakingWorkers, module_command, printable

WORKER = module_command("voicebot.tts.pyttsx3_worker")
INSTALL = "sudo apt-get install -y libespeak-ng1"

_VOICES = {"ko": "ko", "en": "en-us"}
_WORDS_A_MINUTE = {"ko": 145, "en": 155}
"""espeak's rate. Slower than its 175, for its Korean is hard to understand: 3.8 syllables a second, pauses included."""
_PITCH = 45
"""espeak's scale from 0 to 99, whose default is 50: a little lower, for less of it is lost above 3.4 kHz."""


class Pyttsx3Engine:
    """pyttsx3 behind the engine port."""

    name = "pyttsx3"
    languages = frozenset(_VOICES)

    def __init__(self, *, workers: int = 2, time_limit_s: float = 5.0, command: Sequence[str] = WORKER) -> None:
        """At most `workers` processes, each synthesis limited to `time_limit_s`; `command` starts one."""
        self.concurrency = workers
        self._workers = SpeakingWorkers(self.name, command, install=INSTALL, workers=workers, time_limit_s=time_limit_s)
        try:
            release = version("pyttsx3")
        except PackageNotFoundError:
            release = "absent"
        voices = ", ".join(f"{_VOICES[language]} {_WORDS_A_MINUTE[language]} wpm" for language in sorted(_VOICES))
        self.fingerprint = f"pyttsx3 {release}, espeak {voices}, pitch {_PITCH}"

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where the library is missing, or where it hangs or crashes."""
        if language not in _VOICES:
            raise EngineError(
                f"pyttsx3 has no voice for {language!r} here; choose one of {', '.join(sorted(_VOICES))}."
            )
        words = printable(text)
        if not words:
            return Sound(np.zeros(0, np.int16), 22050)
        return self._workers.say(
            {
                "text": words,
                "voice": _VOICES[language],
                "rate": min(450, max(80, round(_WORDS_A_MINUTE[language] * style.rate))),
                "pitch": min(99, max(0, round(_PITCH * style.pitch))),
            }
        )

    def warm_up(self) -> None:
        """Nothing to load: its processes start in a moment."""

    def close(self) -> None:
        """Stop the worker processes."""
        self._workers.close()
