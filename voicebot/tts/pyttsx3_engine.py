"""The embedded default engine: pyttsx3, which is espeak-ng on Linux. It runs in worker processes of its own.

pyttsx3 keeps state for a whole process; it is never imported here. See `pyttsx3_worker` for how it really behaves.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.worker_pool import WorkerError, WorkerPool

WORKER = (sys.executable, "-m", "voicebot.tts.pyttsx3_worker")
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
        self._pool = WorkerPool(command, size=workers, time_limit_s=time_limit_s)
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
        words = "".join(char if char.isprintable() else " " for char in text).strip()
        if not words:
            return Sound(np.zeros(0, np.int16), 22050)
        request = {
            "text": words,
            "voice": _VOICES[language],
            "rate": min(450, max(80, round(_WORDS_A_MINUTE[language] * style.rate))),
            "pitch": min(99, max(0, round(_PITCH * style.pitch))),
        }
        try:
            answer = self._pool.ask(request)
            if "error" not in answer:
                pcm = np.frombuffer(base64.b64decode(answer["pcm"]), "<i2").astype(np.int16)
                return Sound(pcm, int(answer["rate"]))
        except (WorkerError, KeyError, TypeError, ValueError) as error:
            raise EngineError(f"pyttsx3 could not speak ({error}); it is started again with the next text.") from error
        if answer.get("missing"):
            raise EngineError(f"pyttsx3 can't be used ({answer['error']}); install what it needs: {INSTALL}")
        raise EngineError(f"pyttsx3 could not speak ({answer['error']}); try `voicebot doctor`.")

    def close(self) -> None:
        """Stop the worker processes."""
        self._pool.close()
