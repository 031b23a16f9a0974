"""Supertonic: a neural voice for Korean, English and more, whose weights are fetched from upstream."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.worker_engine import (
    START_LIMIT_S,
    SpeakingWorkers,
    at_pitch,
    bounded_pitch,
    module_command,
    printable,
)

INSTALL = "pip install 'voicebot[supertonic]' && voicebot models install supertonic"

_VOICE = "F1"
_SPEED = 1.05
"""The package's own default."""
_SPEEDS = (0.7, 2.0)
"""What the package takes."""


class SupertonicEngine:
    """Supertonic 3 behind the engine port."""

    name = "supertonic"
    languages = frozenset({"ko", "en"})

    def __init__(self, folder: Path, *, workers: int = 2, command: Sequence[str] = ()) -> None:
        """`folder` is the model's; at most `workers` processes of about 600 MB each."""
        self.concurrency = workers
        try:
            release = version("supertonic")
        except PackageNotFoundError:
            release = "absent"
        self.fingerprint = f"supertonic {release}, supertonic-3, {_VOICE}, speed {_SPEED}"
        self._workers = SpeakingWorkers(
            self.name,
            command or module_command("voicebot.tts.supertonic_worker", str(folder)),
            install=INSTALL,
            workers=workers,
            limit_s_a_character=0.3,
            start_limit_s=START_LIMIT_S,
        )

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where the models are missing, or where its process hangs or crashes."""
        if language not in self.languages:
            spoken = ", ".join(sorted(self.languages))
            raise EngineError(f"supertonic has no voice for {language!r} here; choose one of {spoken}.")
        words = printable(text)
        if not words:
            return Sound(np.zeros(0, np.int16), 44_100)
        pitch = bounded_pitch(style.pitch)
        speed = min(_SPEEDS[1], max(_SPEEDS[0], _SPEED * style.rate / pitch))
        return at_pitch(
            self._workers.say({"text": words, "language": language, "voice": _VOICE, "speed": speed}), pitch
        )

    def warm_up(self) -> None:
        """Start the worker processes."""
        self._workers.warm_up()

    def close(self) -> None:
        """Stop the worker processes."""
        self._workers.close()
