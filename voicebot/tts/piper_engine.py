"""Piper: a quick neural voice, English here; other voices of the operator's choice in its format."""

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

INSTALL = "pip install 'voicebot[piper]'"


class PiperEngine:
    """One Piper voice behind the engine port."""

    name = "piper"

    def __init__(self, folder: Path, *, workers: int = 2, language: str = "en", command: Sequence[str] = ()) -> None:
        """`folder` holds one voice, NAME.onnx and NAME.onnx.json, of `language`; a worker takes about 220 MB."""
        model = next(iter(sorted(folder.glob("*.onnx"))), folder / "voice.onnx")
        self.languages = frozenset({language})
        self.concurrency = workers
        try:
            release = version("piper-tts")
        except PackageNotFoundError:
            release = "absent"
        self.fingerprint = f"piper {release}, {model.stem}"
        self._workers = SpeakingWorkers(
            self.name,
            command or module_command("voicebot.tts.piper_worker", str(model)),
            install=INSTALL,
            workers=workers,
            limit_s_a_character=0.1,
            start_limit_s=START_LIMIT_S,
        )

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where Piper is missing, or where its process hangs or crashes."""
        if language not in self.languages:
            spoken = ", ".join(sorted(self.languages))
            raise EngineError(f"piper has no voice for {language!r} here; choose one of {spoken}.")
        words = printable(text)
        if not words:
            return Sound(np.zeros(0, np.int16), 22_050)
        pitch = bounded_pitch(style.pitch)
        return at_pitch(self._workers.say({"text": words, "rate": style.rate / pitch}), pitch)

    def warm_up(self) -> None:
        """Start the worker processes."""
        self._workers.warm_up()

    def close(self) -> None:
        """Stop the worker processes."""
        self._workers.close()
